"""A telephone call that left a message: what the phone system's notice says of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`caller` is the number in digits, without the country code 1, None when hidden; `seconds` the length of
    the recording; `transcript` the caller's words as the phone system heard them."""

    caller: str | None = None
    name: str | None = None
    seconds: int | None = None
    transcript: str = ""

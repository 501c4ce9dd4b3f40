"""Ticket references among the words of a command, and how a command's arguments are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from daemon.core.commands.values import Setting, Why

MOST: Final = 50
"""Tickets or addresses in one command."""

FIRST_NUMBER: Final = 1_001
"""Tickets count from here; a smaller bare number is none."""

SPACE: Final = " \t\u00a0\u202f"
LOOSE: Final = SPACE + ",;:.!…"
"""What may stand between words, or at the end, and means nothing."""

_HIGHEST: Final = 2**31 - 1
_NAMED: Final = r"\[?#?AZ[-‐‑–—\s]?(\d{1,10})\]?"
ANY: Final = re.compile(rf"(?:{_NAMED}|#?(\d{{1,10}}))(?=$|[\s,;.)&+])", re.IGNORECASE)
NAMED: Final = re.compile(rf"{_NAMED}(?=$|[\s,;:.)&+])", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s,;&+]*(?:(?:et|and)\s+)?", re.IGNORECASE)


class Refusal(Exception):
    """`expected` is the key of the form that the command takes; `mended`: the fields that would make it
    right, with `proposal` as it would be written."""

    def __init__(
        self,
        why: Why,
        *,
        expected: str = "",
        detail: str = "",
        proposal: str = "",
        mended: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(why.value)
        self.why = why
        self.expected = expected
        self.detail = detail
        self.proposal = proposal
        self.mended = mended


def blank(text: str) -> bool:
    return not text.strip(LOOSE + "-–—")


def leading(rest: str, pattern: re.Pattern[str]) -> tuple[tuple[int, ...], str]:
    """The references at the beginning, each once, and what follows them. `pattern`: ANY or NAMED."""
    numbers: list[int] = []
    position = 0
    while True:
        between = _BETWEEN.match(rest, position)
        found = pattern.match(rest, between.end() if between else position)
        if found is None:
            return tuple(dict.fromkeys(numbers)), rest[position:].strip(SPACE)
        number = int(next(group for group in found.groups() if group is not None))
        if not 1 <= number <= _HIGHEST:
            raise Refusal(Why.UNKNOWN_TICKET, detail=found[0])
        numbers.append(number)
        if len(numbers) > MOST:
            raise Refusal(Why.TOO_MANY, detail=str(MOST))
        position = found.end()


def joined(*numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for group in numbers for number in group))


def unnamed(text: str) -> str:
    """The text without references that are written out."""
    return re.sub(_NAMED, " ", text, flags=re.IGNORECASE)


def tickets(rest: str, _setting: Setting) -> dict[str, Any]:
    numbers, left = leading(rest, ANY)
    if not blank(left):
        raise Refusal(Why.EXTRA, detail=left)
    return {"tickets": numbers}


def some_tickets(rest: str, setting: Setting) -> dict[str, Any]:
    found = tickets(rest, setting)
    if not found["tickets"]:
        raise Refusal(Why.MISSING, expected="ticket")
    return found

"""What must be known of an IMAP server to use it, and how its troubles are told. Knows no connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from daemon.ports import Unavailable

SHOWN: Final = 200
"""Characters of a server's own words that are repeated in an error text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapServer:
    """`secret` is read at each login: the password, or with xoauth2 the access token. It may raise OSError or
    `Unavailable`. `timeout` is in seconds, for every single answer. `ca_file`: certificates trusted beside
    the system's. `max_size`: bytes up to which a mail is fetched whole."""

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    auth: Literal["password", "xoauth2"]
    username: str
    secret: Callable[[], str] = field(repr=False)
    timeout: float = 30
    idle: bool = True
    ca_file: Path | None = None
    max_size: int = 30_000_000

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def trouble(self, text: str, *, refused: bool = False) -> Unavailable:
        """`Unavailable` in the name of this server."""
        return Unavailable("imap", f"IMAP server {self.place}: {text}", refused=refused)


def said(words: bytes | str) -> str:
    """A server's own words, fit for a log line: printable, and not too many."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    if not text:
        return "it gave no reason"
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"

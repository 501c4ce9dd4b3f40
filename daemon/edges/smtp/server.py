"""What must be known of an SMTP server to use it, and how its words are told. No connection is made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

SHOWN: Final = 300
"""Characters of a server's own words that are repeated in an error text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The server that takes our mail, and what we allow ourselves with it.

    username        "": nobody logs in
    secret          read at each login; it may raise OSError or `Unavailable`
    connections     open at once, at most
    timeout         seconds for every single answer but the one to a whole mail
    data_timeout    seconds for that one: a server may be delivering it meanwhile (RFC 5321 section 4.5.3.2.6)
    local_hostname  the name for EHLO; None: the machine's, or its address when it has no full name
    ca_file         certificates trusted beside the system's
    max_per_minute  mails in any sixty seconds, 0: no limit
    only_to         the only domains that mail may go to, empty: all
    """

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    username: str = ""
    secret: Callable[[], str] | None = field(default=None, repr=False)
    connections: int = 4
    timeout: float = 60
    data_timeout: float = 600
    local_hostname: str | None = None
    ca_file: Path | None = None
    max_per_minute: int = 0
    only_to: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"SMTP server {self.host}:{self.port}"


def shown(words: object) -> str:
    """Words of a server or an error, fit for a log line: control characters escaped, and not too many.

    Bytes that were no UTF-8 (aiosmtplib hands them over as lone surrogates) are escaped as well, so that the
    text can be stored and encoded.
    """
    text = str(words)[: SHOWN + 1].replace("\n", " / ")
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text).strip()
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"

"""Addresses behind which nobody reads: writing to them is at best in vain, at worst a loop (RFC 3834 section
2; RFC 2142 section 6 for the names of list managers)."""

from __future__ import annotations

import re
from typing import Final

_LOCAL_PARTS: Final = re.compile(
    r"^(?:no[-_.]?reply|not?[-_.]?reply|do[-_.]?not[-_.]?reply|donot[-_.]?reply|"
    r"ne[-_.]?pas[-_.]?r[eé]pondre|nepasrepondre|noresponse|no[-_.]?response|pas[-_.]?de[-_.]?reponse)"
    r"|(?:[-_.]no-?reply|[-_.]ne-?pas-?repondre)$|^(?:mailer-daemon|postmaster|listserv|majordomo|"
    r"bounces?|auto-?reply|autoresponder|automailer)$"
    r"|^owner-|-(?:owner|request|bounces?)$|^bounces?[-+]",
)


def nobody_reads(address: str) -> bool:
    """No-reply senders, mail systems, and the addresses by which lists are managed."""
    return _LOCAL_PARTS.search(address.partition("@")[0].lower()) is not None

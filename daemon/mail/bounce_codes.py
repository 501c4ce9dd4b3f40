"""What mail servers put into the words of a report: addresses, enhanced status codes, reply codes.

It picks the code that tells most; what the code means for an address is the core's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]|\w)")
# The enhanced code straight after the reply code: the other server's own words (RFC 2034 section 4).
_SAID: Final = re.compile(r"(?<![\d.])([45])\d\d[\s-]{1,8}[\"'#(]{0,2}(\1\.\d{1,3}\.\d{1,3})(?![\d.]|\w)")
_REPLY_CODE: Final = re.compile(r"(?<![\d.-])(?<!\d )(4[2-5]\d|5[0-5]\d)[ -](?=#?[45]\.|[^\d\s])")
# "Other" (RFC 3463 section 3.1), and "delivery time expired", which says that somebody gave up, not why.
_TELLS_LITTLE: Final = re.compile(r"\d\.(?:0\.0|4\.7)")


def address_in(value: str) -> str | None:
    """The first address, lower case; after the last ";" when there is one ("rfc822; a@b.example")."""
    found = _ADDRESS.search(value.rpartition(";")[2] or value)
    return found[0].lower() if found else None


def addresses_in(text: str) -> Iterator[str]:
    return (found[0].lower().strip("'`*") for found in _ADDRESS.finditer(text))


def status_in(text: str) -> str | None:
    """The enhanced code of a text that tells most: the first that is neither "other" nor "expired"."""
    found = [m[1] for m in _STATUS.finditer(text)]
    return next((code for code in found if _tells(code)), found[0] if found else None)


def reply_code_in(text: str) -> str | None:
    """A reply code of SMTP (RFC 5321 section 4.2) that words or an enhanced code follow."""
    found = _REPLY_CODE.search(text)
    return found[1] if found else None


def status_of(stated: str, diagnostic: str, recipient: str | None, words: str) -> str | None:
    """The status of one recipient of a structured report.

    What the other server answered counts more than what the reporting one made of it: many of these write
    5.0.0 or "unknown user" beside a refusal of our own address. `words`, the report's prose, are asked
    last, the lines that name the recipient first, and only for the class that was stated."""
    said = next((m[2] for m in _SAID.finditer(diagnostic) if _tells(m[2])), None)
    if said is not None:
        return said
    own = status_in(stated)
    if own is not None and _tells(own):
        return own
    noted = status_in(diagnostic)
    if noted is not None and _tells(noted):
        return noted
    kind = (own or noted or "")[:1]
    if kind:
        told = _told(words, recipient, kind)
        if told is not None:
            return told
    return own or noted


def _told(words: str, recipient: str | None, kind: str) -> str | None:
    named = [line for line in words.split("\n") if recipient and recipient in line.lower()]
    for text in ("\n".join(named), words):
        found = next((m[1] for m in _STATUS.finditer(text) if m[1][0] == kind and _tells(m[1])), None)
        if found is not None:
            return found
    return None


def _tells(code: str) -> bool:
    return _TELLS_LITTLE.fullmatch(code) is None

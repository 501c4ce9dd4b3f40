"""Sender, recipients, ids and trace fields of a header: decoded, lower case, bounded.

The addresses themselves are found by mail-parser, which `parse` owns; this module cleans what it found and
reads the fields that mail-parser does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from daemon.core.values import Address
from daemon.mail import charset
from daemon.mail.cards import mask_cards
from daemon.mail.part import Part
from daemon.mail.sanitize import clean_line

MAX_ADDRESSES: Final = 500
MAX_IDS: Final = 200
MAX_NAME: Final = 200
_LONGEST_LOCAL: Final = 64  # RFC 5321 section 4.5.3.1
_LONGEST: Final = 254

_ADDRESS: Final = re.compile(
    r"[^\s@<>,;:\"()\[\]\\\x00-\x20\x7f]+@[^\s@<>,;:\"()\[\]\\.\x00-\x20\x7f]+(?:\.[^\s@<>,;:\"()\[\]\\.]+)*"
)
_ID: Final = re.compile(r"<([^<>]{1,998})>")
_BARE_ID: Final = re.compile(r"^[^\s<>]{3,900}$")
_SPACE: Final = re.compile(r"\s+")
_RECIPIENT_FIELDS: Final = ("delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "x-envelope-to")


def addresses(found: Iterable[tuple[str, str]]) -> tuple[Address, ...]:
    """Usable mailboxes out of (name, address) pairs, each address once, at most `MAX_ADDRESSES`."""
    result: dict[str, Address] = {}
    for name, address in found:
        bare = usable(address)
        if bare and bare not in result:
            result[bare] = Address(address=bare, name=display_name(name, bare))
        if len(result) >= MAX_ADDRESSES:
            break
    return tuple(result.values())


def usable(address: str) -> str | None:
    """The address bare, lower case and composed (NFC), None when no mail could be sent to it."""
    bare = unicodedata.normalize("NFC", address.strip().strip("<>").lower()[: _LONGEST + 1])
    local, at, domain = bare.rpartition("@")
    if not at or not local or not domain or len(bare) > _LONGEST or len(local) > _LONGEST_LOCAL:
        return None
    if clean_line(bare) != bare or _SPACE.search(bare) or not _is_domain(domain):
        return None
    return bare


def display_name(name: str, address: str = "") -> str:
    """A display name as it may be shown; empty when it only repeats the address."""
    shown = clean_line(charset.decode_words(name), MAX_NAME).strip("\"' ")
    return "" if shown.lower() == address else mask_cards(shown)[0]


def lone_address(value: str) -> str | None:
    """The only address of a malformed field, such as `Marie marie@x.example`; None when it is not certain."""
    if value.count("@") != 1:
        return None
    match = _ADDRESS.search(value[:2_000])
    return usable(match[0]) if match else None


def ids(values: Sequence[str], *, newest: bool = False) -> tuple[str, ...]:
    """The Message-IDs in a field, bare, each once. `newest`: when there are too many the last ones stay."""
    found = [_SPACE.sub("", m[1]) for value in values for m in _ID.finditer(value)]
    distinct = [i for i in dict.fromkeys(clean_line(f) for f in found) if i]
    if len(distinct) <= MAX_IDS:
        return tuple(distinct)
    return tuple([distinct[0], *distinct[-(MAX_IDS - 1) :]] if newest else distinct[:MAX_IDS])


def message_id(top: Part) -> str | None:
    """The mail's own id, bare; one without < > is taken when it is one word."""
    for value in top.every("message-id"):
        found = ids([value])
        if found:
            return found[0]
        if _BARE_ID.match(value):
            return clean_line(value)
    return None


def delivered_to(top: Part) -> tuple[str, ...]:
    """The envelope addresses that the receiving servers noted, newest first."""
    found = [
        bare
        for name in _RECIPIENT_FIELDS
        for value in top.every(name)[:20]
        for match in [_ADDRESS.search(value[:1_000])]
        if match and (bare := usable(match[0]))
    ]
    return tuple(dict.fromkeys(found))


def return_path(top: Part) -> str | None:
    """The envelope sender: "" for the null sender, None when no server noted it."""
    values = top.every("return-path")
    if not values:
        return None
    match = _ADDRESS.search(values[0][:1_000])
    return (usable(match[0]) or "") if match else ""


def _is_domain(domain: str) -> bool:
    if domain.startswith("[") and domain.endswith("]"):
        return True
    labels = domain.split(".")
    return all(label and len(label) <= 63 and not label.startswith("-") for label in labels) and not (
        set(domain) & set('()<>,;:\\"[]@ ')
    )

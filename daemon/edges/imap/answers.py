"""A server's answer lines, read into values. Pure: lines as the wire collected them go in.

A line is `bytes` without its `* ` and CRLF; a literal is a `bytearray` of its own, after the line that
announced it. Lines that were not asked for stand among them and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from daemon.edges.imap.folder import decode

Line = bytes | bytearray

_FETCH: Final = re.compile(rb"(?:\* )?\d+ FETCH \(", re.IGNORECASE)
_LITERAL: Final = re.compile(rb"\{\d+\}\Z")
_BODY_LITERAL: Final = re.compile(rb"[( ]BODY\[\](?:<\d+>)? \{\d+\}\Z", re.IGNORECASE)
_BODY_QUOTED: Final = re.compile(rb'[( ]BODY\[\](?:<\d+>)? "((?:[^"\\]|\\.)*)"', re.IGNORECASE | re.DOTALL)
_QUOTED: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_UID: Final = re.compile(rb"[( ]UID (\d+)", re.IGNORECASE)
_SIZE: Final = re.compile(rb"[( ]RFC822\.SIZE (\d+)", re.IGNORECASE)
_DATE: Final = re.compile(rb'[( ]INTERNALDATE "([^"]*)"', re.IGNORECASE)
_STAMP: Final = re.compile(
    r"\s*(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d)(?: ([+-])(\d\d)(\d\d))?\s*"
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SEARCH: Final = re.compile(rb"SEARCH((?: \d+)*)", re.IGNORECASE)
_LIST: Final = re.compile(rb'LIST \([^)]*\) (?:"(?:\\.|[^"])"|NIL) (.+)\Z', re.IGNORECASE | re.DOTALL)
_CODE: Final = re.compile(rb"\[([A-Z][A-Z0-9-]*)[^\]]*\]", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Item:
    """What a FETCH told of one message. None: not told, or NIL."""

    uid: int
    size: int | None = None
    internaldate: datetime | None = None
    body: bytes | None = field(default=None, repr=False)


def items(lines: Iterable[Line]) -> dict[int, Item]:
    """FETCH answers by UID. Several answers for one message are put together; one without a UID tells of
    flags that somebody else changed."""
    found: dict[int, Item] = {}
    for parts in _messages(lines):
        told = _item(parts)
        if told is None:
            continue
        item = found.setdefault(told.uid, told)
        item.size = item.size if told.size is None else told.size
        item.internaldate = told.internaldate or item.internaldate
        item.body = item.body if told.body is None else told.body
    return found


def searched(lines: Iterable[Line]) -> list[int]:
    """The numbers of all SEARCH lines: a server may split its answer."""
    numbers: set[int] = set()
    for line in lines:
        if match := _SEARCH.match(line):
            numbers.update(map(int, match.group(1).split()))
    return sorted(numbers)


def listed(lines: Sequence[Line]) -> list[str]:
    """Folder names of a LIST answer, decoded: quoted, bare, or sent as literals."""
    names: list[str] = []
    for at, line in enumerate(lines):
        match = _LIST.match(line)
        if not match:
            continue
        name = match.group(1)
        if _LITERAL.search(name) and at + 1 < len(lines):
            name = bytes(lines[at + 1])
        elif name.startswith(b'"'):
            name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        names.append(decode(name.decode("utf-8", "replace")))
    return names


def number(lines: Iterable[Line], name: str) -> int | None:
    """The number after `name`, as in `[UIDVALIDITY 7]` or `STATUS x (MESSAGES 3)`; names in quotes apart."""
    wanted = re.compile(rb"[\[( ]" + name.encode("ascii") + rb" (\d+)", re.IGNORECASE)
    for line in lines:
        if match := wanted.search(_QUOTED.sub(b'""', line)):
            return int(match.group(1))
    return None


def code(text: bytes) -> str:
    """The response code of a status text, upper case: `[OVERQUOTA] full` gives OVERQUOTA; none gives ''."""
    match = _CODE.match(text.lstrip())
    return match.group(1).decode("ascii").upper() if match else ""


def instant(text: str) -> datetime | None:
    """INTERNALDATE (RFC 3501, `date-time`) as UTC; None when it is no date. No zone counts as UTC."""
    match = _STAMP.fullmatch(text)
    if not match or match.group(2).lower() not in _MONTHS:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    shift = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    try:
        zone = timezone(-shift if sign == "-" else shift)
        moment = datetime(
            int(year),
            _MONTHS.index(month.lower()) + 1,
            int(day),
            int(hour),
            int(minute),
            min(int(second), 59),
            tzinfo=zone,
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _messages(lines: Iterable[Line]) -> Iterable[list[Line]]:
    """The lines of each FETCH answer: its first, and what belongs to it because a literal stands between."""
    parts: list[Line] = []
    follows = False
    for line in lines:
        if isinstance(line, bytearray):
            if parts:
                parts.append(line)
            follows = True
        elif follows:
            if parts:
                parts.append(line)
            follows = False
        else:
            if parts:
                yield parts
            parts = [line] if _FETCH.match(line) else []
    if parts:
        yield parts


def _item(parts: Sequence[Line]) -> Item | None:
    text = b""
    body: bytes | None = None
    for part in parts:
        if isinstance(part, bytearray):
            if _BODY_LITERAL.search(text):
                body = bytes(part)
            continue
        text += part
    if body is None and (short := _BODY_QUOTED.search(text)):
        body = re.sub(rb"\\(.)", rb"\1", short.group(1), flags=re.DOTALL)
    bare = _QUOTED.sub(b'""', text)
    uid, size, date = _UID.search(bare), _SIZE.search(bare), _DATE.search(text)
    if uid is None:
        return None
    return Item(
        uid=int(uid.group(1)),
        size=int(size.group(1)) if size else None,
        internaldate=instant(date.group(1).decode("ascii", "replace")) if date else None,
        body=body,
    )

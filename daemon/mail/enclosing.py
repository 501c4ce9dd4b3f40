"""Files that go along with a mail of ours: which ones, and the parts that carry them.

What they are called and that they are kept was decided when they arrived; their bytes are handed in, under
their SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from daemon.core.commands.queueing import ROOM
from daemon.core.values import OutboxRow
from daemon.mail import headers
from daemon.mail.sanitize import safe_name

_REPLIES: Final = frozenset({"reply", "resolved"})
_COPIES: Final = frozenset({"notification"})
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_WITHIN: Final = ("message/", "multipart/")
"""Types that must not be sent in base64 (RFC 2046 section 5, RFC 2045 section 6.4)."""
_BYTES: Final = "application/octet-stream"


class MissingContent(ValueError):
    """A file of the mail is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file of a row's context. `size` in bytes."""

    name: str
    media_type: str
    size: int
    sha256: str


def enclosures(row: OutboxRow) -> tuple[Enclosure, ...]:
    """The files that belong to this row's mail: all of a reply's; of a notification's, and of the
    conversation that it shows, each once and as many as its `room` holds (bytes; `queueing.notify` gives it).
    """
    if row.kind in _REPLIES:
        return tuple(_read(row.context.get("attachments")))
    if row.kind not in _COPIES:
        return ()
    return _fitting(row, int(str(row.context.get("room") or ROOM)))


def with_the_ticket(row: OutboxRow) -> tuple[str, ...]:
    """The SHA-256 of the files that a notification has no room for and whoever takes its ticket is sent."""
    if row.kind not in _COPIES or not row.context.get("takes"):
        return ()
    return tuple(one.sha256 for one in _fitting(row, ROOM) if one.sha256 not in enclosed(row))


def _fitting(row: OutboxRow, room: int) -> tuple[Enclosure, ...]:
    taken: dict[str, Enclosure] = {}
    for message in (row.context, *_messages(row.context.get("conversation"))):
        for one in _read(message.get("attachments")):
            if one.sha256 not in taken and one.size <= room:
                taken[one.sha256] = one
                room -= one.size
    return tuple(taken.values())


def enclosed(row: OutboxRow) -> tuple[str, ...]:
    """The SHA-256 of what `Composer.render` must be given for this row, each once."""
    return tuple(dict.fromkeys(one.sha256 for one in enclosures(row)))


def at_hand(row: OutboxRow, contents: Mapping[str, bytes]) -> tuple[Enclosure, ...]:
    """The files that the mail leaves with. A reply never leaves without one of its own (`MissingContent`); a
    notification must go out, whatever has become of a file."""
    wanted = enclosures(row)
    there = tuple(one for one in wanted if one.sha256 in contents)
    if row.kind in _REPLIES and len(there) < len(wanted):
        gone = next(one for one in wanted if one.sha256 not in contents)
        raise MissingContent(f"the file {gone.sha256[:12]} is not there")
    return there


def mixed(
    content_type: str, body: bytes, files: Sequence[Enclosure], contents: Mapping[str, bytes], seed: str
) -> tuple[str, bytes]:
    """The Content-Type and body of a multipart/mixed: what was made, then the files, each in `contents`."""
    boundary = f"=_{hashlib.sha256(f'files {seed}'.encode()).hexdigest()[:32]}"
    parts = [headers.field("Content-Type", content_type) + b"\r\n" + body]
    parts += [_part(one, contents[one.sha256], position) for position, one in enumerate(files, 1)]
    mark = b"--" + boundary.encode()
    joined = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return f'multipart/mixed;\r\n boundary="{boundary}"', joined + mark + b"--\r\n"


def _messages(conversation: object) -> Iterator[Mapping[str, object]]:
    yield from (one for one in _listed(conversation) if isinstance(one, Mapping))


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _read(named: object) -> Iterator[Enclosure]:
    for one in _listed(named):
        if isinstance(one, Mapping) and one.get("sha256"):
            yield Enclosure(
                name=str(one.get("name", "")),
                media_type=str(one.get("media_type", "")),
                size=int(one.get("size") or 0),
                sha256=str(one["sha256"]),
            )


def _part(file: Enclosure, content: bytes, position: int) -> bytes:
    media_type = file.media_type.lower()
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(_WITHIN):
        media_type = _BYTES
    name = safe_name(file.name, media_type, position)
    return (
        headers.field("Content-Type", media_type)
        + headers.field("Content-Disposition", f"attachment;\r\n {_file_name(name)}")
        + headers.field("Content-Transfer-Encoding", "base64")
        + b"\r\n"
        + base64.encodebytes(content).replace(b"\n", b"\r\n")
    )


def _file_name(name: str) -> str:
    """The parameter that names the file: quoted where it is plain, else as RFC 2231 section 4 has it."""
    if name.isascii() and name.isprintable() and not set(name) & set('"\\'):
        return f'filename="{name}"'
    return f"filename*=UTF-8''{quote(name, safe='')}"

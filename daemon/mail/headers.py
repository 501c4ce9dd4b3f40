"""The header fields and the parts of a mail that we send, as bytes on the wire.

Written here rather than by `email.policy`: the library wraps a long Message-ID in encoded-words, and clients
then no longer thread. Every value is checked; none can begin a new line.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

LONGEST_ID: Final = 500
"""A Message-ID longer than this is left out: with its field name and brackets it must fit a line of 998."""
MOST_REFERENCES: Final = 20

_SHORT: Final = 76
_WORD_BYTES: Final = (
    39  # an encoded-word of 64 characters: "Subject: " and it stay within 76 (RFC 2047 section 2)
)
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_PHRASE: Final = re.compile(r"[A-Za-z0-9 ]+")
_MESSAGE_ID: Final = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]+")
_FIELD: Final = re.compile(r"[A-Za-z0-9-]+")
_HIDDEN: Final = "undisclosed-recipients:;"


def field(name: str, value: str) -> bytes:
    """One field of printable ASCII, folded at spaces only. A value may hold folds that it was made with.

    Raises `ValueError` for anything that is no field, or would not fit a line (RFC 5322 section 2.1.1).
    """
    if len(name) + 2 + len(value) <= _SHORT and _is_plain(value) and _FIELD.fullmatch(name):
        return f"{name}: {value}\r\n".encode("ascii")
    lines = value.split("\r\n ")
    if not _FIELD.fullmatch(name) or not all(_is_plain(line) for line in lines):
        raise ValueError(f"{name}: the value is not printable ASCII")
    folded = f"{name}: " + "\r\n ".join(
        _fold(line, len(name) + 2 if i == 0 else 1) for i, line in enumerate(lines)
    )
    if any(len(line) > 998 for line in folded.split("\r\n")):
        raise ValueError(f"{name}: a line is longer than 998 bytes")
    return folded.encode("ascii") + b"\r\n"


def text(value: str) -> str:
    """Unstructured text for `field`: as it is when it is plain, else encoded-words (RFC 2047).

    What looks like an encoded-word is encoded itself: a reader would decode it into something that was never
    checked. A leading reference such as [AZ-1042] stays plain, so that it can be searched for.
    """
    if _is_plain(value) and "=?" not in value:
        return value
    tag = re.match(r"\[?AZ-[0-9]+\]? ", value)
    plain = tag[0] if tag else ""
    return plain + _encoded(value[len(plain) :])


def mailbox(name: str, address: str) -> str:
    """`name <address>` of a field (RFC 5322 section 3.4), the name quoted or encoded as needed."""
    spelled = spec(address)
    if not name:
        return spelled
    if _PHRASE.fullmatch(name) and name == name.strip():
        return f"{name} <{spelled}>"
    if _is_plain(name) and "=?" not in name:
        return f"{_quoted(name)} <{spelled}>"
    return f"{_encoded(name)} <{spelled}>"


def recipient(address: str) -> str:
    """The To field of the one reader. An address with a local part beyond ASCII cannot stand in a 7-bit
    header; the reader is then left to the envelope (RFC 6531)."""
    return spec(address) if address.rpartition("@")[0].isascii() else _HIDDEN


@lru_cache(maxsize=256)
def spec(address: str) -> str:
    """An address as it is spelled in a header. Raises `ValueError` for what is no single address."""
    local, at, domain = address.rpartition("@")
    if not at or not local or not re.fullmatch(r"[^\s<>,;:\"()@\\]+", domain):
        raise ValueError("expected one address")
    try:
        wire = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError as trouble:
        raise ValueError("expected an address with a domain of the DNS") from trouble
    if _ATOMS.fullmatch(local):
        return f"{local}@{wire}"
    if not _is_plain(local) or set(local) & set(' @<>"'):
        raise ValueError("expected one address")
    return f"{_quoted(local)}@{wire}"


def ids(found: Sequence[str]) -> list[str]:
    """Bare Message-IDs that can be put on a line whole: printable, without spaces or brackets, each once; of
    too many the first, which is the thread's root, and the newest."""
    bare = (i.strip().removeprefix("<").removesuffix(">") for i in found)
    usable = list(dict.fromkeys(i for i in bare if _MESSAGE_ID.fullmatch(i) and len(i) <= LONGEST_ID))
    if len(usable) > MOST_REFERENCES:
        return [usable[0], *usable[-(MOST_REFERENCES - 1) :]]
    return usable


def id_list(found: Sequence[str]) -> str:
    """The ids in brackets, one to a line, so that none is ever folded."""
    return "\r\n ".join(f"<{i}>" for i in found)


def alternative(parts: Sequence[tuple[str, str]], seed: str) -> tuple[str, bytes]:
    """The Content-Type and the body of a multipart/alternative of (subtype, text) parts, plainest first.

    The boundary is made from `seed`, so that the same mail has the same bytes; "=_" never occurs in
    quoted-printable.
    """
    boundary = f"=_{hashlib.sha256(seed.encode()).hexdigest()[:32]}"
    body = b"".join(
        b"--" + boundary.encode() + b"\r\n" + _part(subtype, content) + b"\r\n" for subtype, content in parts
    )
    return f'multipart/alternative;\r\n boundary="{boundary}"', body + f"--{boundary}--\r\n".encode()


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _part(subtype: str, content: str) -> bytes:
    """A leading dot or "From " is spelled in hexadecimal: servers on the way must find nothing to change
    (RFC 2049 section 3)."""
    lines = b"\n" + quopri.encodestring(content.encode("utf-8"))
    lines = lines.replace(b"\n.", b"\n=2E").replace(b"\nFrom ", b"\n=46rom ").replace(b"\n", b"\r\n")
    return (
        field("Content-Type", f"text/{subtype}; charset=utf-8")
        + field("Content-Transfer-Encoding", "quoted-printable")
        + lines
    )


def _encoded(value: str) -> str:
    """Encoded-words that break between characters only, one to a line."""
    words: list[bytes] = [b""]
    for char in value:
        raw = char.encode("utf-8")
        if len(words[-1]) + len(raw) > _WORD_BYTES:
            words.append(b"")
        words[-1] += raw
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fold(line: str, used: int) -> str:
    """Folded before a space where the line would be longer than 76; words stay whole. A line with runs of
    spaces is left as it is, or it would unfold into another one."""
    if used + len(line) <= _SHORT or "  " in line:
        return line
    rows, room = [""], _SHORT - used
    for word in line.split(" "):
        candidate = f"{rows[-1]} {word}" if rows[-1] else word
        if len(candidate) <= room or not rows[-1]:
            rows[-1] = candidate
        else:
            rows.append(word)
            room = _SHORT - 1
    return "\r\n ".join(rows)

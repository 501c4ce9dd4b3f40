"""Folder names, user names and sets of UIDs as IMAP writes them on the wire. Pure text, no connection."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable

_DIRECT = re.compile(r"[\x20-\x25\x27-\x7e]+")
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")


def quoted(text: str) -> str:
    """RFC 3501 section 9, `quoted`. Raises ValueError for what such a string cannot hold."""
    if not text.isascii() or any(c in text for c in "\0\r\n"):
        raise ValueError("not a text that IMAP can quote")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def wire_name(folder: str) -> str:
    """A folder's name in modified UTF-7 (RFC 3501, 5.1.3), quoted. Raises ValueError for an empty name,
    control characters and lone surrogates."""
    if not folder or any(ord(c) < 32 or ord(c) == 127 for c in folder):
        raise ValueError(f"{folder!r} cannot be the name of a folder")
    return quoted(encode(folder))


def encode(name: str) -> str:
    """Text to modified UTF-7: printable ASCII as it is, `&` as `&-`, anything else in `&…-`."""
    out: list[str] = []
    at = 0
    while at < len(name):
        if direct := _DIRECT.match(name, at):
            out.append(direct.group())
            at = direct.end()
        elif name[at] == "&":
            out.append("&-")
            at += 1
        else:
            end = at
            while end < len(name) and not "\x20" <= name[end] <= "\x7e":
                end += 1
            out.append(_shift(name[at:end]))
            at = end
    return "".join(out)


def decode(wire: str) -> str:
    """Modified UTF-7 to text. What is not well-formed stays as it stands: servers hold such names."""
    return _SHIFTED.sub(_unshift, wire)


def uid_set(uids: Iterable[int]) -> str:
    """`1,3:5`: exactly these UIDs, runs drawn together (RFC 3501 section 9, `sequence-set`)."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in runs)


def _shift(text: str) -> str:
    packed = binascii.b2a_base64(text.encode("utf-16-be"), newline=False).rstrip(b"=")
    return "&" + packed.decode("ascii").replace("/", ",") + "-"


def _unshift(match: re.Match[str]) -> str:
    packed = match.group(1).replace(",", "/")
    if not packed:
        return "&"
    try:
        return binascii.a2b_base64(packed + "=" * (-len(packed) % 4)).decode("utf-16-be")
    except ValueError:  # binascii.Error and UnicodeDecodeError alike
        return match.group()

"""Makes text from outside safe to keep: control and direction characters, header lines, attachment names.

It owns no reading of mail; it takes strings and gives strings that SQLite, PostgreSQL, a terminal and a
header can hold.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NAME_BYTES: Final = 200
"""Longest attachment name, in UTF-8 bytes: below the 255 of every file system, with room for "-2"."""

_ANSI: Final = re.compile(r"\x1b(?:\[[0-9;?]{0,40}[ -/]?[@-~]|\][^\x07\x1b]{0,200}\x07|[@-Z\\^_])")
_NEWLINES: Final = re.compile(r"[\r\x0b\x0c\x85\u2028\u2029]")
# C0 but tab and newline, DEL and C1, lone surrogates, noncharacters that XML and PostgreSQL dislike.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
# Overrides, embeddings and isolates make text read otherwise than it is stored (CVE-2021-42574). Marks
# (U+200E, U+200F) are harmless in a body but not in a name.
_DIRECTION: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
# Any of the four kinds above: nearly every text holds none, and one look is cheaper than four replacements.
_UNCLEAN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_DIRECTION_IN_NAMES: Final = re.compile(r"[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_INVISIBLE: Final = re.compile(r"[\u200b-\u200d\u2060\u00ad]")
_SPACES: Final = re.compile(r"[ \t\n]+")
_LONGEST_NORMALISED: Final = 1_000

_PATH: Final = re.compile(r"[/\\]+")
_FORBIDDEN_IN_NAMES: Final = re.compile(r'[<>:"|?*\x00-\x1f]')
_RESERVED: Final = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$", re.IGNORECASE)


def clean_text(text: str) -> str:
    """A body as it may be kept: newlines are \\n, no NUL or other control but tab, no lone surrogate, no
    direction override, terminal escapes gone, composed (NFC). Linear in its length."""
    text = text.replace("\r\n", "\n")
    if not text.isprintable() and _UNCLEAN.search(text):
        text = _NEWLINES.sub("\n", text)
        if "\x1b" in text:
            text = _ANSI.sub("", text)
        text = _CONTROLS.sub("", _SURROGATES.sub("\ufffd", text))
        text = _DIRECTION.sub("", text)
    if text.isascii():
        return text
    # Composing a run of combining marks is quadratic in its length, so it is done line by line and long
    # lines stay as they are.
    return "\n".join(_composed(line) for line in text.split("\n"))


def clean_line(text: str, limit: int = 2_000) -> str:
    """A header value as it may be kept: one line, no controls, spaces folded, at most `limit` characters.
    No-break spaces stay: French writes them before a colon."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")  # as nearly every value is
    text = clean_text(text[: limit * 4])
    # What is printable holds neither a direction mark nor white space but single spaces.
    if "  " in text or not text.isprintable():
        text = _DIRECTION_IN_NAMES.sub("", text)
        text = _SPACES.sub(" ", text)
    return text.strip(" ")[:limit].rstrip(" ")


def safe_name(name: str, media_type: str = "", position: int = 1) -> str:
    """An attachment name with no path, control or direction character, never empty, at most `NAME_BYTES`
    bytes, its extension kept. `position` names the nameless: "piece-3.png"."""
    name = clean_line(name, 1_000)
    name = _PATH.split(name.rstrip("/\\"))[-1]
    name = _INVISIBLE.sub("", _FORBIDDEN_IN_NAMES.sub("_", name))
    name = re.sub(r"\s+", " ", name).strip(" .")
    if not name or not any(c.isalnum() for c in name):
        return f"piece-{position}{_extension(media_type)}"
    if _RESERVED.match(name):
        name = f"_{name}"
    return clipped_name(name)


def clipped_name(name: str, suffix: str = "") -> str:
    """`name` with `suffix` put before its extension, cut to `NAME_BYTES` bytes without breaking a
    character or losing the extension."""
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16:
        stem, dot, extension = name, "", ""
    tail = f"{suffix}{dot}{extension}"
    room = max(NAME_BYTES - len(tail.encode()), 1)
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" ") + tail


def distinct_names(names: list[str]) -> list[str]:
    """The names in order, the second of a kind as "photo-2.png"; compared without case, as file systems
    may."""
    taken: set[str] = set()
    counts: dict[str, int] = {}
    result = []
    for name in names:
        candidate = name
        while candidate.casefold() in taken:
            counts[name.casefold()] = counts.get(name.casefold(), 1) + 1
            candidate = clipped_name(name, f"-{counts[name.casefold()]}")
        taken.add(candidate.casefold())
        result.append(candidate)
    return result


def _composed(line: str) -> str:
    return unicodedata.normalize("NFC", line) if len(line) <= _LONGEST_NORMALISED else line


_EXTENSIONS: Final = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/calendar": ".ics",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/ms-tnef": ".dat",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/pgp-encrypted": ".asc",
    "application/pgp-signature": ".asc",
    "audio/x-wav": ".wav",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "message/rfc822": ".eml",
}


def _extension(media_type: str) -> str:
    return _EXTENSIONS.get(media_type, ".bin")

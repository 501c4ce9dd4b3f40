"""Bytes to text, whatever the label says: wrong, unknown and missing charsets, 8-bit headers, encoded-words.

Labels are read as browsers read them (WHATWG Encoding): iso-8859-1 and us-ascii mean windows-1252, because
that is what is sent under those names.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from typing import Final

_AS_WINDOWS_1252: Final = {
    "",
    "ascii",
    "us-ascii",
    "iso-8859-1",
    "iso8859-1",
    "iso_8859-1",
    "latin-1",
    "latin1",
    "l1",
    "ansi",
    "1252",
    "cp-1252",
    "windows-1252",
    "cp1252",
    "x-ansi",
}
_AS_UTF_8: Final = {"utf8", "utf-8", "utf_8", "unicode-1-1-utf-8", "x-unknown", "unknown-8bit", "unknown"}
# A charset that is not a superset of ASCII can hide markup from those who look at the bytes.
_STATELESS: Final = re.compile(
    r"^(utf-?(8|16|32)(-?[bl]e)?|iso-?8859-\d+|windows-125\d|cp\d+|koi8-[ru]|mac\w*|gb\w+|big5\w*|euc[-_]\w+|"
    r"shift[-_]?jis|sjis|iso-?2022-\w+|ks_c_5601-1987|utf-?7|tis-620|hz-gb-2312)$"
)
_LABEL_JUNK: Final = re.compile(r"[\"'<>;,\s].*$", re.DOTALL)

_WORD: Final = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?([^?\r\n]*)\?=")
_Q_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")
_UTF7_RUN: Final = re.compile(r"\+([A-Za-z0-9+/]{2,4000})-?")


def decode(content: bytes, label: str | None) -> tuple[str, str | None]:
    """The text, and what was wrong with the label (None: nothing). Never raises."""
    wanted = _LABEL_JUNK.sub("", (label or "").strip().strip("\"'")).lower()
    if content.startswith(codecs.BOM_UTF8):
        return content[3:].decode("utf-8", "replace"), None
    if wanted in _AS_WINDOWS_1252:
        return _western(content, declared=bool(wanted) and "ascii" not in wanted)
    if wanted in _AS_UTF_8:
        return _utf_8(content, wanted)
    if wanted in ("utf-7", "utf7"):
        return _utf_7(content), None
    if not _STATELESS.match(wanted):
        return guess(content), f"unknown charset {wanted[:40]!r}"
    try:
        return content.decode(wanted), None
    except UnicodeError:
        return content.decode(wanted, "replace"), f"not valid {wanted}"
    except (LookupError, ValueError):
        return guess(content), f"unknown charset {wanted[:40]!r}"


def guess(content: bytes) -> str:
    """Bytes without a label: UTF-8 when they are, else windows-1252 (catalogue E04)."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return windows_1252(content)


def windows_1252(content: bytes) -> str:
    """The five bytes that windows-1252 leaves undefined become U+FFFD."""
    return content.decode("cp1252", "replace")


def decode_words(value: str) -> str:
    """A header value with its encoded-words decoded (RFC 2047), leniently: spaces inside a word, a word in
    quotes, a character cut in two between words of one charset. White space between two words goes."""
    if "=?" not in value:
        return value
    out: list[str] = []
    pending, charset, last = b"", "", 0
    for match in _WORD.finditer(value):
        between = value[last : match.start()]
        content = _word_bytes(match[2], match[3])
        label = match[1].partition("*")[0].lower()  # RFC 2231 section 5: charset*language
        if pending and not between.strip() and label == charset:
            pending += content
        else:
            if pending:
                out.append(decode(pending, charset)[0])
            if between.strip() or not last:
                out.append(between)
            pending, charset = content, label
        last = match.end()
    if pending:
        out.append(decode(pending, charset)[0])
    out.append(value[last:])
    return "".join(out)


def base64_bytes(content: bytes) -> tuple[bytes, bool]:
    """Everything decodable, with stray characters dropped and a cut quantum read as far as it goes, and
    whether the encoding was whole. Several padded blocks in a row are decoded one after the other."""
    compact = content.translate(None, b" \t\r\n\v\f")
    try:
        return base64.b64decode(compact, validate=True), True
    except (binascii.Error, ValueError):
        blocks = [_NOT_BASE64.sub(b"", block) for block in re.split(rb"={1,2}", compact)]
        return b"".join(_quanta(block) for block in blocks if block), False


def _quanta(block: bytes) -> bytes:
    if len(block) % 4 == 1:
        block = block[:-1]
    return base64.b64decode(block + b"=" * (-len(block) % 4))


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if encoding in "bB":
        return base64_bytes(raw)[0]
    return _Q_ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), raw.replace(b"_", b" "))


def _utf_8(content: bytes, label: str) -> tuple[str, str | None]:
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    good = sum(1 for c in text if c != "\ufffd" and ord(c) > 127)
    if text.count("\ufffd") > good:
        # More broken than whole: it never was UTF-8.
        return windows_1252(content), f"not valid {label}: read as windows-1252"
    return text, f"not valid {label}"


def _western(content: bytes, *, declared: bool) -> tuple[str, str | None]:
    if content.isascii():
        return content.decode("ascii"), None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return windows_1252(content), None
    # Real windows-1252 text is hardly ever valid UTF-8 by accident.
    return text, "UTF-8 under another label" if declared else None


def _utf_7(content: bytes) -> str:
    """Read, but by hand: Python's codec raises on what real mails hold, and WHATWG forbids sniffing it."""

    def run(match: re.Match[str]) -> str:
        return _quanta(match[1].encode()).decode("utf-16-be", "replace")

    return _UTF7_RUN.sub(run, content.decode("ascii", "replace")).replace("+-", "+")

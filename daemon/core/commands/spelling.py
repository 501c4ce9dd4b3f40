"""A line as its writer meant it: what mail programs and telephones make of it is taken off again.

Bullets, emphasis, quotation marks, links that a program made of an address, invisible characters. No-break
spaces stay: they are white space to every pattern here, and part of the words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 1_000
"""Characters of a line that may hold a command; a longer one is prose."""

_INVISIBLE: Final = re.compile(
    r"[\u00ad\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufe0e\ufe0f\ufeff]"
)
_WIDE: Final[dict[int, int | str]] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    0xFE5F: "#",
    0x2024: ".",
}
_BULLET: Final = re.compile(r"^\s*(?:[-–—•·▪◦‣*+]\s+)+")
_LINKS: Final = (
    # Outlook and Apple Mail: "x@y.example <mailto:x@y.example>", "12 <tel:12>"; our own reading of HTML:
    # "x@y.example (x@y.example)"; Markdown: "[x@y.example](mailto:x@y.example)".
    (re.compile(r"\[([^\[\]]{1,200})\]\(\s?(?:mailto|tel|https?):[^\s()]{1,300}\)"), r"\1"),
    (re.compile(r"(\S{1,100})\s?[<(\[](?:mailto|tel|https?):[^<>()\[\]]{1,300}[>)\]]"), r"\1"),
    (re.compile(r"<?\bmailto:([^\s<>?]{3,200})(?:\?[^\s<>]{0,100})?>?"), r"\1"),
)
_MOST_COLONS: Final = 10
"""Of a line whose links are looked for: no command holds more."""
_PAIRS: Final = (("«", "»"), ("“", "”"), ("„", "“"), ("‘", "’"), ('"', '"'), ("'", "'"), ("`", "`"))
_EMPHASIS: Final = ("***", "**", "*", "__", "_", "~~")


def meant(line: str) -> str:
    """The line without what was put around its words. Empty for one that is too long to be a command."""
    if len(line) > LONGEST:
        return ""
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", line)).translate(_WIDE)
    if ":" in text and text.count(":") <= _MOST_COLONS:
        for link, address in _LINKS:
            text = link.sub(address, text)
    text = _BULLET.sub("", text).strip()
    before = None
    while before != text:
        before = text
        text = _unwrapped(text)
    return text


def _unwrapped(text: str) -> str:
    for mark in _EMPHASIS:
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            return text[len(mark) : -len(mark)].strip()
    for opening, closing in _PAIRS:
        if len(text) > 2 and text.startswith(opening) and text.endswith(closing):
            return text[1:-1].strip()
    # Only the command's own word is emphasised or quoted: "*#appel* 12".
    return re.sub(r"^([*_]{1,3}|[«“\"'])\s?([#./]\s?[\w?]+)\s?([*_]{1,3}|[»”\"'])(?=\s|$)", r"\2", text)

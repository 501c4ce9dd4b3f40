"""The customer's own words as a mail of ours repeats them within a sentence: short, whole words, one line.

It decides whether and how much is quoted, never what is said about it. Who may read any of it at all was
decided when the row was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

LONGEST_SUBJECT: Final = 60
"""Characters of a subject that a sentence of ours can hold and still be read aloud."""

LONGEST_PIECE: Final = 60
MOST_PIECES: Final = 2

_QUOTES: Final = re.compile(r"[«»\"“”„‟]")
_PARAGRAPH: Final = re.compile(r"\n[ \t\r]*\n")
_ENDS_A_SENTENCE: Final = ("?", "!", ".", "…", ":", ";", ",")
_LOOSE: Final = " \t\u00a0,;:.!…-–—*>"


def subject_in_sentence(subject: str) -> str:
    """The subject where it reads well between quotation marks within a sentence, else "": the mail's own
    subject line shows it anyway. A question, a shout, a quotation and a long one do not."""
    if len(subject) > LONGEST_SUBJECT or _QUOTES.search(subject):
        return ""
    if subject.endswith(_ENDS_A_SENTENCE) or (len(subject) > 3 and subject.isupper()):
        return ""
    return subject


def pieces(evidence: Iterable[str]) -> list[str]:
    """The words that decided, at most `MOST_PIECES`, each on one line and never cut within a word; those that
    hold quotation marks of their own are left out, and so is what says the same twice."""
    found: list[str] = []
    for words in evidence:
        piece = _piece(words)
        if piece and piece.casefold() not in (earlier.casefold() for earlier in found):
            found.append(piece)
    return found[:MOST_PIECES]


def _piece(words: str) -> str:
    """One piece: the first paragraph that says anything, its line breaks (programs wrap) folded."""
    for paragraph in _PARAGRAPH.split(words.replace("\r\n", "\n")):
        line = " ".join(re.sub(r"\n[> \t]*", " ", paragraph).split()).strip(_LOOSE)
        if line:
            return "" if _QUOTES.search(line) else _clipped(line)
    return ""


def _clipped(line: str) -> str:
    if len(line) <= LONGEST_PIECE:
        return line
    head, space, _ = line[:LONGEST_PIECE].rpartition(" ")
    head = head.rstrip(_LOOSE)
    return f"{head}…" if space and head else ""  # one endless word is a link or a number: nothing to read

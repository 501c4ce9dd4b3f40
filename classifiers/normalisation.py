"""How words are folded before they are compared: lower case, no accents, plain apostrophes, long numbers
alike. It knows nothing of vocabularies; measured, it matters more than the model (classifier trials)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Written as one sign, spelt as two letters: NFKD leaves these alone.
_LETTERS: Final = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "’": "'", "ʼ": "'", "‘": "'"})
_DIGIT: Final = re.compile(r"\d")
_NUMBER: Final = re.compile(r"\d{2,}")
_LONGEST: Final = 24


def fold(word: str) -> str:
    """The form under which a word is looked up. Idempotent; a number of several digits becomes zeros,
    a single digit stays ("la caisse 2"); at most 24 characters are kept."""
    return _folded(word) if len(word) <= _LONGEST else _fold(word)  # what is kept stays small


def _fold(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.lower().translate(_LETTERS))
    if not plain.isascii():
        plain = "".join(c for c in plain if not unicodedata.combining(c)).lower().translate(_LETTERS)
    plain = _NUMBER.sub(lambda number: _DIGIT.sub("0", number[0]), plain)
    return plain[:_LONGEST]


_folded: Final = lru_cache(20_000)(_fold)

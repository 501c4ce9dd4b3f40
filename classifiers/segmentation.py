"""Where clauses and words stand in a text, as character ranges of the text itself, so that what is
shown as evidence is an exact piece of the mail. It knows nothing of what the words mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from classifiers.normalisation import fold

# Letters and digits with combining marks (a Mac may send "e" + U+0301), and the two signs that carry meaning.
_WORD: Final = re.compile(r"[^\W_][\w\u0300-\u036f]*|[?!]")
_SENTENCE_END: Final = re.compile(r"[.!?…]+[\"»”)]*(?=\s|$)|\n\s*\n|\n")
_CLAUSE_END: Final = re.compile(
    r"[,;:()«»“”—–]+(?=\s|$)|\s(?=[(«“—–])|\s(?=(?:mais|sauf|pourtant|cependant|but|however|except|though)\b)",
    re.IGNORECASE,
)
_WRAPPED_AT: Final = 55  # a line at least this long that ends without a full stop was wrapped, not ended
_SHORT_CLAUSE: Final = 3  # words; shorter ones join their neighbour: "alors," explains nothing
_LONG_CLAUSE: Final = 24  # words; people who write without commas


@dataclass(frozen=True, slots=True)
class Range:
    """Characters `start` to `end` (excluded) of the text."""

    start: int
    end: int


class Word(NamedTuple):
    """A folded word, where it stands, and in which clause (index). A tuple, for a mail makes hundreds."""

    text: str
    start: int
    end: int
    clause: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A text cut up. Each word lies in exactly one clause; no clause reaches over the end of a sentence."""

    words: tuple[Word, ...]
    clauses: tuple[Range, ...]


def layout(text: str) -> Layout:
    """Cut a text. What holds no word is left out."""
    words: list[Word] = []
    clauses: list[Range] = []
    for sentence in _sentences(text):
        found = [(m[0], m.start(), m.end()) for m in _WORD.finditer(text, sentence.start, sentence.end)]
        if not found:
            continue
        for group in _clauses(text, sentence, found):
            clauses.append(Range(group[0][1], group[-1][2]))
            words.extend(Word(fold(w), start, end, len(clauses) - 1) for w, start, end in group)
    return Layout(tuple(words), tuple(clauses))


def _sentences(text: str) -> list[Range]:
    ranges: list[Range] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match[0] == "\n" and _is_wrap(text, match.start()):
            continue
        ranges.append(Range(start, match.end()))
        start = match.end()
    ranges.append(Range(start, len(text)))
    return [r for r in ranges if r.end > r.start]


def _is_wrap(text: str, newline: int) -> bool:
    """A mail program broke the line: it is long and the next one goes on in lower case."""
    line_start = text.rfind("\n", 0, newline) + 1
    return newline - line_start >= _WRAPPED_AT and text[newline + 1 : newline + 2].islower()


_Found = tuple[str, int, int]


def _clauses(text: str, sentence: Range, found: list[_Found]) -> list[list[_Found]]:
    """The sentence's words in groups of one clause each; short groups join the one before, else the next."""
    cuts = [m.end() for m in _CLAUSE_END.finditer(text, sentence.start, sentence.end)]
    groups: list[list[_Found]] = [[]]
    for word in found:
        while cuts and cuts[0] <= word[1]:
            cuts.pop(0)
            if groups[-1]:
                groups.append([])
        if len(groups[-1]) >= _LONG_CLAUSE:
            groups.append([])
        groups[-1].append(word)
    joined: list[list[_Found]] = []
    for group in filter(None, groups):
        if joined and (len(group) < _SHORT_CLAUSE or len(joined[-1]) < _SHORT_CLAUSE):
            joined[-1].extend(group)
        else:
            joined.append(list(group))
    return joined

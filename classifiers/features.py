"""Texts as sparse vectors: word 1- to 3-grams and character 3- to 5-grams inside words, weighted by rarity.
Every feature remembers which words it came from, so that a linear model's score can be shared out exactly
over them. It knows nothing of labels."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifiers.segmentation import Word

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_CHARACTERS: Final = (3, 4, 5)
_WORDS: Final = 3
_CACHED: Final = 50_000  # folded words whose character features are remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A text in a vocabulary. `ids` are the distinct features, `values` their weights. The occurrences:
    `which` (index into `ids`), `first` (index of the word where it starts) and `length` in words."""

    ids: Ints
    values: Floats
    which: Ints
    first: Ints
    length: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheaf:
    """The vectors of a text's clauses, one after the other. Clause n has the features `edges[n]` to
    `edges[n + 1]` and starts at the word `starts[n]`; `which`, `first`, `length` are the whole text's
    occurrences, and `owner` tells the clause of each."""

    ids: Ints
    values: Floats
    edges: Ints
    starts: Ints
    which: Ints
    first: Ints
    length: Ints
    owner: Ints

    def __len__(self) -> int:
        return len(self.starts)

    def vector(self, n: int) -> Vector:
        """Clause n alone; its words count from zero."""
        here = self.owner == n
        a, b = self.edges[n], self.edges[n + 1]
        return Vector(
            ids=self.ids[a:b],
            values=self.values[a:b],
            which=self.which[here] - a,
            first=self.first[here] - self.starts[n],
            length=self.length[here],
        )


class Vocabulary:
    """The features that training saw at least `least` times, with their rarity (smooth idf)."""

    def __init__(self, terms: Sequence[str] = (), rarity: Floats | None = None) -> None:
        self.terms = list(terms)
        self.rarity: Floats = np.zeros(0, np.float32) if rarity is None else rarity
        self._index = {term: n for n, term in enumerate(self.terms)}
        self._characters: dict[str, Ints] = {}
        self._is_word = np.array([term[0] == "w" for term in self.terms], bool)

    def __len__(self) -> int:
        return len(self.terms)

    @classmethod
    def learn(cls, texts: Iterable[Sequence[Word]], *, least: int) -> Vocabulary:
        """From texts cut into words. Same texts, same vocabulary in the same order."""
        seen: Counter[str] = Counter()
        count = 0
        for words in texts:
            count += 1
            seen.update(_word_terms(words))
            seen.update({term for w in words for term in _character_terms(w.text)})
        terms = sorted(term for term, n in seen.items() if n >= least)
        rarity = [math.log((1 + count) / (1 + seen[term])) + 1 for term in terms]
        return cls(terms, np.array(rarity, np.float16).astype(np.float32))

    def vector(self, words: Sequence[Word]) -> Vector:
        """The words' vector: word features and character features are each scaled to length one."""
        return self.vectors(words, [0])[0]

    def vectors(self, words: Sequence[Word], starts: Sequence[int]) -> tuple[Vector, Sheaf]:
        """The words' vector, and the vectors of the clauses that begin at the words `starts`, of which the
        first is 0. No clause of the words may reach over one of these."""
        found, first, length = self._occurrences(words)
        places = np.array(starts, np.int64)
        owner = np.searchsorted(places, first, side="right") - 1
        width = max(len(self.terms), 1)
        keys, which, counts = np.unique(owner * width + found, return_inverse=True, return_counts=True)
        clause, ids = np.divmod(keys, width)
        sheaf = Sheaf(
            ids=ids,
            values=self._scaled(ids, counts, clause),
            edges=np.searchsorted(clause, np.arange(len(places) + 1)),
            starts=places,
            which=which,
            first=first,
            length=length,
            owner=owner,
        )
        distinct, merged = np.unique(ids, return_inverse=True)
        totals = np.bincount(merged, counts, len(distinct))
        whole = Vector(
            ids=distinct,
            values=self._scaled(distinct, totals, np.zeros(len(distinct), np.int64)),
            which=merged[which],
            first=first,
            length=length,
        )
        return whole, sheaf

    def reads(self, words: Sequence[Word]) -> bool:
        """One of the words is known as a word, not only by some of its letters. "?" and "!" are no words."""
        return any(word.text[0].isalnum() and f"w {word.text}" in self._index for word in words)

    def _scaled(self, ids: Ints, counts: NDArray[np.generic], row: Ints) -> Floats:
        """Weights by count and rarity; the word features and the character features of a row have length
        one each."""
        values = ((1 + np.log(counts)) * self.rarity[ids]).astype(np.float32)
        block = 2 * row + self._is_word[ids]
        norms = np.sqrt(np.bincount(block, np.square(values)))
        scaled: Floats = values / norms.astype(np.float32)[block]
        return scaled

    def _occurrences(self, words: Sequence[Word]) -> tuple[Ints, Ints, Ints]:
        """(feature, first word, words) of each occurrence: word features first, both in reading order."""
        index = self._index
        found: list[int] = []
        first: list[int] = []
        length: list[int] = []
        for start, word in enumerate(words):
            term = "w"
            for size, next_word in enumerate(words[start : start + _WORDS], 1):
                if next_word.clause != word.clause:
                    break
                term = f"{term} {next_word.text}"
                if (n := index.get(term)) is None:
                    break  # a text that holds the longer term holds this one: both are known or neither
                found.append(n)
                first.append(start)
                length.append(size)
        characters = [self._character_ids(word.text) for word in words]
        spread = np.repeat(np.arange(len(words)), [len(ids) for ids in characters])
        return (
            np.concatenate([np.array(found, np.int64), *characters]),
            np.concatenate([np.array(first, np.int64), spread]),
            np.concatenate([np.array(length, np.int64), np.ones(len(spread), np.int64)]),
        )

    def to_disk(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "terms.json").write_text(
            json.dumps(self.terms, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
        )
        np.save(folder / "rarity.npy", self.rarity.astype(np.float16), allow_pickle=False)

    @classmethod
    def from_disk(cls, folder: Path) -> Vocabulary:
        terms = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        rarity = np.load(folder / "rarity.npy", allow_pickle=False).astype(np.float32)
        return cls(terms, rarity)

    def _character_ids(self, word: str) -> Ints:
        known = self._characters.get(word)
        if known is None:
            index = self._index
            found = [n for term in _character_terms(word) if (n := index.get(term)) is not None]
            known = np.array(found, np.int64)
            if len(self._characters) < _CACHED:
                self._characters[word] = known
        return known


def _word_terms(words: Sequence[Word]) -> set[str]:
    """The n-grams of words; none crosses the end of a clause."""
    terms: set[str] = set()
    for n, word in enumerate(words):
        term = "w"
        for next_word in words[n : n + _WORDS]:
            if next_word.clause != word.clause:
                break
            term = f"{term} {next_word.text}"
            terms.add(term)
    return terms


def _character_terms(word: str) -> list[str]:
    padded = f" {word} "
    return [f"c{padded[n : n + size]}" for size in _CHARACTERS for n in range(len(padded) - size + 1)]

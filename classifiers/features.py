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


class Vocabulary:
    """The features that training saw at least `least` times, with their rarity (smooth idf)."""

    def __init__(self, terms: Sequence[str] = (), rarity: Floats | None = None) -> None:
        self.terms = list(terms)
        self.rarity: Floats = np.zeros(0, np.float32) if rarity is None else rarity
        self._index = {term: n for n, term in enumerate(self.terms)}
        self._characters: dict[str, tuple[int, ...]] = {}
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
            seen.update({term for term, _, _ in _word_terms(words)})
            seen.update({term for w in words for term in _character_terms(w.text)})
        terms = sorted(term for term, n in seen.items() if n >= least)
        rarity = [math.log((1 + count) / (1 + seen[term])) + 1 for term in terms]
        return cls(terms, np.array(rarity, np.float16).astype(np.float32))

    def vector(self, words: Sequence[Word]) -> Vector:
        """The words' vector: word features and character features are each scaled to length one."""
        index = self._index
        found: list[int] = []
        first: list[int] = []
        length: list[int] = []
        for term, start, size in _word_terms(words):
            if (n := index.get(term)) is not None:
                found.append(n)
                first.append(start)
                length.append(size)
        for start, word in enumerate(words):
            ids = self._character_ids(word.text)
            found.extend(ids)
            first.extend([start] * len(ids))
            length.extend([1] * len(ids))
        ids_, which, counts = np.unique(np.array(found, np.int64), return_inverse=True, return_counts=True)
        values = ((1 + np.log(counts)) * self.rarity[ids_]).astype(np.float32)
        for block in (self._is_word[ids_], ~self._is_word[ids_]):
            norm = float(np.sqrt(np.sum(values[block] ** 2)))
            if norm:
                values[block] /= np.float32(norm)
        return Vector(
            ids=ids_,
            values=values,
            which=which.astype(np.int64),
            first=np.array(first, np.int64),
            length=np.array(length, np.int64),
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

    def _character_ids(self, word: str) -> tuple[int, ...]:
        known = self._characters.get(word)
        if known is None:
            index = self._index
            known = tuple(n for term in _character_terms(word) if (n := index.get(term)) is not None)
            if len(self._characters) < _CACHED:
                self._characters[word] = known
        return known


def _word_terms(words: Sequence[Word]) -> list[tuple[str, int, int]]:
    """(term, first word, words) for each n-gram; none crosses the end of a clause."""
    terms: list[tuple[str, int, int]] = []
    for n, word in enumerate(words):
        term = "w"
        for size in range(1, _WORDS + 1):
            if n + size > len(words) or words[n + size - 1].clause != word.clause:
                break
            term = f"{term} {words[n + size - 1].text}"
            terms.append((term, n, size))
    return terms


def _character_terms(word: str) -> list[str]:
    padded = f" {word} "
    return [f"c{padded[n : n + size]}" for size in _CHARACTERS for n in range(len(padded) - size + 1)]

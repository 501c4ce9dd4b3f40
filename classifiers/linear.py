"""A linear model at run time: weights by feature and label, scores, and how much each word contributed. It
knows neither how the weights were found nor what the labels mean. No pickles: arrays and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifiers.features import Floats, Sheaf, Vector

Doubles = NDArray[np.float64]


class Linear:
    """`weights` has a row per feature and a column per label; kept at half precision on disk, and rounded to
    it from the start, so that a model scores the same before and after it was saved."""

    def __init__(self, labels: tuple[str, ...], weights: Floats, bias: Floats) -> None:
        self.labels = labels
        self.weights = weights.astype(np.float16).astype(np.float32)
        self.bias = bias.astype(np.float32)

    def scores(self, vector: Vector) -> Doubles:
        """One number per label; the higher, the likelier."""
        return (vector.values @ self.weights.take(vector.ids, axis=0) + self.bias).astype(np.float64)

    def scores_of_all(self, sheaf: Sheaf) -> Doubles:
        """A row of scores for each clause, in one go."""
        scores = np.zeros((len(sheaf), len(self.labels)), np.float32)
        starts, ends = sheaf.edges[:-1], sheaf.edges[1:]
        filled = ends > starts  # reduceat would misread an empty run
        if filled.any():
            weighted = sheaf.values[:, None] * self.weights.take(sheaf.ids, axis=0)
            scores[filled] = np.add.reduceat(weighted, starts[filled], axis=0)
        return (scores + self.bias).astype(np.float64)

    def shares(self, vector: Vector, direction: Doubles, words: int) -> Doubles:
        """What each of the `words` adds to `scores @ direction`: a feature's part is shared evenly over its
        occurrences and an occurrence's over its words. The shares and `bias @ direction` sum to the score."""
        if not len(vector.ids):
            return np.zeros(words)
        parts = vector.values * (self.weights.take(vector.ids, axis=0) @ direction)
        parts = parts / np.bincount(vector.which, minlength=len(vector.ids))
        each = parts[vector.which] / vector.length
        shared = np.zeros(words)
        for offset in range(int(vector.length.max())):
            reach = vector.length > offset
            shared += np.bincount(vector.first[reach] + offset, weights=each[reach], minlength=words)
        return shared

    def to_disk(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "weights.npy", self.weights.astype(np.float16), allow_pickle=False)
        np.save(folder / "bias.npy", self.bias, allow_pickle=False)
        (folder / "labels.json").write_text(json.dumps(self.labels) + "\n", encoding="utf-8")

    @classmethod
    def from_disk(cls, folder: Path) -> Linear:
        return cls(
            tuple(json.loads((folder / "labels.json").read_text(encoding="utf-8"))),
            np.load(folder / "weights.npy", allow_pickle=False).astype(np.float32),
            np.load(folder / "bias.npy", allow_pickle=False),
        )


def softmax(scores: Doubles) -> Doubles:
    """Probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Doubles = raised / raised.sum(axis=-1, keepdims=True)
    return shares

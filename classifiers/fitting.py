"""Finding linear weights: regularised softmax regression by L-BFGS on sparse rows, in numpy alone. Used in
training only; the same rows, labels and strength give the same weights to the last bit on one machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from classifiers.features import Ints, Sheaf, Vector
from classifiers.linear import Doubles, softmax

_MEMORY: Final = 5
_ARMIJO: Final = 1e-4


class Rows:
    """Sparse vectors, or all clauses of sheaves, one below the other. Products use bincount, whose order of
    summation is fixed."""

    def __init__(self, vectors: Sequence[Vector] | Sequence[Sheaf], width: int) -> None:
        sizes = np.concatenate([np.zeros(0, np.int64), *map(_sizes, vectors)])
        self.height, self.width = len(sizes), width
        self._row: Ints = np.repeat(np.arange(self.height), sizes)
        self._column: Ints = np.concatenate([np.zeros(0, np.int64), *(v.ids for v in vectors)])
        self._value: Doubles = np.concatenate([np.zeros(0), *(v.values for v in vectors)])

    def dot(self, weights: Doubles) -> Doubles:
        """Rows times weights (width x labels)."""
        return np.stack(
            [
                np.bincount(self._row, self._value * column[self._column], self.height)
                for column in np.ascontiguousarray(weights.T)
            ],
            axis=1,
        )

    def transposed_dot(self, errors: Doubles) -> Doubles:
        """Transposed rows times errors (height x labels)."""
        return np.stack(
            [
                np.bincount(self._column, self._value * column[self._row], self.width)
                for column in np.ascontiguousarray(errors.T)
            ],
            axis=1,
        )


def fit(
    dot: Callable[[Doubles], Doubles],
    transposed_dot: Callable[[Doubles], Doubles],
    width: int,
    targets: Doubles,
    *,
    strength: float,
    importance: Doubles | None = None,
    independent: bool = False,
    rounds: int = 60,
) -> tuple[Doubles, Doubles]:
    """(weights, bias) that minimise `strength` x the weighted log loss plus half the squared weights.

    targets      height x labels, each row a distribution (or, `independent`, each cell 0 or 1 by itself)
    importance   a weight per row
    """
    height, labels = targets.shape
    weight = np.ones(height) if importance is None else importance

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        weights, bias = _split(flat, width, labels)
        scores = dot(weights) + bias
        if independent:
            log_loss = np.logaddexp(0, scores) - targets * scores
            errors = 1 / (1 + np.exp(-np.clip(scores, -500, 500))) - targets
        else:
            peak = scores.max(axis=1, keepdims=True)
            log_sum = peak + np.log(np.exp(scores - peak).sum(axis=1, keepdims=True))
            log_loss = targets * (log_sum - scores)
            errors = softmax(scores) - targets
        errors = errors * (strength * weight)[:, None]
        value = strength * float(np.sum(weight[:, None] * log_loss)) + 0.5 * float(np.sum(weights**2))
        slope = np.concatenate([(transposed_dot(errors) + weights).ravel(), errors.sum(axis=0)])
        return value, slope

    return _split(_minimise(loss, np.zeros(width * labels + labels), rounds), width, labels)


def _sizes(vectors: Vector | Sheaf) -> Ints:
    return np.diff(vectors.edges) if isinstance(vectors, Sheaf) else np.array([len(vectors.ids)])


def _split(flat: Doubles, width: int, labels: int) -> tuple[Doubles, Doubles]:
    return flat[: width * labels].reshape(width, labels), flat[width * labels :]


def _minimise(loss: Callable[[Doubles], tuple[float, Doubles]], start: Doubles, rounds: int) -> Doubles:
    """L-BFGS (Nocedal and Wright, algorithm 7.5) with backtracking; ends when the slope is a thousandth of
    the first one, or no step helps any more."""
    here, (value, slope) = start, loss(start)
    small = 1e-3 * float(np.linalg.norm(slope))
    steps: deque[tuple[Doubles, Doubles]] = deque(maxlen=_MEMORY)
    for _ in range(rounds):
        if float(np.linalg.norm(slope)) <= small:
            break
        direction = -_two_loops(slope, steps)
        descent = float(np.sum(direction * slope))
        size = 1.0 if steps else 1.0 / max(1.0, float(np.linalg.norm(slope)))
        for _ in range(25):
            there = here + size * direction
            new_value, new_slope = loss(there)
            if new_value <= value + _ARMIJO * size * descent:
                break
            size *= 0.5
        else:
            break
        moved, bent = there - here, new_slope - slope
        if float(np.sum(moved * bent)) > 1e-12:
            steps.append((moved, bent))
        here, value, slope = there, new_value, new_slope
    return here


def _two_loops(slope: Doubles, steps: deque[tuple[Doubles, Doubles]]) -> Doubles:
    direction = slope.copy()
    factors: list[float] = []
    for moved, bent in reversed(steps):
        factor = float(np.sum(moved * direction)) / float(np.sum(moved * bent))
        factors.append(factor)
        direction -= factor * bent
    if steps:
        moved, bent = steps[-1]
        direction *= float(np.sum(moved * bent)) / float(np.sum(bent * bent))
    for (moved, bent), factor in zip(steps, reversed(factors), strict=True):
        direction += moved * (factor - float(np.sum(bent * direction)) / float(np.sum(moved * bent)))
    return direction

"""How the second opinion is weighed: whether it is asked at all, and what both opinions make together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np

from classifiers.facet import Verdict
from classifiers.linear import Doubles, softmax

_LEAST: Final = 1e-6  # no opinion is so sure that another counts for nothing
_WEIGHTS: Final = tuple(n / 10 for n in range(1, 10))
_SHARPNESS: Final = tuple(n / 10 for n in range(5, 26))
_OFFSETS: Final = tuple(n / 10 for n in range(31))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """For one facet. The encoder is asked where the linear models' likeliest label has less than `below`;
    unless the facet `leads`, only for a text that it has read for another facet already: reading takes the
    time, and the answers to the other questions come with it.

    Both opinions are added as log-probabilities, the encoder's with `weight`, theirs with the rest, times
    `sharpness`, which calibrates the sum. `leaning` is added for the decision alone, as in `FacetModel`."""

    below: float
    weight: float
    sharpness: float
    leaning: tuple[float, ...]
    leads: bool = True

    def asks(self, verdict: Verdict, *, read: bool) -> bool:
        """`read`: the encoder has read this text."""
        return (self.leads or read) and max(verdict.probabilities.values()) < self.below

    def together(self, verdict: Verdict, second: Doubles) -> Verdict:
        """`second`: the encoder's probabilities, in the order of the verdict's labels. The scores stay those
        of the linear models: they say which words spoke for the label."""
        labels = list(verdict.probabilities)
        scores = self._scores(np.array(list(verdict.probabilities.values())), second)
        probabilities = softmax(scores)
        return replace(
            verdict,
            label=labels[int(np.argmax(scores + np.array(self.leaning)))],
            probabilities={x: float(p) for x, p in zip(labels, probabilities, strict=True)},
        )

    def _scores(self, first: Doubles, second: Doubles) -> Doubles:
        scores: Doubles = self.sharpness * (
            (1 - self.weight) * np.log(np.maximum(first, _LEAST))
            + self.weight * np.log(np.maximum(second, _LEAST))
        )
        return scores

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def read_blend(record: Mapping[str, object]) -> Blend:
    """Raises KeyError, TypeError and ValueError."""
    leaning = record["leaning"]
    if not isinstance(leaning, list):
        raise TypeError("leaning must be a list of numbers")
    leads = record["leads"]
    if not isinstance(leads, bool):
        raise TypeError("leads must be true or false")
    numbers = {name: float(str(record[name])) for name in ("below", "weight", "sharpness")}
    return Blend(leaning=tuple(map(float, leaning)), leads=leads, **numbers)


def fit_blend(
    first: Doubles,
    second: Doubles,
    labels: Sequence[int],
    costs: Sequence[float],
    odds: Sequence[float],
    *,
    below: float,
    leads: bool = True,
) -> Blend:
    """The blend that fits mails which neither was trained on: (mails x labels) probabilities of both, the
    right label's index, what missing a label costs, and what is added to its leaning by hand (`odds`).

    Weight and sharpness by likelihood, then the leaning of dear labels by cost; near zero wins a tie. The
    mails that are not asked about take no part."""
    right = np.array(labels)
    asked = first.max(axis=1) < below
    first, second, right = first[asked], second[asked], right[asked]
    plain = (0.0,) * len(costs)

    def loss(blend: Blend) -> float:
        shares = np.array([softmax(row) for row in blend._scores(first, second)])
        return -float(np.log(shares[np.arange(len(right)), right]).sum())

    candidates = [
        Blend(below=below, weight=weight, sharpness=sharpness, leaning=plain, leads=leads)
        for weight in _WEIGHTS
        for sharpness in _SHARPNESS
    ]
    best = min(candidates, key=loss)
    scores = best._scores(first, second)
    leaning = np.zeros(len(costs))
    for n, cost in enumerate(costs):
        if cost == 1:
            continue
        spent: list[float] = []
        for offset in _OFFSETS:
            leaning[n] = offset
            wrong = (scores + leaning).argmax(axis=1) != right
            spent.append(float(np.sum(np.array(costs)[right] * wrong)))
        leaning[n] = _OFFSETS[int(np.argmin(spent))]
    return replace(best, leaning=tuple((leaning + np.array(odds)).tolist()))

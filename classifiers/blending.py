"""How the second opinion is weighed: whether it is asked at all, and what both opinions make together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

import numpy as np

from classifiers.facet import Verdict
from classifiers.linear import Doubles, softmax

_LEAST: Final = 1e-6  # no opinion is so sure that another counts for nothing
_WEIGHTS: Final = tuple(n / 10 for n in range(1, 10))
_SHARPNESS: Final = tuple(n / 10 for n in range(5, 26))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """For one facet. The encoder is asked where the linear models' likeliest label has less than `below`;
    unless the facet `leads`, only for a text that it has read for another facet already: reading takes the
    time, and the answers to the other questions come with it. It also leads `after` another facet, by name,
    was judged so.

    Both opinions are added as log-probabilities, the encoder's with `weight`, theirs with the rest, times
    `sharpness`, which calibrates the sum. `leaning` is added for the decision alone, as in `FacetModel`."""

    below: float
    weight: float
    sharpness: float
    leaning: tuple[float, ...]
    leads: bool = True
    after: Mapping[str, str] = field(default_factory=dict)

    def asks(self, verdict: Verdict, others: Mapping[str, Verdict], *, read: bool) -> bool:
        """`others`: the verdicts of the facets before it; `read`: the encoder has read this text."""
        follows = any(name in others and others[name].label == label for name, label in self.after.items())
        return (self.leads or read or follows) and max(verdict.probabilities.values()) < self.below

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
    after = record["after"]
    if not isinstance(after, dict):
        raise TypeError("after must be labels by facet")
    numbers = {name: float(str(record[name])) for name in ("below", "weight", "sharpness")}
    return Blend(
        leaning=tuple(map(float, leaning)),
        leads=leads,
        after={str(facet): str(label) for facet, label in after.items()},
        **numbers,
    )


def fit_blend(
    asked: Sequence[tuple[Verdict, Doubles]], labels: Sequence[str], costs: Sequence[float], shape: Blend
) -> Blend:
    """`shape` with the weight and the sharpness that fit mails which neither opinion was trained on, by
    likelihood; a tie goes to the first. `asked`: both opinions of each mail that is asked about; `labels`:
    the right label of each; `costs`: what missing a label costs, in the order of the verdicts' labels."""
    leaning = tuple(float(x) for x in np.log(costs))
    if not asked:
        return replace(shape, leaning=leaning)
    names = list(asked[0][0].probabilities)
    right = np.array([names.index(label) for label in labels])
    first = np.array([list(verdict.probabilities.values()) for verdict, _ in asked])
    second = np.array([shares for _, shares in asked])

    def loss(blend: Blend) -> float:
        shares = softmax(blend._scores(first, second))
        return -float(np.log(shares[np.arange(len(right)), right]).sum())

    return min(
        (
            replace(shape, leaning=leaning, weight=weight, sharpness=sharpness)
            for weight in _WEIGHTS
            for sharpness in _SHARPNESS
        ),
        key=loss,
    )

"""Which words of the mail to show for a decision: the clauses whose words add most to it, as exact pieces of
the mail. It adds up shares that a model gives; it judges nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from classifiers.facet import Account
from classifiers.segmentation import Layout

_MOST: Final = 2  # clauses shown for a facet
_WORTH: Final = 0.5  # a second clause must weigh at least this part of the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`text` stands in the subject or the body, character by character; `weight` is what its words add to the
    label's score over the mean of all labels, in log-odds."""

    facet: str
    text: str
    weight: float


def clauses(facet: str, text: str, layout: Layout, account: Account) -> tuple[Evidence, ...]:
    """The clauses that speak for the decision, the weightiest first; none when no word does."""
    if not layout.clauses:
        return ()
    owner = np.array([word.clause for word in layout.words])
    weights = np.bincount(owner, weights=account.shares, minlength=len(layout.clauses))
    order = [int(n) for n in np.argsort(-weights, kind="stable")[:_MOST]]
    shown: list[Evidence] = []
    for n in order:
        weight = round(float(weights[n]), 3)
        if weight <= 0 or (shown and weight < _WORTH * shown[0].weight):
            break
        piece = text[layout.clauses[n].start : layout.clauses[n].end]
        shown.append(Evidence(facet=facet, text=piece, weight=weight))
    return tuple(shown)

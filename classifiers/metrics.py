"""Figures over pairs of truth and decision. Pure arithmetic on strings and numbers; no model, no mails."""

from __future__ import annotations

from collections.abc import Sequence

_BINS = 10


def scores(truths: Sequence[str], decisions: Sequence[str], labels: Sequence[str]) -> dict[str, object]:
    """`mails`, `accuracy`, `macro_f1` and, by label, `recall` and `precision` (None where nothing could be
    recalled, or nothing was decided so). Labels that occur on neither side do not count in the mean."""
    hits = dict.fromkeys(labels, 0)
    for truth, decision in zip(truths, decisions, strict=True):
        hits[truth] += truth == decision
    recall = {x: _share(hits[x], truths.count(x)) for x in labels}
    precision = {x: _share(hits[x], decisions.count(x)) for x in labels}
    harmonic = [
        2 * hits[x] / (truths.count(x) + decisions.count(x)) for x in labels if x in truths or x in decisions
    ]
    return {
        "mails": len(truths),
        "accuracy": _share(sum(hits.values()), len(truths)),
        "macro_f1": _share(sum(harmonic), len(harmonic)),
        "recall": recall,
        "precision": precision,
    }


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Expected calibration error: over ten bins of equal width, the mean distance of a bin's confidence and
    its share of right decisions, weighted by mails. None without mails."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for confidence, correct in zip(confidences, right, strict=True):
        bins[min(int(confidence * _BINS), _BINS - 1)].append((confidence, correct))
    gaps = [abs(sum(c for c, _ in b) - sum(r for _, r in b)) for b in bins]
    return _share(sum(gaps), len(confidences))


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None

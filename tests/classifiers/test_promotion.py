"""A model with a desk's own corrections takes the shipped one's place only where it is no worse on the frozen
test."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.publish import NotPromoted, _compare


def report(macro_f1: float = 0.88, s1: float = 0.95, intent: float = 0.97) -> dict[str, Any]:
    severity = {"macro_f1": macro_f1, "recall": {"S1": s1, "S2": 0.8}}
    return {"severity": {}, "frozen": {"severity": severity, "intent": {"accuracy": intent}}}


@pytest.mark.parametrize("new", [report(), report(macro_f1=0.9), report(s1=0.99, intent=0.99)])
def test_what_is_no_worse_is_promoted(new: dict[str, Any]) -> None:
    _compare(new, report())


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (report(macro_f1=0.879), "severity macro-F1 0.879, was 0.880"),
        (report(macro_f1=0.95, s1=0.94), "S1 recall 0.940, was 0.950"),
        (report(s1=0.99, intent=0.96), "intent accuracy 0.960, was 0.970"),
    ],
)
def test_what_is_worse_in_one_thing_that_counts_is_not_and_says_so(new: dict[str, Any], told: str) -> None:
    with pytest.raises(NotPromoted, match=told):
        _compare(new, report())

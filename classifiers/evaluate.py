"""How good a model is on labelled mails: per facet, by language and difficulty, and for the priority that the
rule makes of it. It trains nothing, and says nothing of mails that the model was trained on: the caller hands
in held-out ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from classifiers import p1_rule
from classifiers.examples import Example
from classifiers.labels import DETAILS, GIVEN, INSTALLS, INTENTS, MISSING, OTHER_MEANS, SEVERITIES
from classifiers.metrics import calibration_error, scores
from classifiers.pipeline import Reading, Triage

_FACETS: Final = {
    "severity": SEVERITIES,
    "intent": INTENTS,
    "other_means": OTHER_MEANS,
    "installs": INSTALLS,
}
_PRIORITIES: Final = ("P1", "P2", "P3", "P4")

_SHORT: Final = 15  # words of subject and body together

Pair = tuple[Example, Reading]
Report = dict[str, object]


def evaluate(triage: Triage, examples: Sequence[Example]) -> Report:
    """A JSON-ready report: `mails`; for each facet accuracy, macro-F1, recall and precision by label, and for
    severity and intent the calibration error (`ece`); `by_language`, `by_difficulty`, `by_length` and
    `by_register` (where one was noted) severity's figures, `intent_by_length` intent's (short: up to 15
    words); `of_s1` those of the two facets that make an S1 a P1, on S1 mails; `priority` as the rule makes it
    of the facets (no directory); `evidence.overlap`, the share of tickets whose first severity clause touches
    what the annotator marked."""
    readings = triage.classify_many((e.subject, e.body) for e in examples)
    pairs = list(zip(examples, readings, strict=True))
    tickets = [(e, r) for e, r in pairs if e.severity is not None]
    report: Report = {"mails": len(pairs)}
    for facet, labels in _FACETS.items():
        report[facet] = _facet(facet, labels, tickets if facet == "severity" else pairs)
    report["details"] = {name: _detail(name, pairs) for name in DETAILS}
    report["priority"] = scores(
        [
            _priority(e.severity or "", e.installs or "unknown", e.other_means or "unknown")
            for e, _ in tickets
        ],
        [_priority(r.severity, r.installs, r.other_means) for _, r in tickets],
        _PRIORITIES,
    )
    report["by_language"] = _severity_by(tickets, lambda e: e.language)
    report["by_difficulty"] = _severity_by(tickets, lambda e: "hard" if e.hard else "plain")
    report["by_length"] = _severity_by(tickets, _length)
    report["by_register"] = _severity_by([(e, r) for e, r in tickets if e.register], lambda e: e.register)
    of_s1 = [(e, r) for e, r in tickets if e.severity == "S1"]
    report["of_s1"] = {facet: _facet(facet, _FACETS[facet], of_s1) for facet in ("other_means", "installs")}
    report["intent_by_length"] = {
        name: _facet("intent", INTENTS, [(e, r) for e, r in pairs if _length(e) == name])
        for name in sorted({_length(e) for e, _ in pairs})
    }
    report["language"] = _language(pairs)
    report["evidence"] = _overlap(tickets)
    return report


def _facet(facet: str, labels: Sequence[str], pairs: Sequence[Pair]) -> Report:
    truths = [str(getattr(e, facet)) for e, _ in pairs]
    decisions = [str(getattr(r, facet)) for _, r in pairs]
    report = scores(truths, decisions, labels)
    if facet in {"severity", "intent"}:
        report["ece"] = calibration_error(
            [r.confidence if facet == "severity" else r.intent_confidence for _, r in pairs],
            [t == d for t, d in zip(truths, decisions, strict=True)],
        )
    return report


def _detail(name: str, pairs: Sequence[Pair]) -> Report:
    return scores(
        [GIVEN if name in (e.details or ()) else MISSING for e, _ in pairs],
        [MISSING if name in r.missing else GIVEN for _, r in pairs],
        (GIVEN, MISSING),
    )


def _priority(severity: str, installs: str, other_means: str) -> str:
    return p1_rule.decide(severity, None, installs, other_means).priority


def _severity_by(tickets: Sequence[Pair], key: Callable[[Example], str]) -> Report:
    return {
        name: _facet("severity", SEVERITIES, [(e, r) for e, r in tickets if key(e) == name])
        for name in sorted({key(e) for e, _ in tickets})
    }


def _length(example: Example) -> str:
    return "short" if len(f"{example.subject} {example.body}".split()) <= _SHORT else "long"


def _language(pairs: Sequence[Pair]) -> Report:
    """Of mails in one language: how many the vote got right, left open, got wrong."""
    votes = [(e.language, r.language) for e, r in pairs if e.language != "mixed"]
    return {
        "mails": len(votes),
        "right": sum(truth == vote for truth, vote in votes),
        "unsure": sum(vote is None for _, vote in votes),
    }


def _overlap(tickets: Sequence[Pair]) -> Report:
    shown = [(e, piece.text) for e, r in tickets for piece in r.evidence[:1] if piece.facet == "severity"]
    touching = sum(any(_touch(e, text, words) for words in e.evidence) for e, text in shown)
    return {"tickets": len(shown), "overlap": round(touching / len(shown), 4) if shown else None}


def _touch(example: Example, shown: str, marked: str) -> bool:
    for text in (example.subject, example.body):
        a, b = text.find(shown), text.find(marked)
        if a >= 0 and b >= 0 and a < b + len(marked) and b < a + len(shown):
            return True
    return False

"""The short mails of the corpus are what its README says they are, and the model reads such mails."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from classifiers.evaluate import evaluate
from classifiers.examples import CORPUS, Example, read_corpus, split
from classifiers.normalisation import fold
from classifiers.pipeline import Triage, load

_WORD = re.compile(r"[^\W_]+|[?!]")
_ALIKE = 0.8


@pytest.fixture(scope="module")
def triage() -> Triage:
    return load()


@pytest.fixture(scope="module")
def corpus() -> list[Example]:
    return read_corpus()


@pytest.fixture(scope="module")
def short(corpus: list[Example]) -> list[Example]:
    return [example for example in corpus if example.id.startswith("sh-")]


@pytest.fixture(scope="module")
def report(triage: Triage, short: list[Example]) -> dict[str, Any]:
    return evaluate(triage, split(short)[1])


def test_short_mails_are_short_and_many_leave_subject_or_body_empty(short: list[Example]) -> None:
    assert len(short) >= 450
    assert all(len(e.subject.split()) <= 6 and len(e.body.split()) <= 25 for e in short)
    assert all(e.subject or e.body for e in short)
    assert sum(not e.subject or not e.body for e in short) >= len(short) / 3


def test_short_mails_cover_every_label_and_both_languages(short: list[Example]) -> None:
    labels = Counter(e.severity or e.intent for e in short)
    assert all(labels[severity] >= 60 for severity in ("S1", "S2", "S3", "S4"))
    assert all(labels[intent] >= 40 for intent in ("thanks", "resolved", "spam"))
    assert 0.3 < sum(e.language == "en" for e in short) / len(short) < 0.45
    assert {e.other_means for e in short} == {"yes", "no", "unknown"}
    assert {e.installs for e in short} == {"one", "many", "unknown"}


def test_a_contrast_set_of_short_mails_holds_different_labels(short: list[Example]) -> None:
    sets: dict[str, set[str]] = {}
    for e in short:
        if e.group != e.id:
            sets.setdefault(e.group, set()).add(e.severity or e.intent)
    assert len(sets) >= 30
    assert [name for name, labels in sets.items() if len(labels) < 2] == []


def test_every_short_mail_marks_what_decided_it(short: list[Example]) -> None:
    assert [e.id for e in short if not 1 <= len(e.evidence) <= 3 or not all(e.evidence)] == []


def grams(example: Example) -> frozenset[str]:
    """Four characters at a time, of the folded words."""
    text = f" {' '.join(fold(word) for word in _WORD.findall(f'{example.subject} {example.body}'))} "
    return frozenset(text[n : n + 4] for n in range(max(1, len(text) - 3)))


def test_no_short_mail_nearly_repeats_another_mail(corpus: list[Example], short: list[Example]) -> None:
    seen = [(e.id, grams(e)) for e in corpus]
    alike: list[tuple[str, str]] = []
    for example in short:
        own = grams(example)
        # Jaccard cannot reach the bound unless the sizes are this near.
        near = [
            (i, g) for i, g in seen if i != example.id and _ALIKE * len(own) <= len(g) <= len(own) / _ALIKE
        ]
        alike += [(example.id, i) for i, g in near if len(own & g) >= _ALIKE * len(own | g)]
    assert alike == []


def test_the_files_hold_no_line_twice() -> None:
    lines = [
        json.dumps([row["subject"].strip().lower(), row["body"].strip().lower()])
        for path in sorted(CORPUS.glob("*.jsonl"))
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]
    assert len(lines) == len(set(lines))


OUTAGES = [
    ("", "La caisse est gelée"),
    ("", "Till frozen"),
    ("système planté", ""),
    ("", "Nothing works"),
    ("POS frozen", ""),
    ("", "la caisse gele tout le temps"),
    ("", "register frozen can't sell"),
    ("", "plus de caisse"),
]


@pytest.mark.parametrize(("subject", "body"), OUTAGES)
def test_an_outage_in_three_words_is_an_outage(triage: Triage, subject: str, body: str) -> None:
    reading = triage.classify(subject, body)
    assert (reading.intent, reading.severity) == ("ticket", "S1")


@pytest.mark.parametrize("body", ["", ".", "?!", "🙃", "xyzzy", "qqqq wwww", "日本語"])
def test_a_mail_without_a_known_word_may_hide_an_important_failure(triage: Triage, body: str) -> None:
    assert triage.classify("", body).severity in {"S1", "S2"}


def test_one_word_makes_the_difference(triage: Triage) -> None:
    printer = triage.classify("imprimante", "gelée")
    till = triage.classify("caisse", "gelée")
    asked = triage.classify("", "et si la caisse gèle un jour, on fait quoi?")
    assert (printer.severity, till.severity, asked.severity) == ("S2", "S1", "S4")


def test_the_model_reads_short_mails_well_enough_to_ship(report: dict[str, Any]) -> None:
    assert report["severity"]["accuracy"] >= 0.75
    assert report["severity"]["recall"]["S1"] >= 0.85
    assert report["intent"]["recall"]["ticket"] >= 0.93
    assert report["intent"]["accuracy"] >= 0.85

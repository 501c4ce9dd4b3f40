"""The encoder as a second opinion: who is asked, what both make together, what is kept on disk."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.blending import Blend, fit_blend, read_blend
from classifiers.components import SecondOpinion, Worksheet
from classifiers.encoder import Encoder, EncoderFault
from classifiers.examples import read_corpus, split
from classifiers.facet import Verdict, vectors
from classifiers.features import Vocabulary
from classifiers.linear import softmax
from classifiers.pipeline import MODEL, Triage, load
from classifiers.segmentation import layout

LABELS = ("S1", "S2", "S3")
PLAIN = (0.0, 0.0, 0.0)
TEXT = "La caisse est gelée"


def verdict(*shares: float) -> Verdict:
    probabilities = dict(zip(LABELS, shares, strict=True))
    label = max(probabilities, key=lambda x: probabilities[x])
    return Verdict(label=label, probabilities=probabilities, scores=np.log(shares), telling=())


def blend(**changes: Any) -> Blend:
    return Blend(**{"below": 0.8, "weight": 0.5, "sharpness": 1.0, "leaning": PLAIN, **changes})


def sheet() -> Worksheet:
    words = layout("La caisse est gelée")
    return Worksheet(
        text="La caisse est gelée", vectors=vectors(words, Vocabulary.learn([words.words], least=1))
    )


class Reads(Encoder):
    """An encoder that always says the same, and counts how often it is asked."""

    def probabilities(self, text: str) -> Any:
        self.about["asked"].append(text)  # type: ignore[index, union-attr, attr-defined]
        return {"severity": np.array([0.9, 0.05, 0.05]), "intent": np.array([0.2, 0.2, 0.6])}


def reads() -> Reads:
    return Reads(weights=b"", tokenizer=b"", heads={}, longest=8, about={"asked": []})


@pytest.fixture(scope="module")
def triage() -> Triage:
    return load()


def test_it_is_asked_once_a_mail_and_only_where_the_first_opinion_is_unsure() -> None:
    second = SecondOpinion()
    second.encoder = asked = reads()
    second.blends = {"severity": blend(), "intent": blend()}
    page = sheet()
    sure, unsure = verdict(0.1, 0.1, 0.8), verdict(0.3, 0.4, 0.3)
    assert second._of(page, "severity", sure) is sure
    assert asked.about["asked"] == []
    assert second._of(page, "severity", unsure).label == "S1"
    assert second._of(page, "intent", unsure).label == "S3"
    assert second._of(page, "steps", unsure) is unsure, "a facet that it knows nothing of"
    assert asked.about["asked"] == [TEXT]


def test_a_facet_leads_after_another_was_judged_so() -> None:
    second = SecondOpinion()
    second.encoder = asked = reads()
    second.blends = {"intent": blend(leads=False, after={"severity": "S1"})}
    page, unsure = sheet(), verdict(0.3, 0.4, 0.3)
    page.verdicts["severity"] = verdict(0.1, 0.9, 0.0001)
    assert second._of(page, "intent", unsure) is unsure
    page.verdicts["severity"] = verdict(0.9, 0.1, 0.0001)
    assert second._of(page, "intent", unsure).label == "S3"
    assert asked.about["asked"] == [TEXT]


def test_a_facet_that_does_not_lead_profits_only_from_what_was_read_anyway() -> None:
    second = SecondOpinion()
    second.encoder = asked = reads()
    second.blends = {"severity": blend(), "intent": blend(leads=False)}
    page, unsure = sheet(), verdict(0.3, 0.4, 0.3)
    assert second._of(page, "intent", unsure) is unsure
    assert asked.about["asked"] == []
    second._of(page, "severity", unsure)
    assert second._of(page, "intent", unsure).label == "S3"


@given(
    first=st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
    other=st.lists(st.floats(0.0, 1), min_size=3, max_size=3).filter(lambda x: sum(x) > 0),
    weight=st.floats(0.1, 0.9),
)
def test_both_together_are_probabilities_and_agreement_stays(
    first: list[float], other: list[float], weight: float
) -> None:
    one, two = np.array(first) / sum(first), np.array(other) / sum(other)
    found = blend(weight=weight).together(verdict(*one), two)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    if one.argmax() == two.argmax() and np.sort(one)[-2] < one.max() and np.sort(two)[-2] < two.max():
        assert found.label == LABELS[int(one.argmax())]


def test_a_dear_label_wins_below_an_even_chance_and_its_probability_stays_honest() -> None:
    found = blend(leaning=(1.0, 0.0, 0.0)).together(verdict(0.4, 0.5, 0.1), np.array([0.4, 0.5, 0.1]))
    assert found.label == "S1"
    assert found.probabilities["S1"] == pytest.approx(0.4)


def test_the_better_opinion_weighs_more_and_the_sum_is_calibrated() -> None:
    chance = np.random.default_rng(3)
    right = chance.integers(0, 3, 600)

    def opinion(strength: float) -> Any:
        scores = chance.normal(size=(600, 3))
        scores[np.arange(600), right] += strength
        return np.array([softmax(row) for row in scores])

    poor, good = opinion(0.3), opinion(2.5)

    def fitted(first: Any, second: Any, costs: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Blend:
        asked = [(verdict(*one), two) for one, two in zip(first, second, strict=True)]
        return fit_blend(asked, [LABELS[n] for n in right], costs, blend())

    found, turned = fitted(poor, good), fitted(good, poor)
    assert found.weight > 0.6 > 0.4 > turned.weight
    assert found.leaning == PLAIN
    assert fitted(poor, good, (5.0, 1.0, 1.0)).leaning == (pytest.approx(np.log(5)), 0.0, 0.0)


def test_where_nobody_is_asked_there_is_nothing_to_weigh() -> None:
    assert fit_blend([], [], [2.0, 1.0, 1.0], blend()).weight == 0.5


def test_a_blend_comes_back_from_its_record() -> None:
    one = blend(leaning=(0.5, 0.0, 0.0), after={"severity": "S1"})
    assert read_blend({**one.to_json(), "leaning": list(one.leaning)}) == one
    with pytest.raises(TypeError, match="leaning"):
        read_blend({**one.to_json(), "leaning": 3})
    with pytest.raises(TypeError, match="after"):
        read_blend({**one.to_json(), "leaning": [0.5], "after": ["S1"]})


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError("no", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EncoderFault, match="onnxruntime is missing"):
        reads().load()


def test_the_shipped_encoder_reads_alike_after_it_was_saved_and_in_any_order(
    triage: Triage, tmp_path: Path
) -> None:
    first = Encoder.from_disk(MODEL / "second_opinion" / "encoder")
    first.to_disk(tmp_path)
    again = Encoder.from_disk(tmp_path)
    texts = [f"{e.subject}\n\n{e.body}" for e in split(read_corpus())[1][:12]]
    before = [first.probabilities(text) for text in texts]
    after = [again.probabilities(text) for text in reversed(texts)][::-1]
    for one, two in zip(before, after, strict=True):
        assert {facet: shares.tolist() for facet, shares in one.items()} == {
            facet: shares.tolist() for facet, shares in two.items()
        }


def test_a_text_of_any_length_is_read() -> None:
    shipped = Encoder.from_disk(MODEL / "second_opinion" / "encoder")
    for text in ("", "?", "😀" * 5, "caisse " * 4000):
        assert sum(shipped.probabilities(text)["severity"]) == pytest.approx(1)


def test_it_maps_no_memory_that_is_both_writable_and_executable(triage: Triage) -> None:
    """The unit forbids it (MemoryDenyWriteExecute)."""
    triage.warm_up()
    triage.classify("Petite question", "On note tout sur un calepin depuis midi.")
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    assert [line for line in maps if line.split()[1].startswith("rwx")] == []

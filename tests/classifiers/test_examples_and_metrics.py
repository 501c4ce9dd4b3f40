"""The corpus is what it says it is, its splits are honest, and the figures are computed right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from classifiers.duplicates import near_duplicates
from classifiers.examples import (
    CORPUS,
    FROZEN,
    CorpusFault,
    Example,
    fingerprint,
    folds,
    read_corpus,
    split,
)
from classifiers.metrics import calibration_error, scores

ROW = json.loads((CORPUS / "fc.jsonl").read_text(encoding="utf-8").splitlines()[0])


@pytest.fixture(scope="module")
def corpus() -> list[Example]:
    return read_corpus()


def test_the_corpus_reads_and_its_ids_are_unique(corpus: list[Example]) -> None:
    assert len(corpus) >= 5_000
    assert len({example.id for example in corpus}) == len(corpus)


def test_no_two_mails_say_the_same_in_the_same_words(corpus: list[Example]) -> None:
    """Within the corpus, and between it and the frozen test."""
    assert near_duplicates([*corpus, *read_corpus(FROZEN)]) == []


def test_a_near_duplicate_is_found(corpus: list[Example]) -> None:
    mail = max(corpus, key=lambda e: len(e.body))
    again = replace(mail, id="again", body=mail.body.replace("é", "e", 3) + " Merci bien!")
    assert near_duplicates([*corpus, again]) == [(mail.id, "again")]


def test_the_frozen_test_is_large_enough_and_harder_than_most() -> None:
    frozen = read_corpus(FROZEN)
    assert len(frozen) >= 500
    assert sum(e.hard for e in frozen) > len(frozen) / 2
    assert {e.language for e in frozen} == {"fr", "en", "mixed"}


def test_a_contrast_set_stays_on_one_side_of_every_split(corpus: list[Example]) -> None:
    training, held_out = split(corpus)
    assert {e.group for e in training}.isdisjoint({e.group for e in held_out})
    assert 0.12 < len(held_out) / len(corpus) < 0.18
    places: dict[str, set[int]] = {}
    for example, place in zip(corpus, folds(corpus, 4, 1), strict=True):
        places.setdefault(example.group, set()).add(place)
    assert all(len(found) == 1 for found in places.values())
    assert set().union(*places.values()) == {0, 1, 2, 3}


def test_sets_of_two_files_are_not_mixed_up(corpus: list[Example]) -> None:
    assert {e.group for e in corpus if e.id.startswith("ea")}.isdisjoint(
        {e.group for e in corpus if e.id.startswith("fc")}
    )


def test_adding_mails_moves_no_other_mail(corpus: list[Example]) -> None:
    assert {e.id for e in split(corpus[:900])[1]} <= {e.id for e in split(corpus)[1]}


def test_the_fingerprint_sees_a_changed_label(corpus: list[Example]) -> None:
    assert fingerprint(corpus[:5]) == fingerprint(corpus[:5])
    assert fingerprint(corpus[:5]) != fingerprint(corpus[:4])


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "S5"},
        {"severity": None},
        {"other_means": "perhaps"},
        {"intent": "thanks"},
        {"evidence": ["words that stand nowhere"]},
        {"details": None},
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, change: dict[str, object]) -> None:
    lines = [json.dumps(ROW), json.dumps(ROW | change)]
    (tmp_path / "xx.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(CorpusFault, match=r"^xx\.jsonl:2: "):
        read_corpus(tmp_path)


def test_an_empty_folder_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusFault, match="no labelled mails"):
        read_corpus(tmp_path)


def test_scores_of_a_small_table_by_hand() -> None:
    report = scores(["a", "a", "b", "b", "b"], ["a", "b", "b", "b", "a"], ["a", "b", "c"])
    assert report["accuracy"] == 0.6
    assert report["recall"] == {"a": 0.5, "b": 0.6667, "c": None}
    assert report["precision"] == {"a": 0.5, "b": 0.6667, "c": None}
    assert report["macro_f1"] == pytest.approx((0.5 + 2 / 3) / 2, abs=1e-4)


def test_calibration_error_is_zero_when_confidence_is_honest() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == 0
    assert calibration_error([1.0, 1.0], [True, False]) == 0.5
    assert calibration_error([], []) is None

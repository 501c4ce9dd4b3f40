"""The linear models: found right, summed exactly, shared out exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.facet import FacetModel, brevity, stack_inputs, vectors
from classifiers.features import Vocabulary
from classifiers.fitting import Rows, fit
from classifiers.linear import Linear, softmax
from classifiers.segmentation import layout

TEXTS = (
    "La caisse est gelée, plus rien ne répond. On ne peut plus encaisser.",
    "Une petite question sur la facture. Merci!",
    "The till is frozen and we cannot take payments",
    "La caisse 2 marche encore. L'imprimante est muette",
)
VOCABULARY = Vocabulary.learn([layout(text).words for text in TEXTS], least=1)


def random_model(seed: int, *, clauses: bool = True, brief: bool = False) -> FacetModel:
    chance = np.random.default_rng(seed)

    def linear(*labels: str) -> Linear:
        return Linear(
            labels,
            chance.normal(size=(len(VOCABULARY), len(labels))).astype(np.float32),
            chance.normal(size=len(labels)).astype(np.float32),
        )

    inputs = 5 if clauses else 3
    return FacetModel(
        linear("a", "b", "c"),
        linear("a", "b", "background") if clauses else None,
        chance.normal(size=(3, inputs)),
        chance.normal(size=3),
        np.zeros(3),
        chance.normal(size=(3, inputs + 1)) if brief else None,
    )


@settings(deadline=None)
@given(
    text=st.one_of(
        st.sampled_from(TEXTS), st.lists(st.sampled_from(TEXTS)).map("\n".join), st.text(max_size=80)
    ),
    seed=st.integers(0, 50),
    clauses=st.booleans(),
    brief=st.booleans(),
)
def test_the_words_shares_and_the_rest_sum_to_the_score(
    text: str, seed: int, clauses: bool, brief: bool
) -> None:
    model = random_model(seed, clauses=clauses, brief=brief)
    seen = vectors(layout(text), VOCABULARY)
    account = model.explain(model.judge(seen), seen)
    assert account.shares.sum() + account.rest == pytest.approx(account.score, rel=1e-4, abs=1e-4)


def test_a_word_that_no_feature_knows_has_no_share() -> None:
    seen = vectors(layout("gelée qqqqqq"), VOCABULARY)
    model = random_model(1)
    shares = model.explain(model.judge(seen), seen).shares
    assert shares[0] != 0
    assert shares[1] == 0


def test_the_most_telling_clause_counts_wherever_it_stands() -> None:
    model = random_model(3)
    orders = [f"{TEXTS[0]}\n{TEXTS[1]}", f"{TEXTS[1]}\n{TEXTS[0]}"]
    most = [
        stack_inputs(model.document, model.clauses, vectors(layout(t), VOCABULARY))[0][3:] for t in orders
    ]
    assert most[0] == pytest.approx(most[1], abs=1e-5)


def test_a_text_is_weighed_up_by_the_stack_of_its_length() -> None:
    model = random_model(6, brief=True)
    assert model.brief is not None
    few, many = (vectors(layout(text), VOCABULARY) for text in ("gelée", " ".join(TEXTS)))
    assert 0 < brevity(many) < 0.4 < brevity(few) < 1 == brevity(vectors(layout(""), VOCABULARY))
    for seen in (few, many):
        inputs, _ = stack_inputs(model.document, model.clauses, seen)
        plain = model.stack @ inputs + model.level
        added = model.brief @ np.append(inputs, 1.0)
        assert model.judge(seen).scores == pytest.approx(plain + brevity(seen) * added)


@pytest.mark.parametrize("brief", [False, True])
def test_a_model_scores_alike_before_and_after_it_was_saved(tmp_path: Path, brief: bool) -> None:
    model = random_model(4, brief=brief)
    model.to_disk(tmp_path)
    seen = vectors(layout(TEXTS[0]), VOCABULARY)
    again = FacetModel.from_disk(tmp_path)
    assert again.judge(seen).scores.tolist() == model.judge(seen).scores.tolist()


def test_batch_scores_equal_single_scores_and_an_empty_row_scores_the_bias() -> None:
    model = random_model(5).document
    clauses = vectors(
        layout("\n".join((TEXTS[0], "qqqq zzzz xxxx", TEXTS[1], "qqqq zzzz xxxx"))), VOCABULARY
    ).clauses
    together = model.scores_of_all(clauses)
    for n, row in enumerate(together):
        assert row == pytest.approx(model.scores(clauses.vector(n)), abs=1e-5)
    empty = [n for n in range(len(clauses)) if not len(clauses.vector(n).ids)]
    assert 0 < empty[0] < empty[1] == len(clauses) - 1
    assert together[empty] == pytest.approx(np.stack([model.bias] * 2))


def test_spellings_without_accents_give_the_same_vector() -> None:
    plain = VOCABULARY.vector(layout("la caisse est gelee").words)
    accented = VOCABULARY.vector(layout("LA CAISSE EST GELÉE").words)
    assert plain.ids.tolist() == accented.ids.tolist()
    assert plain.values.tolist() == accented.values.tolist()


def test_no_ngram_crosses_the_end_of_a_clause() -> None:
    words = Vocabulary.learn([layout("Merci. Bonne journée").words], least=1).terms
    assert "w bonne journee" in words
    assert "w merci bonne" not in words


def test_fitting_reaches_the_minimum() -> None:
    rows = Rows([VOCABULARY.vector(layout(text).words) for text in TEXTS], len(VOCABULARY))
    targets = np.eye(2)[[0, 1, 0, 1]]
    weights, bias = fit(rows.dot, rows.transposed_dot, rows.width, targets, strength=5.0, rounds=200)
    errors = 5.0 * (softmax(rows.dot(weights) + bias) - targets)
    start = np.linalg.norm(rows.transposed_dot(5.0 * (np.full((4, 2), 0.5) - targets)))
    assert np.linalg.norm(rows.transposed_dot(errors) + weights) < 0.01 * start
    assert (rows.dot(weights) + bias).argmax(axis=1).tolist() == [0, 1, 0, 1]


def test_importance_counts_a_row_as_if_it_stood_there_twice() -> None:
    vectors_ = [VOCABULARY.vector(layout(text).words) for text in TEXTS]
    once = Rows(vectors_, len(VOCABULARY))
    twice = Rows([*vectors_, vectors_[0]], len(VOCABULARY))
    targets = np.eye(2)[[0, 1, 1, 1]]
    weighted, _ = fit(
        once.dot,
        once.transposed_dot,
        once.width,
        targets,
        strength=2.0,
        importance=np.array([2.0, 1, 1, 1]),
        rounds=200,
    )
    repeated, _ = fit(
        twice.dot, twice.transposed_dot, twice.width, np.eye(2)[[0, 1, 1, 1, 0]], strength=2.0, rounds=200
    )
    assert weighted == pytest.approx(repeated, abs=5e-3)

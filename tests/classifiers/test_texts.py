"""Folding, cutting and the language vote: everything that looks at a text before a model does."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.language import vote
from classifiers.normalisation import fold
from classifiers.segmentation import layout

TEXTS = st.text(alphabet=st.sampled_from("abÉé œ'’.,;!?\n()«»-0129 \u0301ñS"), max_size=300)


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Gelée", "gelee"),
        (unicodedata.normalize("NFD", "Gelée"), "gelee"),
        ("SŒUR", "soeur"),
        ("l’écran", "l'ecran"),
        ("9h40", "9h00"),
        ("2", "2"),
        ("14", "00"),
        ("ﬁn", "fin"),
    ],
)
def test_spellings_of_one_word_fold_alike(word: str, folded: str) -> None:
    assert fold(word) == folded


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(word: str) -> None:
    assert fold(fold(word)) == fold(word)


@given(st.one_of(TEXTS, st.text(max_size=200)))
def test_every_word_lies_in_one_clause(text: str) -> None:
    cut = layout(text)
    for word in cut.words:
        clause = cut.clauses[word.clause]
        assert clause.start <= word.start < word.end <= clause.end
    assert {word.clause for word in cut.words} == set(range(len(cut.clauses)))
    starts = [word.start for word in cut.words]
    assert starts == sorted(starts)
    assert all(a.end <= b.start for a, b in pairwise(cut.clauses))


@given(TEXTS, TEXTS)
def test_no_clause_crosses_from_subject_to_body(subject: str, body: str) -> None:
    gap = len(subject)
    for clause in layout(f"{subject}\n\n{body}").clauses:
        assert clause.end <= gap or clause.start >= gap


def test_a_wrapped_line_goes_on_and_a_short_line_ends() -> None:
    wrapped = "Depuis ce matin l'écran de vente reste gelé sur le dernier article\nque j'ai numérisé."
    assert len(layout(wrapped).clauses) == 1
    assert len(layout("Bonjour\nla caisse est gelée").clauses) == 2


def test_clauses_are_phrases_that_a_person_can_read() -> None:
    text = "La caisse 1 est gelée depuis 9h, mais la deuxième marche encore très bien"
    assert [text[c.start : c.end] for c in layout(text).clauses] == [
        "La caisse 1 est gelée depuis 9h",
        "mais la deuxième marche encore très bien",
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bonjour, la caisse est gelée depuis ce matin.", "fr"),
        ("allo la caisse repond pu depuis a matin", "fr"),
        ("J’arrive pas à me connecter", "fr"),
        ("Hello, the till has been frozen since this morning.", "en"),
        ("We can't take any payment", "en"),
        ("ok", None),
        ("", None),
        ("https://example.com/the/is/are/was", None),
        ("SVP reset mon password, thanks, the caisse is down", None),
    ],
)
def test_the_vote_knows_a_language_or_says_nothing(text: str, language: str | None) -> None:
    assert vote(text) == language

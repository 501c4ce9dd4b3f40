"""The quick way to a text's vectors gives what the definition gives, for the whole and for each clause."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.components import worksheet
from classifiers.examples import read_corpus
from classifiers.facet import vectors
from classifiers.features import Vector, Vocabulary
from classifiers.pipeline import MODEL, joined, load
from classifiers.segmentation import Word, layout

TEXTS = (
    "La caisse est gelée, plus rien ne répond. On ne peut plus encaisser.",
    "Une petite question sur la facture. Merci! Merci! Merci beaucoup",
    "The till is frozen and we cannot take payments. The till is frozen",
    "La caisse 2 marche encore. L'imprimante est muette",
)
VOCABULARY = Vocabulary.learn([layout(text).words for text in TEXTS], least=1)
SOME = st.one_of(
    st.sampled_from(TEXTS),
    st.lists(st.sampled_from([w for text in TEXTS for w in text.split()])).map(" ".join),
    st.text(max_size=60),
)


def plainly(
    vocabulary: Vocabulary, words: Sequence[Word]
) -> tuple[dict[str, float], Counter[tuple[str, int, int]]]:
    """Weights by term, and (term, first word, words) of every occurrence, straight from the definition."""
    known = set(vocabulary.terms)
    found: Counter[tuple[str, int, int]] = Counter()
    for n, word in enumerate(words):
        for size in (1, 2, 3):
            run = words[n : n + size]
            if len(run) == size and all(w.clause == word.clause for w in run):
                found["w " + " ".join(w.text for w in run), n, size] += 1
        padded = f" {word.text} "
        for size in (3, 4, 5):
            for at in range(len(padded) - size + 1):
                found["c" + padded[at : at + size], n, 1] += 1
    found = Counter({key: times for key, times in found.items() if key[0] in known})
    counts: Counter[str] = Counter()
    for (term, _, _), times in found.items():
        counts[term] += times
    rarity = dict(zip(vocabulary.terms, vocabulary.rarity.tolist(), strict=True))
    weights = {term: (1 + math.log(n)) * rarity[term] for term, n in counts.items()}
    for kind in "wc":
        length = math.sqrt(sum(v * v for term, v in weights.items() if term[0] == kind))
        weights |= {term: v / length for term, v in weights.items() if term[0] == kind}
    return weights, found


def check(vocabulary: Vocabulary, vector: Vector, words: Sequence[Word]) -> None:
    weights, found = plainly(vocabulary, words)
    terms = [vocabulary.terms[n] for n in vector.ids]
    assert terms == sorted(weights)
    assert dict(zip(terms, vector.values.tolist(), strict=True)) == pytest.approx(weights, rel=1e-5)
    places = zip(vector.which.tolist(), vector.first.tolist(), vector.length.tolist(), strict=True)
    assert Counter((terms[which], first, length) for which, first, length in places) == found


@settings(deadline=None)
@given(SOME)
def test_the_whole_and_each_clause_are_weighed_by_the_definition(text: str) -> None:
    cut = layout(text)
    seen = vectors(cut, VOCABULARY)
    check(VOCABULARY, seen.whole, cut.words)
    assert len(seen.clauses) == len(cut.clauses)
    for n in range(len(seen.clauses)):
        check(VOCABULARY, seen.clauses.vector(n), [word for word in cut.words if word.clause == n])


def test_the_shipped_vocabulary_weighs_the_corpus_by_the_definition() -> None:
    vocabulary = Vocabulary.from_disk(MODEL / "reader")
    for example in read_corpus()[::40]:
        cut = layout(joined(example.subject, example.body))
        check(vocabulary, vectors(cut, vocabulary).whole, cut.words)


def test_a_known_term_has_only_known_beginnings() -> None:
    known = set(VOCABULARY.terms)
    assert all(term.rsplit(" ", 1)[0] in known for term in known if term[0] == "w" and term.count(" ") > 1)


def test_spacy_reads_a_plain_text_as_the_pipeline_does() -> None:
    triage = load()
    for text in TEXTS:
        sheet = worksheet(triage._nlp(joined("", text)))
        again = triage.classify("", text)
        assert sheet.verdicts["severity"].label == again.severity
        assert np.round(max(sheet.verdicts["severity"].probabilities.values()), 4) == max(
            again.severity_probabilities.values()
        )
        assert sheet.language == again.language


def test_reading_mails_teaches_spacy_no_words() -> None:
    triage = load()
    before = len(triage._nlp.vocab.strings)
    triage.classify("zyxwv utsrq", "ponml kjihg " * 20)
    assert len(triage._nlp.vocab.strings) == before

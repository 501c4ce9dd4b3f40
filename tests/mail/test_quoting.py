"""The customer's own words within a sentence of ours: short, whole, on one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail import quoting


@pytest.mark.parametrize(
    ("evidence", "shown"),
    [
        (["la caisse est gelée"], ["la caisse est gelée"]),
        (["la caisse\nest gelée,"], ["la caisse est gelée"]),
        (["> la caisse\r\n> est gelée"], ["la caisse est gelée"]),
        (["gelée\n\n----\nBillet AZ-9"], ["gelée"]),
        (["\n\n ...\n\nplus rien"], ["plus rien"]),
        (["Gelée", "gelée.", "plus rien", "du tout"], ["Gelée", "plus rien"]),
        (["il dit « erreur 4 »", 'says "error"', "plus rien"], ["plus rien"]),
        (["https://example.com/" + "x" * 80], []),
        (["", "  ", "—"], []),
        (["mot " * 30], ["mot " * 14 + "mot…"]),
        ([], []),
    ],
)
def test_the_words_that_decided(evidence: list[str], shown: list[str]) -> None:
    assert quoting.pieces(evidence) == shown


@given(st.lists(st.text(max_size=200), max_size=4))
def test_a_piece_is_one_short_line_that_ends_with_a_whole_word(evidence: list[str]) -> None:
    found = quoting.pieces(evidence)
    assert len(found) <= quoting.MOST_PIECES
    words = {word for text in evidence for word in text.split()}
    for piece in found:
        assert len(piece) <= quoting.LONGEST_PIECE + 1
        assert len(piece.splitlines()) == 1
        if piece.endswith("…"):
            last = piece[:-1].split()[-1]
            assert any(
                word.startswith(last) and not word[len(last) :].strip(quoting._LOOSE) for word in words
            )


@pytest.mark.parametrize(
    ("subject", "quoted"),
    [
        ("Rapport des ventes incomplet", True),
        ("Caisse 2", True),
        ("TPS", True),
        ("Des cartes-cadeaux en ligne?", False),
        ("AU SECOURS", False),
        ("Ça bloque!", False),
        ("Message « erreur 4 »", False),
        ("x" * 61, False),
        ("", False),
    ],
)
def test_a_subject_within_a_sentence(subject: str, quoted: bool) -> None:
    assert quoting.subject_in_sentence(subject) == (subject if quoted else "")

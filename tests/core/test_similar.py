"""Past tickets like a new one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.similar import MOST, Archive, Past, archive_of, in_brief, similar, words_of

THEN = datetime(2026, 3, 3, 14, tzinfo=UTC)


def past(ticket: int, *texts: str, how: str = "Redémarrez le service.", days: int = 0) -> Past:
    return Past(
        ticket=ticket, at=THEN - timedelta(days=days), subject=texts[0], words=words_of(texts), how=how
    )


def archive() -> Archive:
    return archive_of(
        [
            past(871, "Caisse gelée après une mise à jour", "gelée", "plus rien ne répond"),
            past(872, "Imprimante de reçus muette", "imprime plus aucun reçu"),
            past(873, "Rapport des ventes incomplet", "rapport incomplet"),
            past(874, "Caisse lente", "très lente"),
            past(875, "Terminal de paiement refuse les cartes", "terminal refuse"),
        ]
    )


def found(*texts: str) -> list[int]:
    return [one.ticket for one in similar(words_of(texts), archive())]


def test_what_shares_its_rare_words_is_found_whatever_case_accents_and_order() -> None:
    assert found("MISE A JOUR et caisse gelee", "Gelée") == [871]
    assert found("reçus: l'imprimante est muette") == [872]


def test_one_common_word_makes_nobody_alike() -> None:
    assert found("La caisse est ouverte") == []
    assert found("Question sur la facture du mois") == []
    assert similar(words_of(["Caisse gelée, mise à jour"]), archive_of(())) == ()


def test_the_likest_come_first_and_of_equals_the_newer_and_never_many() -> None:
    many = archive_of([past(n, "Tiroir coincé derrière comptoir", days=n) for n in range(1, 6)])
    assert [one.ticket for one in similar(words_of(["Tiroir coincé derrière comptoir"]), many)] == [1, 2]


@given(st.lists(st.text(max_size=40), max_size=4))
def test_a_ticket_is_like_itself_unless_it_says_too_little(texts: list[str]) -> None:
    own = past(1, *(texts or [""]))
    alike = similar(own.words, archive_of([own, past(2, "Imprimante de reçus muette")]))
    assert len(alike) <= MOST
    assert (1 in [one.ticket for one in alike]) == (len(own.words) >= 2)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("Bonjour Marie,\n\nLe pilote est remplacé.\n\nAlex", "Le pilote est remplacé."),
        ("Le pilote est remplacé.", "Le pilote est remplacé."),
        ("", ""),
        ("mot " * 60, ("mot " * 60)[:160].rpartition(" ")[0].rstrip() + "…"),
    ],
)
def test_how_it_was_solved_in_one_line_without_the_greeting(how: str, told: str) -> None:
    assert in_brief(how) == told

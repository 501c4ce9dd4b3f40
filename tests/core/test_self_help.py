"""The team's texts go to whom they fit, and to nobody else."""

from __future__ import annotations

import pytest

from daemon.core.self_help import TOPICS, choose_self_help
from daemon.core.values import Severity
from daemon.settings.resources import resource


@pytest.mark.parametrize(
    ("subject", "text", "key"),
    [
        ("Caisse gelée, impossible d’encaisser", "L’écran ne bouge plus depuis 10 h.", "caisse-gelee"),
        ("Till frozen", "The till froze in the middle of a card payment.", "caisse-gelee"),
        ("Card payments failing", "Every card is refused at both tills; cash works.", "paiement"),
        ("Terminal Interac", "Les paiements par débit ne passent plus.", "paiement"),
        ("Imprimante", "Elle n’imprime plus les reçus.", "imprimante"),
        ("Receipt printer", "It stopped printing this morning.", "imprimante"),
        ("Mot de passe", "Je n’arrive plus à me connecter.", "connexion"),
        ("Can't log in", "My password is refused.", "connexion"),
        ("La caisse 3 ne s’allume plus", "Rien ne se passe quand on pèse sur le bouton.", None),
        ("Tiroir-caisse bloqué", "Le tiroir n’ouvre plus tout seul.", None),
        ("Problème", "L’imprimante et le terminal Interac sont morts.", None),
        ("", "", None),
    ],
)
def test_the_words_that_name_the_thing_choose_the_text(subject: str, text: str, key: str | None) -> None:
    assert choose_self_help(Severity.S2, subject, text) == key


def test_a_wish_gets_none() -> None:
    assert choose_self_help(Severity.S4, "Imprimante", "Pourriez-vous imprimer en couleur?") is None


@pytest.mark.parametrize("key", sorted(TOPICS))
def test_every_text_that_can_be_chosen_is_there_in_both_languages(key: str) -> None:
    for language in ("fr", "en"):
        assert (resource("config", "aide") / f"{key}.{language}.txt").is_file()

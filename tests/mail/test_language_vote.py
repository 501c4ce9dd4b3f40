"""The vote is right, or says that it does not know."""

from __future__ import annotations

import pytest

from daemon.core.values import Language
from daemon.mail.language import vote


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour, la caisse 2 ne marche plus.",
        "allo ca marche pas la caisse 2 depuis a matin pis le gars attend, rappelez moi svp",
        "SVP reset mon password",
        "L’imprimante à reçus est bloquée",
        "J'ai le message \"connection lost to server\" à l'écran depuis ce matin",
        "Écran figé",
    ],
)
def test_french_is_french(text: str) -> None:
    assert vote(text) is Language.FR


@pytest.mark.parametrize(
    "text",
    [
        "Hi, the till is frozen and we can't take payments.",
        "Please call me back at the café",
        "Card reader down since this morning, thanks",
        "It's working now, thank you",
    ],
)
def test_english_is_english(text: str) -> None:
    assert vote(text) is Language.EN


@pytest.mark.parametrize(
    "text", ["", "ok", "Teams crash", "1234", "https://example.com/le/la/les", "TM-88 E-104"]
)
def test_without_evidence_there_is_no_vote(text: str) -> None:
    assert vote(text) is None

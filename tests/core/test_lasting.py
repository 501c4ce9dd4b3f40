"""What says outright that nothing is better, and what does not."""

from __future__ import annotations

import pytest

from daemon.core.lasting import lasts


@pytest.mark.parametrize(
    "text",
    [
        "Rien n'a changé, le voyant reste rouge.",
        "rien a changé",
        "Aucun changement de mon bord.",
        "C'est toujours pas réglé!",
        "Toujours la même affaire, merci pareil",
        "Même erreur que tantôt.",
        "Ça marche encore pas.",
        "l'imprimante répond pu",
        "Nothing has changed, the light stays red.",
        "It's still not printing, thanks though",
        "No change here.",
        "It isn't working.",
        "Still frozen.",
        "Same problem as before",
    ],
)
def test_it_lasts(text: str) -> None:
    assert lasts(text)


@pytest.mark.parametrize(
    "text",
    [
        "Merci beaucoup, tout est réglé!",
        "Ça marche, merci.",
        "Plus de problème depuis ce matin.",
        "It works again, thanks.",
        "All fixed, you can close it.",
        "Rien à ajouter, bonne journée!",
        "Same to you, have a great weekend!",
        "No problem any more.",
        "Ça passe comme du beurre astheure.",
    ],
)
def test_it_is_over(text: str) -> None:
    assert not lasts(text)

"""The words that our mails offer a customer as an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.sla.first_words import Said, first_words
from tests.sla.casefile import MONTREAL, instant

TUESDAY = instant("2026-11-03T10:30-05:00")


@pytest.mark.parametrize(
    ("text", "said", "day"),
    [
        ("Urgent", Said.URGENT, None),
        ("URGENT !!! plus rien ne marche", Said.URGENT, None),
        ("« urgent »", Said.URGENT, None),
        ("#urgent", Said.URGENT, None),
        ("Réglé, merci!", Said.WORKS, None),
        ("C’est réglé.", Said.WORKS, None),
        ("solved\n\nthanks", Said.WORKS, None),
        ("It's solved now", Said.WORKS, None),
        ("Plus tard", Said.LATER, None),
        ("plus tard, lundi", Said.LATER, "2026-11-09"),
        ("Plus tard mardi", Said.LATER, "2026-11-10"),
        ("plus tard demain", Said.LATER, "2026-11-04"),
        ("plus tard : le 16 novembre", Said.LATER, "2026-11-16"),
        ("Plus tard, 1er décembre.", Said.LATER, "2026-12-01"),
        ("plus tard 3 janvier", Said.LATER, "2027-01-03"),
        ("plus tard la semaine prochaine", Said.LATER, "2026-11-09"),
        ("Later", Said.LATER, None),
        ("later 2026-11-16", Said.LATER, "2026-11-16"),
        ("Later, on November 16", Said.LATER, "2026-11-16"),
        ("later Nov. 16", Said.LATER, "2026-11-16"),
        ("later next week", Said.LATER, "2026-11-09"),
        ("Moins", Said.LESS, None),
        ("less, please", Said.LESS, None),
        ("moins.\nMerci", Said.LESS, None),
    ],
)
def test_what_the_first_words_say(text: str, said: Said, day: str | None) -> None:
    found = first_words(text, TUESDAY, MONTREAL)
    assert found is not None
    assert found.said is said
    assert (found.until.isoformat()[:16] if found.until else None) == (f"{day}T00:00" if day else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bonjour, c'est urgent",
        "Pas urgent",
        "urgently needed",
        "Réglé?",
        "solved ?",
        "Régler la caisse, comment?",
        "Moins cher que l'autre",
        "less than before",
        "Later versions crash",
        "Plus tard dans la journée, la caisse a gelé",
        "plus tard le 31 février",
        "later 2026-11-03",
        "later 1999-01-01",
        "later 9999-12-31",
        "plus tard 2028-01-01",
    ],
)
def test_other_words_say_nothing(text: str) -> None:
    assert first_words(text, TUESDAY, MONTREAL) is None


@given(st.text(max_size=60), st.sampled_from(["", "plus tard ", "later ", "moins ", "réglé "]))
def test_any_text_has_an_answer_and_no_day_is_past(text: str, begin: str) -> None:
    found = first_words(begin + text, TUESDAY, MONTREAL)
    if found is not None and found.until is not None:
        assert found.until.date() >= TUESDAY.date()

"""Greeting: a given name, or nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.names import given_name


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        ("Marie Roy", "Marie"),
        ("Roy, Marie", "Marie"),
        ("JEAN-PIERRE TREMBLAY", "Jean-Pierre"),
        ("« Marie »", ""),
        ("'Zoé Côté'", "Zoé"),
        ("Boulangerie Roy", ""),
        ("Dépanneur Gagnon", ""),
        ("Bella Bakery", ""),
        ("Marie", ""),
        ("Service à la clientèle", ""),
        ("marie@boulangerie.example", ""),
        ("Gagnez 500 $ sur gain.evil.test", ""),
        ("M. Roy", ""),
        ("J. Roy", ""),
        ("", ""),
    ],
)
def test_a_given_name_is_taken_only_from_what_is_a_persons_name(display: str, expected: str) -> None:
    assert given_name(display) == expected


@given(st.text(max_size=80))
def test_a_greeting_never_carries_a_link_a_digit_or_a_control_character(display: str) -> None:
    name = given_name(display)
    assert all(c.isalpha() or c in "-'’" for c in name)

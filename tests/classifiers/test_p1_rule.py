"""The contract's priority rule, row by row and over the whole space."""

from __future__ import annotations

from itertools import product

import pytest

from classifiers.p1_rule import Ruling, decide

MEANS = ("yes", "no", "unknown")
SAID = ("one", "many", "unknown")
DIRECTORY = (None, 0, 1, 2, 12)


def row(severity: str, directory: int | None, said: str, means: str) -> tuple[str, bool, str]:
    """The guide's table, read independently: the directory outranks the text, the first row wins."""
    if severity != "S1":
        return {"S2": "P2", "S3": "P3", "S4": "P4"}[severity], False, "severity"
    installs = said if not directory else ("one" if directory == 1 else "many")
    table = {
        ("one", "no"): ("P1", False, "P1-single"),
        ("one", "unknown"): ("P1", False, "P1-single"),
        ("unknown", "no"): ("P1", True, "P1-provisional"),
        ("unknown", "unknown"): ("P1", True, "P1-provisional"),
        ("one", "yes"): ("P2", False, "P2-other-means"),
        ("unknown", "yes"): ("P2", False, "P2-other-means"),
        ("many", "yes"): ("P2", False, "P2-many"),
        ("many", "no"): ("P2", False, "P2-many"),
        ("many", "unknown"): ("P2", False, "P2-many"),
    }
    return table[installs, means]


@pytest.mark.parametrize(
    ("severity", "directory", "said", "means"),
    list(product(("S1", "S2", "S3", "S4"), DIRECTORY, SAID, MEANS)),
)
def test_every_combination_of_facets_follows_the_table(
    severity: str, directory: int | None, said: str, means: str
) -> None:
    priority, provisional, rule = row(severity, directory, said, means)
    assert decide(severity, directory, said, means) == Ruling(
        priority=priority, provisional=provisional, rule=rule
    )


def test_the_directory_outranks_what_the_mail_says() -> None:
    assert decide("S1", 3, "one", "no").rule == "P2-many"
    assert decide("S1", 1, "many", "no").rule == "P1-single"


@pytest.mark.parametrize(
    "facets", [("S5", None, "one", "no"), ("S1", None, "two", "no"), ("S1", None, "one", "maybe")]
)
def test_a_value_outside_its_set_is_refused_by_name(facets: tuple[str, None, str, str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        decide(*facets)

"""The contract's P1 rule as a table (priority-labelling guide, "From facets to priority"). Plain Python: the
rule is written once, and the daemon's core uses it too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """`rule`: P1-single, P1-provisional, P2-many, P2-other-means or severity."""

    priority: str
    provisional: bool
    rule: str


def decide(severity: str, directory_installs: int | None, text_installs: str, other_means: str) -> Ruling:
    """Severity S1-S4, installs and other means to priority. The first row that matches decides.

    The directory's number of installs outranks what the text says (one, many or unknown).
    """
    if severity != "S1":
        return Ruling(priority="P" + severity[1:], provisional=False, rule="severity")
    installs = text_installs
    if directory_installs is not None and directory_installs > 0:
        installs = "one" if directory_installs == 1 else "many"
    if installs == "many":
        return Ruling(priority="P2", provisional=False, rule="P2-many")
    if other_means == "yes":
        return Ruling(priority="P2", provisional=False, rule="P2-other-means")
    if installs == "one":
        return Ruling(priority="P1", provisional=False, rule="P1-single")
    return Ruling(priority="P1", provisional=True, rule="P1-provisional")

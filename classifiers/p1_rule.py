"""From facets to priority: the contract's rule, as the table of the priority labelling guide. It knows
nothing of texts or models; the daemon and the command line both ask here, so the rule is written once.

    severity      installs (directory, else text)   other_means     priority
    S1            one                               no or unknown   P1
    S1            unknown                           no or unknown   P1, provisional
    S1            many                              any             P2
    S1            any                               yes             P2
    S2 / S3 / S4  any                               any             P2 / P3 / P4

The first matching row decides. If a row changes here, the guide and the acknowledgement's two questions
change with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_BY_SEVERITY: Final = {"S2": "P2", "S3": "P3", "S4": "P4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """`priority` P1 to P4; `provisional`: P1 until the customer's answer confirms it or makes it P2.
    `rule`: P1-single, P1-provisional, P2-many, P2-other-means or severity."""

    priority: str
    provisional: bool
    rule: str


def decide(severity: str, directory_installs: int | None, text_installs: str, other_means: str) -> Ruling:
    """The priority of a mail.

    severity            S1 to S4
    directory_installs  how many AzimutPOS installs the directory holds; None or less than one: it holds none,
                        and the text decides
    text_installs       one, many or unknown, as the text says
    other_means         yes, no or unknown

    Raises ValueError on a severity, installs or other_means outside these sets.
    """
    if text_installs not in {"one", "many", "unknown"}:
        raise ValueError(f"text_installs is {text_installs!r}: expected one, many or unknown")
    if other_means not in {"yes", "no", "unknown"}:
        raise ValueError(f"other_means is {other_means!r}: expected yes, no or unknown")
    if severity != "S1":
        if severity not in _BY_SEVERITY:
            raise ValueError(f"severity is {severity!r}: expected S1, S2, S3 or S4")
        return Ruling(priority=_BY_SEVERITY[severity], provisional=False, rule="severity")
    installs = _installs(directory_installs, text_installs)
    # The contract grants P1 to single installs only, whatever else the mail says.
    if installs == "many":
        return Ruling(priority="P2", provisional=False, rule="P2-many")
    if other_means == "yes":
        return Ruling(priority="P2", provisional=False, rule="P2-other-means")
    if installs == "one":
        return Ruling(priority="P1", provisional=False, rule="P1-single")
    return Ruling(priority="P1", provisional=True, rule="P1-provisional")


def _installs(directory: int | None, text: str) -> str:
    if directory is None or directory < 1:
        return text
    return "one" if directory == 1 else "many"

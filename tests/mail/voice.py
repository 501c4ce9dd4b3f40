"""The rules of the voice (voice.md) that every mail to a customer keeps, as patterns."""

from __future__ import annotations

import re
from typing import Final

from daemon.core.values import Language

N: Final = "\u00a0"
_DAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
_WEEK = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"

FULL: Final = {
    Language.FR: rf"(?:{_DAYS}) \d+(?:er)?{N}(?:{_MONTHS})",
    Language.EN: rf"(?:{_WEEK}), [A-Z][a-z]+ \d+",
}
"""A date in full."""

NEVER_SAID: Final = {
    Language.FR: re.compile(
        r"cher client|chère|veuillez|ne pas répondre|tient à cœur|nous sommes désolés|!"
        r"|\b(?:provisoires?|sla|horloges?|statuts?|escalades?|agents?|calendriers?|tickets?)\b",
        re.IGNORECASE,
    ),
    Language.EN: re.compile(
        r"dear customer|valued|please|do not reply|no-?reply|!"
        r"|\b(?:provisional|sla|escalat\w+|status|agents?)\b",
        re.IGNORECASE,
    ),
}

WRONG_SPACING: Final = (
    rf"[^{N}]:",  # a no-break space before : % $
    rf"[^{N}][%$]",
    rf"«[^{N}]",
    rf"[^{N}]»",
    r"[\s\u00a0][!?;]",  # none before ! ? ;
    rf"\d(?!{N})\s?h\b",
    rf"\bh(?!{N})\s?\d",
    rf"\d(?:er)?(?!{N})\s(?:{_MONTHS}|minutes?|secondes)\b",
    r"\w'\w",  # the typographic apostrophe
    r"\d:\d\d",  # 14 h 30, not 14:30
)
"""What French spacing forbids."""

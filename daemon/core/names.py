"""How a person is greeted: the given name out of a display name, or nothing when that is not sure."""

from __future__ import annotations

import re
from typing import Final

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*\.?")
_NOT_A_PERSON: Final = frozenset(
    [
        "admin",
        "administration",
        "atelier",
        "bar",
        "bistro",
        "boucherie",
        "boulangerie",
        "boutique",
        "cafe",
        "café",
        "caisse",
        "centre",
        "clinique",
        "comptabilité",
        "compta",
        "direction",
        "entreprise",
        "epicerie",
        "épicerie",
        "facturation",
        "ferme",
        "garage",
        "groupe",
        "info",
        "informatique",
        "inc",
        "it",
        "ltée",
        "ltee",
        "magasin",
        "office",
        "pharmacie",
        "pizzeria",
        "quincaillerie",
        "restaurant",
        "resto",
        "réception",
        "reception",
        "sales",
        "salon",
        "service",
        "services",
        "shop",
        "soutien",
        "spa",
        "store",
        "support",
        "système",
        "team",
        "the",
        "traiteur",
        "ventes",
        "la",
        "le",
        "les",
        "l",
        "des",
        "du",
        "de",
        "and",
        "et",
    ]
)


def given_name(display: str) -> str:
    """The given name of "Marie Roy" or "Roy, Marie"; "" when the name may be a shop's, an address or a
    sentence. It is better to greet nobody than to greet « Boulangerie »."""
    name = display.strip().strip("\"'")
    if "," in name:
        family, _, given = name.partition(",")
        name = f"{given.strip()} {family.strip()}"
    words = name.split()
    if not 2 <= len(words) <= 4 or len(name) > 60:
        return ""
    if any(not _WORD.fullmatch(word) or word.casefold() in _NOT_A_PERSON for word in words):
        return ""
    first = words[0]
    if len(first) < 2 or first.endswith("."):
        return ""
    return "-".join(part[:1].upper() + part[1:].lower() for part in first.split("-"))

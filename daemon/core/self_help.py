"""Which of the team's self-help texts fits a mail. A wrong one costs a customer time in the middle of a
failure, so the words must name the thing, and where two things are named as often nothing is sent.
"""

from __future__ import annotations

import re
from typing import Final

from daemon.core.values import Severity

TOPICS: Final = {
    "caisse-gelee": (
        r"gel[ée]e?s?|g[eè]le|fig[ée]e?s?|fige|frozen|fr(?:o|ee)z(?:e|es|ing)|hung|hangs"
        r"|locked up|unresponsive|ne (?:répond|repond|bouge)(?:ent)? (?:plus|pas)"
        r"|not responding|stopped responding|[ée]cran (?:noir|bleu|blanc)|(?:black|blue|blank) screen"
    ),
    "paiement": (
        r"paiements?|interac|d[ée]bit|terminal de paiement|pin ?pad|tpv|payments?|card reader|card machine"
        r"|cartes? (?:de )?(?:cr[ée]dit|d[ée]bit|refus[ée]e?s?)|cards?(?! balance| number)"
    ),
    "imprimante": r"imprimantes?|imprime(?:r|nt)?|printers?|print(?:s|ing)?",
    "connexion": (
        r"mots? de passe|connexion refus[ée]e|(?:me|se|nous) connecter|identifiants?|passwords?"
        r"|log(?:ging)? ?in|logins?|sign(?:ing)? in"
    ),
}
"""Keys of `config/aide/`, and the words that name their subjects in French and English."""

_WORDS: Final = {key: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for key, words in TOPICS.items()}

_FAILURES: Final = frozenset({Severity.S1, Severity.S2, Severity.S3})
"""A wish or a question about a payment is no failure to be helped over."""


def choose_self_help(severity: Severity, subject: str, text: str) -> str | None:
    """The key of a text, or None. The subject names the thing that counts; in the text it stands beside
    others, and only different words for it count, not how often they are said."""
    if severity not in _FAILURES:
        return None
    counts = {
        key: 3 * bool(words.search(subject)) + len({m.group().lower() for m in words.finditer(text)})
        for key, words in _WORDS.items()
    }
    first, second = sorted(counts.values(), reverse=True)[:2]
    return max(counts, key=lambda key: counts[key]) if first > second else None

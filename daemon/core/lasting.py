"""Whether a text says in so many words that nothing has got better. The classifier may take it for "it works"
or for thanks all the same; what a customer says outright outranks it, for a question would be lost."""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = (
    r"\brien (?:n['’ ]\s?)?(?:a |de )(?:pas )?(?:chang|mieux|r[ée]gl|nouveau|neuf)",
    r"\baucune? (?:changement|am[ée]lioration|diff[ée]rence|progr[èe]s)",
    r"\btoujours (?:pas|pus?|plus rien|rien|l[ae] m[êe]me|en panne|bloqu|gel|fig)",
    r"\bm[êe]me (?:probl[èe]me|panne|message d['’]erreur|erreur)",
    r"\b(?:marche|fonctionne|imprime|r[ée]pond|d[ée]marre|ouvre)(?:nt)? (?:toujours |encore )?(?:pas|pus?)\b",
    r"\b(?:pas|non) (?:encore )?(?:r[ée]gl[ée]|r[ée]solu|r[ée]par[ée]|corrig[ée])",
    r"\bnothing(?:['’]s| has)? (?:changed|better|improved)",
    r"\bno (?:change|improvement|difference)\b",
    r"\bstill (?:not|no|nothing|the same|broken|down|dead|frozen|stuck)\b",
    r"\bstill (?:can|does|wo|is|do)n['’]?(?:o?t)\b",
    r"(?:\bnot|n['’]t) (?:yet )?(?:work|fixed|solved|resolved|better)",
    r"\bsame (?:problem|error|issue|thing again)\b",
)
_LASTS: Final = re.compile("|".join(_SIGNS), re.IGNORECASE)


def lasts(text: str) -> bool:
    """ "Rien n'a changé", "toujours pas réglé", "still frozen"."""
    return _LASTS.search(text) is not None

"""The names of the commands, in French and English, and which one a mistyped word comes closest to."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from daemon.core.commands.values import Verb
from daemon.core.values import Priority

# The first name of each language is the one that proposals and the help show; the others are aliases.
NAMES: Final[Mapping[Verb, tuple[str, str]]] = MappingProxyType(
    {
        Verb.TAKE: ("prendre prends pris", "take taken"),
        Verb.RELEASE: ("libérer libère", "release"),
        Verb.ASSIGN: ("assigner assigne", "assign"),
        Verb.PRIORITY: ("priorité", "priority"),
        Verb.WAIT: ("attente attendre", "waiting wait"),
        Verb.RESOLVE: ("résolu résolue résoudre réglé", "resolved resolve solved"),
        Verb.CLOSE: ("fermer fermé", "close closed"),
        Verb.REOPEN: ("rouvrir réouvrir", "reopen"),
        Verb.NOTE: ("note", "note"),
        Verb.PUBLIC: ("public", "public"),
        Verb.CALL: ("appel", "call"),
        Verb.MERGE: ("fusion fusionner", "merge"),
        Verb.SPLIT: ("nouveau", "split new"),
        Verb.LINK: ("lier", "link"),
        Verb.FOR: ("pour", "for"),
        Verb.ACCOUNT: ("compte", "account"),
        Verb.ADD: ("ajouter", "cc add"),
        Verb.SPAM: ("spam pourriel", "spam"),
        Verb.EXPLAIN: ("expliquer", "explain"),
        Verb.SHOW: ("voir", "show"),
        Verb.CUSTOMER: ("client", "customer"),
        Verb.LIST: ("liste", "list"),
        Verb.CREDIT: ("crédit", "credit"),
        Verb.UNDO: ("annuler", "undo"),
        Verb.HOURS: ("horaire", "hours"),
        Verb.ERASE: ("effacer", "erase"),
        Verb.HELP: ("aide", "help"),
        Verb.YES: ("oui", "yes ok"),
        Verb.NO: ("non", "no"),
        Verb.SEND: ("envoyer", "send"),
    }
)

_ALIKE: Final = 0.75
"""From here on (difflib's ratio) two words are near: one letter in four may be wrong."""
_SHORTEST: Final = 4
"""Letters of a word that may be a mistyped one after a dot or a slash: ".net" and "/etc" are none."""
_APART: Final = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A word that names a command. `shown`: as it is written with its accents. `priority`: of p1 to p4."""

    verb: Verb
    shown: str
    priority: Priority | None = None


def fold(word: str) -> str:
    """Without case and accents: how words are compared."""
    if word.isascii():
        return word.casefold()
    spread = unicodedata.normalize("NFKD", word.translate(_APART))
    return "".join(c for c in spread if not unicodedata.combining(c)).casefold()


def known(word: str) -> Name | None:
    """The command that this word names, in whatever case and accents."""
    return _KNOWN.get(fold(word))


def near(word: str, *, strict: bool = False) -> Name | None:
    """The command that a mistyped word comes closest to. `strict`: the word must look like one in itself."""
    folded = fold(word)
    if strict and len(folded) < _SHORTEST:
        return None
    if len(folded) > _LONGEST * 2:
        return None
    found = get_close_matches(folded, _KNOWN, 1, 0.8 if strict else _ALIKE)
    return _KNOWN[found[0]] if found else None


def shown(verb: Verb, language: str) -> str:
    """The first name of a command in "fr" or "en"."""
    return NAMES[verb][language == "en"].split()[0]


def _all() -> dict[str, Name]:
    found = {
        fold(word): Name(verb=verb, shown=word)
        for verb, languages in NAMES.items()
        for names in languages
        for word in names.split()
    }
    for priority in Priority:
        name = priority.value.lower()
        found[name] = Name(verb=Verb.PRIORITY, shown=name, priority=priority)
    return found


_KNOWN: Final = _all()
_LONGEST: Final = max(map(len, _KNOWN))

"""What is looked at twice before an agent's words leave: each a slip that cannot be taken back once sent.

They hold the mail and ask; "envoyer" suffices, and the clocks run on (mail.md, "Guards before sending")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import shorten
from typing import Final

from daemon.core.commands.hearing import Hearing, Standing
from daemon.core.commands.values import Fault, Why
from daemon.core.commands.vocabulary import fold
from daemon.core.names import given_name
from daemon.core.values import reference

_GREETING: Final = re.compile(
    r"^\W{0,3}(?:re-?)?(?:bonjour|bonsoir|salut|allô|allo|hi|hello|hey|dear|cher|chère|"
    r"good (?:morning|afternoon|evening))"
    r"[ \u00a0]+([^\W\d_]+(?:[-'’][^\W\d_]+)*)[ \u00a0]*(?=[,!.:;\n]|$)",
    re.IGNORECASE,
)
_TITLES: Final = frozenset(
    {"madame", "monsieur", "mme", "mr", "m", "ms", "mrs", "sir", "team", "all", "everyone", "there", "tous"}
    | {"toutes", "equipe", "folks", "again", "encore", "docteur", "dr", "maitre", "cher", "chere"}
)
_ANNOUNCED: Final = re.compile(
    r"\bci[- ]jointe?s?\b|\bpi[eè]ces? jointes?\b|\bje (?:vous )?joins\b|\ben annexe\b|"
    r"\b(?:is|are|i(?:['’]ve| have)) attached\b|\battached (?:is|are|you|please|find|the|file|document)\b|"
    r"\b(?:see|find) (?:the )?attach(?:ed|ment)\b",
    re.IGNORECASE,
)
_WORDS_SHOWN: Final = 140
"""Characters of another agent's answer that are quoted."""
_REFERENCE: Final = re.compile(r"(?<![\w-])AZ[-‐‑–]([1-9]\d{0,9})(?![\w-])", re.IGNORECASE)


def cautions(hearing: Hearing, standing: Standing, words: str) -> tuple[Fault, ...]:
    """Every reason to ask before these words are sent; empty: send them."""
    return tuple(_found(hearing, standing, words))


def _found(hearing: Hearing, standing: Standing, words: str) -> Iterator[Fault]:
    if standing.answered is not None:
        other = standing.answered
        said = shorten(other.words, _WORDS_SHOWN, placeholder="…")
        yield Fault(why=Why.COLLISION, said=said, detail=other.by, at=other.at)
    named = _greeted(words)
    known = _given_names(standing)
    if named and known and fold(named) not in known:
        yield Fault(why=Why.GREETING, said=named, detail=_requester(standing))
    if not hearing.attachments and _ANNOUNCED.search(words):
        found = _ANNOUNCED.search(words)
        yield Fault(why=Why.ATTACHMENT, said=found[0] if found else "")
    for number in dict.fromkeys(int(n) for n in _REFERENCE.findall(words)):
        if number != standing.ticket.id:
            yield Fault(why=Why.OTHER_TICKET, said=reference(number))
    for address in sorted(hearing.foreign):
        if not standing.ticket.has_participant(address) and address in words.casefold():
            yield Fault(why=Why.OTHER_ADDRESS, said=address)
    for doubt in hearing.doubts:
        yield Fault(why=Why.DOUBTFUL_CUT, said=doubt)


def _greeted(words: str) -> str:
    """The name in the greeting; a title and a word for several people are no name."""
    found = _GREETING.match(words.lstrip())
    return found[1] if found and fold(found[1]) not in _TITLES else ""


def _given_names(standing: Standing) -> frozenset[str]:
    """Whoever the words may rightly greet, in whole and in parts ("Jean-Guy"). Empty where the requester's
    given name is not known: then nobody can be greeted wrongly."""
    if not given_name(_requester(standing)):
        return frozenset()
    names = [person.name for person in standing.ticket.participants]
    return frozenset(fold(word) for name in names for word in re.split(r"[\s,]+", name) if word)


def _requester(standing: Standing) -> str:
    people = standing.ticket.participants
    return next((p.name for p in people if p.address == standing.ticket.requester), "")

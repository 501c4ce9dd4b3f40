"""Past tickets like a new one, for the agents' notification: those that share its rarer words, and how they
were solved. Words of subjects and of the evidence that decided a severity: whole texts say too much else."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from daemon.core.commands.notifying import Similar
from daemon.core.commands.vocabulary import fold

MOST: Final = 2
"""Past tickets that are named."""

ALIKE: Final = 0.4
"""Part of both tickets' words, weighed by their rarity, that they must share."""

SHARED: Final = 2
"""Words that they must share: one says little."""

_BRIEF: Final = 160
"""Characters of how it was solved."""

_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_GREETING: Final = re.compile(
    r"^(?:bonjour|bonsoir|allô|salut|hello|hi|dear|good (?:morning|afternoon))\b", re.IGNORECASE
)
_EVERYWHERE: Final = (
    "avec mais nous vous pour dans plus depuis cette notre votre leur tout tous sont etre fait faire bonjour "
    "merci urgent aide help please have with that this from your does what when then they need hello"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A ticket that is solved. `words` as `words_of` gives them; `how`: an agent's last answer."""

    ticket: int
    at: datetime
    subject: str
    words: frozenset[str]
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Solved tickets, the newest first, and how much each of their words tells."""

    tickets: tuple[Past, ...] = ()
    rarity: Mapping[str, float] = field(default_factory=dict)


def archive_of(tickets: Sequence[Past]) -> Archive:
    seen = Counter(word for past in tickets for word in past.words)
    total = len(tickets) + 1
    return Archive(
        tickets=tuple(tickets), rarity={word: math.log(total / count) for word, count in seen.items()}
    )


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Without case and accents, short words and those that stand in every mail."""
    found = {fold(word) for text in texts for word in _WORD.findall(text)}
    return frozenset(found.difference(_EVERYWHERE.split()))


def similar(words: frozenset[str], archive: Archive) -> tuple[Similar, ...]:
    """The likest first; of two that are as like, the newer."""
    unknown = math.log(len(archive.tickets) + 1)

    def weight(some: Iterable[str]) -> float:
        return sum(archive.rarity.get(word, unknown) for word in some)

    found = []
    for place, past in enumerate(archive.tickets):
        shared = words & past.words
        if len(shared) >= SHARED and (both := weight(words | past.words)) > 0:
            likeness = weight(shared) / both
            if likeness >= ALIKE:
                found.append((-likeness, place, past))
    return tuple(
        Similar(ticket=past.ticket, at=past.at, subject=past.subject, how=in_brief(past.how))
        for _, _, past in sorted(found, key=lambda one: one[:2])[:MOST]
    )


def in_brief(how: str) -> str:
    """The first line that says something: no greeting."""
    lines = (line.strip() for line in how.splitlines())
    said = next((line for line in lines if line and not (_GREETING.match(line) and len(line) < 60)), "")
    if len(said) <= _BRIEF:
        return said
    return said[:_BRIEF].rpartition(" ")[0].rstrip(" ,;:") + "…"

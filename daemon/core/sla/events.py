"""What happens to a ticket, as its clocks see it: the opening and every event with the instant at which it
counts.

Which instant that is (arrival, or the first 250 of the receiving server) is decided where the event is made;
the table stands in sla.md, "Which instant counts". Mail that nobody wrote, notes and acknowledgements are no
events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from daemon.core.values import Coverage, Plan, Priority

if TYPE_CHECKING:
    from daemon.core.sla.cycles import Cycle
    from daemon.core.sla.hours import Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a ticket was opened under. A ticket that `#nouveau` splits off opens at its message."""

    at: datetime
    plan: Plan
    coverage: Coverage
    priority: Priority
    provisional: bool = False


class Word(StrEnum):
    """What a customer's message is to the clocks."""

    ASK = "ask"  # wants something: whatever is none of the others
    THANKS = "thanks"  # only thanks
    WORKS = "works"  # "it works", "réglé"
    LATER = "later"  # "plus tard": stays waiting
    LESS = "less"  # "moins": only updates with news


class By(StrEnum):
    """Who or what changed a priority."""

    AGENT = "agent"
    ANSWER = "answer"  # the customer's answer to the questions of a provisional P1
    MESSAGE = "message"  # a graver later message
    URGENT = "urgent"  # the customer's objection
    MERGE = "merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """A customer's message, at its arrival. `until`: the date of a "plus tard"."""

    at: datetime
    word: Word = Word.ASK
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """An agent's public reply, at the first 250 for any customer. `mail` is what a bounce names."""

    at: datetime
    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """A status update of ours was accepted, also one that tells of a priority change (`news`)."""

    at: datetime
    mail: str
    news: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """`confirms`: an agent's yes to the customer's own "it works", whose instant then counts."""

    at: datetime
    confirms: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """`#fermer`; an unresolved ticket is resolved first."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """Seven business days of silence are over."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """`#attente`, at the later of its arrival and the 250 of its question `mail`. `until`: counts from
    then."""

    at: datetime
    mail: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprioritised:
    """`keeps`: the mail that holds the command answers the customer as well, and that response cycle keeps
    its due. A change by a message or an objection starts at `at`."""

    at: datetime
    priority: Priority
    by: By
    provisional: bool = False
    keeps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`#prendre`, `#assigner`, ok or oui to an alarm."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """`#public`: words for the next status update."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """Every customer recipient of that mail has bounced for good."""

    at: datetime
    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """No customer address is left."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """Spam, or a mistake."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedAway:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """A younger ticket was merged into this one. `cycles` are the other's as they stood just before,
    `unanswered` the instant of its oldest message that no agent had answered. A ticket that is resolved or
    closed is reopened first, where the other was not."""

    at: datetime
    priority: Priority
    provisional: bool = False
    cycles: tuple[Cycle, ...] = ()
    unanswered: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """`#compte`: the ticket is computed anew, from its start, under the account's plan and coverage."""

    at: datetime
    plan: Plan
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursChanged:
    """`#horaire`: another version of the standard calendar from here on."""

    at: datetime
    standard: Hours


TicketEvent: TypeAlias = (
    Wrote | Replied | Updated | Called | Resolved | Closed | Lapsed | Reopened | Waited | Reprioritised
    | Taken | Released | News | Bounced | Unreachable | Discarded | MergedAway | Absorbed | Attached
    | HoursChanged
)  # fmt: skip

MEET: Final = 0
_PRIORITY: Final = 1
_STATE: Final = 2
_START: Final = 3
_PAUSE: Final = 4
_RANKS: Final[dict[type, int]] = {
    **dict.fromkeys((Replied, Updated, Called, Resolved, Bounced), MEET),
    **dict.fromkeys((Reprioritised, Attached, Absorbed, HoursChanged), _PRIORITY),
    **dict.fromkeys((Closed, Lapsed, Reopened, Taken, Released, News, Unreachable), _STATE),
    **dict.fromkeys((Discarded, MergedAway), _STATE),
    Wrote: _START,
    Waited: _PAUSE,
}


def rank(event: TicketEvent) -> int:
    """At one instant: meet, change priority, change state, start and pause (sla.md)."""
    return _RANKS[type(event)]


def in_order(events: tuple[TicketEvent, ...]) -> tuple[TicketEvent, ...]:
    """By instant, then by rank; equals stay as they are."""
    return tuple(sorted(events, key=lambda event: (event.at, rank(event))))


def without_bounced(events: tuple[TicketEvent, ...]) -> tuple[TicketEvent, ...]:
    """What a hard bounce takes back is left out: what a reply met and a pause it began. It un-resolves
    nothing."""
    gone = {event.mail for event in events if isinstance(event, Bounced)}
    if not gone:
        return events
    return tuple(e for e in events if not (isinstance(e, Replied | Updated | Waited) and e.mail in gone))

"""Everything about one ticket that a decision on it may need, as the store keeps it; and its course.

The store gives what is written; what it means, which cycles run and what is due, is worked out from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from daemon.core.commands.hearing import Before, Spoken
from daemon.core.commands.notifying import Said
from daemon.core.policy import Policy
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.course import Course
from daemon.core.sla.declaring import Declared, changes
from daemon.core.sla.events import Opening, TicketEvent
from daemon.core.sla.minutes import LoggedCall
from daemon.core.sla.promises import SlaVersion, version_at, version_named
from daemon.core.sla.replay import replay
from daemon.core.values import Account, Evidence, Severity, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsAnswer:
    """The newest answer of an agent to the ticket's customer. `reply` names it, whatever the number of its
    readers; `at`: when a server first took it, None while none has."""

    reply: str
    by: str
    words: str
    queued_at: datetime
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCredit:
    """`state`: proposed, accepted or refused. `amount` as proposed, uncapped; `month` (YYYY-MM) of the due
    date."""

    amount: Decimal
    month: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One ticket whole.

    opening      what it was opened under: at, plan, coverage, priority and provisional as they were then
    standard     the business hours that it was opened under; None: those of its SLA version
    events       what its clocks have seen, in the order in which it was written
    done         keys of the steps that were done (`sla.steps`)
    rule, severity, confidence, evidence, missing   how its priority came to be
    news         words for the next status update, "" when there are none
    spoke        the newest message of a customer;  spoke_text: its words
    copied       whom the opening mail had in To and Cc, where the receiving server vouched for that mail: a
                 forged one would add its writer
    conversation what was said on it, oldest first, notes too: only where `Lookup.agent` asks
    answer       the newest answer of an agent
    unsent       outbox rows (id, version) of an agent's answer that nobody has begun to send
    before       the last change by an agent's command, for "annuler"
    objected     the customer's "urgent" was heard once
    credit       of this ticket, the newest
    given        month (YYYY-MM) -> what was accepted for the account on all its tickets
    suppressed   of its participants' addresses those whose mail bounces
    known        its acknowledgement took the requester for somebody known (context "known")
    silenced     its opening was not acknowledged (history "not_acknowledged"): spam, a forgery, a breaker
    calls        logged for the account in this calendar month and the one before
    others       unresolved tickets of the same account, this one left out
    declared     every change of hours by `#horaire`
    """

    ticket: Ticket
    opening: Opening
    sla_version: str
    standard: Calendar | None = None
    events: tuple[TicketEvent, ...] = ()
    done: frozenset[str] = frozenset()
    rule: str = ""
    severity: Severity | None = None
    confidence: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    news: str = ""
    spoke: Spoken | None = None
    spoke_text: str = ""
    copied: tuple[str, ...] = ()
    conversation: tuple[Said, ...] = ()
    answer: AgentsAnswer | None = None
    unsent: tuple[tuple[int, int], ...] = ()
    before: Before | None = None
    objected: bool = False
    credit: KeptCredit | None = None
    given: Mapping[str, Decimal] = field(default_factory=dict)
    suppressed: frozenset[str] = frozenset()
    known: bool = False
    silenced: bool = False
    account: Account | None = None
    calls: tuple[LoggedCall, ...] = ()
    others: int = 0
    declared: tuple[Declared, ...] = ()


def copied_by(dossier: Dossier) -> tuple[str, ...]:
    """Whom the requester copied. A mail that was not even acknowledged (its own domain denies it, or it is
    spam) may name its forger there."""
    return () if dossier.silenced else dossier.copied


def version_of(dossier: Dossier, policy: Policy) -> SlaVersion:
    """The SLA version that the ticket keeps, with the business hours that it was opened under. A version that
    the file no longer has is replaced by the one in force at the opening."""
    named = version_named(policy.sla, dossier.sla_version)
    version = named or version_at(policy.sla, dossier.opening.at)
    return version if dossier.standard is None else replace(version, standard=dossier.standard)


def course_of(dossier: Dossier, policy: Policy, now: datetime, more: Sequence[TicketEvent] = ()) -> Course:
    """The ticket's course at `now`, with `more` events that are being decided."""
    version = version_of(dossier, policy)
    hours = changes(version.standard, dossier.declared, dossier.opening.at)
    return replay(dossier.opening, (*dossier.events, *hours, *more), version, now)

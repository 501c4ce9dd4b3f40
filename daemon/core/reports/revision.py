"""What the past would have come to under another agreement: the same events, replayed under its terms, beside
what they came to under their own.

What happened stays as it was: nobody answers earlier because a deadline is nearer. So the figures say what
the same work would have kept, no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from daemon.core.dossier import Dossier, course_of, version_of
from daemon.core.policy import Policy
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import BREACHABLE, Cycle, CycleOutcome
from daemon.core.sla.declaring import changes, in_force
from daemon.core.sla.events import Absorbed, Attached, MergedAway, TicketEvent
from daemon.core.sla.penalties import Proposal, proposal
from daemon.core.sla.promises import SlaVersion
from daemon.core.sla.replay import replay
from daemon.core.values import ClockName, Coverage, Plan, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """One broken promise."""

    clock: ClockName
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a ticket came to. `credit`: what would be proposed, uncapped; 0 where nothing is."""

    missed: tuple[Missed, ...]
    credit: Decimal = Decimal("0.00")
    month: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    ticket: Ticket
    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """`missed`: broken promises by clock. `credits`: all of them, those of an account and month capped at its
    monthly price."""

    missed: Mapping[ClockName, int]
    credits: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """`compared`: the tickets that missed something on either side, in their order."""

    version: str
    tickets: int
    before: Total
    after: Total
    compared: tuple[Compared, ...] = field(default=())


def revise(dossiers: Sequence[Dossier], policy: Policy, revised: SlaVersion, now: datetime) -> Revision:
    """All tickets under `revised`, whenever they were opened, beside their own terms."""
    zone = ZoneInfo(policy.timezone)
    merged: dict[int, list[Dossier]] = {}
    for dossier in dossiers:
        if dossier.ticket.merged_into is not None:
            merged.setdefault(dossier.ticket.merged_into, []).append(dossier)
    pairs = [
        Compared(
            ticket=dossier.ticket,
            before=_outcome(course_of(dossier, policy, now), zone),
            after=_outcome(_again(dossier, merged, policy, revised, now), zone),
        )
        for dossier in dossiers
    ]
    prices = {plan: terms.price for plan, terms in revised.plans.items()}
    return Revision(
        version=revised.name,
        tickets=len(dossiers),
        before=_total(((d, p.before) for d, p in zip(dossiers, pairs, strict=True)), policy, None),
        after=_total(((d, p.after) for d, p in zip(dossiers, pairs, strict=True)), policy, prices),
        compared=tuple(p for p in pairs if p.before.missed or p.after.missed),
    )


def _again(
    dossier: Dossier,
    merged: Mapping[int, Sequence[Dossier]],
    policy: Policy,
    revised: SlaVersion,
    now: datetime,
) -> Course:
    """The ticket's course, had it been opened under these terms."""
    was = version_of(dossier, policy)
    at = dossier.opening.at
    version = replace(revised, standard=in_force(revised.standard, dossier.declared, at))
    opening = replace(
        dossier.opening, coverage=_coverage(dossier.opening.plan, dossier.opening.coverage, was, revised)
    )
    events = [_anew(e, dossier, merged, policy, revised) for e in dossier.events]
    hours = changes(version.standard, dossier.declared, at)
    return replay(opening, [*events, *hours], version, now)


def _anew(
    event: TicketEvent,
    dossier: Dossier,
    merged: Mapping[int, Sequence[Dossier]],
    policy: Policy,
    revised: SlaVersion,
) -> TicketEvent:
    """What an event says of the agreement is said of the other one."""
    if isinstance(event, Attached):
        was = version_of(dossier, policy)
        return replace(event, coverage=_coverage(event.plan, event.coverage, was, revised))
    if isinstance(event, Absorbed):
        return replace(event, cycles=_cycles_of(event, dossier, merged, policy, revised))
    return event


def _cycles_of(
    event: Absorbed,
    dossier: Dossier,
    merged: Mapping[int, Sequence[Dossier]],
    policy: Policy,
    revised: SlaVersion,
) -> tuple[Cycle, ...]:
    """The other ticket's cycles just before it was merged away."""
    for other in merged.get(dossier.ticket.id, ()):
        if any(isinstance(e, MergedAway) and e.at == event.at for e in other.events):
            before = tuple(e for e in other.events if e.at < event.at)
            course = _again(replace(other, events=before), merged, policy, revised, event.at)
            return course.cycles
    return event.cycles


def _coverage(plan: Plan, coverage: Coverage, was: SlaVersion, revised: SlaVersion) -> Coverage:
    """That of the plan follows the agreement; an account's own stays."""
    return revised.plans[plan].coverage if coverage is was.plans[plan].coverage else coverage


def _outcome(course: Course, zone: ZoneInfo) -> Outcome:
    if course.merged or course.void:
        return Outcome(missed=())
    missed = tuple(
        Missed(clock=cycle.clock, due=cycle.breached)
        for cycle in course.cycles
        if cycle.clock in BREACHABLE and cycle.breached is not None and cycle.outcome is not CycleOutcome.VOID
    )
    offered: Proposal | None = proposal(course, zone)
    if offered is None:
        return Outcome(missed=missed)
    return Outcome(missed=missed, credit=offered.amount, month=offered.month)


def _total(
    outcomes: Iterable[tuple[Dossier, Outcome]], policy: Policy, prices: Mapping[Plan, Decimal] | None
) -> Total:
    """`prices` None: those of each ticket's own version."""
    clocks: Counter[ClockName] = Counter()
    months: dict[tuple[str, str], Decimal] = {}
    caps: dict[tuple[str, str], Decimal] = {}
    for dossier, outcome in outcomes:
        clocks.update(missed.clock for missed in outcome.missed)
        if not outcome.credit:
            continue
        key = (dossier.ticket.account or dossier.ticket.ref, outcome.month)
        plan = dossier.ticket.plan
        price = prices[plan] if prices is not None else version_of(dossier, policy).plans[plan].price
        months[key] = months.get(key, Decimal(0)) + outcome.credit
        caps[key] = max(caps.get(key, Decimal(0)), price)
    capped = sum((min(amount, caps[key]) for key, amount in months.items()), Decimal("0.00"))
    return Total(missed={clock: clocks[clock] for clock in BREACHABLE}, credits=capped)

"""Credits for missed resolutions (SLA clause 5): what is proposed, and what an acceptance comes to. Exact
decimals.

Nothing is promised here: a manager decides on every proposal, and only then is the customer told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.sla.course import Course
from daemon.core.sla.cycles import Cycle, CycleOutcome, overdue
from daemon.core.values import ClockName, State

_CENT: Final = Decimal("0.01")
_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """A missed resolution: `seconds` of its calendar from the breach on, pauses left out; `tier`: its index
    among the credit tiers; `last`: that is the last one."""

    cycle: Cycle
    seconds: float
    tier: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`amount` is uncapped, CAD before taxes; `month` (YYYY-MM, the desk's zone) is that of the due date,
    whose cap holds."""

    amount: Decimal
    share: Decimal
    lateness: Lateness
    month: str


def counted(course: Course) -> tuple[Cycle, ...]:
    """The missed resolutions of a ticket that count: not the void ones, and none of a ticket that was merged
    away, for there they have moved or are duplicates."""
    if course.merged or course.void:
        return ()
    return tuple(
        cycle
        for cycle in course.chain(ClockName.RESOLUTION)
        if cycle.breached is not None and cycle.outcome is not CycleOutcome.VOID
    )


def lateness(course: Course, cycle: Cycle) -> Lateness:
    """How late a missed cycle is by now, or was when it ended."""
    seconds = overdue(cycle, cycle.ended or course.seen, course.hours_of(cycle))
    tiers = course.version.rules.credit_tiers
    tier = next(i for i, t in enumerate(tiers) if t.up_to is None or _within(seconds, cycle.target, t.up_to))
    return Lateness(cycle=cycle, seconds=seconds, tier=tier, last=tier == len(tiers) - 1)


def proposal(course: Course, zone: ZoneInfo, proposed: Decimal | None = None) -> Proposal | None:
    """The credit to propose for a ticket now, if there is one: when it is resolved or closed, or its lateness
    has reached the last tier. One per ticket, for its worst failure. `proposed`: what stands already; only
    more than that is a proposal again, and it takes the other's place."""
    missed = [lateness(course, cycle) for cycle in counted(course)]
    if not missed:
        return None
    worst = max(missed, key=lambda one: (one.tier, one.seconds))
    if course.state not in {State.RESOLVED, State.CLOSED} and not worst.last:
        return None
    share = course.version.rules.credit_tiers[worst.tier].share
    amount = credit(course.version.plans[course.plan].price, share)
    if not amount or (proposed is not None and amount <= proposed):
        return None
    due = worst.cycle.breached or worst.cycle.promised
    return Proposal(amount=amount, share=share, lateness=worst, month=month_of(due, zone))


def credit(price: Decimal, share: Decimal) -> Decimal:
    """A share of a monthly price, to the cent, rounded half up."""
    return (price * share).quantize(_CENT, rounding=ROUND_HALF_UP)


def accepted(wanted: Decimal, price: Decimal, given: Decimal) -> Decimal:
    """What an acceptance comes to: all credits of an account for one month are at most its monthly price.
    `given`: what was accepted for that month before; what was refused is none of it."""
    return min(wanted, max(price - given, Decimal(0))).quantize(_CENT, rounding=ROUND_HALF_UP)


def month_of(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m")


def _within(seconds: float, target: float, up_to: Decimal) -> bool:
    """Tiers are inclusive at their upper end; compared in whole microseconds."""
    return round(seconds * _SECOND) <= up_to * round(target * _SECOND)

"""Significant non-compliance (SLA clauses 5 and 6): which missed resolutions of an account managers must hear
of.

What follows from it (free service, a discount, the customer's right to end the contract) is for people to
conclude; here is only the evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from daemon.core.sla.course import Course
from daemon.core.sla.penalties import counted, lateness
from daemon.core.sla.rules import Rules
from daemon.core.values import Priority


class Ground(StrEnum):
    REPEATED = "repeated"  # so many in so many calendar days
    GRAVE = "grave"  # one P1 in the last tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One missed resolution that counts. `seconds`: how late, in its calendar; `last_tier`: of credit."""

    ticket: int
    priority: Priority
    due: datetime
    seconds: float = 0.0
    last_tier: bool = False

    @property
    def key(self) -> str:
        return f"{self.ticket}:{self.due.timestamp():.6f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The evidence, in the order of the due dates."""

    ground: Ground
    failures: tuple[Failure, ...]

    @property
    def key(self) -> str:
        """The same whenever it is worked out, so that managers hear of it once."""
        return f"{self.ground}:" + ",".join(failure.key for failure in self.failures)


def failures(ticket: int, course: Course) -> tuple[Failure, ...]:
    """The missed resolutions of a ticket that count, as they stand."""
    return tuple(
        Failure(
            ticket=ticket,
            priority=late.cycle.priority,
            due=cycle.breached or cycle.promised,
            seconds=late.seconds,
            last_tier=late.last,
        )
        for cycle in counted(course)
        for late in (lateness(course, cycle),)
    )


def findings(
    missed: Iterable[Failure], rules: Rules, zone: ZoneInfo, spent: Collection[str] = ()
) -> tuple[Finding, ...]:
    """What an account's failures amount to. Each counts once towards a repetition: `spent` holds the keys of
    those that managers have heard of as such; a P1 in the last tier is a ground of its own."""
    known = sorted({failure.key: failure for failure in missed}.values(), key=lambda f: (f.due, f.ticket))
    found: list[Finding] = []
    window: list[Failure] = []
    for failure in known:
        if rules.serious_p1 and failure.priority is Priority.P1 and failure.last_tier:
            found.append(Finding(ground=Ground.GRAVE, failures=(failure,)))
        if failure.key in spent:
            continue
        window = [f for f in window if _days(f, failure, zone) < rules.serious_days]
        window.append(failure)
        if len(window) == rules.serious_breaches:
            found.append(Finding(ground=Ground.REPEATED, failures=tuple(window)))
            window = []
    return tuple(found)


def _days(first: Failure, last: Failure, zone: ZoneInfo) -> int:
    """Calendar days of the desk between two due dates; both counted, they make one more."""
    return (last.due.astimezone(zone).date() - first.due.astimezone(zone).date()).days

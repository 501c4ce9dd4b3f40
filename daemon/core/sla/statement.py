"""The figures of a month: an account's statement and the desk's own, as values that a page, a table or a mail
shows.

A promise belongs to the month of its due instant in the desk's zone, a ticket to that of its opening, a
credit to that of its acceptance, or of its due date while nobody has accepted it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import TypeVar
from zoneinfo import ZoneInfo

from daemon.core.sla.course import Course
from daemon.core.sla.cycles import BREACHABLE, RESPONSES, Cycle, CycleOutcome, worked
from daemon.core.sla.minutes import Usage
from daemon.core.sla.penalties import month_of
from daemon.core.sla.rules import Rules
from daemon.core.values import ClockName, Plan, Priority

_K = TypeVar("_K", ClockName, Priority, Plan, date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A ticket as the statement reads it. `course` as seen at the end of the month, or now."""

    ticket: int
    account: str | None
    subject: str
    course: Course


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLine:
    """`month` is that of the due date, `accepted_month` that of the acceptance; `given` what came of it."""

    ticket: int
    account: str | None
    proposed: Decimal
    state: str
    month: str
    accepted_month: str | None = None
    given: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Promises that were decided: kept or not."""

    met: int = 0
    breached: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(met=self.met + other.met, breached=self.breached + other.breached)

    @property
    def kept(self) -> float | None:
        """The share that was kept; None where nothing was decided."""
        total = self.met + self.breached
        return self.met / total if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One promise of one ticket in a statement; `outcome` None while it is open. `target` and `took` are
    seconds of working time; `took` None while nothing has met it."""

    ticket: int
    clock: ClockName
    priority: Priority
    target: float
    took: float | None
    due: datetime
    met: datetime | None
    breached: bool
    outcome: CycleOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`account` None: of the whole desk. Medians are seconds of working time in the ticket's own calendar.

    by_clock, by_priority, by_plan, by_week   what was kept; a week is named by its Monday
    void      promises of tickets that were spam or a mistake: listed, counted nowhere
    """

    account: str | None
    month: str
    opened: int
    resolved: int
    lines: tuple[Line, ...]
    by_clock: Mapping[ClockName, Tally]
    by_priority: Mapping[Priority, Tally]
    by_plan: Mapping[Plan, Tally]
    by_week: Mapping[date, Tally]
    void: int
    median_response: float | None
    median_resolution: float | None
    credits: tuple[CreditLine, ...]
    credited: Decimal
    usage: Usage | None = None


@dataclass(slots=True)
class _Count:
    """Tallies under several headings at once."""

    clock: dict[ClockName, Tally] = field(default_factory=dict)
    priority: dict[Priority, Tally] = field(default_factory=dict)
    plan: dict[Plan, Tally] = field(default_factory=dict)
    week: dict[date, Tally] = field(default_factory=dict)


def statement(
    records: Iterable[Record],
    credits_: Iterable[CreditLine],
    month: str,
    zone: ZoneInfo,
    account: str | None = None,
    usage: Usage | None = None,
) -> Statement:
    """The statement of one month (YYYY-MM), of one account or of the desk."""
    mine = [r for r in records if account is None or r.account == account]
    count, lines, void = _Count(), [], 0
    for record in mine:
        for cycle in record.course.cycles:
            if cycle.clock not in BREACHABLE or month_of(cycle.promised, zone) != month:
                continue
            tally = decided(record.course, cycle)
            void += cycle.outcome is CycleOutcome.VOID
            if tally is not None or cycle.outcome is CycleOutcome.VOID:
                lines.append(_line(record, cycle))
            if tally is not None:
                _add(count, record.course, cycle, tally, zone)
    listed = tuple(
        c
        for c in credits_
        if (account is None or c.account == account) and (c.accepted_month or c.month) == month
    )
    return Statement(
        account=account,
        month=month,
        opened=sum(month_of(r.course.opening.at, zone) == month for r in mine),
        resolved=sum(_resolved_in(r.course, month, zone) for r in mine),
        lines=tuple(sorted(lines, key=lambda line: (line.due, line.ticket, line.clock))),
        by_clock=_sorted(count.clock),
        by_priority=_sorted(count.priority),
        by_plan=_sorted(count.plan),
        by_week=_sorted(count.week),
        void=void,
        median_response=_median(mine, RESPONSES[:1], month, zone),
        median_resolution=_median(mine, (ClockName.RESOLUTION,), month, zone),
        credits=listed,
        credited=sum((c.given or Decimal(0) for c in listed if c.state == "accepted"), Decimal("0.00")),
        usage=usage,
    )


def billing_copy(rules: Rules, billing_email: str) -> str | None:
    """Where an account's own copy goes, if the owner wants one to go."""
    return billing_email if rules.statement_to_billing and billing_email else None


def decided(course: Course, cycle: Cycle) -> Tally | None:
    """Whether a promise was kept; None while that is open, and where the promise itself has fallen away. What
    was merged away counts at the survivor."""
    if course.merged or cycle.clock not in BREACHABLE or cycle.outcome is CycleOutcome.VOID:
        return None
    if cycle.breached is not None:
        return Tally(breached=1)
    return Tally(met=1) if cycle.outcome is CycleOutcome.MET else None


def _line(record: Record, cycle: Cycle) -> Line:
    return Line(
        ticket=record.ticket,
        clock=cycle.clock,
        priority=cycle.priority,
        target=cycle.target,
        took=worked(cycle, cycle.met, record.course.hours_of(cycle)) if cycle.met else None,
        due=cycle.promised,
        met=cycle.met,
        breached=cycle.breached is not None,
        outcome=cycle.outcome,
    )


def _add(count: _Count, course: Course, cycle: Cycle, tally: Tally, zone: ZoneInfo) -> None:
    none = Tally()
    day = cycle.promised.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    count.clock[cycle.clock] = count.clock.get(cycle.clock, none) + tally
    count.priority[cycle.priority] = count.priority.get(cycle.priority, none) + tally
    count.plan[course.plan] = count.plan.get(course.plan, none) + tally
    count.week[monday] = count.week.get(monday, none) + tally


def _resolved_in(course: Course, month: str, zone: ZoneInfo) -> bool:
    return course.resolved_at is not None and not course.void and month_of(course.resolved_at, zone) == month


def _median(
    records: Sequence[Record], clocks: tuple[ClockName, ...], month: str, zone: ZoneInfo
) -> float | None:
    took = [
        worked(cycle, cycle.met, record.course.hours_of(cycle))
        for record in records
        for cycle in record.course.cycles
        if cycle.clock in clocks
        and cycle.met is not None
        and decided(record.course, cycle)
        and month_of(cycle.met, zone) == month
    ]
    return median(took) if took else None


def _sorted(tallies: dict[_K, Tally]) -> dict[_K, Tally]:
    return {key: tallies[key] for key in sorted(tallies)}

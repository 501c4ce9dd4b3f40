"""One cycle of one clock: from its start to its outcome, with its pauses.

A cycle is a value; every function here returns a new one. `promised` is the instant it is due, or was when it
was stopped; `due` is what may be told: nothing while it is paused. Breached is a mark beside all this, with
the instant at which it became true (sla.md, "The clocks of a ticket")."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from daemon.core.sla.hours import Hours
from daemon.core.values import ClockName, Priority

RESPONSES: Final = (ClockName.FIRST_RESPONSE, ClockName.NEXT_RESPONSE)
BREACHABLE: Final = (*RESPONSES, ClockName.RESOLUTION)
"""A status update is late at worst."""


class CycleOutcome(StrEnum):
    MET = "met"
    LATE = "late"
    SUPERSEDED = "superseded"  # the priority changed
    MERGED = "merged"
    VOID = "void"  # spam or a mistake
    UNANSWERED = "unanswered"  # closed while waiting
    UNREACHABLE = "unreachable"  # no customer address left


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """`until` None: it goes on. `reason`: waiting, works ("it works"), less ("only with news")."""

    since: datetime
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """`start` is where its target counts from, `begun` when it came to be (a priority change keeps the
    start).

    target   seconds of working time in the calendar named `calendar`
    left     seconds of working time left, negative when overdue: only while paused, and as it was at the end
    source   "sla" or "plan"
    """

    clock: ClockName
    priority: Priority
    start: datetime
    begun: datetime
    target: float
    calendar: str
    source: str
    promised: datetime
    due: datetime | None
    left: float | None = None
    pauses: tuple[Pause, ...] = ()
    met: datetime | None = None
    breached: datetime | None = None
    ended: datetime | None = None
    outcome: CycleOutcome | None = None

    @property
    def paused(self) -> bool:
        return self.ended is None and bool(self.pauses) and self.pauses[-1].until is None

    @property
    def going_since(self) -> datetime:
        """Since when it runs without interruption."""
        return max([self.begun, *(p.until for p in self.pauses if p.until is not None)])


def begin(
    clock: ClockName, priority: Priority, at: datetime, target: float, hours: Hours, source: str = "sla"
) -> Cycle:
    """A running cycle that starts at `at`."""
    due = hours.add_working(at, target)
    return Cycle(
        clock=clock,
        priority=priority,
        start=at,
        begun=at,
        target=target,
        calendar=hours.name,
        source=source,
        promised=due,
        due=due,
    )


def marked(cycle: Cycle, at: datetime, *, included: bool) -> Cycle:
    """Breached, when it was due before `at` (or at it, `included`) and nothing has met it."""
    if cycle.ended or cycle.breached or cycle.due is None or cycle.clock not in BREACHABLE:
        return cycle
    over = cycle.due <= at if included else cycle.due < at
    return replace(cycle, breached=cycle.due) if over else cycle


def paused(cycle: Cycle, at: datetime, hours: Hours, reason: str) -> Cycle:
    if cycle.paused:
        return cycle
    left = hours.working_seconds(at, cycle.promised)
    return replace(cycle, due=None, left=left, pauses=(*cycle.pauses, Pause(since=at, reason=reason)))


def resumed(cycle: Cycle, at: datetime, hours: Hours) -> Cycle:
    """Goes on with the time left; what was overdue before the pause stays due when it was."""
    if not cycle.paused or cycle.left is None:
        return cycle
    due = cycle.promised if is_overdue(cycle, at) else hours.add_working(at, cycle.left)
    return replace(cycle, promised=due, due=due, left=None, pauses=_stopped(cycle, at))


def is_overdue(cycle: Cycle, at: datetime) -> bool:
    """Whether an open cycle was due at `at` or before; a paused one: before it was paused."""
    if cycle.breached is not None:
        return True
    if not cycle.paused:
        return cycle.promised <= at
    return (cycle.left or 0.0) <= 0 and cycle.promised <= cycle.pauses[-1].since


def ended(cycle: Cycle, at: datetime, outcome: CycleOutcome, hours: Hours) -> Cycle:
    return replace(
        cycle,
        ended=at,
        outcome=outcome,
        left=_left_at(cycle, at, hours),
        pauses=_stopped(cycle, at),
    )


def met(cycle: Cycle, at: datetime, hours: Hours, grace: int = 0) -> Cycle:
    """Met in time, or late: breached before, or (a status update) more than `grace` seconds over its due.

    An `at` before the breach was noticed takes the mark back: it never became true.
    """
    if cycle.breached is not None and at <= cycle.breached:
        cycle = replace(cycle, breached=None)
    late = cycle.breached is not None
    if cycle.clock not in BREACHABLE:
        shown = cycle.pauses[-1].since if cycle.paused else at
        late = shown > cycle.promised + timedelta(seconds=grace)
    done = ended(cycle, at, CycleOutcome.LATE if late else CycleOutcome.MET, hours)
    return replace(done, met=at)


def worked(cycle: Cycle, until: datetime, hours: Hours) -> float:
    """Seconds of working time from its start, less its pauses, measured in `hours`."""
    total = hours.working_seconds(cycle.start, until)
    for pause in cycle.pauses:
        since, end = max(pause.since, cycle.start), min(pause.until or until, until)
        if since < end:
            total -= hours.working_seconds(since, end)
    return total


def left(cycle: Cycle, now: datetime, hours: Hours) -> float | None:
    """Seconds of working time left, negative when overdue; None once ended."""
    if cycle.ended is not None:
        return None
    return cycle.left if cycle.paused else hours.working_seconds(now, cycle.promised)


def overdue(cycle: Cycle, until: datetime, hours: Hours) -> float:
    """Seconds of working time from the breach to `until`, less the pauses since; 0 when it was kept."""
    if cycle.breached is None:
        return 0.0
    return worked(replace(cycle, start=cycle.breached), until, hours) if until > cycle.breached else 0.0


def _left_at(cycle: Cycle, at: datetime, hours: Hours) -> float:
    """What was left of an open cycle at `at`, also where that lies before its newest pause."""
    if not cycle.paused:
        return worked(replace(cycle, start=at), cycle.promised, hours)
    since = cycle.pauses[-1].since
    before = worked(replace(cycle, start=at), since, hours) if at < since else 0.0
    return (cycle.left or 0.0) + before


def _stopped(cycle: Cycle, at: datetime) -> tuple[Pause, ...]:
    if not cycle.paused:
        return cycle.pauses
    last = cycle.pauses[-1]
    return (*cycle.pauses[:-1], replace(last, until=max(at, last.since)))

"""What a changed priority does to the clocks (sla.md, "Priority change").

Every open, unbreached cycle ends as superseded; its successor keeps the start and the earlier pauses,
measured in the new calendar, and is due at the later of start + new target + pauses and, the first time the
ticket has that priority, the change + that priority's own SLA response target; later times the change itself.
So a change never makes a breach in the past. Met stays met; what is breached, or overdue, keeps its due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core.sla import cycles
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import RESPONSES, Cycle, CycleOutcome, Pause
from daemon.core.sla.events import By, Reprioritised
from daemon.core.sla.moves import update_step
from daemon.core.sla.promises import SLA, response_target
from daemon.core.values import ClockName, Priority

_FRESH: Final = frozenset({By.MESSAGE, By.URGENT})
"""Changes that start at the message which made them."""


def reprioritised(course: Course, event: Reprioritised) -> Course:
    """The same priority again changes nothing but whether it is provisional. What may not lower, does not."""
    decides = event.by is By.AGENT or (event.by is By.ANSWER and course.provisional)
    if not decides and event.priority >= course.priority:
        return course
    if event.priority is course.priority:
        return replace(course, provisional=event.provisional)
    kept = next((c for c in RESPONSES if course.running(c) is not None), None) if event.keeps else None
    again = event.priority in course.had
    course = replace(
        course,
        priority=event.priority,
        provisional=event.provisional,
        had=course.had | {event.priority},
        quiet=0,
        quiet_since=None,
        alarm_at=event.at if event.priority is Priority.P1 else None,
        taken_at=_taken(course, event),
    )
    for clock in ClockName:
        if clock is not kept:
            course = _retarget(course, clock, event.at, again=again, fresh=event.by in _FRESH)
    return course


def _retarget(course: Course, clock: ClockName, at: datetime, *, again: bool, fresh: bool) -> Course:
    old = course.running(clock)
    if old is None or cycles.is_overdue(old, at):
        return course
    terms = course.version.priorities[course.priority]
    target, source = _target(course, clock)
    hours = course.hours
    begun = replace(old, start=at, pauses=_now(old, at)) if fresh else old
    left = max(target - cycles.worked(begun, at, hours), 0 if again else terms.response, 0)
    due = hours.add_working(at, left)
    new = Cycle(
        clock=clock,
        priority=course.priority,
        start=begun.start,
        begun=at,
        target=target,
        calendar=hours.name,
        source=source,
        promised=due,
        due=None if old.paused else due,
        left=left if old.paused else None,
        pauses=begun.pauses,
    )
    stopped = cycles.ended(old, at, CycleOutcome.SUPERSEDED, course.hours_of(old))
    found = tuple(stopped if cycle is old else cycle for cycle in course.cycles)
    return replace(course, cycles=(*found, new))


def _target(course: Course, clock: ClockName) -> tuple[float, str]:
    if clock in RESPONSES:
        return response_target(course.version, course.plan, course.priority)
    if clock is ClockName.STATUS_UPDATE:
        return update_step(course), SLA
    return course.version.priorities[course.priority].resolution, SLA


def _now(cycle: Cycle, at: datetime) -> tuple[Pause, ...]:
    """A cycle that starts now has had no pause, but may begin in one."""
    return (Pause(since=at, reason=cycle.pauses[-1].reason),) if cycle.paused else ()


def _taken(course: Course, event: Reprioritised) -> datetime | None:
    """Who has the ticket already need not take it once more when an agent calls it a P1; a customer's
    emergency must be taken by somebody who knows of it."""
    emergency = event.priority is Priority.P1 and event.by not in {By.AGENT, By.MERGE}
    return None if emergency else course.taken_at

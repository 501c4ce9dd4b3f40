"""Merges: the oldest ticket survives, with the gravest priority; one failure stays one failure.

A breach of the ticket that is merged away moves to the survivor if that has none of that clock, else it is a
duplicate (sla.md, "Merge"). An open breach takes the place of the survivor's own cycle and goes on there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from daemon.core.sla import moves
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import BREACHABLE, Cycle, CycleOutcome, ended
from daemon.core.sla.events import Absorbed, By, Reprioritised
from daemon.core.sla.retargeting import reprioritised
from daemon.core.values import ClockName


def merged_away(course: Course, at: datetime) -> Course:
    """No breach counts here any more: it has moved, or it is a duplicate."""
    return replace(moves.end_all(course, at, CycleOutcome.MERGED), merged=True)


def absorbed(course: Course, event: Absorbed) -> Course:
    if event.priority < course.priority:
        change = Reprioritised(
            at=event.at, priority=event.priority, by=By.MERGE, provisional=event.provisional
        )
        course = reprioritised(course, change)
    for clock in BREACHABLE:
        course = _take_over(course, clock, event)
    return _unanswered(course, event)


def unanswered_since(course: Course) -> datetime | None:
    """The oldest customer message of a ticket that no agent has answered: what its survivor must know."""
    open_cycles = (course.running(clock) for clock in (ClockName.FIRST_RESPONSE, ClockName.NEXT_RESPONSE))
    return min((cycle.start for cycle in open_cycles if cycle is not None), default=None)


def _take_over(course: Course, clock: ClockName, event: Absorbed) -> Course:
    theirs = [
        c for c in event.cycles if c.clock is clock and c.breached and c.outcome is not CycleOutcome.VOID
    ]
    if not theirs or any(cycle.breached for cycle in course.chain(clock)):
        return course
    for moved in theirs:
        if moved.ended is None and course.running(clock) is not None:
            course = moves.end(course, clock, event.at, CycleOutcome.MERGED)
            course = replace(course, cycles=(*course.cycles, moved))
        else:
            course = replace(course, cycles=(*course.cycles, _stopped(course, moved, event.at)))
    return course


def _stopped(course: Course, moved: Cycle, at: datetime) -> Cycle:
    if moved.ended is not None:
        return moved
    return ended(moved, at, CycleOutcome.MERGED, course.hours_of(moved))


def _unanswered(course: Course, event: Absorbed) -> Course:
    """Whoever waits for an answer on the other ticket waits for it on this one; never due in the past."""
    waits = event.unanswered is not None and course.version.rules.next_response and course.reachable
    answered = any(cycle.met for cycle in course.chain(ClockName.FIRST_RESPONSE))
    idle = course.running(ClockName.NEXT_RESPONSE) is None
    if not (waits and answered and idle) or event.unanswered is None:
        return course
    course = moves.start_response(course, ClockName.NEXT_RESPONSE, event.unanswered)

    def not_before(cycle: Cycle) -> Cycle:
        due = max(cycle.promised, event.at)
        return replace(cycle, begun=event.at, promised=due, due=due)

    return moves.change(course, ClockName.NEXT_RESPONSE, not_before)

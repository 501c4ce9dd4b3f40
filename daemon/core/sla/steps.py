"""The steps before and after a deadline, as a schedule: what falls due when, if nothing else happens.

A schedule follows from the course alone. Each step has a key that stays the same however often the course is
worked out anew; who keeps the keys of what was done (`due.choose`) does each step once. Warnings keep to the
ticket's calendar; all limits in business days count on the standard one; alarms repeat by the wall clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from daemon.core.sla.course import Course
from daemon.core.sla.cycles import BREACHABLE, Cycle, CycleOutcome, worked
from daemon.core.values import ClockName, Priority, State

_INSTANT: Final = 1e-6
"""A tier is inclusive at its upper end: the next one begins a microsecond of working time later."""


class StepKind(StrEnum):
    WARN = "warn"  # so many percent of a response or resolution target have passed
    BREACH = "breach"
    LAST_TIER = "last_tier"  # a missed resolution reaches the last tier of credit
    ASK = "ask"  # the assignee is asked for news before an update
    UPDATE = "update"
    QUIET = "quiet"  # managers are told of updates without news
    ALARM = "alarm"
    REMIND = "reminder"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`number`: percent of a warning, alarm from 0, reminder from 1. `last`: the last alarm. `key`: unique
    for a ticket, the same whenever it is worked out."""

    at: datetime
    kind: StepKind
    key: str
    clock: ClockName | None = None
    number: int = 0
    last: bool = False


def schedule(course: Course, ask_before: int = 0) -> tuple[Step, ...]:
    """Every step of the course, past and future, in order. `ask_before`: seconds of working time before an
    update at which its assignee is asked for news; 0: nobody is asked."""
    if course.merged or course.void:
        return ()
    found = [
        *_deadlines(course),
        *_updates(course, ask_before),
        *_alarms(course),
        *_silence(course),
    ]
    return tuple(sorted(found, key=lambda step: (step.at, step.kind, step.clock or "", step.number)))


def _deadlines(course: Course) -> Iterator[Step]:
    for cycle in course.cycles:
        if cycle.clock not in BREACHABLE or cycle.outcome is CycleOutcome.VOID:
            continue
        if cycle.ended is None:
            for share in course.version.rules.warn_at[cycle.priority]:
                at = _instant_with_left(course, cycle, (1 - share) * cycle.target)
                if at is not None:
                    yield _of_cycle(StepKind.WARN, cycle, at, round(share * 100))
        due = cycle.breached or (cycle.due if cycle.ended is None else None)
        if due is not None:
            yield _of_cycle(StepKind.BREACH, cycle, due)
        if cycle.clock is ClockName.RESOLUTION and cycle.due is not None and cycle.ended is None:
            at = _last_tier(course, cycle)
            if at is not None:
                yield _of_cycle(StepKind.LAST_TIER, cycle, at)


def _updates(course: Course, ask_before: int) -> Iterator[Step]:
    cycle = course.running(ClockName.STATUS_UPDATE)
    if cycle is not None and cycle.due is not None and course.state in {State.NEW, State.OPEN}:
        yield _update(cycle, max(cycle.due, cycle.going_since))
        asked = _instant_with_left(course, cycle, ask_before) if 0 < ask_before < cycle.target else None
        if asked is not None and course.taken_at is not None:
            yield _of_cycle(StepKind.ASK, cycle, asked)
    if course.quiet_since is not None:
        key = f"quiet:{_stamp(course.quiet_since)}"
        yield Step(at=course.quiet_since, kind=StepKind.QUIET, key=key)


def _alarms(course: Course) -> Iterator[Step]:
    """At once when the ticket's calendar is open, else at its next opening; repeated until somebody takes it.
    A ticket that somebody had already raises one alarm."""
    since, taken = course.alarm_at, course.taken_at
    if since is None or course.priority is not Priority.P1 or course.state in {State.RESOLVED, State.CLOSED}:
        return
    first = course.hours.next_opening(since)
    repeats = course.version.rules.alarm_repeats
    for number, seconds in enumerate((0, *repeats)):
        at = first + timedelta(seconds=seconds)
        had_before = taken is not None and taken <= since
        if taken is None or at < taken or (had_before and number == 0):
            yield Step(
                at=at,
                kind=StepKind.ALARM,
                key=f"alarm:{_stamp(since)}:{number}",
                number=number,
                last=number == len(repeats),
            )


def _silence(course: Course) -> Iterator[Step]:
    rules = course.version.rules
    waiting, silent = course.waiting_from, course.silent_from
    if course.state is State.WAITING and waiting is not None:
        if not course.hushed:
            for number, seconds in enumerate(rules.reminders, 1):
                at = course.standard.add_working(waiting, seconds)
                key = f"reminder:{_stamp(waiting)}:{number}"
                yield Step(at=at, kind=StepKind.REMIND, key=key, number=number)
        at = course.standard.add_working(waiting, rules.close_waiting_after)
        yield Step(at=at, kind=StepKind.CLOSE, key=f"close:{_stamp(waiting)}")
    if course.state is State.RESOLVED and silent is not None:
        at = course.standard.add_working(silent, rules.close_resolved_after)
        yield Step(at=at, kind=StepKind.CLOSE, key=f"close:{_stamp(silent)}")


def _instant_with_left(course: Course, cycle: Cycle, left: float) -> datetime | None:
    """When so much working time of an open cycle was, or will be, left; None where its pause comes first.
    What a cycle had used up before it came to be is due as it comes."""
    hours = course.hours_of(cycle)
    starts = [cycle.begun, *(p.until for p in cycle.pauses if p.until is not None and p.until > cycle.begun)]
    stops = [p.since for p in cycle.pauses if p.since >= cycle.begun]
    if cycle.paused:
        total = worked(cycle, stops[-1] if stops else cycle.begun, hours) + (cycle.left or 0.0)
    else:
        total = worked(cycle, cycle.promised, hours)
    needed = total - left - worked(cycle, cycle.begun, hours)
    for index, since in enumerate(starts):
        until = stops[index] if index < len(stops) else None
        run = None if until is None else hours.working_seconds(since, until)
        if needed <= 0:
            return since
        if run is None or needed <= run:
            return hours.add_working(since, needed)
        needed -= run
    return None


def _last_tier(course: Course, cycle: Cycle) -> datetime | None:
    """When an unsolved resolution gets into the last tier of credit."""
    limits = [tier.up_to for tier in course.version.rules.credit_tiers if tier.up_to is not None]
    lateness = float(limits[-1]) * cycle.target if limits else 0.0
    hours, due = course.hours_of(cycle), cycle.promised
    paused = sum(
        hours.working_seconds(max(p.since, due), p.until)
        for p in cycle.pauses
        if p.until is not None and p.until > due
    )
    return hours.add_working(due, lateness + paused + _INSTANT)


def _update(cycle: Cycle, at: datetime) -> Step:
    """Of a cycle that stood still meanwhile, another one: the update that was due before may have been taken
    back because nothing was to be told then."""
    step = _of_cycle(StepKind.UPDATE, cycle, at)
    since = cycle.going_since
    return step if since == cycle.begun else replace(step, key=f"{step.key}:{_stamp(since)}")


def _of_cycle(kind: StepKind, cycle: Cycle, at: datetime, number: int = 0) -> Step:
    key = f"{kind}:{cycle.clock}:{_stamp(cycle.begun)}"
    return Step(at=at, kind=kind, key=f"{key}:{number}" if number else key, clock=cycle.clock, number=number)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()

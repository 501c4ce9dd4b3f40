"""The moves that events make on a ticket's clocks: start, meet, end, reopen, hold and go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from daemon.core.sla import cycles
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import Cycle, CycleOutcome
from daemon.core.sla.hours import Hours, Spliced
from daemon.core.sla.promises import SLA, response_target
from daemon.core.values import ClockName, State


def start(course: Course, clock: ClockName, at: datetime, target: float, source: str = SLA) -> Course:
    cycle = cycles.begin(clock, course.priority, at, target, course.hours, source)
    return replace(course, cycles=(*course.cycles, cycle))


def start_response(course: Course, clock: ClockName, at: datetime) -> Course:
    """First and next response have the same target (sla.md)."""
    target, source = response_target(course.version, course.plan, course.priority)
    return start(course, clock, at, target, source)


def change(course: Course, clock: ClockName, to: Callable[[Cycle], Cycle]) -> Course:
    """The open cycle of a clock, if it has one, becomes another."""
    old = course.running(clock)
    if old is None:
        return course
    new = to(old)
    if new is old:
        return course
    return replace(course, cycles=tuple(new if cycle is old else cycle for cycle in course.cycles))


def end(course: Course, clock: ClockName, at: datetime, outcome: CycleOutcome) -> Course:
    return change(course, clock, lambda c: cycles.ended(c, at, outcome, course.hours_of(c)))


def end_all(course: Course, at: datetime, outcome: CycleOutcome) -> Course:
    for clock in ClockName:
        course = end(course, clock, at, outcome)
    return course


def meet(course: Course, clock: ClockName, at: datetime) -> Course:
    grace = course.version.rules.update_grace
    return change(course, clock, lambda c: cycles.met(c, at, course.hours_of(c), grace))


def update_step(course: Course) -> int:
    """Working seconds to the next status update: after `quiet_updates` in a row without news the step doubles
    each time, up to the priority's `update_max`."""
    terms = course.version.priorities[course.priority]
    doublings = course.quiet - course.version.rules.quiet_updates + 1
    if doublings <= 0:
        return terms.update
    return min(terms.update << min(doublings, 20), terms.update_max)


def restart_updates(course: Course, at: datetime) -> Course:
    """The customer has heard from us: the update that was due is met, and the next one counts from now. A
    ticket that is over, or that nobody can be told of, has none."""
    course = meet(course, ClockName.STATUS_UPDATE, at)
    if course.state in {State.RESOLVED, State.CLOSED} or not course.reachable:
        return course
    return start(course, ClockName.STATUS_UPDATE, at, update_step(course))


def reopen(course: Course, at: datetime) -> Course:
    """A resolution with the time that was left, at least the priority's own response target; a full step of
    updates; a first response only where there has never been one."""
    terms, rules = course.version.priorities[course.priority], course.version.rules
    newest = max(reversed(course.chain(ClockName.RESOLUTION)), key=lambda cycle: cycle.ended or at)
    least = terms.response if rules.reopen_full_response else 0
    target = max(min(newest.left or 0.0, terms.resolution), least, 0)
    course = replace(
        course,
        quiet=0,
        quiet_since=None,
        hushed=False,
        works_at=None,
        works_newest=False,
        silent_from=None,
        resolved_at=None,
        closed_at=None,
        void=False,
        merged=False,
    )
    course = start(course, ClockName.RESOLUTION, at, target)
    if not course.reachable:
        return course
    return _first_if_none(start(course, ClockName.STATUS_UPDATE, at, update_step(course)), at)


def reach_again(course: Course, at: datetime) -> Course:
    """Somebody writes again after no address was left."""
    course = replace(course, reachable=True, quiet=0, quiet_since=None)
    if course.running(ClockName.STATUS_UPDATE) is None:
        course = start(course, ClockName.STATUS_UPDATE, at, update_step(course))
    return _first_if_none(course, at)


def _first_if_none(course: Course, at: datetime) -> Course:
    first = course.chain(ClockName.FIRST_RESPONSE)
    if any(cycle.met or cycle.ended is None for cycle in first):
        return course
    return start_response(course, ClockName.FIRST_RESPONSE, at)


def change_hours(course: Course, standard: Hours, at: datetime) -> Course:
    """Business hours are others from now on. Only time that has not elapsed is counted anew; what is overdue
    stays due when it was."""
    changed = Spliced(before=course.standard, after=standard, at=at)

    def recounted(cycle: Cycle) -> Cycle:
        if cycle.calendar != course.standard.name or cycle.due is None or cycle.due <= at:
            return cycle
        due = changed.add_working(at, course.standard.working_seconds(at, cycle.due))
        return replace(cycle, promised=due, due=due)

    moved = course
    for clock in ClockName:
        moved = change(moved, clock, recounted)
    return replace(moved, standard=changed)


def hold_or_go(course: Course, at: datetime) -> Course:
    """Pause what must stand still now, and let go on what need not: resolution while the ticket waits for the
    customer; the status update also after "it works", and without news for who wants none."""
    waiting = "waiting" if course.state is State.WAITING else ""
    unwanted = "works" if course.hushed else "less" if course.only_news and not course.news else ""
    course = _hold(course, ClockName.RESOLUTION, at, waiting)
    return _hold(course, ClockName.STATUS_UPDATE, at, waiting or unwanted)


def _hold(course: Course, clock: ClockName, at: datetime, reason: str) -> Course:
    """Paused for a reason, or going on without one."""

    def held(cycle: Cycle) -> Cycle:
        hours = course.hours_of(cycle)
        return cycles.paused(cycle, at, hours, reason) if reason else cycles.resumed(cycle, at, hours)

    return change(course, clock, held)

"""A cycle told back interval by interval: which hours counted, by which version of which calendar, and why it
stood still. The seconds of the running parts add up to what was used of the target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from daemon.core.sla.course import Course
from daemon.core.sla.cycles import Cycle
from daemon.core.sla.hours import Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`kind`: running or paused; `seconds` of working time in it; `reason`: why it stood still."""

    kind: str
    since: datetime
    until: datetime
    calendar: str
    version: str
    seconds: float
    reason: str = ""


def explain(course: Course, cycle: Cycle, until: datetime | None = None) -> tuple[Told, ...]:
    """Every interval from the start of a cycle to its end, or to `until` (else: to what is seen). Time in
    which the calendar is closed is left out, and told by the gap."""
    hours = course.hours_of(cycle)
    end = cycle.ended or until or course.seen
    found: list[Told] = []
    at = cycle.start
    for pause in cycle.pauses:
        stop, go = min(pause.since, end), min(pause.until or end, end)
        if go <= cycle.start or stop >= end:
            continue
        found += _running(hours, at, stop)
        begun = max(stop, cycle.start)
        seconds = hours.working_seconds(begun, go)
        found.append(_told(hours, "paused", begun, go, seconds, pause.reason))
        at = max(at, go)
    return (*found, *_running(hours, at, end))


def _running(hours: Hours, since: datetime, until: datetime) -> tuple[Told, ...]:
    return tuple(
        _told(hours, "running", span.start, span.end, span.seconds) for span in hours.intervals(since, until)
    )


def _told(
    hours: Hours, kind: str, since: datetime, until: datetime, seconds: float, reason: str = ""
) -> Told:
    return Told(
        kind=kind,
        since=since,
        until=until,
        calendar=hours.name,
        version=hours.version_at(since),
        seconds=seconds,
        reason=reason,
    )

"""From a ticket's opening and events to its course.

The events are the truth; a course can always be made anew from them (`replay`), and is made on event by event
(`extend`) where nothing has to be taken back. That must come to the same, and a property test holds it to it.
When an event turns up late (we were down while a mail lay there), it counts at its own instant all the same:
what was worked out without it is worked out again. What follows from each event is `effects`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import lru_cache

from daemon.core.sla import cycles
from daemon.core.sla.course import Course
from daemon.core.sla.effects import effect, opened
from daemon.core.sla.events import (
    MEET,
    Attached,
    Bounced,
    Opening,
    Replied,
    TicketEvent,
    Updated,
    Waited,
    in_order,
    rank,
    without_bounced,
)
from daemon.core.sla.promises import SlaVersion


def replay(opening: Opening, events: Sequence[TicketEvent], version: SlaVersion, now: datetime) -> Course:
    """The course at `now`. Events may come in any order; those after `now` count too, so leave them out.

    Raises NoReachableTarget, which a loaded configuration rules out.
    """
    return look(fold(opening, events, version), now)


def fold(opening: Opening, events: Sequence[TicketEvent], version: SlaVersion) -> Course:
    """The course at its newest event. A ticket that is looked at again and again is gone on with from where
    it was left the last time."""
    log = in_order(tuple(events))
    left = _left_at(opening, version.name)
    course = left.course
    if course is None or not _same(course.version, version) or log[: len(course.log)] != course.log:
        course = _anew(opening, log, version)
    for event in log[len(course.log) :]:
        if not _goes_on(course, event):
            course = _anew(opening, log, version)
            break
        course = _further(course, event)
    left.course = course
    return course


def extend(course: Course, event: TicketEvent) -> Course:
    """The course with one more event: worked out from where it stands, or anew where the event reaches
    back."""
    if not _goes_on(course, event):
        return _anew(course.opening, in_order((*course.log, event)), course.version)
    return _further(course, event)


@dataclass(slots=True)
class _Left:
    course: Course | None = None


@lru_cache(maxsize=256)
def _left_at(opening: Opening, version: str) -> _Left:  # noqa: ARG001 - what it is remembered by
    """Where the work on such a ticket was left. Two tickets that opened alike at the same instant share it,
    and then it helps neither; it never changes what comes out."""
    return _Left()


def _same(one: SlaVersion, other: SlaVersion) -> bool:
    """The same terms; a ticket's own version is put together at each look."""
    return one is other or all(getattr(one, f.name) is getattr(other, f.name) for f in fields(SlaVersion))


def _anew(opening: Opening, log: tuple[TicketEvent, ...], version: SlaVersion) -> Course:
    """The course that these events, in their order, make."""
    attached = next((event for event in reversed(log) if isinstance(event, Attached)), None)
    terms = replace(opening, plan=attached.plan, coverage=attached.coverage) if attached else opening
    course = opened(terms, version)
    for event in without_bounced(log):
        course = effect(_marked(course, event.at, included=rank(event) > MEET), event)
    return replace(course, log=log, seen=max(log[-1].at, opening.at) if log else opening.at)


def _goes_on(course: Course, event: TicketEvent) -> bool:
    newest = course.log[-1] if course.log else None
    in_turn = newest is None or (newest.at, rank(newest)) <= (event.at, rank(event))
    return event.at >= course.seen and in_turn and not _reaches_back(course, event)


def _further(course: Course, event: TicketEvent) -> Course:
    moved = effect(_marked(course, event.at, included=rank(event) > MEET), event)
    return replace(moved, log=(*course.log, event), seen=event.at)


def look(course: Course, now: datetime) -> Course:
    """The same course, with what `now` has made a breach marked."""
    return replace(_marked(course, now, included=True), seen=max(course.seen, now))


def _marked(course: Course, at: datetime, *, included: bool) -> Course:
    found = tuple(cycles.marked(cycle, at, included=included) for cycle in course.cycles)
    return course if found == course.cycles else replace(course, cycles=found)


def _reaches_back(course: Course, event: TicketEvent) -> bool:
    """Bounces and accounts change what was before them; a mail may be known to have bounced before its 250 is
    told of."""
    if isinstance(event, Replied | Updated | Waited):
        return any(isinstance(e, Bounced) and e.mail == event.mail for e in course.log)
    return isinstance(event, Bounced | Attached)

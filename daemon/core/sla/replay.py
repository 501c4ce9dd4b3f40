"""From a ticket's opening and events to its course.

The events are the truth; a course can always be made anew from them (`replay`), and is made on event by event
(`extend`) where nothing has to be taken back. That must come to the same, and a property test holds it to it.
When an event turns up late (we were down while a mail lay there), it counts at its own instant all the same:
what was worked out without it is worked out again. What follows from each event is `effects`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

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
    """The course at its newest event."""
    log = in_order(tuple(events))
    attached = next((event for event in reversed(log) if isinstance(event, Attached)), None)
    terms = replace(opening, plan=attached.plan, coverage=attached.coverage) if attached else opening
    course = opened(terms, version)
    for event in without_bounced(log):
        course = effect(_marked(course, event.at, included=rank(event) > MEET), event)
    return replace(course, log=log, seen=max(log[-1].at, opening.at) if log else opening.at)


def extend(course: Course, event: TicketEvent) -> Course:
    """The course with one more event: worked out from where it stands, or anew where the event reaches
    back."""
    newest = course.log[-1] if course.log else None
    in_turn = newest is None or (newest.at, rank(newest)) <= (event.at, rank(event))
    if event.at < course.seen or not in_turn or _reaches_back(course, event):
        return fold(course.opening, (*course.log, event), course.version)
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

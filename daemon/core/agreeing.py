"""What lists show of a ticket follows from its course: state and priority are written beside the events that
made them, and the two must agree, also where an event turns up late or is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from daemon.core.actions import Action, AddHistory, SetPriority, SetState
from daemon.core.sla.course import Course
from daemon.core.values import Ticket


def agreed(
    ticket: Ticket, course: Course, at: datetime, by: str, rule: str
) -> tuple[Ticket, tuple[Action, ...]]:
    """The ticket as its course has it, and what writes the difference and notes it in its history. `rule`:
    by which its priority changed, if it did."""
    actions: list[Action] = []
    was, now = (ticket.priority, ticket.provisional), (course.priority, course.provisional)
    if was != now:
        detail: dict[str, object] = {
            "from": ticket.priority.value,
            "to": course.priority.value,
            "provisional": course.provisional,
            "rule": rule,
        }
        actions += [
            SetPriority(
                ticket=ticket.id,
                priority=course.priority,
                provisional=course.provisional,
                rule=rule,
                at=at,
                by=by,
            ),
            AddHistory(ticket=ticket.id, at=at, event="priority", by=by, detail=detail),
        ]
    if course.state is not ticket.state:
        moved: dict[str, object] = {"from": ticket.state.value, "to": course.state.value}
        actions += [
            SetState(ticket=ticket.id, state=course.state, at=at, by=by),
            AddHistory(ticket=ticket.id, at=at, event="state", by=by, detail=moved),
        ]
    after = replace(
        ticket,
        state=course.state,
        priority=course.priority,
        provisional=course.provisional,
        closed_at=course.closed_at if course.state is not ticket.state else ticket.closed_at,
    )
    return after, tuple(actions)

"""How a decision leaves the promises of a ticket: its events, its clocks as lists show them, the steps that
were done, the business hours. Writers inside a transaction that `apply` opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from daemon.core import actions as act
from daemon.core.actions import NEW, Action
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.cycles import Cycle
from daemon.core.sla.events import HoursChanged, Replied, Updated
from daemon.core.sla.records import to_record
from daemon.store import tables_course
from daemon.store.known import record_of
from daemon.store.tables import Ticket
from daemon.store.tables_sla import Clock
from daemon.store.unwritten import Writing
from daemon.store.writing import column, insertion


def hours(writing: Writing, standard: Calendar | None) -> str | None:
    """The name of the business hours that a ticket is opened under; they are written where they are new."""
    if standard is None:
        return None
    digest = writing.known.digest(standard)
    if not writing.known.holds(digest):
        record = record_of(standard)
        writing.add(tables_course.Calendar, "ON CONFLICT (digest) DO NOTHING", digest=digest, record=record)
        writing.calendars.append(standard)
    return digest


async def _add_event(writing: Writing, action: act.AddEvent) -> None:
    """What the next status update was to quote is said, by it or by an answer."""
    event = action.event
    if isinstance(event, HoursChanged):
        raise ValueError("hours are declared, and found by every course")  # noqa: TRY004 - not its type
    ticket = writing.number(action.ticket)
    writing.add(tables_course.TicketEvent, ticket_id=ticket, at=event.at, record=to_record(event))
    if isinstance(event, Updated | Replied) and action.ticket != NEW:
        writing.then(("UPDATE ticket SET news = NULL WHERE id = ? AND news IS NOT NULL", [ticket]))


async def _write_clocks(writing: Writing, action: act.WriteClocks) -> None:
    """The newest cycle of each clock takes the place of what was there. A new ticket's row has its instants
    already."""
    ticket = writing.number(action.ticket)
    cycles = [_fields(ticket, cycle) for cycle in action.cycles]
    if action.ticket == NEW:
        for cycle in cycles:
            writing.add(Clock, **cycle)
        return
    spans = "DELETE FROM clock_interval WHERE clock_id IN (SELECT id FROM clock WHERE ticket_id = ?)"
    writing.then((spans, [ticket]))
    writing.then(("DELETE FROM clock WHERE ticket_id = ?", [ticket]))
    if cycles:
        writing.then(insertion(Clock, cycles))
    wake, missed = column(Ticket, "wake_at", action.wake_at), column(Ticket, "missed_at", action.missed_at)
    writing.then(("UPDATE ticket SET wake_at = ?, missed_at = ? WHERE id = ?", [wake, missed, ticket]))


def _fields(ticket: int, cycle: Cycle) -> dict[str, Any]:
    name = cycle.clock.value
    return {
        "ticket_id": ticket,
        "name": name,
        "priority": cycle.priority.value,
        "started_at": cycle.start,
        "begun_at": cycle.begun,
        "due_at": cycle.due,
        "target": round(cycle.target),
        "calendar": cycle.calendar,
        "sla_version": "",
        "source": cycle.source,
        "met_at": cycle.met,
        "breached_at": cycle.breached,
        "paused_at": cycle.pauses[-1].since if cycle.paused else None,
        "left_seconds": cycle.left if cycle.paused else None,
        "ended_at": cycle.ended,
        "outcome": cycle.outcome.value if cycle.outcome is not None else None,
        "open_key": f"{ticket}:{name}" if cycle.outcome is None else None,
    }


async def _steps_done(writing: Writing, action: act.StepsDone) -> None:
    ticket = writing.number(action.ticket)
    for key in dict.fromkeys(action.keys):
        writing.add(
            tables_course.StepDone, "ON CONFLICT (ticket_id, key) DO NOTHING", ticket_id=ticket, key=key
        )


async def _desk_step_done(writing: Writing, action: act.DeskStepDone) -> None:
    writing.add(tables_course.DeskStep, "ON CONFLICT (key) DO NOTHING", key=action.key, at=action.at)


async def _record_finding(writing: Writing, action: act.RecordFinding) -> None:
    writing.add(
        tables_course.Finding,
        "ON CONFLICT (key) DO NOTHING",
        key=action.key,
        account=action.account,
        at=action.at,
        detail=action.detail,
    )


async def _declare_hours(writing: Writing, action: act.DeclareHours) -> None:
    """Every ticket that is to be looked at some day is looked at now: its steps may fall earlier. Whoever has
    read it decides again."""
    writing.add(
        tables_course.DeclaredHours,
        at=action.at,
        day=action.day.isoformat(),
        closed=action.closed,
        spans=[[span.start, span.end] for span in action.spans],
        reason=action.reason,
        by=action.by,
    )
    at = column(Ticket, "wake_at", action.at)
    writing.then(("UPDATE ticket SET wake_at = ?, version = version + 1 WHERE wake_at > ?", [at, at]))
    writing.declares = True


WRITERS: Final[dict[type[Action], Callable[[Writing, Any], Awaitable[None]]]] = {
    act.AddEvent: _add_event,
    act.WriteClocks: _write_clocks,
    act.StepsDone: _steps_done,
    act.DeskStepDone: _desk_step_done,
    act.RecordFinding: _record_finding,
    act.DeclareHours: _declare_hours,
}

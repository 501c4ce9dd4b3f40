"""Dossiers of tickets: the events that a ticket in such a state has seen, unless a test names its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from daemon.core.dossier import Dossier, course_of
from daemon.core.sla.events import Closed, Opening, Replied, Resolved, Taken, TicketEvent, Waited
from daemon.core.values import State, Ticket
from tests.core.build import account, policy
from tests.core.sla_cases import shipped

HOUR = timedelta(hours=1)
OPENED_BEFORE = timedelta(hours=3)


def dossier(ticket: Ticket, *events: TicketEvent, **changes: Any) -> Dossier:
    """Of this ticket, as it is. Without events: those that lead to its state, an hour after its opening."""
    at = _opened(ticket)
    given: dict[str, Any] = {
        "ticket": ticket,
        "opening": Opening(
            at=at,
            plan=ticket.plan,
            coverage=ticket.coverage,
            priority=ticket.priority,
            provisional=ticket.provisional,
        ),
        "sla_version": shipped().name,
        "events": events or _led_to(ticket, at + HOUR),
        "account": account(plan=ticket.plan, coverage=ticket.coverage) if ticket.account else None,
        "known": True,
    }
    return Dossier(**{**given, **changes})


def settled(one: Dossier, now: datetime) -> Dossier:
    """With its ticket as its course has it: what a store would have written."""
    course = course_of(one, policy(sla=(shipped(),)), now)
    return replace(
        one,
        ticket=replace(
            one.ticket, state=course.state, priority=course.priority, provisional=course.provisional
        ),
    )


def _opened(ticket: Ticket) -> datetime:
    """Early enough for what has happened since."""
    return (ticket.closed_at or ticket.opened_at) - OPENED_BEFORE


def _led_to(ticket: Ticket, at: datetime) -> tuple[TicketEvent, ...]:
    by_state: dict[State, tuple[TicketEvent, ...]] = {
        State.NEW: (),
        State.OPEN: (Taken(at=at),),
        State.WAITING: (Replied(at=at, mail="reply:q"), Waited(at=at, mail="reply:q")),
        State.RESOLVED: (Resolved(at=at),),
        State.CLOSED: (Closed(at=ticket.closed_at or at),),
    }
    return by_state[ticket.state]

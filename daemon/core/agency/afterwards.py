"""A ticket as the actions of a decision leave it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from daemon.core.actions import Action, AddParticipant, AttachAccount, SetAssignee, SetPriority, SetState
from daemon.core.values import Participant, State, Ticket


def ticket_after(ticket: Ticket, actions: Iterable[Action]) -> Ticket:
    """What a mail that leaves with these actions may say of the ticket."""
    for action in actions:
        if isinstance(action, SetState) and action.ticket == ticket.id:
            closed = action.at if action.state is State.CLOSED else None
            ticket = replace(ticket, state=action.state, closed_at=closed)
        elif isinstance(action, SetPriority) and action.ticket == ticket.id:
            ticket = replace(ticket, priority=action.priority, provisional=action.provisional)
        elif isinstance(action, SetAssignee) and action.ticket == ticket.id:
            ticket = replace(ticket, assignee=action.assignee)
        elif isinstance(action, AttachAccount) and action.ticket == ticket.id:
            ticket = replace(ticket, account=action.account, plan=action.plan, coverage=action.coverage)
        elif isinstance(action, AddParticipant) and action.ticket == ticket.id:
            person = Participant(address=action.address, name=action.name, role=action.role)
            ticket = replace(ticket, participants=(*_without(ticket, action.address), person))
    return ticket


def _without(ticket: Ticket, address: str) -> tuple[Participant, ...]:
    return tuple(person for person in ticket.participants if person.address != address)

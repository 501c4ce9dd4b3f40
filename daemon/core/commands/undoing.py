"""`annuler`: the answer that still waits, else the last change of assignment, priority or state."""

from __future__ import annotations

from dataclasses import replace

from daemon.core.actions import Action, CancelMail, SetAssignee, SetPriority
from daemon.core.commands.deed import Deed, declined, event, history, moved
from daemon.core.commands.hearing import Before, Hearing, Standing
from daemon.core.commands.values import Command, Why
from daemon.core.lifecycle import Event
from daemon.core.sla.events import By, Released, Reopened, Reprioritised, Taken
from daemon.core.values import Priority, State


def undo(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """What was sent stays sent. A state goes back only where the clocks can: what is over is reopened, a
    ticket that waits goes on."""
    if standing.unsent:
        return _unsend(hearing, command, standing)
    before = standing.before
    if before is None:
        raise declined(Why.NOTHING_TO_UNDO, command)
    if before.what == "assignee":
        after, actions = _assignee(hearing, standing, before.assignee)
    elif before.what == "priority":
        after, actions = _priority(hearing, standing, before)
    else:
        after, actions = _state(hearing, command, standing, before)
    detail: dict[str, object] = {"what": before.what}
    return Deed(
        verb=command.verb,
        ticket=standing.ticket.id,
        said="undone",
        after=replace(after, before=None),
        actions=(*actions, history(hearing, standing, "undone", **detail)),
        detail=detail,
        receipt=True,
        retargets=before.what != "assignee",
    )


def _unsend(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    cancelled = tuple(
        CancelMail(row=row, version=version, at=hearing.at, reason="undone by an agent")
        for row, version in standing.unsent
    )
    return Deed(
        verb=command.verb,
        ticket=standing.ticket.id,
        said="unsent",
        after=replace(standing, unsent=()),
        actions=(*cancelled, history(hearing, standing, "undone", what="reply")),
        receipt=True,
    )


def _assignee(
    hearing: Hearing, standing: Standing, handle: str | None
) -> tuple[Standing, tuple[Action, ...]]:
    ticket = standing.ticket
    happened = Taken(at=hearing.at) if handle else Released(at=hearing.at)
    return replace(standing, ticket=replace(ticket, assignee=handle)), (
        SetAssignee(ticket=ticket.id, assignee=handle, at=hearing.at, by=hearing.agent.handle),
        event(standing, happened),
        history(hearing, standing, "assignee", **{"from": ticket.assignee, "to": handle}),
    )


def _priority(hearing: Hearing, standing: Standing, before: Before) -> tuple[Standing, tuple[Action, ...]]:
    ticket, priority = standing.ticket, before.priority or Priority.P2
    changed = replace(ticket, priority=priority, provisional=before.provisional)
    detail = {"from": ticket.priority.value, "to": priority.value}
    return replace(standing, ticket=changed), (
        SetPriority(
            ticket=ticket.id,
            priority=priority,
            provisional=before.provisional,
            rule="agent",
            at=hearing.at,
            by=hearing.agent.handle,
        ),
        event(
            standing,
            Reprioritised(at=hearing.at, priority=priority, by=By.AGENT, provisional=before.provisional),
        ),
        history(hearing, standing, "priority", **detail),
    )


def _state(
    hearing: Hearing, command: Command, standing: Standing, before: Before
) -> tuple[Standing, tuple[Action, ...]]:
    """Back to work. A ticket that was resolved before it was closed has nothing to go back to."""
    over = before.state in {State.RESOLVED, State.CLOSED}
    if over or standing.ticket.state in {State.NEW, State.OPEN}:
        raise declined(Why.NOTHING_TO_UNDO, command, standing.ticket.state.value)
    after, moves = moved(hearing, command, standing, Event.REOPEN)
    return after, (*moves, event(standing, Reopened(at=hearing.at)))

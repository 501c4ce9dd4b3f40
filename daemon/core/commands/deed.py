"""What carrying out one command comes to, and the little that all of them share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from daemon.core.actions import Action, AddEvent, AddHistory, SetAssignee, SetState
from daemon.core.commands.hearing import Declined, Hearing, Standing
from daemon.core.commands.values import Command, Fault, Verb, Why
from daemon.core.lifecycle import Event, Refused, next_state
from daemon.core.sla.events import Taken, TicketEvent
from daemon.core.values import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """`ticket` None: it is about the desk. `after`: the ticket as later commands of the mail find it. `said`:
    key of what the receipt tells, with `detail`; "already" where nothing was left to do. `receipt`: money or
    a promise changed, so the agent gets one. `retargets`: promises may have moved."""

    verb: Verb
    ticket: int | None
    said: str
    after: Standing | None = None
    actions: tuple[Action, ...] = ()
    detail: dict[str, object] = field(default_factory=dict)
    receipt: bool = False
    retargets: bool = False
    merged_into: int | None = None


def declined(why: Why, command: Command, detail: str = "", proposal: str = "") -> Declined:
    return Declined(Fault(why=why, line=command.line, said=command.said, detail=detail, proposal=proposal))


def already(command: Command, standing: Standing) -> Deed:
    """The second time is no error (a client sends twice), and moves nothing."""
    return Deed(verb=command.verb, ticket=standing.ticket.id, said="already", after=standing)


def moved(
    hearing: Hearing, command: Command, standing: Standing, why: Event
) -> tuple[Standing, tuple[Action, ...]]:
    """The ticket in the state after `why`, and what writes it. Raises Declined where the state table
    refuses."""
    ticket = standing.ticket
    try:
        state = next_state(ticket.state, why)
    except Refused as refused:
        raise declined(Why.STATE, command, refused.state.value) from refused
    return _in_state(hearing, standing, state)


def _in_state(hearing: Hearing, standing: Standing, state: State) -> tuple[Standing, tuple[Action, ...]]:
    ticket = standing.ticket
    if state is ticket.state:
        return standing, ()
    closed = hearing.at if state is State.CLOSED else None
    after = replace(standing, ticket=replace(ticket, state=state, closed_at=closed))
    by = hearing.agent.handle
    detail: dict[str, object] = {"from": ticket.state.value, "to": state.value}
    return after, (
        SetState(ticket=ticket.id, state=state, at=hearing.at, by=by),
        AddHistory(ticket=ticket.id, at=hearing.at, event="state", by=by, detail=detail),
    )


def taken(hearing: Hearing, standing: Standing, handle: str) -> tuple[Standing, tuple[Action, ...]]:
    """Somebody has it in hand from here on."""
    ticket = standing.ticket
    by = hearing.agent.handle
    after = replace(standing, ticket=replace(ticket, assignee=handle))
    after, moves = _in_state(hearing, after, next_state(ticket.state, Event.WORK))
    detail: dict[str, object] = {"from": ticket.assignee, "to": handle}
    return after, (
        SetAssignee(ticket=ticket.id, assignee=handle, at=hearing.at, by=by),
        AddEvent(ticket=ticket.id, event=Taken(at=hearing.at)),
        AddHistory(ticket=ticket.id, at=hearing.at, event="assignee", by=by, detail=detail),
        *moves,
    )


def taken_if_free(hearing: Hearing, standing: Standing) -> tuple[Standing, tuple[Action, ...]]:
    """Whoever answers, resolves, closes, asks or calls has it, where nobody had."""
    if standing.ticket.assignee is not None:
        return standing, ()
    return taken(hearing, standing, hearing.agent.handle)


def event(standing: Standing, happened: TicketEvent) -> AddEvent:
    return AddEvent(ticket=standing.ticket.id, event=happened)


def history(hearing: Hearing, standing: Standing, what: str, /, **detail: Any) -> AddHistory:
    return AddHistory(
        ticket=standing.ticket.id, at=hearing.at, event=what, by=hearing.agent.handle, detail=detail
    )

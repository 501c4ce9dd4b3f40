"""The state of a ticket and its priority: attente, résolu, fermer, rouvrir, spam, p1 to p4."""

from __future__ import annotations

from dataclasses import replace

from daemon.core.actions import Action, AddCorrection, SetPriority
from daemon.core.commands.deed import Deed, already, declined, event, history, moved, taken_if_free
from daemon.core.commands.hearing import Hearing, Standing
from daemon.core.commands.values import Command, Verb, Why
from daemon.core.lifecycle import Event
from daemon.core.sla.events import By, Closed, Discarded, Reopened, Reprioritised, Resolved, Waited
from daemon.core.values import Priority, Severity, State

_SEVERITIES = {
    Priority.P1: Severity.S1,
    Priority.P2: Severity.S2,
    Priority.P3: Severity.S3,
    Priority.P4: Severity.S4,
}


def wait(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """Counts at the later of its arrival and the 250 of its question. Where the question is in the same mail,
    the state and the pause come with its acceptance (`accepting`); else the newest public message must be an
    agent's that was accepted."""
    after, moves = moved(hearing, command, standing, Event.WAIT)
    until = command.until
    own = hearing.standing is not None and hearing.standing.ticket.id == standing.ticket.id
    detail: dict[str, object] = {"until": until.isoformat() if until else None}
    if own and speaks(hearing):
        return Deed(
            verb=command.verb, ticket=standing.ticket.id, said="will_wait", after=standing, detail=detail
        )
    if not standing.question:
        raise declined(Why.NO_QUESTION, command)
    after, takes = taken_if_free(hearing, after)
    waited = event(standing, Waited(at=hearing.at, mail=standing.question, until=until))
    noted = history(hearing, standing, "waiting", **detail)
    return Deed(
        verb=command.verb,
        ticket=standing.ticket.id,
        said="waiting",
        after=after,
        actions=(*takes, *moves, waited, noted),
        detail=detail,
    )


def resolve(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """At the customer's own "it works" where an agent says yes to it."""
    if standing.ticket.state is State.RESOLVED:
        return already(command, standing)
    confirms = standing.works and hearing.about == "works"
    after, moves = moved(hearing, command, standing, Event.RESOLVE)
    after, takes = taken_if_free(hearing, after)
    return Deed(
        verb=Verb.RESOLVE,
        ticket=standing.ticket.id,
        said="resolved",
        after=after,
        actions=(*takes, *moves, event(standing, Resolved(at=hearing.at, confirms=confirms))),
    )


def close(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """Resolves first if unresolved; the event says both to the clocks."""
    if standing.ticket.state is State.CLOSED:
        return already(command, standing)
    after, moves = moved(hearing, command, standing, Event.CLOSE)
    after, takes = taken_if_free(hearing, after)
    return Deed(
        verb=command.verb,
        ticket=standing.ticket.id,
        said="closed",
        after=after,
        actions=(*takes, *moves, event(standing, Closed(at=hearing.at))),
        detail={"resolves": standing.ticket.state is not State.RESOLVED},
    )


def reopen(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    after, moves = moved(hearing, command, standing, Event.REOPEN)
    if not moves:
        return already(command, standing)
    return Deed(
        verb=command.verb,
        ticket=standing.ticket.id,
        said="reopened",
        after=after,
        actions=(*moves, event(standing, Reopened(at=hearing.at))),
        retargets=True,
        receipt=standing.ticket.state is not State.WAITING,
    )


def discard(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """Spam: closed, its cycles void, and what the mail really was is kept for training."""
    after, moves = moved(hearing, command, standing, Event.DISCARD)
    ticket = standing.ticket
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="spam",
        after=after,
        actions=(
            *moves,
            event(standing, Discarded(at=hearing.at)),
            history(hearing, standing, "spam"),
            *_correction(hearing, standing, "intent", "ticket", "spam"),
        ),
    )


def prioritise(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """An agent's word settles a provisional P1. The response that its own mail gives keeps its due."""
    ticket, priority = standing.ticket, command.priority or Priority.P2
    if ticket.state is State.CLOSED:
        raise declined(Why.STATE, command, ticket.state.value)
    if priority is ticket.priority and not ticket.provisional:
        return already(command, standing)
    own = hearing.standing is not None and hearing.standing.ticket.id == ticket.id
    changed = Reprioritised(at=hearing.at, priority=priority, by=By.AGENT, keeps=own and speaks(hearing))
    detail: dict[str, object] = {"from": ticket.priority.value, "to": priority.value}
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="priority" if priority is not ticket.priority else "settled",
        after=replace(standing, ticket=replace(ticket, priority=priority, provisional=False)),
        actions=(
            SetPriority(
                ticket=ticket.id,
                priority=priority,
                provisional=False,
                rule="agent",
                at=hearing.at,
                by=hearing.agent.handle,
            ),
            event(standing, changed),
            history(hearing, standing, "priority", **detail),
            *_relabelled(hearing, standing, priority),
        ),
        detail=detail,
        receipt=priority is not ticket.priority,
        retargets=priority is not ticket.priority,
    )


def _relabelled(hearing: Hearing, standing: Standing, priority: Priority) -> tuple[Action, ...]:
    """What the agent's priority says of the severity that the model read, kept for training. A P2 may be an
    S1 with other means or installs (the contract's P1 rule): it says so only of what was taken for less."""
    read, meant = standing.read, _SEVERITIES[priority]
    if read is None or meant is read or (meant is Severity.S2 and read is Severity.S1):
        return ()
    return _correction(hearing, standing, "severity", read.value, meant.value)


def _correction(
    hearing: Hearing, standing: Standing, field: str, was: str, became: str
) -> tuple[Action, ...]:
    if standing.spoke is None:
        return ()
    correction = AddCorrection(
        ticket=standing.ticket.id,
        message_id=standing.spoke.message_id,
        field=field,
        was=was,
        became=became,
        at=hearing.at,
        by=hearing.agent.handle,
    )
    return (correction,)


def speaks(hearing: Hearing) -> bool:
    """Whether words of this mail go to the customer of its own ticket: not those of a note, nor what was
    forwarded for another customer."""
    internal = hearing.reply.has(Verb.NOTE) or hearing.reply.has(Verb.FOR)
    return hearing.may_speak and not internal and bool(hearing.reply.words.strip())

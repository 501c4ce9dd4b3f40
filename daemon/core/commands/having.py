"""Who has a ticket: prendre, libérer, assigner."""

from __future__ import annotations

from dataclasses import replace

from daemon.core.actions import SetAssignee
from daemon.core.commands.deed import Deed, already, event, history, taken
from daemon.core.commands.hearing import Hearing, Standing
from daemon.core.commands.values import Command
from daemon.core.sla.events import Released
from daemon.core.values import Priority


def take(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    return _give(hearing, command, standing, hearing.agent.handle)


def assign(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    return _give(hearing, command, standing, command.words)


def release(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """Back to all agents."""
    ticket = standing.ticket
    if ticket.assignee is None:
        return already(command, standing)
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="released",
        after=replace(standing, ticket=replace(ticket, assignee=None)),
        actions=(
            SetAssignee(ticket=ticket.id, assignee=None, at=hearing.at, by=hearing.agent.handle),
            event(standing, Released(at=hearing.at)),
            history(hearing, standing, "assignee", **{"from": ticket.assignee, "to": None}),
        ),
    )


def _give(hearing: Hearing, command: Command, standing: Standing, handle: str) -> Deed:
    if standing.ticket.assignee == handle and not _rings(standing):
        return already(command, standing)
    after, actions = taken(hearing, standing, handle)
    own = handle == hearing.agent.handle
    return Deed(
        verb=command.verb,
        ticket=standing.ticket.id,
        said="taken" if own else "assigned",
        after=after,
        actions=actions,
        detail={"agent": handle, "from": standing.ticket.assignee},
    )


def _rings(standing: Standing) -> bool:
    """An emergency that nobody has taken as one: whoever had the ticket before must take it once more, or
    their "ok" would not stop the alarm."""
    course = standing.course
    return course is not None and course.priority is Priority.P1 and course.taken_at is None

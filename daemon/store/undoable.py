"""What an agent's "annuler" would take back, from a ticket's history as it was written. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from daemon.core.commands.hearing import Before
from daemon.core.sla.events import By, Opening, Reprioritised, TicketEvent
from daemon.core.values import Priority, State

CHANGES: Final = ("assignee", "priority", "state")
UNDONE: Final = "undone"

_WORKED: Final = (State.NEW.value, State.OPEN.value)
"""A change of state that follows from another: whoever takes a ticket opens it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row of the history. `by`: an agent's handle, a customer's address, or "desk"."""

    at: datetime
    event: str
    by: str
    detail: Mapping[str, Any]


def last_change(
    history: Sequence[Change], opening: Opening, events: Sequence[TicketEvent] = ()
) -> Before | None:
    """The last change by an agent's command since one was undone, and what was before it; None where there
    is none, or somebody else has changed the same since. `history`: in the order in which it was written."""
    since = max(
        (n for n, one in enumerate(history) if one.event == UNDONE and one.detail.get("what") != "reply"),
        default=-1,
    )
    later: set[str] = set()
    for one in reversed(history[since + 1 :]):
        moved = (one.detail.get("from"), one.detail.get("to"))
        if one.event not in CHANGES or moved == _WORKED:
            continue
        if _by_an_agent(one.by):
            return None if one.event in later else _before(one, opening, events)
        later.add(one.event)
    return None


def _by_an_agent(by: str) -> bool:
    return bool(by) and "@" not in by and by != "desk"


def _before(change: Change, opening: Opening, events: Sequence[TicketEvent]) -> Before:
    was = change.detail.get("from")
    if change.event == "assignee":
        return Before(what="assignee", at=change.at, assignee=str(was) if was else None)
    if change.event == "state":
        return Before(what="state", at=change.at, state=State(str(was)))
    return Before(
        what="priority",
        at=change.at,
        priority=Priority(str(was)),
        provisional=_was_provisional(change.at, opening, events),
    )


def _was_provisional(at: datetime, opening: Opening, events: Sequence[TicketEvent]) -> bool:
    """Whether the priority that an agent changed at that instant was a provisional one: it stood since the
    change before, or since the opening."""
    provisional = opening.provisional
    for event in events:
        if not isinstance(event, Reprioritised):
            continue
        if event.by is By.AGENT and event.at == at:
            return provisional
        provisional = event.provisional
    return provisional

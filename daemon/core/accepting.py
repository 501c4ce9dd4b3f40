"""What the 250 for a mail to a customer brings about on its ticket, at that very instant: a reply meets and
restarts, a pause begins, an update is made. The first 250 of a reply counts, whatever the number of its
readers (sla.md, "Which instant counts")."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core.actions import Action, AddEvent, SetState
from daemon.core.agreeing import agreed
from daemon.core.commands.replying import accepted
from daemon.core.dossier import Dossier, course_of
from daemon.core.policy import Policy
from daemon.core.sla.events import Replied, TicketEvent, Updated, Waited
from daemon.core.taking_back import mail_key
from daemon.core.values import OutboxRow

COUNTING: Final = frozenset({"reply", "resolved", "status-update"})
"""Kinds whose acceptance moves clocks."""


def acceptance(row: OutboxRow, dossier: Dossier, policy: Policy, at: datetime) -> tuple[Action, ...]:
    """Nothing for a mail that a server took before (a copy was sent), or of which nothing follows."""
    key, ticket = mail_key(row), dossier.ticket
    if not key or _counted(key, dossier):
        return ()
    if row.kind == "status-update":
        news = bool(row.context.get("news")) or row.context.get("what") != "update"
        actions: tuple[Action, ...] = (AddEvent(ticket=ticket.id, event=Updated(at=at, mail=key, news=news)),)
    else:
        actions = accepted(ticket, row.context, at, first=True)
    return (*actions, *_agreeing(actions, row, dossier, policy, at))


def _counted(key: str, dossier: Dossier) -> bool:
    return any(isinstance(e, Replied | Waited | Updated) and e.mail == key for e in dossier.events)


def _agreeing(
    actions: tuple[Action, ...], row: OutboxRow, dossier: Dossier, policy: Policy, at: datetime
) -> tuple[Action, ...]:
    events: list[TicketEvent] = [a.event for a in actions if isinstance(a, AddEvent)]
    if not events:
        return ()
    written = [a.state for a in actions if isinstance(a, SetState)]
    ticket = replace(dossier.ticket, state=written[-1]) if written else dossier.ticket
    by = str(row.context.get("by", "desk"))
    return agreed(ticket, course_of(dossier, policy, at, events), at, by, dossier.rule)[1]

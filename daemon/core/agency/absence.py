"""An agent's out-of-office: it never reaches a customer, and the tickets that they had go back to all."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from daemon.core.actions import Action, AddEvent, AddHistory, Decision, SetAssignee
from daemon.core.agency.listening import own_ticket
from daemon.core.authentication import authenticated, dmarc
from daemon.core.case import incoming_message
from daemon.core.facts import Snapshot
from daemon.core.inbound import Inbound, record
from daemon.core.policy import Agent, Policy
from daemon.core.sla.events import Released
from daemon.core.values import ClaimKind, Disposition, Mail, State, Ticket

_ABSENT: Final = ("auto-submitted:auto-replied", "ooo-subject", "x-autoreply", "precedence:auto_reply")
_NOT_ABSENT: Final = frozenset({"mdn", "calendar-reply", "feedback-report"})
"""Programs answer for other reasons too: a mail was read, a meeting accepted."""

_UNRESOLVED: Final = frozenset({State.NEW, State.OPEN, State.WAITING})


def on_automatic(
    inbound: Inbound, mail: Mail, agent: Agent, snapshot: Snapshot, policy: Policy, now: datetime
) -> Decision:
    """Kept on the ticket of the mail that it answers, as a remark. `snapshot.dossiers` holds the agent's
    tickets (`wanting.wanted_still`)."""
    at = min(inbound.arrival.internaldate, now)
    ticket = own_ticket(mail, inbound.claims, snapshot)
    actions: list[Action] = []
    reads: dict[int, int] = {}
    if ticket is None:
        actions.append(record(inbound, Disposition.RECORDED, "an agent's automatic mail"))
    else:
        detail: dict[str, object] = {"signs": list(mail.signs)}
        actions += [
            record(inbound, Disposition.MESSAGE, "an agent's automatic mail", ticket=ticket.id),
            incoming_message(mail, ticket.id, at, role="automatic"),
            AddHistory(ticket=ticket.id, at=at, event="automatic_mail", by=mail.from_.address, detail=detail),
        ]
        reads[ticket.id] = ticket.version
    if policy.away_on_autoreply and is_absence(mail) and _proven(inbound, mail, agent, snapshot, policy):
        for dossier in snapshot.dossiers.values():
            theirs = dossier.ticket
            if theirs.assignee == agent.handle and theirs.state in _UNRESOLVED:
                actions += _given_back(theirs, agent, at)
                reads[theirs.id] = theirs.version
    return Decision(actions=tuple(actions), reads=reads)


def is_absence(mail: Mail) -> bool:
    return any(sign in _ABSENT for sign in mail.signs) and _NOT_ABSENT.isdisjoint(mail.signs)


def _proven(inbound: Inbound, mail: Mail, agent: Agent, snapshot: Snapshot, policy: Policy) -> bool:
    """A responder answers a mail of ours to that agent, or the receiving server vouches for it: anybody can
    write a From."""
    if dmarc(mail, policy) == "fail":
        return False
    row = snapshot.answered
    answers = row is not None and row.recipient in agent.addresses
    token = any(c.kind is ClaimKind.TOKEN and c.for_sender for c in inbound.claims)
    return answers or token or authenticated(mail, policy)


def _given_back(ticket: Ticket, agent: Agent, at: datetime) -> tuple[Action, ...]:
    """By the desk: nobody commanded it, so that "annuler" does not take it for the agent's last change."""
    detail: dict[str, object] = {"from": agent.handle, "to": None, "reason": "away"}
    return (
        SetAssignee(ticket=ticket.id, assignee=None, at=at, by="desk"),
        AddEvent(ticket=ticket.id, event=Released(at=at)),
        AddHistory(ticket=ticket.id, at=at, event="assignee", by="desk", detail=detail),
    )

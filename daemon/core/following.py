"""A mail that belongs to a ticket: recorded on it, and the ticket goes where the state table says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from daemon.core import breakers
from daemon.core.actions import Action, AddHistory, AddParticipant, SetState
from daemon.core.case import Case, incoming_message, remember, spoken_language
from daemon.core.lifecycle import Event, next_state, reopens
from daemon.core.matching import Match, Role
from daemon.core.sla.promises import version_at
from daemon.core.sla.rules import Rules
from daemon.core.values import Intent, State, Ticket

_ROLES: Final = {
    Role.PARTICIPANT: "requester",
    Role.COLLEAGUE: "colleague",
    Role.THIRD_PARTY: "third_party",
    Role.AGENT: "agent",
}


_MOVING: Final = frozenset({Role.PARTICIPANT, Role.COLLEAGUE})
_OVER: Final = frozenset({State.RESOLVED, State.CLOSED})


def continues(ticket: Ticket, case: Case) -> bool:
    """Whether this mail may still be a message of this ticket, or must open a linked one."""
    window = timedelta(seconds=_rules(case).reopen_within)
    return reopens(ticket.state, ticket.closed_at, case.opened_at, window)


def join_ticket(case: Case, match: Match, ticket: Ticket, *, automatic: bool) -> tuple[Action, ...]:
    """The actions that record this mail on `ticket`. Automatic mail, third parties, agents and whatever a
    breaker stops are recorded and move nothing: no state, no clock, no participant's rights."""
    role = "automatic" if automatic else _ROLES[match.role]
    moves = not automatic and match.role in _MOVING
    after = _state_after(case, ticket) if moves else ticket.state
    rule = breakers.on_joining(case, ticket, reopens=ticket.state in _OVER and after not in _OVER)
    event = "automatic_mail" if automatic else "message"
    detail: dict[str, object] = (
        {"signs": list(case.mail.signs)} if automatic else {"evidence": match.evidence, "role": role}
    )
    actions: list[Action] = [
        incoming_message(case.mail, ticket.id, case.opened_at, role=role),
        _history(case, ticket, event, detail),
    ]
    if rule:
        sender = case.mail.from_.address
        actions.append(breakers.remark(rule, sender, case.opened_at, ticket.id))
        return (*actions, *breakers.tell(rule, sender, case.policy, case.now, ticket.id))
    if moves:
        actions += _move(case, match, ticket, after)
    return tuple(actions)


def courtesy(case: Case) -> bool:
    """Only thanks, or "it works": nothing is asked, so nothing reopens."""
    sure = {
        Intent.THANKS: _rules(case).thanks_confidence,
        Intent.RESOLVED: _rules(case).resolved_confidence,
    }
    needed = sure.get(case.findings.intent)
    return needed is not None and case.findings.intent_confidence >= needed


def _rules(case: Case) -> Rules:
    return version_at(case.policy.sla, case.opened_at).rules


def _state_after(case: Case, ticket: Ticket) -> State:
    return next_state(ticket.state, Event.COURTESY if courtesy(case) else Event.CUSTOMER_MESSAGE)


def _move(case: Case, match: Match, ticket: Ticket, after: State) -> list[Action]:
    sender = case.mail.from_
    actions: list[Action] = []
    if match.role is Role.COLLEAGUE:
        actions.append(
            AddParticipant(ticket=ticket.id, address=sender.address, name=sender.name, role="colleague")
        )
    if after is not ticket.state:
        actions += [
            SetState(ticket=ticket.id, state=after, at=case.opened_at, by=sender.address),
            _history(case, ticket, "state", {"from": ticket.state.value, "to": after.value}),
        ]
    return [*actions, *remember(case, spoken_language(case)[0])]


def _history(case: Case, ticket: Ticket, event: str, detail: Mapping[str, object]) -> AddHistory:
    return AddHistory(
        ticket=ticket.id, at=case.opened_at, event=event, by=case.mail.from_.address, detail=dict(detail)
    )

"""A mail that belongs to a ticket: recorded on it, and the ticket goes where the state table says."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from daemon.core.actions import Action, AddHistory, AddParticipant, SetState
from daemon.core.lifecycle import Event, next_state, reopens
from daemon.core.matching import Match, Role
from daemon.core.opening import Case, incoming_message, remember, spoken_language
from daemon.core.sla.promises import version_at
from daemon.core.sla.rules import Rules
from daemon.core.values import Intent, State, Ticket

_ROLES: Final = {
    Role.PARTICIPANT: "requester",
    Role.COLLEAGUE: "colleague",
    Role.THIRD_PARTY: "third_party",
    Role.AGENT: "agent",
}


def continues(ticket: Ticket, case: Case) -> bool:
    """Whether this mail may still be a message of this ticket, or must open a linked one."""
    window = timedelta(seconds=_rules(case).reopen_within)
    return reopens(ticket.state, ticket.closed_at, case.opened_at, window)


def join_ticket(case: Case, match: Match, ticket: Ticket, *, automatic: bool) -> tuple[Action, ...]:
    """The actions that record this mail on `ticket`. Automatic mail, third parties and agents are recorded
    and move nothing: no state, no clock, no participant's rights."""
    role = "automatic" if automatic else _ROLES[match.role]
    actions: list[Action] = [incoming_message(case.mail, ticket.id, case.opened_at, role=role)]
    if automatic:
        actions.append(_history(case, ticket, "automatic_mail", {"signs": list(case.mail.signs)}))
        return tuple(actions)
    actions.append(_history(case, ticket, "message", {"evidence": match.evidence, "role": role}))
    if match.role is Role.COLLEAGUE:
        actions.append(
            AddParticipant(
                ticket=ticket.id, address=case.mail.from_.address, name=case.mail.from_.name, role="colleague"
            )
        )
    if match.role in {Role.PARTICIPANT, Role.COLLEAGUE}:
        actions += _move(case, ticket)
        actions.append(remember(case, spoken_language(case)[0]))
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


def _move(case: Case, ticket: Ticket) -> list[Action]:
    event = Event.COURTESY if courtesy(case) else Event.CUSTOMER_MESSAGE
    after: State = next_state(ticket.state, event)
    if after is ticket.state:
        return []
    by = case.mail.from_.address
    return [
        SetState(ticket=ticket.id, state=after, at=case.opened_at, by=by),
        _history(case, ticket, "state", {"from": ticket.state.value, "to": after.value}),
    ]


def _history(case: Case, ticket: Ticket, event: str, detail: dict[str, object]) -> AddHistory:
    return AddHistory(
        ticket=ticket.id, at=case.opened_at, event=event, by=case.mail.from_.address, detail=detail
    )

"""A mail that belongs to a ticket: recorded on it, its clocks told, its state and priority where its course
then is, and whoever must know of it told.

Automatic mail, third parties, agents and whatever a breaker stops are recorded and move nothing: no event, no
state, no participant's rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import breakers, informing
from daemon.core.actions import Action, AddEvent, AddHistory, AddParticipant
from daemon.core.agreeing import agreed
from daemon.core.case import Case, incoming_message, remember, spoken_language
from daemon.core.commands.hearing import Spoken
from daemon.core.dossier import Dossier, course_of
from daemon.core.lasting import lasts
from daemon.core.lifecycle import reopens
from daemon.core.matching import Match, Role
from daemon.core.meaning import Meaning, meaning
from daemon.core.sla.course import Course
from daemon.core.sla.events import By, Resolved, TicketEvent, Word, Wrote
from daemon.core.sla.promises import version_at
from daemon.core.sla.raising import Objection, word_of
from daemon.core.sla.rules import Rules
from daemon.core.ticking.telling import moved_mail
from daemon.core.values import Participant, State, Ticket

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


def courtesy(case: Case) -> bool:
    """Only thanks, or "it works": nothing is asked."""
    found = case.findings
    if lasts(case.mail.new_text or case.mail.text):
        return False
    return word_of(found.intent, found.intent_confidence, _rules(case)) is not Word.ASK


def join_ticket(case: Case, match: Match, ticket: Ticket, *, automatic: bool) -> tuple[Action, ...]:
    """The actions that record this mail on `ticket`, and all that follows from it there.

    Raises KeyError when the snapshot lacks the dossier of a ticket on which a person speaks."""
    role = "automatic" if automatic else _ROLES[match.role]
    speaks = not automatic and match.role is not Role.AGENT
    if not speaks:
        return _recorded(case, match, ticket, role, breakers.on_joining(case, ticket, reopens=False))
    dossier = case.snapshot.dossiers[ticket.id]
    before = _course(case, dossier)
    meant = meaning(case, match, dossier, before) if match.role in _MOVING else None
    reopens = meant is not None and meant.word is Word.ASK and ticket.state in _OVER
    rule = breakers.on_joining(case, ticket, reopens=reopens)
    recorded = _recorded(case, match, ticket, role, rule)
    if rule:
        return recorded
    if meant is None:
        return (*recorded, *informing.third_party(case, dossier, ticket, before))
    return (*recorded, *_move(case, match, _heard(case, match, dossier), before, meant))


def _recorded(case: Case, match: Match, ticket: Ticket, role: str, rule: str) -> tuple[Action, ...]:
    """The message, and what the history says of it; whom a breaker's `rule` must be told to."""
    automatic = role == "automatic"
    event = "automatic_mail" if automatic else "message"
    detail: dict[str, object] = (
        {"signs": list(case.mail.signs)} if automatic else {"evidence": match.evidence, "role": role}
    )
    actions: tuple[Action, ...] = (
        incoming_message(case.mail, ticket.id, case.opened_at, role=role),
        _history(case, ticket, event, detail),
    )
    if not rule:
        return actions
    sender = case.mail.from_.address
    noted = breakers.remark(rule, sender, case.opened_at, ticket.id)
    return (*actions, noted, *breakers.tell(rule, sender, case.policy, case.now, ticket.id))


def _rules(case: Case) -> Rules:
    return version_at(case.policy.sla, case.opened_at).rules


def _course(case: Case, dossier: Dossier, more: Sequence[TicketEvent] = ()) -> Course:
    """At this moment, with what happens."""
    return course_of(dossier, case.policy, case.now, more)


def _heard(case: Case, match: Match, dossier: Dossier) -> Dossier:
    """The ticket with this message as its newest: what we write next answers it, and its sender can be
    reached again."""
    mail, ticket = case.mail, dossier.ticket
    if match.role is Role.COLLEAGUE:
        joined = Participant(address=mail.from_.address, name=mail.from_.name, role="colleague")
        ticket = replace(ticket, participants=(*ticket.participants, joined))
    return replace(
        dossier,
        ticket=ticket,
        spoke=Spoken(
            message_id=mail.message_id,
            at=case.opened_at,
            sender=mail.from_,
            subject=mail.subject,
            references=mail.references[-20:],
        ),
        spoke_text=mail.new_text or mail.text,
        suppressed=dossier.suppressed - {mail.from_.address},
    )


def _move(case: Case, match: Match, dossier: Dossier, before: Course, meant: Meaning) -> list[Action]:
    """What a customer's own message brings about."""
    ticket, sender = dossier.ticket, case.mail.from_
    events = _events(case, dossier, meant)
    after = _course(case, dossier, events)
    rule = meant.rule or dossier.rule
    moved, written = agreed(ticket, after, case.opened_at, sender.address, rule)
    actions: list[Action] = []
    if match.role is Role.COLLEAGUE:
        actions.append(
            AddParticipant(ticket=ticket.id, address=sender.address, name=sender.name, role="colleague")
        )
    actions += [AddEvent(ticket=ticket.id, event=event) for event in events]
    actions += written
    if meant.objection is not Objection.NOTHING:
        actions.append(_history(case, ticket, "objection", {"leads_to": meant.objection.value}))
    actions += remember(case, spoken_language(case)[0])
    if meant.change is not None and meant.change.by is By.MESSAGE:
        dossier = replace(dossier, evidence=case.findings.evidence)  # the words that decided now
    dossier = replace(dossier, ticket=moved, rule=rule)
    actions += _told(case, dossier, before, after, meant)
    return actions


def _events(case: Case, dossier: Dossier, meant: Meaning) -> tuple[TicketEvent, ...]:
    events: list[TicketEvent] = [Wrote(at=case.opened_at, word=meant.word, until=meant.until)]
    if meant.change is not None:
        events.append(meant.change)
    if meant.word is Word.WORKS and case.policy.auto_resolve and dossier.ticket.state not in _OVER:
        events.append(Resolved(at=case.opened_at, confirms=True))
    return tuple(events)


def _told(case: Case, dossier: Dossier, before: Course, after: Course, meant: Meaning) -> list[Action]:
    """Agents, of every message; the customer, where a promise moved later or the ticket is open again."""
    ticket = dossier.ticket
    told: list[Action] = []
    if meant.word is Word.WORKS and after.state not in _OVER:
        told += informing.it_works(case, ticket, after)
    else:
        objects = meant.objection is Objection.TELL
        told += informing.customer_wrote(case, dossier, ticket, after, everybody=objects)
    reopened = before.state in _OVER and after.state not in _OVER
    if meant.change is not None or reopened:
        why = meant.change.by.value if meant.change is not None else "message"
        cause = f"status-update:{case.cause}"
        told += moved_mail(before, after, dossier, case.policy, case.now, why, cause)
    return told


def _history(case: Case, ticket: Ticket, event: str, detail: Mapping[str, object]) -> AddHistory:
    return AddHistory(
        ticket=ticket.id, at=case.opened_at, event=event, by=case.mail.from_.address, detail=dict(detail)
    )

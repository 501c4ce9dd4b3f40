"""Notifications that follow from an agent's command: a ticket that is handed over, one that was split off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from daemon.core.actions import OpenTicket, QueueMail
from daemon.core.agency.standings import call_minutes
from daemon.core.commands.hearing import Hearing
from daemon.core.commands.notifying import Occasion, Said, Situation
from daemon.core.commands.queueing import as_ticket, notify
from daemon.core.dossier import Dossier, copied_by, version_of
from daemon.core.policy import Policy
from daemon.core.sla.course import Course
from daemon.core.sla.events import Opening
from daemon.core.sla.replay import replay
from daemon.core.values import Address, State, Ticket


def situation(
    dossier: Dossier,
    ticket: Ticket,
    course: Course,
    occasion: Occasion,
    policy: Policy,
    now: datetime,
    more: Sequence[Said] = (),
) -> Situation:
    """A ticket whole, for whoever is to take it up: the customer's newest message, and all that was said.
    `ticket` and `course` as the decision leaves them; `more`: what is being said in it."""
    left, _ = call_minutes(dossier, policy, now)
    return Situation(
        ticket=ticket,
        course=course,
        occasion=occasion,
        said=_newest(dossier),
        before=(*(dossier.conversation or _known(dossier)), *more),
        rule=dossier.rule,
        evidence=tuple(e.text for e in dossier.evidence if e.facet == "severity"),
        asked_two=ticket.provisional,
        account=dossier.account,
        others=dossier.others,
        minutes_left=left
        if dossier.account is not None and course.version.plans[course.plan].minutes
        else None,
        copied=copied_by(dossier),
        suppressed=dossier.suppressed,
    )


def handed_over(
    hearing: Hearing, dossier: Dossier, ticket: Ticket, course: Course, words: str
) -> tuple[QueueMail, ...]:
    """The whole conversation, to the new assignee and nobody who merely watches. `words`: what the same mail
    says to the customer."""
    own = ticket.assignee == hearing.agent.handle
    occasion = Occasion.TAKEN if own else Occasion.ASSIGNED
    author = Address(address=hearing.policy.desk_address, name=hearing.agent.name)
    more = (Said(direction="out", author=author, at=hearing.at, text=words),) if words else ()
    told = situation(dossier, ticket, course, occasion, hearing.policy, hearing.now, more)
    theirs = {a.addresses[0] for a in hearing.policy.agents if a.handle == ticket.assignee}
    mails = _mails(told, hearing, f"notification:{hearing.cause}:{ticket.ref}")
    return tuple(mail for mail in mails if mail.recipient in theirs)


def split_off(hearing: Hearing, opened: OpenTicket, dossier: Dossier, words: str) -> tuple[QueueMail, ...]:
    """The new ticket to all agents: nobody has it, and only an answer to this mail reaches its customer.
    `words`: the message that it begins with."""
    version = version_of(dossier, hearing.policy)
    opening = Opening(at=opened.at, plan=opened.plan, coverage=opened.coverage, priority=opened.priority)
    left, _ = call_minutes(dossier, hearing.policy, hearing.now)
    ticket = as_ticket(opened)
    told = Situation(
        ticket=ticket,
        course=replay(opening, (), version, hearing.now),
        occasion=Occasion.NEW,
        said=Said(direction="in", author=opened.requester, at=opened.at, text=words),
        rule=opened.rule,
        account=dossier.account,
        others=dossier.others + (dossier.ticket.state not in {State.RESOLVED, State.CLOSED}),
        minutes_left=left if dossier.account is not None and version.plans[opened.plan].minutes else None,
        suppressed=dossier.suppressed,
    )
    return _mails(told, hearing, f"notification:{hearing.cause}")


def _mails(told: Situation, hearing: Hearing, cause: str) -> tuple[QueueMail, ...]:
    holder = told.ticket.assignee
    return notify(told, hearing.policy, cause=cause, now=hearing.now, assignee=holder)


def _newest(dossier: Dossier) -> Said:
    ticket, spoke = dossier.ticket, dossier.spoke
    if spoke is None:
        name = next((p.name for p in ticket.participants if p.address == ticket.requester), "")
        author = Address(address=ticket.requester, name=name)
        return Said(direction="in", author=author, at=ticket.opened_at, text=dossier.spoke_text)
    files = next(
        (s.attachments for s in reversed(dossier.conversation) if s.direction == "in" and s.at == spoke.at),
        (),
    )
    return Said(direction="in", author=spoke.sender, at=spoke.at, text=dossier.spoke_text, attachments=files)


def _known(dossier: Dossier) -> tuple[Said, ...]:
    """What the dossier itself holds of the conversation, where it does not come whole."""
    answer = dossier.answer
    if answer is None or answer.at is None:
        return ()
    author = Address(address="", name=answer.by)
    return (Said(direction="out", author=author, at=answer.at, text=answer.words),)

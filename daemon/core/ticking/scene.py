"""One ticket at the instant of a tick: who has it, whom a mail reaches, and what every mail about it says.

Everything here must be true at `now`: a step may be done late, and what it was planned for may be over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.dossier import Dossier, course_of
from daemon.core.names import given_name
from daemon.core.policy import Policy
from daemon.core.priority import rank
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import RESPONSES, Cycle
from daemon.core.values import ClockName, Language, Priority, Ticket

NOBODY_WAITS: Final = 5
"""Rank of mails that leave after all others."""

_REFERENCES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`course` is the ticket's at `now`, or as a decision leaves it."""

    dossier: Dossier
    course: Course
    policy: Policy
    now: datetime

    @property
    def ticket(self) -> Ticket:
        return self.dossier.ticket

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.policy.timezone)

    @property
    def language(self) -> Language:
        return self.ticket.language

    @property
    def urgency(self) -> int:
        """Rank of a mail to agents or managers about this ticket."""
        grave = self.course.priority in {Priority.P1, Priority.P2}
        return rank(self.course.priority) if grave else NOBODY_WAITS

    @property
    def known(self) -> bool:
        """Whether a mail may repeat the customer's own words: the directory or the receiving server vouches
        for them, or one of us has answered (mail.md, "Who receives")."""
        dossier = self.dossier
        vouched = dossier.known or dossier.account is not None or dossier.ticket.account is not None
        return vouched or (dossier.answer is not None and dossier.answer.at is not None)


def scene_of(dossier: Dossier, policy: Policy, now: datetime) -> Scene:
    return Scene(dossier=dossier, course=course_of(dossier, policy, now), policy=policy, now=now)


def readers(scene: Scene, kind: str) -> tuple[str, ...]:
    """Whom an automatic mail to the ticket's customer reaches. Who was not answered at the opening gets
    nothing automatic until one of us has written: spam stays unanswered, a forged sender undisturbed."""
    dossier = scene.dossier
    if dossier.silenced and (dossier.answer is None or dossier.answer.at is None):
        return ()
    circle = Circle(policy=scene.policy, people=scene.ticket.participants, suppressed=dossier.suppressed)
    return recipients(kind, circle)


def to_customer(scene: Scene, address: str) -> dict[str, object]:
    """What every mail to a customer holds. A stranger's own words are not repeated to them."""
    ticket, spoke, known = scene.ticket, scene.dossier.spoke, scene.known
    person = next((p for p in ticket.participants if p.address == address), None)
    return {
        "language": scene.language.value,
        "known": known,
        "given_name": given_name(person.name) if person is not None and known else "",
        "subject": ticket.subject if known else "",
        "in_reply_to": spoke.message_id if spoke is not None else "",
        "references": list(spoke.references[-_REFERENCES:]) if spoke is not None and known else [],
    }


def to_desk(scene: Scene) -> dict[str, object]:
    """What every mail to agents or managers holds."""
    return {
        "language": scene.policy.language.value,
        "subject": scene.ticket.subject,
        "in_reply_to": "",
        "references": [],
    }


def line(scene: Scene, cycle: Cycle | None, percent: int) -> dict[str, object]:
    """One ticket in a mail to agents or managers, with the promise that it is about."""
    return {
        "ticket": scene.ticket.id,
        "ref": scene.ticket.ref,
        "subject": scene.ticket.subject,
        "account": account_name(scene),
        "priority": scene.course.priority.value,
        "clock": cycle.clock.value if cycle is not None else "",
        "percent": percent,
        "due": iso(cycle.promised) if cycle is not None else None,
        "holder": holder(scene),
    }


def account_name(scene: Scene) -> str:
    """The customer as agents call them: the account, else the person, else the address."""
    ticket, account = scene.ticket, scene.dossier.account
    if account is not None:
        return account.name
    name = next((p.name for p in ticket.participants if p.address == ticket.requester), "")
    return name or ticket.requester


def holder(scene: Scene) -> str:
    """Name of the agent who has the ticket, "" when nobody has it."""
    return agent_name(scene.policy, scene.ticket.assignee)


def holder_given(scene: Scene) -> str:
    """The same as a customer reads it: the given name."""
    return given(holder(scene))


def agent_name(policy: Policy, handle: str | None) -> str:
    """An agent who is none any more has no name that a customer may read."""
    return next((a.name or a.handle for a in policy.agents if a.handle == handle), "")


def given(name: str) -> str:
    return given_name(name) or name


def response(course: Course) -> Cycle | None:
    """The open promise of an answer, first or next."""
    return next((c for clock in RESPONSES if (c := course.running(clock)) is not None), None)


def resolution(course: Course) -> Cycle | None:
    return course.running(ClockName.RESOLUTION)


def due(cycle: Cycle | None) -> str | None:
    """What may be told of a promise: nothing while it stands still."""
    return iso(cycle.due) if cycle is not None else None


def iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None

"""What agents are told of a customer's mail: a `notification` of each new ticket and of each answer, and a
`confirm` where the customer says that it works. Who gets it is for `recipients` to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from daemon.core.actions import OpenTicket, QueueMail
from daemon.core.case import Case
from daemon.core.commands.hearing import Hearing, Standing
from daemon.core.commands.notifying import LONGEST_WORDS, Occasion, Said, Similar, Situation
from daemon.core.commands.queueing import RANK, as_ticket, notify
from daemon.core.commands.receipts import transcript
from daemon.core.commands.values import Reply
from daemon.core.dossier import Dossier, copied_by
from daemon.core.policy import Agent, Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.similar import similar, words_of
from daemon.core.sla.course import Course
from daemon.core.sla.events import Opening
from daemon.core.sla.minutes import LoggedCall, usage
from daemon.core.sla.penalties import month_of
from daemon.core.sla.promises import SlaVersion
from daemon.core.sla.replay import replay
from daemon.core.values import Plan, Ticket


def new_ticket(
    case: Case, opened: OpenTicket, version: SlaVersion, *, asked_two: bool
) -> tuple[QueueMail, ...]:
    """To every agent. `version`: the agreement with the hours that the ticket is opened under; `asked_two`:
    the acknowledgement holds the two questions of a provisional P1."""
    opening = Opening(
        at=opened.at,
        plan=opened.plan,
        coverage=opened.coverage,
        priority=opened.priority,
        provisional=opened.provisional,
    )
    account = case.snapshot.account
    by_phone_of_nobody = case.mail.call is not None and opened.requester == case.mail.from_
    situation = Situation(
        ticket=as_ticket(opened, listening=not by_phone_of_nobody),
        course=replay(opening, (), version, case.now),
        occasion=Occasion.NEW,
        said=_said(case),
        rule=opened.rule,
        evidence=tuple(e.text for e in opened.evidence if e.facet == "severity"),
        asked_two=asked_two,
        account=account,
        contact=case.snapshot.contact,
        minutes_left=minutes_left(case, opened.plan, version, case.snapshot.calls) if account else None,
        similar=_seen_before(case, opened),
    )
    return _to_agents(case, situation)


def _seen_before(case: Case, opened: OpenTicket) -> tuple[Similar, ...]:
    decided = (e.text for e in opened.evidence if e.facet == "severity")
    return similar(words_of((opened.subject, *decided)), case.snapshot.archive)


def customer_wrote(
    case: Case, dossier: Dossier, ticket: Ticket, course: Course, *, everybody: bool = False
) -> tuple[QueueMail, ...]:
    """To whoever has the ticket, else to all agents. `ticket` and `course` as the message leaves them;
    `everybody`: all agents in any case, for the customer objects to what was made of it."""
    told = ticket if not everybody else replace(ticket, assignee=None)
    return _to_agents(case, _situation(case, dossier, ticket, course, Occasion.ANSWER), told)


def third_party(case: Case, dossier: Dossier, ticket: Ticket, course: Course) -> tuple[QueueMail, ...]:
    """Somebody who is no customer of the ticket wrote; nothing has moved."""
    return _to_agents(case, _situation(case, dossier, ticket, course, Occasion.THIRD_PARTY))


def it_works(case: Case, ticket: Ticket, course: Course) -> tuple[QueueMail, ...]:
    """The agents are asked whether the customer's "it works" resolves the ticket: a yes suffices. In place of
    a notification."""
    mails = []
    for agent in _in_charge(ticket, case.policy):
        hearing = Hearing(
            reply=Reply(commands=(), words=""),
            agent=agent,
            policy=case.policy,
            at=case.opened_at,
            now=case.now,
            cause=case.cause,
            answers="",
            standing=Standing(ticket=ticket, works=True, course=course),
        )
        told = _said(case)
        facts: dict[str, object] = {
            "about": "works",
            "words": told.text[:LONGEST_WORDS],
            "author": told.author.name or told.author.address,
            "at": told.at.isoformat(),
        }
        if recipients("confirm", Circle(policy=case.policy, agent=agent.addresses[0])):
            asked = transcript(hearing, "confirm", "asked", **facts)
            mails.append(replace(asked, rank=RANK))
    return tuple(mails)


def minutes_left(case: Case, plan: Plan, version: SlaVersion, calls: Sequence[LoggedCall]) -> int | None:
    """Included call minutes that are left this month; None where the plan includes none."""
    terms = version.plans[plan]
    if not terms.minutes:
        return None
    zone = ZoneInfo(case.policy.timezone)
    return usage(calls, month_of(case.now, zone), terms, version.rules, zone).left


def _situation(case: Case, dossier: Dossier, ticket: Ticket, course: Course, occasion: Occasion) -> Situation:
    account = dossier.account
    left = minutes_left(case, ticket.plan, course.version, dossier.calls) if account is not None else None
    return Situation(
        ticket=ticket,
        course=course,
        occasion=occasion,
        said=_said(case),
        rule=dossier.rule,
        evidence=tuple(e.text for e in dossier.evidence if e.facet == "severity"),
        asked_two=ticket.provisional,
        account=account,
        contact=case.snapshot.contact,
        others=dossier.others,
        minutes_left=left,
        copied=copied_by(dossier),
        suppressed=dossier.suppressed,
    )


def _to_agents(case: Case, situation: Situation, told: Ticket | None = None) -> tuple[QueueMail, ...]:
    holder = (told or situation.ticket).assignee
    cause = f"notification:{case.cause}"
    return notify(situation, case.policy, cause=cause, now=case.now, assignee=holder)


def _in_charge(ticket: Ticket, policy: Policy) -> tuple[Agent, ...]:
    assigned = tuple(agent for agent in policy.agents if agent.handle == ticket.assignee)
    return assigned or policy.agents


def _said(case: Case) -> Said:
    mail = case.mail
    return Said(
        direction="in",
        author=mail.from_,
        at=case.opened_at,
        text=mail.new_text or mail.text,
        attachments=mail.attachments,
    )

"""What an agent is told of a ticket: the facts of a `notification`, of « voir » and of « client ». The words
are the template's; who gets it is `recipients`'."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from daemon.core.commands.values import Verb
from daemon.core.commands.vocabulary import shown
from daemon.core.policy import Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import Cycle
from daemon.core.values import Account, Address, Attachment, ClockName, Contact, State, Ticket

LONGEST_WORDS: Final = 20_000
"""Characters of a customer's message that are repeated; the rest is on the ticket."""

_TAPS: Final = (Verb.TAKE, Verb.CALL, Verb.WAIT, Verb.RESOLVE, Verb.NOTE, Verb.SHOW, Verb.HELP)


class Occasion(StrEnum):
    """Why an agent hears of a ticket."""

    NEW = "new"
    ANSWER = "answer"
    THIRD_PARTY = "third_party"  # somebody who is no customer of the ticket wrote
    ASSIGNED = "assigned"  # the whole conversation is handed over
    TAKEN = "taken"  # the same, to an agent who took it and has not seen all of it
    SHOWN = "shown"  # it was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of the ticket. `direction`: in, out or note."""

    direction: str
    author: Address
    at: datetime
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """A past ticket like this one. `how`: the first words of the answer that solved it."""

    ticket: int
    at: datetime
    subject: str
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything about one ticket that an agent may want to see.

    said       what is told of now; `before`: the conversation so far, oldest first (for a hand-over)
    rule, evidence   why it has its priority, and the customer's words that decided
    asked_two  the two questions of a provisional P1 have gone out
    others     unresolved tickets of the same account, this one left out
    minutes_left   None where the plan has none, or nothing is known
    """

    ticket: Ticket
    course: Course
    occasion: Occasion
    said: Said
    before: tuple[Said, ...] = ()
    rule: str = ""
    evidence: tuple[str, ...] = ()
    asked_two: bool = False
    account: Account | None = None
    contact: Contact | None = None
    others: int = 0
    minutes_left: int | None = None
    similar: tuple[Similar, ...] = ()
    copied: tuple[str, ...] = ()
    suppressed: Collection[str] = frozenset()


def notification(situation: Situation, policy: Policy, *, may_reply: bool = True) -> dict[str, object]:
    """The context of a `notification`. `may_reply`: an answer to this mail reaches the customer, which the
    second line says; else it stays internal."""
    ticket, account = situation.ticket, situation.account
    name = account.name if account is not None else _name(ticket, ticket.requester) or ticket.requester
    readers = _readers(situation, policy) if may_reply else ()
    return {
        "language": policy.language.value,
        "what": situation.occasion.value,
        "subject": ticket.subject,
        "display": f"{ticket.priority.value} · {name}",
        "state": ticket.state.value,
        "priority": ticket.priority.value,
        "provisional": ticket.provisional,
        "first": _first(situation.course),
        "holder": _agent(policy, ticket.assignee),
        "readers": [_name(ticket, address) or address for address in readers],
        "unreachable": may_reply and not readers,
        "takes": may_reply and ticket.assignee is None,
        **_message(situation.said),
        "conversation": [_message(one) for one in situation.before],
        "rule": situation.rule,
        "evidence": list(situation.evidence),
        "installs_unknown": account is not None and account.installs is None,
        "asked_two": situation.asked_two,
        "clocks": clocks(situation.course),
        "continuous": situation.course.hours.name == situation.course.version.continuous.name,
        "opened": ticket.opened_at.isoformat(),
        **account_facts(situation),
        "similar": [_similar(one) for one in situation.similar],
        "commands": [shown(verb, policy.language.value) for verb in _TAPS],
        "in_reply_to": "",
        "references": [],
    }


def clocks(course: Course) -> list[dict[str, object]]:
    """The open cycle of each clock: due while it runs, seconds of working time left while it stands still."""
    found = [(clock, course.running(clock)) for clock in ClockName]
    return [
        {
            "clock": clock.value,
            "due": cycle.due.isoformat() if cycle.due is not None else None,
            "paused": cycle.paused,
            "left": cycle.left,
            "breached": cycle.breached.isoformat() if cycle.breached is not None else None,
            "source": cycle.source,
        }
        for clock, cycle in found
        if cycle is not None
    ]


def listed(tickets: Sequence[tuple[Ticket, Course]], policy: Policy) -> list[dict[str, object]]:
    """Tickets by what is due first, those that wait or are over at the end."""
    rows = [(_first(course), ticket) for ticket, course in tickets]
    rows.sort(key=lambda row: (row[0] is None, str(row[0]["due"]) if row[0] else "", row[1].id))
    return [line(ticket, first, policy) for first, ticket in rows]


def line(
    ticket: Ticket, first: Mapping[str, object] | None, policy: Policy, account: str = ""
) -> dict[str, object]:
    """A ticket in a list. `first`: the clock that falls due first, as in a notification; `account`: name."""
    return {
        "ref": ticket.ref,
        "subject": ticket.subject,
        "account": account,
        "priority": ticket.priority.value,
        "provisional": ticket.provisional,
        "state": ticket.state.value,
        "holder": _agent(policy, ticket.assignee),
        "first": dict(first) if first is not None else None,
    }


def _first(course: Course) -> dict[str, object] | None:
    """What is due first, a status update left out: the daemon itself keeps that one."""
    if course.state in {State.RESOLVED, State.CLOSED}:
        return None
    running: list[Cycle] = []
    for clock in (ClockName.FIRST_RESPONSE, ClockName.NEXT_RESPONSE, ClockName.RESOLUTION):
        cycle = course.running(clock)
        if cycle is not None and cycle.due is not None:
            running.append(cycle)
    if not running:
        return None
    first = min(running, key=lambda cycle: cycle.due or cycle.promised)
    return {
        "clock": first.clock.value,
        "due": (first.due or first.promised).isoformat(),
        "breached": first.breached is not None,
    }


def _readers(situation: Situation, policy: Policy) -> tuple[str, ...]:
    return recipients(
        "reply",
        Circle(
            policy=policy,
            people=situation.ticket.participants,
            copied=situation.copied,
            suppressed=situation.suppressed,
        ),
    )


def _message(said: Said) -> dict[str, object]:
    return {
        "direction": said.direction,
        "author": said.author.name or said.author.address,
        "address": said.author.address,
        "at": said.at.isoformat(),
        "text": said.text[:LONGEST_WORDS],
        "shortened": len(said.text) > LONGEST_WORDS,
        "attachments": [
            {"name": a.name, "media_type": a.media_type, "size": a.size, "sha256": a.sha256}
            for a in said.attachments
        ],
    }


def account_facts(situation: Situation) -> dict[str, object]:
    """What is known of the customer of a ticket."""
    ticket, account, contact = situation.ticket, situation.account, situation.contact
    return {
        "account": account.name if account is not None else "",
        "account_key": account.key if account is not None else "",
        "plan": ticket.plan.value,
        "coverage": ticket.coverage.value,
        "installs": account.installs if account is not None else None,
        "phones": list(account.phones) if account is not None else [],
        "minutes_left": situation.minutes_left,
        "others": situation.others,
        "requester": _name(ticket, ticket.requester) or ticket.requester,
        "requester_address": ticket.requester,
        "writes_in": (contact.language if contact is not None else None) or ticket.language.value,
    }


def _similar(one: Similar) -> dict[str, object]:
    return {"ticket": one.ticket, "at": one.at.isoformat(), "subject": one.subject, "how": one.how}


def _name(ticket: Ticket, address: str) -> str:
    return next((p.name for p in ticket.participants if p.address == address), "")


def _agent(policy: Policy, handle: str | None) -> str:
    return next((a.name or a.handle for a in policy.agents if a.handle == handle), handle or "")

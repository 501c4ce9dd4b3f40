"""A desk of a few tickets, as the store would tell of it, and an agent's mail that is decided on it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from daemon.core import actions as act
from daemon.core.agency.afterwards import ticket_after
from daemon.core.agency.wanting import wanted, wanted_still
from daemon.core.agents import on_agent_away, on_agent_mail
from daemon.core.commands.hearing import Held, Spoken
from daemon.core.dossier import Dossier, course_of
from daemon.core.facts import Listed, Lookup, Snapshot
from daemon.core.inbound import Inbound
from daemon.core.keeping import course_after
from daemon.core.matching import lookup
from daemon.core.policy import Policy
from daemon.core.sla.events import Opening, Released, Taken
from daemon.core.values import (
    Account,
    Address,
    Claim,
    ClaimKind,
    Findings,
    Mail,
    OutboxRow,
    Participant,
    SendState,
    State,
)
from tests.core.build import MARIE, account, arrival, mail, policy, ticket
from tests.core.commands.build import ALEX, NOW, SAM
from tests.core.sla_cases import shipped

SENT = NOW - timedelta(minutes=20)
"""When the mail of ours went out that is answered."""

ROY = account()
TRUSTED = "mx.azimutpos.com"


def desk_policy(**changes: Any) -> Policy:
    given: dict[str, Any] = {"agents": (ALEX, SAM), "sla": (shipped(),), "trusted_authserv": (TRUSTED,)}
    return policy(**{**given, **changes})


def dossier(number: int = 1042, **changes: Any) -> Dossier:
    """Changes of `Ticket` or of `Dossier`, by their names; `account` is an Account or None. An open P2 of
    Marie's that nobody has."""
    customer: Account | None = changes.pop("account", ROY)
    changes["account"] = customer.key if customer is not None else None
    of_dossier = set(Dossier.__slots__) - {"account"}
    of_ticket = {k: v for k, v in changes.items() if k not in of_dossier}
    found = {k: v for k, v in changes.items() if k in of_dossier}
    people = (Participant(address=MARIE, name="Marie Roy"),)
    one = ticket(number, **{"state": State.OPEN, "participants": people, **of_ticket})
    given: dict[str, Any] = {
        "ticket": one,
        "opening": Opening(at=one.opened_at, plan=one.plan, coverage=one.coverage, priority=one.priority),
        "events": (
            Taken(at=one.opened_at + timedelta(minutes=1)),
            *(() if one.assignee else (Released(at=one.opened_at + timedelta(minutes=2)),)),
        ),
        "sla_version": shipped().name,
        "spoke": Spoken(
            message_id=f"m{number}@client.example",
            at=one.opened_at,
            sender=Address(address=one.requester, name="Marie Roy"),
            subject=one.subject,
        ),
        "spoke_text": "La caisse est gelée.",
        "account": customer,
    }
    return Dossier(**{**given, **found})


def row(kind: str = "notification", number: int | None = 1042, **changes: Any) -> OutboxRow:
    """A mail of ours to Alex, to which the answer goes."""
    given: dict[str, Any] = {
        "id": 17,
        "version": 1,
        "kind": kind,
        "ticket": number,
        "recipient": "alex@azimutpos.com",
        "cause": f"{kind}:x",
        "context": {"language": "fr"},
        "rank": 2,
        "state": SendState.SENT,
        "attempts": 1,
        "queued_at": SENT,
        "due_at": None,
        "message_id": "ours@azimutpos.com",
    }
    return OutboxRow(**{**given, **changes})


PURPOSES = {"notification": "agent", "confirm": "confirm", "transcript": "command", "digest": "command"}


@dataclass
class Desk:
    """What the store holds. `answered` is the mail of ours that the agent's mail answers."""

    dossiers: dict[int, Dossier] = field(default_factory=lambda: {1042: dossier()})
    answered: OutboxRow | None = field(default_factory=row)
    held: Held | None = None
    accounts: tuple[Account, ...] = (ROY,)
    listing: tuple[Listed, ...] = ()
    acks: int = 0
    policy: Policy = field(default_factory=desk_policy)
    asked: list[Lookup] = field(default_factory=list)

    def snapshot(self, asked: Lookup) -> Snapshot:
        """As the store answers: only what was asked for."""
        self.asked.append(asked)
        numbers = [
            *asked.tickets,
            *([self.answered.ticket] if self.answered and self.answered.ticket else []),
        ]
        found = {n: self.dossiers[n] for n in dict.fromkeys(numbers) if n in self.dossiers}
        into = {d.ticket.merged_into for d in found.values() if d.ticket.merged_into is not None}
        found |= {n: self.dossiers[n] for n in into}
        by_mail = {address: a for a in self.accounts for address in a.emails}
        return Snapshot(
            tickets=tuple(d.ticket for d in found.values()),
            dossiers=found,
            answered=self.answered,
            held=self.held,
            accounts_named=dict.fromkeys(asked.accounts, self.accounts),
            customers={address: by_mail.get(address) for address in asked.customers},
            foreign={a: by_mail[a].key for a in asked.named if a in by_mail},
            listing=self.listing if asked.listing else (),
            acks_last_hour=self.acks,
        )

    def decide(self, given: Mail, words: str, **changes: Any) -> act.Decision:
        """Read, asked, asked again where more is needed, decided; what holds of every decision is checked."""
        claims: Sequence[Claim] = changes.pop("claims", ())
        at: datetime = changes.pop("at", NOW)
        findings: Findings | None = changes.pop("findings", None)
        now = changes.pop("now", at + timedelta(seconds=2))
        inbound = Inbound(
            arrival=arrival(at),
            mail=given,
            claims=claims,
            findings=findings,
            raw=b"x",
            words=words,
            **changes,
        )
        asked = wanted(lookup(given, claims, at), given, words, self.policy, at)
        seen = self.snapshot(asked)
        more = wanted_still(asked, seen, given, self.policy, at)
        if more is not None:
            seen = self.snapshot(more)
        door = on_agent_away if given.mail_class.value == "auto_reply" else on_agent_mail
        decision = door(inbound, seen, self.policy, now)
        sound(decision)
        for one in seen.dossiers.values():
            agrees(decision, one, self.policy)
        return decision

    def says(self, text: str, **changes: Any) -> act.Decision:
        """Alex answers with `text`, with the token that the answered mail carries. `by`: another address."""
        by = changes.pop("by", "alex@azimutpos.com")
        of_mail = {k: changes.pop(k) for k in list(changes) if k in Mail.__slots__}
        sender = Address(address=by, name="Alex Roy")
        given = mail(
            by,
            **{
                "message_id": "a1@azimutpos.com",
                "from_": sender,
                "senders": (sender,),
                "subject": "Re: AZ-1042 Caisse gelée",
                "text": text,
                "new_text": text,
                "in_reply_to": ("ours@azimutpos.com",) if self.answered is not None else (),
                **of_mail,
            },
        )
        claims = changes.pop("claims", None)
        if claims is None:
            claims = (self.token(),) if self.answered is not None else ()
        return self.decide(given, text, claims=claims, **changes)

    def token(self, **changes: Any) -> Claim:
        answered = self.answered or row()
        held = bool(answered.context.get("held"))
        purpose = "confirm" if held else PURPOSES.get(answered.kind, "command")
        given: dict[str, Any] = {
            "kind": ClaimKind.TOKEN,
            "ticket": answered.ticket or 0,
            "purpose": purpose,
            "for_sender": True,
        }
        return Claim(**{**given, **changes})


def vouched(address: str = "alex@azimutpos.com", result: str = "pass") -> tuple[str, ...]:
    """The Authentication-Results of a server that is trusted."""
    return (f"{TRUSTED}; dmarc={result} header.from={address.rpartition('@')[2]}",)


def sound(decision: act.Decision) -> None:
    """What holds of every decision on an agent's mail."""
    actions = decision.actions
    assert len(of(decision, act.RecordMail)) == 1
    moved = {a.ticket for a in of(decision, act.AddEvent)}
    opened = {act.NEW} if of(decision, act.OpenTicket) else set()
    assert {a.ticket for a in of(decision, act.WriteClocks)} == moved | opened
    causes = Counter(m.cause for m in of(decision, act.QueueMail))
    assert [cause for cause, times in causes.items() if times > 1] == []
    for told in of(decision, act.QueueMail):
        assert json.loads(json.dumps(told.context)) == told.context
        assert told.context["language"] in {"fr", "en"}
    assert len(of(decision, act.OpenTicket)) <= 1
    row_ = of(decision, act.RecordMail)[0]
    assert (row_.ticket == act.NEW) == (row_.disposition.value == "ticket")
    assert actions[0] is row_
    assert {n for n in moved if n != act.NEW} <= decision.reads.keys()


def agrees(decision: act.Decision, before: Dossier, rules: Policy) -> None:
    """What lists show of a ticket is what its course says, where it was so before."""
    was, ticket_ = course_of(before, rules, NOW), before.ticket
    if (was.state, was.priority, was.provisional) != (ticket_.state, ticket_.priority, ticket_.provisional):
        return
    course, left = course_after(decision, before, rules), ticket_after(ticket_, decision.actions)
    assert (left.state, left.priority, left.provisional) == (
        course.state,
        course.priority,
        course.provisional,
    )
    assert (left.assignee is not None) == (course.taken_at is not None), (
        "an alarm rings until somebody has it"
    )


def of(decision: act.Decision, kind: type) -> list[Any]:
    return [action for action in decision.actions if isinstance(action, kind)]


def events(decision: act.Decision) -> list[tuple[int, str]]:
    return [(a.ticket, type(a.event).__name__) for a in of(decision, act.AddEvent)]


def mails(decision: act.Decision) -> list[tuple[str, str]]:
    return [(m.kind, m.recipient) for m in of(decision, act.QueueMail)]


def told(decision: act.Decision, kind: str = "transcript") -> dict[str, Any]:
    """The context of the one mail of this kind."""
    (found,) = [m.context for m in of(decision, act.QueueMail) if m.kind == kind]
    return dict(found)


def held_by(decision: act.Decision) -> Held:
    """What the store keeps of an agent's mail that waits for a yes."""
    (one,) = of(decision, act.HoldMail)
    return Held(
        cause=one.cause,
        ticket=one.ticket,
        agent=one.agent,
        words=one.words,
        yes=one.yes,
        send=one.send,
        attachments=one.attachments,
        managers=one.managers,
    )


def asked_by(desk: Desk, decision: act.Decision, kind: str) -> Desk:
    """The desk once its question has gone out: the next mail answers it."""
    (question,) = [m for m in of(decision, act.QueueMail) if m.kind == kind]
    answered = row(kind, question.ticket, context=question.context, recipient=question.recipient)
    return replace(desk, answered=answered, held=held_by(decision), asked=[])

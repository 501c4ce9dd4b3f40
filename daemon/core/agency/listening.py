"""An agent's mail as the judge hears it: which ticket it belongs to, what it answers, how it is proven."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core.agency.standings import standing_of
from daemon.core.agency.wanting import setting
from daemon.core.authentication import authenticated, dmarc
from daemon.core.case import arrival_cause
from daemon.core.commands.answering import read_held
from daemon.core.commands.hearing import Hearing, Standing
from daemon.core.commands.needs import needs
from daemon.core.commands.reading import read_reply
from daemon.core.commands.rights import proof
from daemon.core.commands.values import Reply
from daemon.core.dossier import Dossier, copied_by
from daemon.core.facts import Snapshot
from daemon.core.inbound import Inbound
from daemon.core.matching import TOKEN_LIFE
from daemon.core.policy import Agent, Policy
from daemon.core.recipients import WATCHER
from daemon.core.values import Claim, ClaimKind, Mail, OutboxRow, Ticket

_ABOUT: Final = frozenset({"works", "update"})
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """`dossier` of the mail's own ticket, None where it belongs to none. `aside`: the desk stands in Cc, or
    nowhere at all, so that the mail is not meant for it; `readers`: the ticket's customers among those whom
    such a mail went to."""

    hearing: Hearing
    dossier: Dossier | None
    aside: bool = False
    readers: tuple[str, ...] = ()


def hear(
    inbound: Inbound,
    mail: Mail,
    agent: Agent,
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    *,
    filed: bool = False,
) -> Heard:
    """The hearing of this mail. A mail that is not meant for the desk answers nothing: its words have reached
    whom they were for, and its commands need their prefix. `filed`: it lay in the desk's own Sent folder,
    which proves it; it commands nothing."""
    at = min(inbound.arrival.internaldate, now)
    ticket = own_ticket(mail, inbound.claims, snapshot)
    dossier = snapshot.dossiers.get(ticket.id) if ticket is not None else None
    claims = _led(inbound.claims, snapshot, at) if _one_sender(mail) else ()
    vouched = filed or (authenticated(mail, policy) and _one_sender(mail))
    proven, purpose = proof(claims, ticket.id if ticket is not None else None, authenticated=vouched)
    aside = filed or not _to_us(mail, policy)
    row = _answered(snapshot, ticket)
    at = _after(at, row)
    answers = "" if aside else _kind(row, purpose)
    bare = answers != "notification" and not aside
    reply = (
        Reply(commands=(), words=inbound.words)
        if filed
        else read_reply(inbound.words, setting(agent, policy, at, bare=bare))
    )
    since = (row.queued_at if row is not None else _spoke(dossier)) if answers == "notification" else None
    hearing = Hearing(
        reply=reply,
        agent=agent,
        policy=policy,
        at=at,
        now=now,
        cause=arrival_cause(inbound.arrival),
        proof=proven,
        purpose=purpose,
        answers=answers,
        about=_about(row) if answers == "confirm" else "",
        denied=dmarc(mail, policy) == "fail",
        standing=(
            standing_of(dossier, policy, at, reader=agent.handle, since=since)
            if dossier is not None
            else None
        ),
        others=_others(reply, snapshot, agent, policy, at),
        accounts=snapshot.accounts_named,
        account=dossier.account if dossier is not None else None,
        held=snapshot.held if row is not None and not aside else None,
        attachments=mail.attachments,
        full_text=mail.text,
        subject=mail.subject,
        message_id=mail.message_id,
        sender=mail.from_,
        doubts=inbound.doubts,
        foreign=_foreign(snapshot, ticket),
        suppressed=dossier.suppressed if dossier is not None else frozenset(),
        copied=copied_by(dossier) if dossier is not None else (),
        hold=timedelta(seconds=policy.hold),
    )
    readers = _customers(mail, ticket) if aside and ticket is not None else ()
    return Heard(hearing=hearing, dossier=dossier, aside=aside, readers=readers)


def own_ticket(mail: Mail, claims: Sequence[Claim], snapshot: Snapshot) -> Ticket | None:
    """The ticket that the mail's evidence names, strongest first. An answer to a mail of ours about the desk
    belongs to none, whatever stands in its text."""
    for claim in sorted(_of(claims, ClaimKind.TOKEN), key=lambda c: not c.for_sender):
        if (found := snapshot.ticket(claim.ticket)) is not None:
            return found
    row = snapshot.answered
    if row is not None:
        return snapshot.ticket(row.ticket) if row.ticket is not None else None
    recorded = {message.message_id: message.ticket for message in snapshot.recorded}
    numbers = [
        *(claim.ticket for claim in _of(claims, ClaimKind.SIGNED_ID)),
        *(recorded[i] for i in (*mail.in_reply_to, *reversed(mail.references)) if i in recorded),
        *(claim.ticket for claim in _of(claims, ClaimKind.BODY_TOKEN)),
        *(claim.ticket for claim in _of(claims, ClaimKind.SUBJECT)),
    ]
    return next((found for n in numbers if (found := snapshot.ticket(n)) is not None), None)


def _of(claims: Sequence[Claim], kind: ClaimKind) -> Iterator[Claim]:
    return (claim for claim in claims if claim.kind is kind)


def _led(claims: Sequence[Claim], snapshot: Snapshot, at: datetime) -> tuple[Claim, ...]:
    """The claims under the numbers that merges lead to; those of tickets that closed long ago prove nothing
    any more."""
    led: list[Claim] = []
    for claim in claims:
        found = snapshot.ticket(claim.ticket)
        if found is not None and found.closed_at is not None and at > found.closed_at + TOKEN_LIFE:
            continue
        led.append(replace(claim, ticket=found.id) if found is not None else claim)
    return tuple(led)


def _one_sender(mail: Mail) -> bool:
    """Whose mail it is cannot be told of one with two mailboxes in From (RFC 5322 section 3.6.2)."""
    return len({sender.address for sender in mail.senders}) <= 1


def _to_us(mail: Mail, policy: Policy) -> bool:
    """The desk stands in To, under whatever domain: a receiving server may write its own."""
    own = policy.desk_address.partition("@")[0]
    locals_ = (address.address.lower().rpartition("@")[0] for address in mail.to)
    return any(local.partition("+")[0] == own for local in locals_)


def _answered(snapshot: Snapshot, ticket: Ticket | None) -> OutboxRow | None:
    """The mail of ours that this one answers, where it is about the same ticket."""
    row = snapshot.answered
    if row is None:
        return None
    about = snapshot.ticket(row.ticket) if row.ticket is not None else None
    same = (about.id if about is not None else None) == (ticket.id if ticket is not None else None)
    return row if same else None


def _after(at: datetime, row: OutboxRow | None) -> datetime:
    """An answer comes after what it answers, also within the second: INTERNALDATE has no fractions (RFC
    3501), and a resolution would stand before the message that it is about."""
    if row is not None and timedelta(0) < row.queued_at - at < _SECOND:
        return row.queued_at
    return at


def _kind(row: OutboxRow | None, purpose: str) -> str:
    """What it answers. Where a program has lost In-Reply-To, the token tells: each has but one use. Of the
    proposals only a credit asks for a yes; non-compliance is for people to conclude from."""
    if row is not None and row.kind == "proposal" and row.context.get("what") != "credit":
        return "finding"
    if row is not None:
        return row.kind
    return {"agent": "notification", "confirm": "confirm"}.get(purpose, "")


def _about(row: OutboxRow | None) -> str:
    about = str(row.context.get("about", "")) if row is not None else ""
    return about if about in _ABOUT else ""


def _spoke(dossier: Dossier | None) -> datetime | None:
    """Of a notification that is not known: it went out after the customer's newest message."""
    return dossier.spoke.at if dossier is not None and dossier.spoke is not None else None


def _others(
    reply: Reply, snapshot: Snapshot, agent: Agent, policy: Policy, at: datetime
) -> Mapping[int, Standing]:
    held = snapshot.held
    lines = [*(held.yes or ()), *(held.send or ())] if held is not None else []
    again = read_held(lines, setting(agent, policy, at, bare=True))
    others: dict[int, Standing] = {}
    for number in needs(reply, again).tickets:
        ticket = snapshot.ticket(number)
        dossier = snapshot.dossiers.get(ticket.id) if ticket is not None else None
        if dossier is not None:
            others[number] = standing_of(dossier, policy, at, reader=agent.handle)
    return others


def _foreign(snapshot: Snapshot, ticket: Ticket | None) -> frozenset[str]:
    own = ticket.account if ticket is not None else None
    return frozenset(address for address, key in snapshot.foreign.items() if key != own)


def _customers(mail: Mail, ticket: Ticket) -> tuple[str, ...]:
    """The ticket's customers among the readers of a mail that the agent sent from their own program."""
    known = {p.address for p in ticket.participants if p.role not in {"third_party", WATCHER}}
    return tuple(dict.fromkeys(a.address for a in (*mail.to, *mail.cc) if a.address in known))

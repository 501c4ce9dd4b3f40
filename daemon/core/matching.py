"""Which ticket a mail belongs to, and how far that is to be trusted (mail.md).

`lookup` says which facts are needed; the store answers once with a `Snapshot`; `match` decides from it. The
core never asks the store anything else.

The theory: evidence says *which* ticket, the sender says *how far* to believe it. Whoever is a participant of
a ticket is believed on any evidence. Somebody who is not may hold a copied token, a forwarded Message-ID or a
reference that was read over a shoulder: they are believed only as an authenticated colleague of the ticket's
account, or, where they stood on the very message that they answer, as a third party who may speak but moves
nothing. Everybody else gets a ticket of their own, marked as possibly related, and is told nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from daemon.core.authentication import authenticated
from daemon.core.facts import COMPARED as COMPARED
from daemon.core.facts import Lookup as Lookup
from daemon.core.facts import RecordedMessage as RecordedMessage
from daemon.core.facts import Snapshot as Snapshot
from daemon.core.policy import Policy
from daemon.core.values import (
    BounceReport,
    Claim,
    ClaimKind,
    Mail,
    MailClass,
    Ticket,
    Unreadable,
)

TOKEN_LIFE: Final = timedelta(days=60)
"""How long evidence of ours holds after its ticket closed (mail.md; a ⚙ key of a later issue)."""


class Role(StrEnum):
    """As whom the sender speaks on the ticket."""

    PARTICIPANT = "participant"
    COLLEAGUE = "colleague"
    THIRD_PARTY = "third_party"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`ticket` None: the mail belongs to no ticket that its sender may write to; `related` is then the one
    that its evidence names, for the agents' eyes only."""

    ticket: Ticket | None = None
    role: Role = Role.PARTICIPANT
    evidence: str = ""
    related: int | None = None


def lookup(
    mail: Mail | Unreadable, claims: Sequence[Claim], arrived: datetime, bounced_rows: Sequence[int] = ()
) -> Lookup:
    """The facts that `match` and `decide` need for this mail. `bounced_rows`: outbox rows that the VERP
    address names to which a delivery report came."""
    if isinstance(mail, Unreadable):
        return Lookup(
            message_id=mail.message_id,
            fingerprint=mail.fingerprint,
            arrived=arrived,
            sender=mail.from_.address if mail.from_ else "",
        )
    returned = mail.bounce.original_message_id if mail.bounce else None
    return Lookup(
        message_id=mail.message_id,
        fingerprint=mail.fingerprint,
        arrived=arrived,
        sender="" if mail.call else mail.from_.address,  # a caller is no sender, and a machine nobody's
        recorded_ids=_answered_ids(mail),
        tickets=tuple(dict.fromkeys(claim.ticket for claim in claims)),
        outbox_ids=(returned,) if returned else (),
        outbox_rows=tuple(bounced_rows),
        bounced=_failed(mail.bounce) if mail.bounce else "",
        caller=(mail.call.caller or "") if mail.call else "",
        list_domains=_list_domains(mail.list_domain),
    )


def match(
    mail: Mail, claims: Sequence[Claim], snapshot: Snapshot, policy: Policy, arrived: datetime
) -> Match:
    """The ticket this mail belongs to. Evidence is weighed strongest first; the first that its sender may use
    decides, and the first of all names the related ticket when there is none. Each voice message is a matter
    of its own: its sender is a machine."""
    if mail.mail_class is MailClass.VOICEMAIL:
        return Match()
    related: int | None = None
    for ticket, evidence, people in _evidence(mail, claims, snapshot):
        if ticket.closed_at is not None and arrived > ticket.closed_at + TOKEN_LIFE:
            continue  # too old to be believed; the mail starts afresh
        role = _role(mail, ticket, evidence, people, snapshot, policy)
        if role is not None:
            return Match(ticket=ticket, role=role, evidence=evidence)
        if related is None:
            related = ticket.id
    if related is None and snapshot.open_p1 is not None:
        # A second cry for help within 4 h, without quoting us, is the same emergency.
        return Match(ticket=snapshot.open_p1, role=Role.PARTICIPANT, evidence="open P1 of the same person")
    return Match(related=related)


def _failed(report: BounceReport) -> str:
    return report.recipient or "" if report.action == "failed" else ""


def _list_domains(domain: str) -> tuple[str, ...]:
    """A list's own label may hold dots (RFC 2919 section 2): any end of two labels may be the domain."""
    labels = domain.split(".")
    return tuple(".".join(labels[start:]) for start in range(min(len(labels) - 1, 10)))


def _answered_ids(mail: Mail) -> tuple[str, ...]:
    """In-Reply-To, then References newest first; an id that is empty matches nothing. Bounded: a hostile
    References field holds thousands."""
    ids = [*mail.in_reply_to, *reversed(mail.references)]
    return tuple(dict.fromkeys(i for i in ids if i))[:50]


def _evidence(
    mail: Mail, claims: Sequence[Claim], snapshot: Snapshot
) -> Iterator[tuple[Ticket, ClaimKind, tuple[str, ...]]]:
    """Evidence that leads to a ticket that exists, strongest kind first (mail.md, (1) to (5))."""

    def named(*kinds: ClaimKind) -> Iterator[tuple[Ticket, ClaimKind, tuple[str, ...]]]:
        for claim in claims:
            ticket = snapshot.ticket(claim.ticket) if claim.kind in kinds else None
            if ticket is not None:
                yield ticket, claim.kind, ()

    yield from named(ClaimKind.TOKEN)
    yield from named(ClaimKind.SIGNED_ID)
    recorded = {message.message_id: message for message in snapshot.recorded}
    for message_id in _answered_ids(mail):
        message = recorded.get(message_id)
        ticket = snapshot.ticket(message.ticket) if message else None
        if message is not None and ticket is not None:
            yield ticket, ClaimKind.RECORDED_ID, message.people
    yield from named(ClaimKind.BODY_TOKEN)
    yield from named(ClaimKind.SUBJECT)


def _role(
    mail: Mail,
    ticket: Ticket,
    kind: ClaimKind,
    people: Sequence[str],
    snapshot: Snapshot,
    policy: Policy,
) -> Role | None:
    """As whom this sender may write on this ticket; None: not at all."""
    sender = mail.from_.address
    if policy.agent(sender) is not None:
        return Role.AGENT
    if ticket.has_participant(sender):
        return Role.PARTICIPANT
    account = snapshot.account
    if account is not None and account.key == ticket.account and authenticated(mail, policy):
        return Role.COLLEAGUE
    if kind is ClaimKind.RECORDED_ID and sender in people:
        return Role.THIRD_PARTY
    return None

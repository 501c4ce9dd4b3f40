"""What nobody could read, or on which the program failed: kept with the reason, and somebody is told."""

from __future__ import annotations

from datetime import datetime

from daemon.core import breakers
from daemon.core.actions import NEW, AddMessage, Decision
from daemon.core.case import arrival_cause
from daemon.core.facts import Snapshot
from daemon.core.inbound import Inbound, record
from daemon.core.notices import notice
from daemon.core.policy import Policy
from daemon.core.stub import open_stub
from daemon.core.values import Address, Disposition, Ticket, Unreadable


def on_unreadable(
    inbound: Inbound, mail: Unreadable, snapshot: Snapshot, policy: Policy, now: datetime
) -> Decision:
    """A stub ticket for each, until its sender has opened too many: a flood of broken mails is one matter,
    and one alarm."""
    rule, newest = breakers.on_opening(snapshot, policy), snapshot.newest_ticket
    if not rule or newest is None:
        return set_aside(inbound, mail.reason, policy, now)
    return _group(inbound, mail, snapshot.ticket(newest.id) or newest, rule, policy, now)


def set_aside(inbound: Inbound, reason: str, policy: Policy, now: datetime) -> Decision:
    """Quarantine: the mail is kept with the reason, a stub ticket runs a clock, agents are told. Also what
    the intake does with a mail on which the program itself failed."""
    mail = inbound.mail
    sender = mail.from_
    stub = open_stub(inbound.arrival, mail.subject, sender, reason, mail.text, mail.message_id, policy, now)
    told = notice(
        "quarantine",
        cause=f"quarantine:{arrival_cause(inbound.arrival)}",
        ticket=NEW,
        policy=policy,
        now=now,
        facts={
            "reason": reason,
            "sender": sender.address if sender else "",
            "subject": mail.subject,
            "ticket_subject": mail.subject,
        },
        never_to=sender.address if sender else "",
    )
    return Decision(actions=(record(inbound, Disposition.QUARANTINE, reason, ticket=NEW), *stub, *told))


def _group(
    inbound: Inbound, mail: Unreadable, ticket: Ticket, rule: str, policy: Policy, now: datetime
) -> Decision:
    at = min(inbound.arrival.internaldate, now)
    sender = mail.from_ or Address(address="")
    message = AddMessage(
        ticket=ticket.id,
        direction="in",
        sender=sender,
        at=at,
        text=mail.text or mail.reason,
        full_text=mail.text,
        message_id=mail.message_id,
        role="automatic",
    )
    return Decision(
        actions=(
            record(inbound, Disposition.QUARANTINE, mail.reason, ticket=ticket.id),
            message,
            breakers.remark(rule, sender.address, at, ticket.id),
            *breakers.tell(rule, sender.address, policy, now, ticket.id),
        ),
        reads={ticket.id: ticket.version},
    )

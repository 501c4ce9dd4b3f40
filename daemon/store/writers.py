"""One writer per kind of action, nothing invented. They write inside a transaction that `apply` opened."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from daemon.core import actions as act
from daemon.core.actions import Action
from daemon.core.values import State
from daemon.store import changing, charging, holding, keeping, sending
from daemon.store.erasing import erase
from daemon.store.ledger import record_mail
from daemon.store.tables import Attachment, Contact, History, Message, Participant, Ticket
from daemon.store.tables_mail import InboundContent, Outbox, SuppressedAddress
from daemon.store.unwritten import Writing
from daemon.store.writing import column, insert, insertion

BLOB_FROM: Final = 1_000_000
"""Raw mails over this many bytes are kept as files."""


def clocks_of(decision: act.Decision, ticket: int) -> act.WriteClocks | None:
    """How a decision leaves the clocks of a ticket."""
    found = [a for a in decision.actions if isinstance(a, act.WriteClocks) and a.ticket == ticket]
    return found[-1] if found else None


async def open_ticket(writing: Writing, action: act.OpenTicket, clocks: act.WriteClocks | None) -> None:
    """`clocks`: as the decision leaves them; what the ticket's row says of them is written with it."""
    evidence = [{"facet": e.facet, "text": e.text, "weight": e.weight} for e in action.evidence]
    values = {
        "state": State.NEW.value,
        "priority": action.priority.value,
        "provisional": action.provisional,
        "severity": action.severity.value if action.severity else None,
        "confidence": action.confidence,
        "rule": action.rule,
        "intent": action.intent,
        "missing": list(action.missing),
        "evidence": evidence,
        "to_verify": action.to_verify,
        "related_to": action.related_to,
        "subject": action.subject,
        "requester": action.requester.address,
        "requester_name": action.requester.name,
        "language": action.language.value,
        "account": action.account,
        "plan": action.plan.value,
        "coverage": action.coverage.value,
        "sla_version": action.sla_version,
        "opened_at": action.at,
        "opened_as": {
            "priority": action.priority.value,
            "provisional": action.provisional,
            "plan": action.plan.value,
            "coverage": action.coverage.value,
        },
        "calendar_digest": keeping.hours(writing, action.standard),
        "wake_at": clocks.wake_at if clocks is not None else None,
        "missed_at": clocks.missed_at if clocks is not None else None,
    }
    made = await insert(writing.client, Ticket, [values], "RETURNING id")
    writing.ticket = made[0]["id"]


async def _record_mail(writing: Writing, action: act.RecordMail) -> None:
    ticket = None if action.ticket is None else writing.number(action.ticket)
    blob = hashlib.sha256(action.raw).hexdigest() if len(action.raw) > BLOB_FROM else None
    row = await record_mail(writing.client, action, ticket, blob)
    if blob is None:  # a mail that was held has its bytes already
        writing.add(InboundContent, "ON CONFLICT (id) DO NOTHING", id=row, content=action.raw)


async def _add_message(writing: Writing, action: act.AddMessage) -> None:
    values: dict[str, Any] = {
        "ticket_id": writing.number(action.ticket),
        "direction": action.direction,
        "sender": action.sender.address,
        "sender_name": action.sender.name,
        "role": action.role,
        "at": action.at,
        "text": action.text,
        "full_text": action.full_text,
        "message_id": action.message_id,
        "to": list(action.to),
        "cc": list(action.cc),
        "subject": action.subject or None,
        "references": list(action.references) or None,
    }
    if not action.attachments:
        writing.add(Message, **values)
        return
    made = await insert(writing.client, Message, [values], "RETURNING id")
    for attachment in action.attachments:
        writing.add(
            Attachment,
            message_id=made[0]["id"],
            name=attachment.name,
            media_type=attachment.media_type,
            size=attachment.size,
            sha256=attachment.sha256,
        )


async def _add_participant(writing: Writing, action: act.AddParticipant) -> None:
    """Somebody who is one already stays what they are."""
    writing.add(
        Participant,
        "ON CONFLICT (ticket_id, address) DO NOTHING",
        ticket_id=writing.number(action.ticket),
        address=action.address,
        name=action.name,
        role=action.role,
    )


async def _set_state(writing: Writing, action: act.SetState) -> None:
    """The version grows, so that whoever read the old state decides again."""
    closed = column(Ticket, "closed_at", action.at) if action.state is State.CLOSED else None
    sql = "UPDATE ticket SET state = ?, closed_at = ?, version = version + 1 WHERE id = ?"
    writing.then((sql, [action.state.value, closed, writing.number(action.ticket)]))
    writing.solves = True


async def _add_history(writing: Writing, action: act.AddHistory) -> None:
    writing.add(
        History,
        ticket_id=writing.number(action.ticket),
        at=action.at,
        event=action.event,
        by=action.by,
        detail=action.detail,
    )


async def _remember_contact(writing: Writing, action: act.RememberContact) -> None:
    """What this mail does not tell stays as it was."""
    values = {
        "address": action.address,
        "name": action.name,
        "language": action.language.value if action.language else None,
        "account": action.account,
        "seen_at": action.at,
    }
    tail = (
        "ON CONFLICT (address) DO UPDATE SET"
        " name = CASE WHEN excluded.name = '' THEN contact.name ELSE excluded.name END,"
        " language = COALESCE(excluded.language, contact.language),"
        " account = COALESCE(excluded.account, contact.account), seen_at = excluded.seen_at"
    )
    writing.beside(insertion(Contact, [values], tail))


async def _suppress_address(writing: Writing, action: act.SuppressAddress) -> None:
    values = {"address": action.address, "reason": action.reason, "at": action.at}
    tail = "ON CONFLICT (address) DO UPDATE SET reason = excluded.reason, at = excluded.at"
    writing.then(insertion(SuppressedAddress, [values], tail))


async def _release_address(writing: Writing, action: act.ReleaseAddress) -> None:
    address = column(SuppressedAddress, "address", action.address)
    writing.then(("DELETE FROM suppressed_address WHERE address = ?", [address]))


async def _queue_mail(writing: Writing, action: act.QueueMail) -> None:
    ticket = None if action.ticket is None else writing.number(action.ticket)
    writing.add(Outbox, sending.ONCE, **sending.queued(action, ticket))
    if action.supersede_key is not None:
        writing.then(sending.superseding(action.supersede_key, action.cause))


async def _mark_sent(writing: Writing, action: act.MarkSent) -> None:
    conflict = (await sending.mark_sent(writing.client, [action]))[0]
    if conflict is not None:
        raise conflict


async def _retry_mail(writing: Writing, action: act.RetryMail) -> None:
    await sending.retry(writing.client, action)


async def _give_up_mail(writing: Writing, action: act.GiveUpMail) -> None:
    await sending.give_up(writing.client, action)


async def _cancel_mail(writing: Writing, action: act.CancelMail) -> None:
    await sending.cancel(writing.client, action)


async def _bounce_mail(writing: Writing, action: act.BounceMail) -> None:
    await sending.bounce(writing.client, action)


_Writer: TypeAlias = Callable[[Writing, Any], Awaitable[None]]

WRITERS: Final[dict[type[Action], _Writer]] = {
    act.RecordMail: _record_mail,
    act.AddMessage: _add_message,
    act.AddParticipant: _add_participant,
    act.SetState: _set_state,
    act.QueueMail: _queue_mail,
    act.AddHistory: _add_history,
    act.RememberContact: _remember_contact,
    act.SuppressAddress: _suppress_address,
    act.ReleaseAddress: _release_address,
    act.MarkSent: _mark_sent,
    act.RetryMail: _retry_mail,
    act.GiveUpMail: _give_up_mail,
    act.CancelMail: _cancel_mail,
    act.BounceMail: _bounce_mail,
    act.EraseTicket: erase,
    **holding.WRITERS,
    **keeping.WRITERS,
    **changing.WRITERS,
    **charging.WRITERS,
}

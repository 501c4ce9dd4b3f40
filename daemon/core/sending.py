"""What becomes of a mail in the outbox: before its first attempt, and after every attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core import retry, stale
from daemon.core.accepting import COUNTING, acceptance
from daemon.core.actions import (
    Action,
    AddHistory,
    CancelMail,
    Decision,
    GiveUpMail,
    MarkSent,
    QueueMail,
    RetryMail,
    SaidMail,
)
from daemon.core.case import late
from daemon.core.dossier import Dossier
from daemon.core.keeping import kept
from daemon.core.notices import desk_notice, notice
from daemon.core.policy import Policy
from daemon.core.recipients import CUSTOMERS, TEAM
from daemon.core.values import Delivery, OutboxRow, Outcome

INTERNAL_KINDS: Final = frozenset(TEAM)
"""Kinds that only agents and managers read (contract, X-Azimut-Kind)."""

_WRITTEN_BY_PEOPLE: Final = frozenset({"reply", "resolved"})


_MAY_HAVE_ARRIVED: Final = "an earlier copy may have arrived; "
"""Stays in front of a row's error from its first UNKNOWN on, so that copies are counted, not attempts."""


_NOBODY_THERE: Final = f"{Outcome.UNREACHABLE.value}:"
"""Begins the error of a row whose last attempt met no server, and none of whose copies may have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send it, with these facts: those of the row, corrected by what has become true since it was decided.
    `anew`: the bytes that were kept say too little by now, and no server has ever had them."""

    context: dict[str, object]
    anew: bool = False


_NO_DOSSIERS: Final[Mapping[int, Dossier]] = MappingProxyType({})


def asks_before(row: OutboxRow) -> tuple[int, ...]:
    """The tickets whose dossiers `on_send` wants for this row: those of a mail that may have gone stale."""
    return stale.looked_at(row) if _is_fresh(row) else ()


def asks_after(row: OutboxRow, delivery: Delivery) -> int | None:
    """The ticket whose dossier `on_delivery` wants: its acceptance moves clocks."""
    return row.ticket if delivery.outcome is Outcome.ACCEPTED and row.kind in COUNTING else None


def on_send(
    row: OutboxRow,
    now: datetime,
    policy: Policy | None = None,
    dossiers: Mapping[int, Dossier] = _NO_DOSSIERS,
) -> Send | Decision:
    """The last look before the first attempt: a stale mail says that it is late, what is true by now, or is
    not sent at all. `dossiers`: of the tickets of `asks_before`; one that is missing is not looked at.

    A row whose bytes a server may have had is repeated as it is: the same Message-ID, the same bytes. While
    the server is out of reach nobody has them, and after an outage of hours they must not sound punctual.
    Automatic mail to a suppressed address is not sent; an agent's words are, for a person has looked at it.
    """
    if row.suppressed and row.kind in CUSTOMERS.keys() - _WRITTEN_BY_PEOPLE:
        return _unsendable(row, now)
    if not _is_fresh(row):
        return Send(context=row.context)
    context = row.context
    if policy is not None and dossiers:
        found = stale.current(row, dossiers, policy, now)
        if isinstance(found, str):
            return _overtaken(row, found, now)
        context = found
    if row.kind == "ack" and late(datetime.fromisoformat(str(row.context["opened"])), now):
        rings = bool(context.get("oncall")) and not late(row.queued_at, now)  # else the alarm lay here too
        context = {**context, "late": True, "oncall": rings}
    return Send(context=context, anew=row.message is not None and context != row.context)


def _is_fresh(row: OutboxRow) -> bool:
    """No server can have had it."""
    return row.message is None or row.last_error.startswith(_NOBODY_THERE)


def on_delivery(
    row: OutboxRow,
    delivery: Delivery,
    policy: Policy,
    now: datetime,
    jitter: float,
    dossier: Dossier | None = None,
) -> Decision:
    """The actions that follow from one attempt. `jitter` in [0, 1) spreads the retries. `dossier`: of the
    ticket of `asks_after`, or of the one that it was merged into."""
    copies = int(row.last_error.startswith(_MAY_HAVE_ARRIVED))
    verdict = retry.next_attempt(
        delivery.outcome, row.attempts, row.queued_at, now, jitter, unknown_before=copies
    )
    if isinstance(verdict, retry.Done):
        return _accepted(row, delivery, policy, now, dossier)
    error = _error(delivery)
    if isinstance(verdict, retry.RetryAt):
        told = _MAY_HAVE_ARRIVED + error if copies or delivery.outcome is Outcome.UNKNOWN else error
        return Decision(
            actions=(RetryMail(row=row.id, version=row.version, at=now, due_at=verdict.at, error=told),)
        )
    return Decision(actions=_give_up(row, f"{verdict.reason}: {error}", policy, now))


def _accepted(
    row: OutboxRow, delivery: Delivery, policy: Policy, now: datetime, dossier: Dossier | None
) -> Decision:
    sent = MarkSent(
        row=row.id,
        version=row.version,
        at=now,
        code=delivery.code,
        text=delivery.text,
        message=_said(row, now),
    )
    moves = acceptance(row, dossier, policy, now) if dossier is not None and row.kind in COUNTING else ()
    if dossier is None or not moves:
        return Decision(actions=(sent,))
    ticket = dossier.ticket
    decision = Decision(actions=(sent, *moves), reads={ticket.id: ticket.version})
    return kept(decision, {ticket.id: dossier}, policy)


def _said(row: OutboxRow, at: datetime) -> SaidMail | None:
    if row.ticket is None or row.kind in INTERNAL_KINDS or row.message_id is None:
        return None
    text = row.context.get("text")
    return SaidMail(
        ticket=row.ticket,
        kind=row.kind,
        recipient=row.recipient,
        message_id=row.message_id,
        at=at,
        text=text if isinstance(text, str) else "",
    )


def unrenderable(row: OutboxRow, error: str, policy: Policy, now: datetime) -> Decision:
    """A row that cannot be made into a mail is a fault of ours: given up, and told."""
    return Decision(actions=_give_up(row, f"the mail could not be composed: {error}", policy, now))


def cancel(row: OutboxRow, reason: str, now: datetime) -> Decision:
    return Decision(actions=(CancelMail(row=row.id, version=row.version, at=now, reason=reason),))


def _unsendable(row: OutboxRow, now: datetime) -> Decision:
    reason = "mail to this address has bounced, and nobody has written from it since"
    return Decision(actions=(*cancel(row, reason, now).actions, *_not_sent(row, "suppressed", now)))


def _overtaken(row: OutboxRow, reason: str, now: datetime) -> Decision:
    return Decision(actions=(*cancel(row, reason, now).actions, *_not_sent(row, reason, now)))


def _not_sent(row: OutboxRow, reason: str, now: datetime) -> tuple[AddHistory, ...]:
    if row.ticket is None:
        return ()
    detail: dict[str, object] = {"kind": row.kind, "recipient": row.recipient, "reason": reason}
    return (AddHistory(ticket=row.ticket, at=now, event="not_sent", by="desk", detail=detail),)


def _give_up(row: OutboxRow, error: str, policy: Policy, now: datetime) -> tuple[Action, ...]:
    """Told to the agents, or to managers where it is one of us who is not reached; never to the address that
    failed. A notice that fails is only logged, or two failing mailboxes would tell each other for ever."""
    actions: list[Action] = [GiveUpMail(row=row.id, version=row.version, at=now, error=error)]
    if row.ticket is not None:
        detail: dict[str, object] = {"kind": row.kind, "recipient": row.recipient, "error": error}
        actions.append(AddHistory(ticket=row.ticket, at=now, event="undeliverable", by="desk", detail=detail))
    if row.kind not in INTERNAL_KINDS:
        actions += notice(
            "undeliverable",
            cause=f"undeliverable:{row.id}",
            ticket=row.ticket,
            policy=policy,
            now=now,
            facts={
                "recipient": row.recipient,
                "mail_kind": row.kind,
                "error": error,
                "ticket_subject": str(row.context.get("subject", "")),
            },
            never_to=row.recipient,
        )
    elif row.kind != "notice":
        actions += _colleague_unreached(row, error, policy, now)
    return tuple(actions)


def _colleague_unreached(row: OutboxRow, error: str, policy: Policy, now: datetime) -> tuple[QueueMail, ...]:
    """Managers, once a day for each address: somebody here misses alarms and customers' words."""
    day = now.astimezone(ZoneInfo(policy.timezone)).date()
    return desk_notice(
        "colleague",
        cause=f"colleague:{row.recipient}:{day}",
        policy=policy,
        now=now,
        facts={"recipient": row.recipient, "mail_kind": row.kind, "error": error},
        never_to=row.recipient,
    )


def _error(delivery: Delivery) -> str:
    code = f"{delivery.code} " if delivery.code else ""
    return f"{delivery.outcome.value}: {code}{delivery.text}".strip()

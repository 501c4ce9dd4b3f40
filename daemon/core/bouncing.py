"""A delivery report: tied to the outbox row it tells of, never a ticket, never answered (RFC 3464)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from daemon.core.actions import Action, AddHistory, BounceMail, QueueMail, SuppressAddress
from daemon.core.matching import Snapshot
from daemon.core.notices import notice
from daemon.core.policy import Policy
from daemon.core.recipients import CUSTOMERS
from daemon.core.sending import INTERNAL_KINDS
from daemon.core.taking_back import TakenBack, take_back
from daemon.core.values import BounceReport, OutboxRow

_ABOUT_FAILURES: Final = frozenset({"bounce", "bounce_perhaps", "undeliverable"})


def is_hard(report: BounceReport) -> bool:
    """Failed for good: action failed with a permanent status (RFC 3463 class 5), or with none at all."""
    return report.action == "failed" and not (report.status or "5").startswith("4")


def on_bounce(
    report: BounceReport, snapshot: Snapshot, policy: Policy, at: datetime, now: datetime
) -> tuple[Action, ...]:
    """What follows from a report about mails of ours. A row that nobody sent, or a report that says
    "delayed" or "delivered", changes nothing but the history."""
    actions: list[Action] = []
    hard = is_hard(report)
    for row in snapshot.bounced_rows:
        actions.append(BounceMail(row=row.id, at=at, hard=hard, status=report.status, text=_words(report)))
        actions += _noted(row, report, at, proven=True)
        if hard:
            actions += _hard(row, report, snapshot, policy, at, now)
    if not snapshot.bounced_rows and snapshot.bounced_perhaps is not None and is_hard(report):
        row = snapshot.bounced_perhaps
        actions += _noted(row, report, at, proven=False)
        actions += _told("bounce_perhaps", row, report, snapshot, policy, now)
    return tuple(actions)


def _words(report: BounceReport) -> str:
    return report.diagnostic or report.status or report.action


def _noted(row: OutboxRow, report: BounceReport, at: datetime, *, proven: bool) -> tuple[AddHistory, ...]:
    """`proven`: the report holds a signed id or address of ours. Anybody can write one that merely names a
    customer's address: agents are told of it, and nothing is taken back or suppressed."""
    if row.ticket is None:
        return ()
    detail: dict[str, object] = {
        "recipient": row.recipient,
        "kind": row.kind,
        "action": report.action,
        "status": report.status,
        "proven": proven,
    }
    return (AddHistory(ticket=row.ticket, at=at, event="bounce", by="desk", detail=detail),)


def _hard(
    row: OutboxRow, report: BounceReport, snapshot: Snapshot, policy: Policy, at: datetime, now: datetime
) -> list[Action]:
    """The address takes no mail: no automatic mail goes there until a person writes from it. Agents' and
    escalation addresses are never suppressed: the desk would fall silent. Their failing is told once a day,
    and never when it is such a notice that came back: two full mailboxes would tell each other for ever."""
    if _is_own(row, policy):
        return [*_told("bounce", row, report, snapshot, policy, now)]
    back = _taken_back(row, snapshot, policy, at, now)
    return [
        SuppressAddress(address=row.recipient, reason=_words(report), at=at),
        *back.actions,
        *_told("bounce", row, report, snapshot, policy, now, back),
    ]


def _taken_back(row: OutboxRow, snapshot: Snapshot, policy: Policy, at: datetime, now: datetime) -> TakenBack:
    ticket = snapshot.ticket(row.ticket) if row.ticket is not None else None
    dossier = snapshot.dossiers.get(ticket.id) if ticket is not None else None
    if dossier is None or row.kind not in CUSTOMERS:
        return TakenBack()
    failed = dossier.suppressed | {one.recipient for one in snapshot.bounced_rows}
    return take_back(row, dossier, failed, policy, at, now)


def _told(
    what: str,
    row: OutboxRow,
    report: BounceReport,
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    back: TakenBack | None = None,
) -> tuple[QueueMail, ...]:
    """Agents, once for each mail that came back, with what `back` it took of the ticket's promises."""
    back = back or TakenBack()
    if row.kind in INTERNAL_KINDS and row.context.get("what") in _ABOUT_FAILURES:
        return ()
    own = _is_own(row, policy)
    ticket = snapshot.ticket(row.ticket) if row.ticket is not None else None
    return notice(
        what,
        cause=f"bounce:{row.recipient}:{now:%Y-%m-%d}" if own else f"bounce:{row.id}",
        ticket=ticket or row.ticket,
        policy=policy,
        now=now,
        facts={
            "recipient": row.recipient,
            "mail_kind": row.kind,
            "error": _words(report),
            "ticket_subject": ticket.subject if ticket else "",
            "taken_back": [clock.value for clock in back.clocks],
            "pause_over": back.pause,
            "unreachable": back.unreachable,
        },
        never_to=row.recipient,
    )


def _is_own(row: OutboxRow, policy: Policy) -> bool:
    return policy.agent(row.recipient) is not None or row.recipient in {*policy.escalation, *policy.oncall}

"""A delivery report: tied to the outbox row it tells of, never a ticket, never answered (RFC 3464)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from daemon.core.actions import Action, AddHistory, BounceMail, SuppressAddress
from daemon.core.matching import Snapshot
from daemon.core.notices import notice
from daemon.core.policy import Policy
from daemon.core.sending import INTERNAL_KINDS
from daemon.core.values import BounceReport, OutboxRow

_ABOUT_FAILURES: Final = frozenset({"bounce", "undeliverable"})


def is_hard(report: BounceReport) -> bool:
    """Failed for good: action failed with a permanent status (RFC 3463 class 5), or with none at all."""
    return report.action == "failed" and not (report.status or "5").startswith("4")


def on_bounce(
    report: BounceReport, snapshot: Snapshot, policy: Policy, at: datetime, now: datetime
) -> tuple[Action, ...]:
    """What follows from a report about mails of ours. A row that nobody sent, or a report that says
    "delayed" or "delivered", changes nothing but the history."""
    actions: list[Action] = []
    for row in snapshot.bounced_rows:
        hard = is_hard(report)
        text = report.diagnostic or report.status or report.action
        actions.append(BounceMail(row=row.id, at=at, hard=hard, status=report.status, text=text))
        if row.ticket is not None:
            detail: dict[str, object] = {
                "recipient": row.recipient,
                "kind": row.kind,
                "action": report.action,
                "status": report.status,
            }
            actions.append(AddHistory(ticket=row.ticket, at=at, event="bounce", by="desk", detail=detail))
        if hard:
            actions += _hard(row, text, snapshot, policy, at, now)
    return tuple(actions)


def _hard(
    row: OutboxRow, text: str, snapshot: Snapshot, policy: Policy, at: datetime, now: datetime
) -> list[Action]:
    """The address takes no mail: no automatic mail goes there until a person writes from it. Agents' and
    escalation addresses are never suppressed: the desk would fall silent. Their failing is told once a day,
    and never when it is such a notice that came back: two full mailboxes would tell each other for ever."""
    actions: list[Action] = []
    own = policy.agent(row.recipient) is not None or row.recipient in policy.escalation
    if not own:
        actions.append(SuppressAddress(address=row.recipient, reason=text, at=at))
    if row.kind in INTERNAL_KINDS and row.context.get("what") in _ABOUT_FAILURES:
        return actions
    ticket = snapshot.ticket(row.ticket) if row.ticket is not None else None
    actions += notice(
        "bounce",
        cause=f"bounce:{row.recipient}:{now:%Y-%m-%d}" if own else f"bounce:{row.id}",
        ticket=ticket or row.ticket,
        policy=policy,
        now=now,
        facts={
            "recipient": row.recipient,
            "mail_kind": row.kind,
            "error": text,
            "ticket_subject": ticket.subject if ticket else "",
        },
        never_to=row.recipient,
    )
    return actions

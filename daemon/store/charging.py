"""Money: calls that were logged, credits that are proposed and decided. Writers inside a transaction that
`apply` opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from daemon.core import actions as act
from daemon.core.actions import Action
from daemon.ports import Conflict
from daemon.store.connection import rows
from daemon.store.tables_sla import Call, Credit
from daemon.store.unwritten import Writing
from daemon.store.writing import column

_PROPOSED: Final = "proposed"
_REPLACED: Final = (
    "ON CONFLICT (one_key) DO UPDATE SET account = excluded.account, amount = excluded.amount,"
    " month = excluded.month, proposed_at = excluded.proposed_at"
)


async def _log_call(writing: Writing, action: act.LogCall) -> None:
    writing.add(
        Call,
        ticket_id=writing.number(action.ticket),
        account=action.account,
        at=action.at,
        by=action.by,
        minutes=action.minutes,
        text=action.text,
    )


async def _propose_credit(writing: Writing, action: act.ProposeCredit) -> None:
    ticket = writing.number(action.ticket)
    writing.add(
        Credit,
        _REPLACED,
        ticket_id=ticket,
        account=action.account,
        amount=str(action.amount),
        state=_PROPOSED,
        month=action.month,
        proposed_at=action.at,
        one_key=str(ticket),
    )


async def _decide_credit(writing: Writing, action: act.DecideCredit) -> None:
    """Of the proposal that stands. Raises `Conflict` when none does, for somebody has decided."""
    ticket = writing.number(action.ticket)
    decided = await rows(
        writing.client,
        "UPDATE credit SET state = ?, accepted_amount = ?, accepted_month = ?, decided_at = ?,"
        ' "by" = ?, one_key = NULL WHERE one_key = ? RETURNING id',
        [
            "accepted" if action.accepted else "refused",
            str(action.amount) if action.accepted and action.amount is not None else None,
            action.month if action.accepted else None,
            column(Credit, "decided_at", action.at),
            action.by,
            str(ticket),
        ],
    )
    if not decided:
        raise Conflict(f"no credit is proposed for ticket {ticket}")


WRITERS: Final[dict[type[Action], Callable[[Writing, Any], Awaitable[None]]]] = {
    act.LogCall: _log_call,
    act.ProposeCredit: _propose_credit,
    act.DecideCredit: _decide_credit,
}

"""Agents' mails that were not carried out: kept until they are answered. Writers inside a transaction that
`apply` opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from daemon.core import actions as act
from daemon.core.actions import Action
from daemon.ports import Conflict
from daemon.store.connection import rows
from daemon.store.fields import key_of
from daemon.store.tables_mail import HeldMail
from daemon.store.unwritten import Writing
from daemon.store.writing import column


async def _hold_mail(writing: Writing, action: act.HoldMail) -> None:
    """The mail that is told of twice is held once."""
    attachments = [
        {"name": a.name, "media_type": a.media_type, "size": a.size, "sha256": a.sha256}
        for a in action.attachments
    ]
    writing.add(
        HeldMail,
        "ON CONFLICT (cause) DO NOTHING",
        cause=action.cause,
        ticket=None if action.ticket is None else writing.number(action.ticket),
        agent=action.agent,
        at=action.at,
        words=action.words,
        yes=None if action.yes is None else list(action.yes),
        send=None if action.send is None else list(action.send),
        attachments=attachments,
        managers=action.managers,
    )


async def _settle_held(writing: Writing, action: act.SettleHeld) -> None:
    """Once. Raises `Conflict` when somebody has answered it before."""
    settled = await rows(
        writing.client,
        "UPDATE held_mail SET settled = ?, settled_at = ?, settled_by = ?"
        " WHERE cause = ? AND settled IS NULL RETURNING cause",
        [action.how, column(HeldMail, "settled_at", action.at), action.by, key_of(action.cause)],
    )
    if not settled:
        raise Conflict(f"the held mail {action.cause} was answered before")


WRITERS: Final[dict[type[Action], Callable[[Writing, Any], Awaitable[None]]]] = {
    act.HoldMail: _hold_mail,
    act.SettleHeld: _settle_held,
}

"""What a decision does to the outbox: queue a mail once per cause, and record how an attempt ended.

Every change names the version it was decided from; a row that has moved on gives `Conflict`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from daemon.core.actions import BounceMail, CancelMail, GiveUpMail, MarkSent, QueueMail, RetryMail
from daemon.core.sending import INTERNAL_KINDS
from daemon.core.values import SendState
from daemon.ports import Conflict
from daemon.store.connection import Client, Row, Statement, rows
from daemon.store.fields import clean
from daemon.store.tables import Message
from daemon.store.tables_mail import Outbox
from daemon.store.writing import column, insert

RANKS: Final = (1, 2, 3, 4, 5)


ONCE: Final = "ON CONFLICT (cause) DO NOTHING"
"""A row whose cause exists is that mail."""


def queued(action: QueueMail, ticket: int | None) -> dict[str, Any]:
    """The fields of a new row."""
    return {
        "kind": action.kind,
        "ticket": ticket,
        "recipient": action.recipient,
        "cause": action.cause,
        "supersede_key": action.supersede_key,
        "context": action.context,
        "rank": min(max(action.rank, RANKS[0]), RANKS[-1]),
        "state": SendState.QUEUED.value,
        "queued_at": action.at,
        "due_at": action.at,
    }


def superseding(supersede_key: str, cause: str) -> Statement:
    """Cancels those rows of this key that are older than this cause's and that nobody tried to send."""
    return (
        "UPDATE outbox SET state = 'cancelled', due_at = NULL, version = version + 1,"
        " last_error = 'superseded by a newer mail'"
        " WHERE supersede_key = ? AND state = 'queued' AND attempts = 0"
        " AND id < (SELECT o.id FROM outbox o WHERE o.cause = ?)",
        [column(Outbox, "supersede_key", supersede_key), column(Outbox, "cause", cause)],
    )


async def mark_sent(client: Client, action: MarkSent) -> None:
    """The server took it. What a customer got is a message of its ticket, so that answers find it again."""
    row = await _change(
        client,
        "state = 'sent', due_at = NULL, sent_at = ?, code = ?, last_error = ''",
        [column(Outbox, "sent_at", action.at), action.code],
        action.row,
        action.version,
    )
    if row["ticket"] is None or row["kind"] in INTERNAL_KINDS or row["message_id"] is None:
        return
    text = json.loads(row["context"]).get("text")
    values = {
        "ticket_id": row["ticket"],
        "direction": "out",
        "kind": row["kind"],
        "sender": "",  # the desk
        "sender_name": "",
        "role": "desk",
        "at": action.at,
        "text": text if isinstance(text, str) else "",
        "full_text": "",
        "message_id": row["message_id"],
        "to": [row["recipient"]],
        "cc": [],
    }
    await insert(client, Message, [values])


async def retry(client: Client, action: RetryMail) -> None:
    due = column(Outbox, "due_at", action.due_at)
    await _change(
        client,
        "state = 'queued', due_at = ?, last_error = ?",
        [due, clean(action.error)],
        action.row,
        action.version,
    )


async def give_up(client: Client, action: GiveUpMail) -> None:
    await _end(client, SendState.FAILED, action.error, action.row, action.version)


async def cancel(client: Client, action: CancelMail) -> None:
    await _end(client, SendState.CANCELLED, action.reason, action.row, action.version)


async def bounce(client: Client, action: BounceMail) -> None:
    """A report about a row, whatever became of the row since.

    A hard one takes the acceptance back, and ends attempts that are still under way or to come: it can
    overtake the record of what it tells of. A soft one leaves the version alone, for whoever is sending the
    row now must be able to record that it was sent.
    """
    ended = "state = CASE WHEN state = 'cancelled' THEN state ELSE 'failed' END, due_at = NULL,"
    failed = f"{ended} version = version + 1," if action.hard else ""
    await rows(
        client,
        f"UPDATE outbox SET {failed} bounced_at = ?, bounce_status = ?, last_error = ? WHERE id = ?",  # noqa: S608
        [
            column(Outbox, "bounced_at", action.at),
            column(Outbox, "bounce_status", action.status),
            clean(action.text),
            action.row,
        ],
    )


async def _end(client: Client, state: SendState, why: str, row: int, version: int) -> None:
    values: list[object] = [state.value, clean(why)]
    await _change(client, "state = ?, due_at = NULL, last_error = ?", values, row, version)


async def _change(client: Client, setting: str, values: list[object], row: int, version: int) -> Row:
    """The row after the change. Raises `Conflict` when its version is another one by now."""
    changed = await rows(
        client,
        f"UPDATE outbox SET {setting}, version = version + 1"  # noqa: S608 - own words
        " WHERE id = ? AND version = ? RETURNING *",
        [*values, row, version],
    )
    if not changed:
        raise Conflict(f"outbox row {row} has changed since version {version}")
    return changed[0]

"""What a decision does to the outbox: queue a mail once per cause, and record how an attempt ended.

Every change names the version it was decided from; a row that has moved on gives `Conflict`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from daemon.core.actions import BounceMail, CancelMail, GiveUpMail, MarkSent, QueueMail, RetryMail, SaidMail
from daemon.core.values import SendState
from daemon.ports import Conflict
from daemon.store.connection import Client, Statement, rows, run
from daemon.store.fields import clean
from daemon.store.tables import Message
from daemon.store.tables_mail import Outbox
from daemon.store.writing import column, insertion

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
    """Cancels those rows of this key that are older than this cause's and that nobody tried to send: an index
    of its own leads to them.

    `id + 0`: SQLite would walk all older rows, once it has counted (ANALYZE) how many have no key at all."""
    return (
        "UPDATE outbox SET state = 'cancelled', due_at = NULL, version = version + 1,"
        " last_error = 'superseded by a newer mail'"
        " WHERE supersede_key = ? AND state = 'queued' AND attempts = 0"
        " AND id + 0 < (SELECT o.id FROM outbox o WHERE o.cause = ?)",
        [column(Outbox, "supersede_key", supersede_key), column(Outbox, "cause", cause)],
    )


async def mark_sent(client: Client, sent: Sequence[MarkSent]) -> list[Conflict | None]:
    """The servers took them. What a customer got is a message of its ticket, so that answers find it again.
    `Conflict` for those rows that have changed."""
    one = "(CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS INTEGER))"
    values = [
        value
        for action in sent
        for value in (action.row, action.version, column(Outbox, "sent_at", action.at), action.code)
    ]
    changed = await rows(
        client,
        f"WITH v (id, version, sent_at, code) AS (VALUES {', '.join([one] * len(sent))})"  # noqa: S608
        " UPDATE outbox SET state = 'sent', due_at = NULL, sent_at = v.sent_at, code = v.code,"
        " last_error = '', version = outbox.version + 1 FROM v"
        " WHERE outbox.id = v.id AND outbox.version = v.version RETURNING outbox.id AS id",
        values,
    )
    done = {row["id"] for row in changed}
    said = [a.message for a in sent if a.row in done and a.message is not None]
    if said:
        await run(client, [insertion(Message, [_message(one) for one in said])])
    return [None if action.row in done else _moved_on(action.row, action.version) for action in sent]


def _message(said: SaidMail) -> dict[str, Any]:
    return {
        "ticket_id": said.ticket,
        "direction": "out",
        "kind": said.kind,
        "sender": "",  # the desk
        "sender_name": "",
        "role": "desk",
        "at": said.at,
        "text": said.text,
        "full_text": "",
        "message_id": said.message_id,
        "to": [said.recipient],
        "cc": [],
    }


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


async def _change(client: Client, setting: str, values: list[object], row: int, version: int) -> None:
    """Raises `Conflict` when its version is another one by now."""
    changed = await rows(
        client,
        f"UPDATE outbox SET {setting}, version = version + 1"  # noqa: S608 - own words
        " WHERE id = ? AND version = ? RETURNING id",
        [*values, row, version],
    )
    if not changed:
        raise _moved_on(row, version)


def _moved_on(row: int, version: int) -> Conflict:
    return Conflict(f"outbox row {row} has changed since version {version}")

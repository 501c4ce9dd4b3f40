"""The ledger of arrived mails, and the cursor of each mailbox. One row per arrival, for ever."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from daemon.core.actions import RecordMail
from daemon.core.values import Arrival, Disposition
from daemon.ports import AlreadyDone, HeldMail, KnownMail, MailboxState, UnderWay
from daemon.store.blobs import Blobs
from daemon.store.connection import Client, Row, rows
from daemon.store.fields import key_of
from daemon.store.readings import instant, moment
from daemon.store.tables_mail import InboundMail, MailboxCursor, Setting
from daemon.store.writing import column, insert

T = TypeVar("T")

_CHUNK: Final = 500

_UNDER_WAY: Final = "under_way:"
"""Begins the name of the setting in which intake notes what it has in hand."""

# A mail that the brake held is decided again; any other row under this key means that it was done.
_ONCE: Final = (
    "ON CONFLICT (mailbox, uidvalidity, uid) DO UPDATE SET disposition = excluded.disposition,"
    " reason = excluded.reason, ticket = excluded.ticket"
    " WHERE inbound_mail.disposition = 'held' AND excluded.disposition <> 'held' RETURNING id"
)


async def record_mail(client: Client, action: RecordMail, ticket: int | None, blob: str | None) -> int:
    """The number of the ledger row. Raises `AlreadyDone` when this arrival has its row."""
    arrival = action.arrival
    values = {
        "mailbox": arrival.mailbox,
        "uidvalidity": arrival.uidvalidity,
        "uid": arrival.uid,
        "arrived": arrival.internaldate,
        "size": arrival.size,
        "truncated": arrival.truncated,
        "message_id": action.message_id,
        "fingerprint": action.fingerprint,
        "sender": action.sender,
        "subject": action.subject,
        "disposition": action.disposition.value,
        "reason": action.reason,
        "ticket": ticket,
        "blob": blob,
        "masked": action.masked,
    }
    made = await insert(client, InboundMail, [values], _ONCE)
    if not made:
        raise AlreadyDone(f"{arrival.mailbox}/{arrival.uidvalidity}/{arrival.uid} is in the ledger")
    return int(made[0]["id"])


async def known(client: Client, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, KnownMail]:
    """The ledger's word on those of these mails that it holds."""
    found: dict[int, KnownMail] = {}
    for chunk in _chunks(uids):
        sql = (
            "SELECT uid, disposition, moved FROM inbound_mail"  # noqa: S608 - placeholders only
            f" WHERE mailbox = ? AND uidvalidity = ? AND uid IN ({_places(chunk)})"
        )
        for row in await rows(client, sql, [key_of(mailbox), uidvalidity, *chunk]):
            found[row["uid"]] = KnownMail(
                disposition=Disposition(row["disposition"]), moved=bool(row["moved"])
            )
    return found


async def known_ids(client: Client, message_ids: Sequence[str]) -> set[str]:
    asked = {key_of(message_id): message_id for message_id in message_ids if message_id}
    found: set[str] = set()
    for chunk in _chunks(list(asked)):
        sql = (
            f"WITH ids(v) AS (VALUES {', '.join(['(CAST(? AS TEXT))'] * len(chunk))})"  # noqa: S608
            " SELECT v FROM ids WHERE EXISTS (SELECT 1 FROM inbound_mail WHERE message_id = ids.v)"
        )
        found |= {asked[row["v"]] for row in await rows(client, sql, chunk)}
    return found


async def mark_moved(client: Client, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> None:
    moved = column(InboundMail, "moved", True)
    for chunk in _chunks(uids):
        sql = (
            "UPDATE inbound_mail SET moved = ? WHERE mailbox = ? AND uidvalidity = ?"  # noqa: S608
            f" AND uid IN ({_places(chunk)})"
        )
        await rows(client, sql, [moved, key_of(mailbox), uidvalidity, *chunk])


async def card_mails(client: Client, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, bool]:
    """See `ports.Store.card_mails`."""
    found: dict[int, bool] = {}
    for chunk in _chunks(uids):
        sql = (
            "SELECT uid, copy_uid FROM inbound_mail WHERE mailbox = ? AND uidvalidity = ?"  # noqa: S608
            f" AND uid IN ({_places(chunk)}) AND masked > 0 AND truncated = ?"
        )
        whole = column(InboundMail, "truncated", False)
        for row in await rows(client, sql, [key_of(mailbox), uidvalidity, *chunk, whole]):
            found[row["uid"]] = row["copy_uid"] is not None
    return found


async def mark_copied(client: Client, mailbox: str, uidvalidity: int, uid: int, copy_uid: int) -> None:
    sql = "UPDATE inbound_mail SET copy_uid = ? WHERE mailbox = ? AND uidvalidity = ? AND uid = ?"
    await rows(client, sql, [copy_uid, key_of(mailbox), uidvalidity, uid])


async def held(client: Client, blobs: Blobs, mailbox: str, limit: int) -> list[HeldMail]:
    """The oldest mails that the brake held, with their bytes."""
    found = await rows(
        client,
        "SELECT m.*, c.content FROM inbound_mail m LEFT JOIN inbound_content c ON c.id = m.id"
        " WHERE m.disposition = 'held' AND m.mailbox = ? ORDER BY m.id LIMIT ?",
        [key_of(mailbox), limit],
    )
    return [
        HeldMail(
            arrival=_arrival(row, mailbox),
            data=await blobs.read(row["blob"]) if row["blob"] else bytes(row["content"] or b""),
        )
        for row in found
    ]


async def mailbox_state(client: Client, mailbox: str) -> MailboxState | None:
    found = await rows(client, "SELECT * FROM mailbox_cursor WHERE mailbox = ?", [key_of(mailbox)])
    if not found:
        return None
    row = found[0]
    return MailboxState(
        uidvalidity=row["uidvalidity"],
        last_uid=row["last_uid"],
        first_start=moment(row["first_start"]),
        braked=instant(row["braked"]),
    )


async def set_mailbox_state(
    client: Client, mailbox: str, uidvalidity: int, last_uid: int, now: datetime
) -> None:
    """The first call for a mailbox is its first start."""
    values = {"mailbox": mailbox, "uidvalidity": uidvalidity, "last_uid": last_uid, "first_start": now}
    tail = (
        "ON CONFLICT (mailbox) DO UPDATE SET uidvalidity = excluded.uidvalidity, last_uid = excluded.last_uid"
    )
    await insert(client, MailboxCursor, [values], tail)


async def set_brake(client: Client, mailbox: str, braked: datetime | None) -> None:
    instant_or_null = column(MailboxCursor, "braked", braked)
    sql = "UPDATE mailbox_cursor SET braked = ? WHERE mailbox = ?"
    await rows(client, sql, [instant_or_null, key_of(mailbox)])


async def under_way(client: Client, mailbox: str) -> UnderWay | None:
    found = await rows(client, "SELECT value FROM setting WHERE name = ?", [_UNDER_WAY + mailbox])
    if not found:
        return None
    value = json.loads(found[0]["value"])
    attempts = {int(uid): int(count) for uid, count in value["attempts"].items()}
    return UnderWay(uidvalidity=int(value["uidvalidity"]), attempts=attempts)


async def set_under_way(client: Client, mailbox: str, uidvalidity: int, attempts: Mapping[int, int]) -> None:
    value = {"uidvalidity": uidvalidity, "attempts": {str(uid): count for uid, count in attempts.items()}}
    tail = "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    await insert(client, Setting, [{"name": _UNDER_WAY + mailbox, "value": value}], tail)


def _arrival(row: Row, mailbox: str) -> Arrival:
    return Arrival(
        mailbox=mailbox,
        uidvalidity=row["uidvalidity"],
        uid=row["uid"],
        internaldate=moment(row["arrived"]),
        size=row["size"],
        truncated=bool(row["truncated"]),
    )


def _chunks(values: Sequence[T]) -> list[Sequence[T]]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))

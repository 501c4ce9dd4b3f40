"""The ledger asked the other way round: which rows may a mail be that lies in some folder, and which rows has
nobody pointed at. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.store.connection import Client, Row, rows
from daemon.store.fields import key_of, to_microseconds
from daemon.store.readings import moment

_CHUNK: Final = 200
_COLUMNS: Final = (
    "id, mailbox, uidvalidity, uid, message_id, fingerprint, size, arrived, disposition, subject, sender,"
    " masked"
)

UNREAD: Final = "uid-"
"""Begins the message_id of a mail that could not be read: its content is not known to the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A ledger row. `message_id` and `fingerprint` are keys, as `store.fields.key_of` makes them; `masked`:
    the mail held card numbers, and a copy of another size may lie in its place."""

    id: int
    mailbox: str
    uidvalidity: int
    uid: int
    message_id: str
    fingerprint: str
    size: int
    arrived: datetime
    disposition: str
    subject: str
    sender: str
    masked: bool = False


async def newest(client: Client) -> int:
    """The highest row number; 0: the ledger is empty."""
    found = await rows(client, "SELECT COALESCE(max(id), 0) AS n FROM inbound_mail")
    return int(found[0]["n"])


async def named(client: Client, message_ids: Sequence[str]) -> list[Entry]:
    """All rows under these Message-IDs."""
    found: list[Entry] = []
    keys = [key_of(message_id) for message_id in dict.fromkeys(message_ids)]
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        places = ", ".join("?" * len(chunk))
        sql = f"SELECT {_COLUMNS} FROM inbound_mail WHERE message_id IN ({places}) ORDER BY id"  # noqa: S608
        found += [_entry(row) for row in await rows(client, sql, chunk)]
    return found


async def filed(client: Client, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, Entry]:
    """The rows of these mails of one mailbox, by UID."""
    found: dict[int, Entry] = {}
    for start in range(0, len(uids), _CHUNK):
        chunk = uids[start : start + _CHUNK]
        places = ", ".join("?" * len(chunk))
        sql = (
            f"SELECT {_COLUMNS} FROM inbound_mail WHERE mailbox = ? AND uidvalidity = ?"  # noqa: S608
            f" AND uid IN ({places})"
        )
        for row in await rows(client, sql, [key_of(mailbox), uidvalidity, *chunk]):
            found[row["uid"]] = _entry(row)
    return found


async def unread(client: Client, size: int, arrived: datetime) -> list[Entry]:
    """Rows of mails that could not be read, of this size and this arrival."""
    sql = (
        f"SELECT {_COLUMNS} FROM inbound_mail"  # noqa: S608 - own names
        f" WHERE message_id LIKE '{UNREAD}%' AND size = ? AND arrived = ? ORDER BY id"
    )
    return [_entry(row) for row in await rows(client, sql, [size, to_microseconds(arrived)])]


async def page(client: Client, after: int, limit: int) -> list[Entry]:
    """The next rows by number."""
    sql = f"SELECT {_COLUMNS} FROM inbound_mail WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - own names
    return [_entry(row) for row in await rows(client, sql, [after, limit])]


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        mailbox=row["mailbox"],
        uidvalidity=row["uidvalidity"],
        uid=row["uid"],
        message_id=row["message_id"],
        fingerprint=row["fingerprint"],
        size=row["size"],
        arrived=moment(row["arrived"]),
        disposition=row["disposition"],
        subject=row["subject"],
        sender=row["sender"],
        masked=row["masked"] > 0,
    )

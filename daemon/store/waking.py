"""What must be looked at when, and what was done of it: the ticker's questions. Reads only; each costs the
same with millions of tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from daemon.store.connection import Client, rows
from daemon.store.fields import from_microseconds, key_of, to_microseconds

_CHUNK: Final = 500


async def due_tickets(client: Client, until: datetime, limit: int) -> list[int]:
    """The longest due first."""
    sql = "SELECT id FROM ticket WHERE wake_at <= ? ORDER BY wake_at, id LIMIT ?"
    return [row["id"] for row in await rows(client, sql, [to_microseconds(until), limit])]


async def next_wake(client: Client) -> datetime | None:
    found = await rows(
        client, "SELECT wake_at FROM ticket WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1"
    )
    return from_microseconds(found[0]["wake_at"]) if found else None


async def missed(client: Client, account: str, since: datetime) -> list[int]:
    """Tickets of this account whose newest missed resolution was due since then."""
    sql = "SELECT id FROM ticket WHERE account = ? AND missed_at >= ? ORDER BY missed_at, id"
    return [row["id"] for row in await rows(client, sql, [account, to_microseconds(since)])]


async def recorded(client: Client, table: str, keys: Sequence[str]) -> set[str]:
    """Those of these keys that the table holds: finding or desk_step."""
    asked = {key_of(key): key for key in keys}
    found: set[str] = set()
    for start in range(0, len(asked), _CHUNK):
        chunk = list(asked)[start : start + _CHUNK]
        sql = f"SELECT key FROM {table} WHERE key IN ({', '.join('?' * len(chunk))})"  # noqa: S608 - own names
        found |= {asked[row["key"]] for row in await rows(client, sql, chunk)}
    return found

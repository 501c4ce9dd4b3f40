"""Does the store still keep its promises? Each promise is one question to the database, which answers with
what breaks it. Reads only; it may run beside the daemon, for each answer is of one instant.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from daemon.core.sla.records import from_record
from daemon.store.blobs import Blobs
from daemon.store.connection import Client, Connection, rows
from daemon.store.invariants import PROMISES
from daemon.store.location import Dialect

SHOWN: Final = 20
"""Faults of one promise that are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`promise`: what was asked. `looked_at`: how many rows or files; None: not counted. `faults`: what
    breaks it, at most `SHOWN`; `broken`: how many do."""

    promise: str
    looked_at: int | None = None
    faults: tuple[str, ...] = ()
    broken: int = 0


_BLOBS: Final = """
SELECT a.sha256, a.size, 'attachment ' || a.name || ' of AZ-' || m.ticket_id AS thing
FROM attachment a JOIN message m ON m.id = a.message_id
UNION ALL
SELECT blob, size, 'mail ' || mailbox || '/' || uidvalidity || '/' || uid FROM inbound_mail
WHERE blob IS NOT NULL ORDER BY 1
"""


async def audit(connection: Connection, blobs: Blobs) -> AsyncIterator[Finding]:
    """A finding per promise. Takes as long as reading the whole store. Raises `Unavailable`."""
    steps: list[Callable[[Client], Awaitable[Finding]]] = [
        partial(_kept, promise=promise) for promise in PROMISES
    ]
    if connection.location.dialect is Dialect.SQLITE:
        steps = [_integrity, _references, *steps]
    steps += [_events, partial(_files, blobs=blobs)]
    for step in steps:
        with connection.entered() as client:
            finding = await step(client)
        yield finding


async def _kept(client: Client, promise: tuple[str, str, str]) -> Finding:
    name, table, question = promise
    counted = await rows(client, f"SELECT count(*) AS n FROM {table}")  # noqa: S608 - own names
    broken = await rows(client, question)
    return _finding(name, counted[0]["n"], [f"{row['thing']}: {row['fault']}" for row in broken])


async def _integrity(client: Client) -> Finding:
    """PostgreSQL looks after its own pages (data checksums, pg_amcheck)."""
    found = [str(row["integrity_check"]) for row in await rows(client, "PRAGMA integrity_check")]
    return _finding("the database file is sound", None, [] if found == ["ok"] else found)


async def _references(client: Client) -> Finding:
    found = await rows(client, "PRAGMA foreign_key_check")
    faults = [f"{row['table']} row {row['rowid']}: no such {row['parent']}" for row in found]
    return _finding("whatever a row points at exists", None, faults)


async def _events(client: Client) -> Finding:
    """A ticket's clocks are worked out from them: one that cannot be read stops its ticket."""
    faults, looked_at, after = [], 0, 0
    while found := await rows(
        client, "SELECT id, ticket_id, record FROM ticket_event WHERE id > ? ORDER BY id LIMIT 1000", [after]
    ):
        after, looked_at = found[-1]["id"], looked_at + len(found)
        for row in found:
            try:
                from_record(json.loads(row["record"]), {})
            except ValueError as wrong:
                faults.append(f"event {row['id']} of AZ-{row['ticket_id']}: {wrong}")
    return _finding("what happened to a ticket can be read", looked_at, faults)


async def _files(client: Client, blobs: Blobs) -> Finding:
    """Every file is read once, however many rows name it."""
    named: dict[str, str] = {}
    for row in await rows(client, _BLOBS):
        named.setdefault(row["sha256"], row["thing"])
    for row in await rows(client, "SELECT cause, attachments FROM held_mail WHERE attachments <> '[]'"):
        for one in json.loads(row["attachments"]):
            named.setdefault(one["sha256"], f"attachment {one['name']} of the held mail {row['cause']}")
    faults = []
    for sha256, thing in named.items():
        fault = await blobs.fault_of(sha256)
        if fault is not None:
            faults.append(f"{thing}: {fault} (blobs/{sha256[:2]}/{sha256})")
    return _finding("the files of attachments and large mails are what they were", len(named), faults)


def _finding(promise: str, looked_at: int | None, faults: list[str]) -> Finding:
    return Finding(promise=promise, looked_at=looked_at, faults=tuple(faults[:SHOWN]), broken=len(faults))

"""Does the store still keep its promises? Each promise is one question to the database, which answers with
what breaks it. Reads only; it may run beside the daemon, for each answer is of one instant.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from daemon.core.values import Disposition, SendState
from daemon.store.blobs import Blobs
from daemon.store.connection import Client, Connection, rows
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


def _listed(values: type[Disposition] | type[SendState]) -> str:
    return ", ".join(f"'{value.value}'" for value in values)


# Each statement gives a `fault` per row that breaks the promise, and nothing when it is kept.
_PROMISES: Final = (
    (
        "every arrived mail has one disposition, and the ticket that it speaks of exists",
        "inbound_mail",
        f"""
        SELECT CASE
          WHEN m.disposition NOT IN ({_listed(Disposition)}) THEN 'unknown disposition ' || m.disposition
          WHEN m.ticket IS NULL THEN 'is ' || m.disposition || ' and names no ticket'
          ELSE 'names AZ-' || m.ticket || ', which does not exist' END AS fault,
         m.mailbox || '/' || m.uidvalidity || '/' || m.uid AS thing
        FROM inbound_mail m LEFT JOIN ticket t ON t.id = m.ticket
        WHERE m.disposition NOT IN ({_listed(Disposition)})
         OR (m.ticket IS NULL AND m.disposition IN ('ticket', 'message', 'quarantine'))
         OR (m.ticket IS NOT NULL AND t.id IS NULL) ORDER BY m.id
        """,  # noqa: S608 - own words
    ),
    (
        "no mail is in the ledger twice",
        "inbound_mail",
        """
        SELECT count(*) || ' rows' AS fault, mailbox || '/' || uidvalidity || '/' || uid AS thing
        FROM inbound_mail GROUP BY mailbox, uidvalidity, uid HAVING count(*) > 1
        """,
    ),
    (
        "the bytes of every arrived mail are kept",
        "inbound_mail",
        """
        SELECT 'its bytes are gone' AS fault, m.mailbox || '/' || m.uidvalidity || '/' || m.uid AS thing
        FROM inbound_mail m LEFT JOIN inbound_content c ON c.id = m.id
        WHERE m.blob IS NULL AND c.id IS NULL ORDER BY m.id
        """,
    ),
    (
        "a cause has one mail in the outbox, and its ticket exists",
        "outbox",
        """
        SELECT CASE WHEN n.times > 1 THEN n.times || ' rows of the cause ' || o.cause
          ELSE 'names AZ-' || o.ticket || ', which does not exist' END AS fault,
         'outbox row ' || o.id AS thing
        FROM outbox o LEFT JOIN ticket t ON t.id = o.ticket
        JOIN (SELECT cause, count(*) AS times FROM outbox GROUP BY cause) n ON n.cause = o.cause
        WHERE n.times > 1 OR (o.ticket IS NOT NULL AND t.id IS NULL) ORDER BY o.id
        """,
    ),
    (
        "a mail in the outbox waits for its time or is over",
        "outbox",
        f"""
        SELECT CASE WHEN state NOT IN ({_listed(SendState)}) THEN 'unknown state ' || state
          WHEN due_at IS NULL THEN 'is ' || state || ' and never due'
          ELSE 'is ' || state || ' and still due' END AS fault, 'outbox row ' || id AS thing
        FROM outbox WHERE state NOT IN ({_listed(SendState)})
         OR (state IN ('queued', 'sending')) <> (due_at IS NOT NULL) ORDER BY id
        """,  # noqa: S608 - own words
    ),
    (
        "the bytes of every mail that was tried are kept",
        "outbox",
        """
        SELECT 'its bytes are gone' AS fault, 'outbox row ' || o.id AS thing
        FROM outbox o LEFT JOIN outbox_content c ON c.id = o.id
        WHERE o.message_id IS NOT NULL AND c.id IS NULL ORDER BY o.id
        """,
    ),
    (
        "a clock of a ticket has one open cycle at most",
        "clock",
        """
        SELECT count(*) || ' open cycles of ' || name AS fault, 'AZ-' || ticket_id AS thing
        FROM clock WHERE outcome IS NULL GROUP BY ticket_id, name HAVING count(*) > 1
        """,
    ),
    (
        "an open cycle, and no other, holds its key",
        "clock",
        """
        SELECT CASE WHEN outcome IS NULL THEN 'open, and its key is ' || COALESCE(open_key, 'missing')
          ELSE outcome || ', and it still holds ' || open_key END AS fault,
         name || ' of AZ-' || ticket_id AS thing
        FROM clock WHERE (outcome IS NULL AND COALESCE(open_key, '') <> ticket_id || ':' || name)
         OR (outcome IS NOT NULL AND open_key IS NOT NULL) ORDER BY id
        """,
    ),
    (
        "a cycle has one open span at most",
        "clock_interval",
        """
        SELECT count(*) || ' open spans' AS fault, c.name || ' of AZ-' || c.ticket_id AS thing
        FROM clock_interval i JOIN clock c ON c.id = i.clock_id
        WHERE i.until IS NULL GROUP BY c.id, c.name, c.ticket_id HAVING count(*) > 1
        """,
    ),
    (
        "a merged ticket leads to a ticket",
        "ticket",
        """
        SELECT 'merged into AZ-' || t.merged_into || ', which does not exist' AS fault, 'AZ-' || t.id AS thing
        FROM ticket t LEFT JOIN ticket o ON o.id = t.merged_into
        WHERE t.merged_into IS NOT NULL AND o.id IS NULL ORDER BY t.id
        """,
    ),
)

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
        partial(_kept, promise=promise) for promise in _PROMISES
    ]
    if connection.location.dialect is Dialect.SQLITE:
        steps = [_integrity, _references, *steps]
    steps.append(partial(_files, blobs=blobs))
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


async def _files(client: Client, blobs: Blobs) -> Finding:
    """Every file is read once, however many rows name it."""
    named: dict[str, str] = {}
    for row in await rows(client, _BLOBS):
        named.setdefault(row["sha256"], row["thing"])
    faults = []
    for sha256, thing in named.items():
        fault = await blobs.fault_of(sha256)
        if fault is not None:
            faults.append(f"{thing}: {fault} (blobs/{sha256[:2]}/{sha256})")
    return _finding("the files of attachments and large mails are what they were", len(named), faults)


def _finding(promise: str, looked_at: int | None, faults: list[str]) -> Finding:
    return Finding(promise=promise, looked_at=looked_at, faults=tuple(faults[:SHOWN]), broken=len(faults))

"""Which mails of ours a delivery report tells of. Reads only."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from daemon.core.facts import Lookup
from daemon.core.values import OutboxRow
from daemon.store.connection import Client, rows
from daemon.store.fields import key_of, to_microseconds
from daemon.store.readings import read_outbox
from daemon.store.ticketrows import possible

BOUNCES_WITHIN: Final = timedelta(days=5)
"""RFC 5321 4.5.4.1: servers try for that long before they give a mail up."""


async def rows_of(client: Client, lookup: Lookup) -> tuple[OutboxRow, ...]:
    """The rows that a report's returned id or its VERP recipient names; their bytes are not needed."""
    found: dict[int, OutboxRow] = {}
    for name, values in (
        ("message_id", [key_of(i) for i in lookup.outbox_ids]),
        ("id", sorted(possible(lookup.outbox_rows))),
    ):
        if values:
            places = ", ".join("?" * len(values))
            sql = f"SELECT * FROM outbox WHERE {name} IN ({places}) ORDER BY id"  # noqa: S608
            for row in await rows(client, sql, values):
                found[row["id"]] = read_outbox(row, None)
    return tuple(found[number] for number in sorted(found))


async def last_to(client: Client, lookup: Lookup) -> OutboxRow | None:
    """The last mail that left for the address that a report names, without a proof that it is this one."""
    found = await rows(
        client,
        "SELECT * FROM outbox WHERE recipient = ? AND queued_at BETWEEN ? AND ? AND sent_at IS NOT NULL"
        " ORDER BY queued_at DESC, id DESC LIMIT 1",
        [
            key_of(lookup.bounced),
            to_microseconds(lookup.arrived - BOUNCES_WITHIN),
            to_microseconds(lookup.arrived),
        ],
    )
    return read_outbox(found[0], None) if found else None

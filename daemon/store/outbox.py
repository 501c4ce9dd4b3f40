"""Which mails are due, and who is sending them. A look costs the same with millions of rows: what is over has
no due time, and each rank is one short walk along its index.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core.values import OutboxRow
from daemon.ports import Conflict
from daemon.store.connection import Client, rows, run
from daemon.store.fields import clean, from_microseconds, to_microseconds
from daemon.store.readings import read_outbox
from daemon.store.sending import RANKS
from daemon.store.tables_mail import Outbox, OutboxContent
from daemon.store.writing import column, insertion

_DUE: Final = " UNION ALL ".join(
    f"SELECT * FROM (SELECT id, rank, due_at FROM outbox WHERE rank = {rank} AND due_at <= ?"  # noqa: S608
    " ORDER BY due_at, id LIMIT ?) AS r" + str(rank)
    for rank in RANKS
)
_FIRST: Final = " UNION ALL ".join(
    f"SELECT * FROM (SELECT due_at FROM outbox WHERE rank = {rank} AND due_at IS NOT NULL"  # noqa: S608
    " ORDER BY due_at LIMIT 1) AS r" + str(rank)
    for rank in RANKS
)

SHARE: Final = 4

# A range of due times, so that the index leads there whatever SQLite has counted: most rows have none.
_CLAIMED: Final = " UNION ALL ".join(
    f"SELECT id FROM outbox WHERE rank = {rank} AND due_at > 0 AND state = 'sending'"  # noqa: S608
    for rank in RANKS
)


async def due_rows(
    client: Client, now: datetime, limit: int, held: Collection[int], patience: timedelta
) -> list[int]:
    """Numbers of the rows to send next, without those `held`: by rank, then the longest due. Those of the
    last rank have lain due for `patience`; if that is more than nothing, every `SHARE`th place is theirs, or
    they would wait for as long as others keep coming."""
    until, rested = to_microseconds(now), to_microseconds(now - patience)
    most = limit + len(held)
    values = [value for rank in RANKS for value in (rested if rank == RANKS[-1] else until, most)]
    found = [row for row in await rows(client, _DUE, values) if row["id"] not in held]
    found.sort(key=lambda row: (row["rank"], row["due_at"], row["id"]))
    graver = [row["id"] for row in found if row["rank"] != RANKS[-1]]
    last = [row["id"] for row in found if row["rank"] == RANKS[-1]]
    theirs = max(limit - len(graver), limit // SHARE if patience else 0)
    return [*graver[: limit - min(len(last), theirs)], *last[:theirs]]


async def claim(client: Client, numbers: Sequence[int], now: datetime, lease: timedelta) -> list[OutboxRow]:
    """Those of these rows that are still due, now ours until `now + lease`. A row in `sending` whose claim
    has lapsed is due again."""
    places = ", ".join("?" * len(numbers))
    taken = await rows(
        client,
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, version = version + 1,"  # noqa: S608
        f" due_at = ? WHERE id IN ({places}) AND due_at <= ? RETURNING *",
        [to_microseconds(now + lease), *numbers, to_microseconds(now)],
    )
    order = {number: place for place, number in enumerate(numbers)}
    taken.sort(key=lambda row: order[row["id"]])
    kept = await _contents(client, [row["id"] for row in taken if row["message_id"] is not None])
    silent = await _suppressed(client, {row["recipient"] for row in taken})
    return [read_outbox(row, kept.get(row["id"]), suppressed=row["recipient"] in silent) for row in taken]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The bytes of a claimed row, before its first attempt."""

    row: OutboxRow
    message_id: str
    envelope_from: str
    message: bytes


async def keep_messages(client: Client, kept: Sequence[Kept]) -> list[OutboxRow | Conflict]:
    """The rows with their bytes; `Conflict` for those that are no longer as they were claimed: nothing of
    them is written."""
    one = "(CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT))"
    values = [
        value
        for k in kept
        for value in (
            k.row.id,
            k.row.version,
            column(Outbox, "message_id", k.message_id),
            clean(k.envelope_from),
        )
    ]
    changed = await rows(
        client,
        f"WITH v (id, version, message_id, envelope_from) AS (VALUES {', '.join([one] * len(kept))})"  # noqa: S608
        " UPDATE outbox SET message_id = v.message_id, envelope_from = v.envelope_from,"
        " version = outbox.version + 1 FROM v"
        " WHERE outbox.id = v.id AND outbox.version = v.version AND outbox.state = 'sending'"
        " RETURNING outbox.id AS id",
        values,
    )
    done = {row["id"] for row in changed}
    contents = [{"id": k.row.id, "content": k.message} for k in kept if k.row.id in done]
    if contents:
        anew = "ON CONFLICT (id) DO UPDATE SET content = excluded.content"
        await run(client, [insertion(OutboxContent, contents, anew)])
    return [_kept(k) if k.row.id in done else _moved_on(k.row) for k in kept]


def _kept(kept: Kept) -> OutboxRow:
    return replace(
        kept.row,
        version=kept.row.version + 1,
        message_id=kept.message_id,
        envelope_from=kept.envelope_from,
        message=kept.message,
    )


def _moved_on(row: OutboxRow) -> Conflict:
    return Conflict(f"outbox row {row.id} has changed since version {row.version}")


async def unclaim(client: Client, claimed: Sequence[OutboxRow]) -> None:
    """Nobody tried to send them: they can still be superseded. Those that have moved on are left alone."""
    for row in claimed:
        await rows(
            client,
            "UPDATE outbox SET state = 'queued', due_at = queued_at, attempts = attempts - 1,"
            " version = version + 1 WHERE id = ? AND version = ? AND state = 'sending'",
            [row.id, row.version],
        )


async def next_due(client: Client) -> datetime | None:
    """The earliest due time, or lapse of a claim; None: nothing is left to do."""
    found = [row["due_at"] for row in await rows(client, _FIRST)]
    return from_microseconds(min(found)) if found else None


async def release(client: Client) -> int:
    """Rows that a crash left in `sending` are due since they were queued. Returns how many.

    An attempt whose end nobody knows is not counted again and again, or a row of a daemon that was killed ten
    times would wait for hours after its next refusal. One stays: the row must not pass for an untried one.
    """
    freed = await rows(
        client,
        "UPDATE outbox SET state = 'queued', due_at = queued_at, version = version + 1,"  # noqa: S608
        " attempts = CASE WHEN attempts > 1 THEN attempts - 1 ELSE attempts END"
        f" WHERE id IN ({_CLAIMED}) RETURNING id",
    )
    return len(freed)


async def _suppressed(client: Client, recipients: Collection[str]) -> set[str]:
    if not recipients:
        return set()
    places = ", ".join("?" * len(recipients))
    sql = f"SELECT address FROM suppressed_address WHERE address IN ({places})"  # noqa: S608 - placeholders only
    return {row["address"] for row in await rows(client, sql, sorted(recipients))}


async def _contents(client: Client, numbers: Sequence[int]) -> dict[int, bytes]:
    if not numbers:
        return {}
    places = ", ".join("?" * len(numbers))
    sql = f"SELECT id, content FROM outbox_content WHERE id IN ({places})"  # noqa: S608 - placeholders only
    return {row["id"]: bytes(row["content"]) for row in await rows(client, sql, numbers)}

"""What people look at: lists of tickets, one ticket whole, the ledger, and counts for health. Reads only.

Shapes are the contract's; instants are aware datetimes in UTC, rendered by whoever prints them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from daemon.core.values import ClockName, reference
from daemon.store.clocks import ClockRow, Left, newest_cycles
from daemon.store.connection import Client, Row, rows
from daemon.store.conversation import ANSWERS, once
from daemon.store.known import Known
from daemon.store.readings import instant, moment

Shape: TypeAlias = dict[str, Any]


async def ticket_list(
    client: Client, known: Known, *, everything: bool, now: datetime, left: Left
) -> list[Shape]:
    """`tickets`: the unresolved, or everything, oldest first."""
    where = "" if everything else "WHERE state IN ('new', 'open', 'waiting')"
    found = await rows(client, f"SELECT * FROM ticket {where} ORDER BY id")  # noqa: S608 - own words
    clocks = await newest_cycles(client, known, [row["id"] for row in found])
    names = (ClockName.FIRST_RESPONSE, ClockName.RESOLUTION)
    return [{**_summary(row), **_clock_shapes(clocks, row["id"], names, now, left)} for row in found]


async def ticket_whole(client: Client, known: Known, ref: str, *, now: datetime, left: Left) -> Shape | None:
    """`ticket REF` but for its counted intervals, which are worked out from its events; None: there is no
    such ticket. `ref` is AZ-1042, az-1042 or 1042."""
    digits = ref.strip().upper().removeprefix("AZ-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        return None
    found = await rows(client, "SELECT * FROM ticket WHERE id = ?", [int(digits)])
    if not found:
        return None
    row = found[0]
    clocks = await newest_cycles(client, known, [row["id"]])
    return {
        **_summary(row),
        **_clock_shapes(clocks, row["id"], tuple(ClockName), now, left),
        "coverage": row["coverage"],
        "severity": row["severity"],
        "rule": row["rule"],
        "evidence": json.loads(row["evidence"]),
        "merged_into": None if row["merged_into"] is None else reference(row["merged_into"]),
        **await _story(client, row["id"]),
    }


async def ledger(client: Client, limit: int, *, disposition: str | None = None) -> list[Shape]:
    """The newest rows of the ledger, newest first; with a disposition its oldest rows first."""
    if disposition is None:
        found = await rows(client, "SELECT * FROM inbound_mail ORDER BY id DESC LIMIT ?", [limit])
    else:
        sql = "SELECT * FROM inbound_mail WHERE disposition = ? ORDER BY mailbox, id LIMIT ?"
        found = await rows(client, sql, [disposition, limit])
    return [
        {
            "mailbox": row["mailbox"],
            "uidvalidity": row["uidvalidity"],
            "uid": row["uid"],
            "arrived": moment(row["arrived"]),
            "from": row["sender"],
            "subject": row["subject"],
            "message_id": row["message_id"],
            "disposition": row["disposition"],
            "reason": row["reason"],
            "ticket": None if row["ticket"] is None else reference(row["ticket"]),
            "moved": bool(row["moved"]),
        }
        for row in found
    ]


async def counts(client: Client) -> dict[str, int]:
    """For health: what waits. Led by indexes, so that it can be asked often."""
    found = await rows(
        client,
        "SELECT"
        " (SELECT count(*) FROM ticket WHERE state IN ('new', 'open', 'waiting')) AS unresolved,"
        " (SELECT count(*) FROM outbox WHERE rank IN (1, 2, 3, 4, 5) AND due_at IS NOT NULL) AS outbox,"
        " (SELECT count(*) FROM inbound_mail WHERE disposition = 'held') AS held,"
        " (SELECT count(*) FROM inbound_mail WHERE disposition = 'quarantine') AS quarantine",
    )
    return {name: int(value) for name, value in found[0].items()}


def _summary(row: Row) -> Shape:
    return {
        "ref": reference(row["id"]),
        "subject": row["subject"],
        "contact": row["requester"] or None,
        "account": row["account"],
        "language": row["language"],
        "plan": row["plan"],
        "state": row["state"],
        "priority": row["priority"],
        "provisional": bool(row["provisional"]),
        "assignee": row["assignee"],
        "opened": moment(row["opened_at"]),
    }


def _clock_shapes(
    clocks: dict[tuple[int, str], ClockRow],
    ticket: int,
    names: Sequence[ClockName],
    now: datetime,
    left: Left,
) -> Shape:
    return {name.value: _clock_shape(clocks.get((ticket, name.value)), now, left) for name in names}


def _clock_shape(clock: ClockRow | None, now: datetime, left: Left) -> Shape | None:
    if clock is None:
        return None
    return {
        "due": clock.due,
        "met": clock.met,
        "breached": clock.breached_at(now),
        "paused": clock.paused,
        "left": left(clock, now) if clock.outcome is None else None,
        "outcome": clock.outcome,
    }


async def _story(client: Client, ticket: int) -> Shape:
    """Everything that hangs on one ticket, oldest first."""

    async def of(sql: str) -> list[Row]:
        return await rows(client, sql, [ticket])

    attachments: dict[int, list[Shape]] = {}
    for row in await of(
        "SELECT a.* FROM attachment a JOIN message m ON m.id = a.message_id"
        " WHERE m.ticket_id = ? ORDER BY a.id"
    ):
        attachments.setdefault(row["message_id"], []).append(
            {"name": row["name"], "type": row["media_type"], "size": row["size"], "sha256": row["sha256"]}
        )
    mails = await of("SELECT * FROM outbox WHERE ticket = ? ORDER BY id")
    answers = {
        row["message_id"]: json.loads(row["context"])
        for row in mails
        if row["kind"] in ANSWERS and row["message_id"] is not None
    }
    replies = {message_id: str(context.get("reply", "")) for message_id, context in answers.items()}
    messages = await of("SELECT * FROM message WHERE ticket_id = ? ORDER BY at, id")
    return {
        "participants": [
            {"address": row["address"], "name": row["name"], "role": row["role"]}
            for row in await of("SELECT * FROM participant WHERE ticket_id = ? ORDER BY id")
        ],
        "messages": [
            {
                "direction": row["direction"],
                "from": row["sender"] or None,
                "at": moment(row["at"]),
                "text": row["text"],
                "message_id": row["message_id"],
                "attachments": attachments.get(row["id"], []),
                "by": answers.get(row["message_id"], {}).get("by") if row["direction"] == "out" else None,
            }
            for row in once(messages, replies)
        ],
        "history": [
            {
                "at": moment(row["at"]),
                "event": row["event"],
                "by": row["by"],
                "detail": json.loads(row["detail"]),
            }
            for row in await of("SELECT * FROM history WHERE ticket_id = ? ORDER BY at, id")
        ],
        "calls": [
            {"at": moment(row["at"]), "by": row["by"], "minutes": row["minutes"], "text": row["text"]}
            for row in await of("SELECT * FROM call WHERE ticket_id = ? ORDER BY at, id")
        ],
        "credits": [
            {
                "amount": row["accepted_amount"] or row["amount"],
                "state": row["state"],
                "month": row["month"],
                "proposed": row["amount"],
                "accepted_month": row["accepted_month"],
            }
            for row in await of("SELECT * FROM credit WHERE ticket_id = ? ORDER BY id")
        ],
        "outbox": [
            {
                "kind": row["kind"],
                "to": row["recipient"],
                "state": row["state"],
                "attempts": row["attempts"],
                "due": instant(row["due_at"]),
            }
            for row in mails
        ],
        "links": [
            reference(row["other_id"])
            for row in await of("SELECT other_id FROM ticket_link WHERE ticket_id = ? ORDER BY other_id")
        ],
    }

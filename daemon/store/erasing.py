"""A ticket's texts, names and attachments go for good, and its kept mails; figures and history stay (mail.md,
"Who may"). Files go after the commit: what is to go is noted with it, so that a crash in between only puts it
off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from daemon.core.actions import EraseTicket
from daemon.store.blobs import Blobs
from daemon.store.connection import Client, Connection, Row, Statement, rows, run
from daemon.store.tables_mail import Setting
from daemon.store.tx import transaction
from daemon.store.unwritten import Writing
from daemon.store.writing import insert

_UNNEEDED: Final = "unneeded_files:"
"""Begins the name of the setting that lists the files of an erased ticket that are still there."""

_KEPT: Final = ("reply", "by", "agent", "what", "about", "held", "known", "language")
"""What of a mail's facts is no text, and still asked for when its answer comes."""

_TEXTS: Final = (
    "UPDATE message SET text = '', full_text = '', subject = NULL, sender_name = '' WHERE ticket_id IN ({})",
    "UPDATE participant SET name = '' WHERE ticket_id IN ({})",
    "UPDATE \"call\" SET text = '' WHERE ticket_id IN ({})",
    "UPDATE ticket SET subject = '', requester_name = '', evidence = '[]', news = NULL,"
    " version = version + 1 WHERE id IN ({})",
    "UPDATE held_mail SET words = '', yes = NULL, send = NULL, attachments = '[]',"
    " settled = COALESCE(settled, 'erased') WHERE ticket IN ({})",
    "UPDATE inbound_mail SET subject = '', blob = NULL WHERE ticket IN ({})",
    "UPDATE outbox SET state = 'cancelled', due_at = NULL, version = version + 1, last_error = 'erased'"
    " WHERE ticket IN ({}) AND due_at IS NOT NULL",
    "DELETE FROM attachment WHERE message_id IN (SELECT id FROM message WHERE ticket_id IN ({}))",
)


async def erase(writing: Writing, action: EraseTicket) -> None:
    """At once, before the rest of the decision is written: its receipt stays."""
    client = writing.client
    numbers = await _with_merged(client, writing.number(action.ticket))
    places = ", ".join("?" * len(numbers))
    files = await _files(client, numbers, places)
    await _forget_mails(client, numbers, places)
    await run(client, [(sql.format(places), numbers) for sql in _TEXTS])
    if files:
        values = {"name": f"{_UNNEEDED}{numbers[0]}", "value": files}
        await insert(client, Setting, [values], "ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        writing.erases = True
    writing.forgets = True


async def sweep(connection: Connection, blobs: Blobs) -> None:
    """Remove the files of erased tickets that nothing names any more."""
    sql = "SELECT name, value FROM setting WHERE name LIKE ?"
    for row in await connection.rows(sql, [f"{_UNNEEDED}%"]):
        for name in json.loads(row["value"]):
            if not await _named(connection, name):
                blobs.remove(name)
        await transaction(connection, partial(_forget, row["name"]))


async def _forget(name: str, client: Client) -> None:
    await run(client, [("DELETE FROM setting WHERE name = ?", [name])])


async def _with_merged(client: Client, number: int) -> list[int]:
    """The ticket and those that were merged into it, as its history tells."""
    found = [number]
    for one in found:
        sql = "SELECT detail FROM history WHERE ticket_id = ? AND event = 'absorbed' ORDER BY id"
        for row in await rows(client, sql, [one]):
            digits = str(json.loads(row["detail"]).get("ticket", "")).removeprefix("AZ-")
            if digits.isdecimal() and int(digits) not in found:
                found.append(int(digits))
    return found


async def _files(client: Client, numbers: Sequence[int], places: str) -> list[str]:
    attached = await rows(
        client,
        "SELECT DISTINCT a.sha256 AS name FROM message m JOIN attachment a ON a.message_id = m.id"  # noqa: S608
        f" WHERE m.ticket_id IN ({places})",
        numbers,
    )
    large = await rows(
        client,
        f"SELECT blob AS name FROM inbound_mail WHERE ticket IN ({places}) AND blob IS NOT NULL",  # noqa: S608
        numbers,
    )
    held = await rows(client, f"SELECT attachments FROM held_mail WHERE ticket IN ({places})", numbers)  # noqa: S608
    loose = [one["sha256"] for row in held for one in json.loads(row["attachments"])]
    return sorted({row["name"] for row in (*attached, *large)} | set(loose))


async def _forget_mails(client: Client, numbers: Sequence[int], places: str) -> None:
    """The bytes of what came and went, and the words among the facts of what went. Every row stays, with
    nothing in it."""
    arrived = f"SELECT id FROM inbound_mail WHERE ticket IN ({places})"  # noqa: S608 - placeholders only
    sent = f"SELECT id FROM outbox WHERE ticket IN ({places})"  # noqa: S608 - placeholders only
    large = await rows(client, f"{arrived} AND blob IS NOT NULL", numbers)
    statements: list[Statement] = [
        (f"UPDATE inbound_content SET content = ? WHERE id IN ({arrived})", [b"", *numbers]),  # noqa: S608
        (f"UPDATE outbox_content SET content = ? WHERE id IN ({sent})", [b"", *numbers]),  # noqa: S608
    ]
    statements += [
        (
            "INSERT INTO inbound_content (id, content) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
            [row["id"], b""],
        )
        for row in large
    ]
    for row in await rows(client, f"SELECT id, context FROM outbox WHERE ticket IN ({places})", numbers):  # noqa: S608
        statements.append(("UPDATE outbox SET context = ? WHERE id = ?", [_without_words(row), row["id"]]))
    await run(client, statements)


def _without_words(row: Row) -> str:
    context: dict[str, Any] = json.loads(row["context"])
    return json.dumps({key: context[key] for key in _KEPT if key in context}, separators=(",", ":"))


async def _named(connection: Connection, name: str) -> bool:
    """Whether a message, a held mail or a large mail still names this file. The last two have no index for
    it: something is erased once in a long while."""
    asked = (
        ("SELECT 1 FROM attachment WHERE sha256 = ? LIMIT 1", name),
        ("SELECT 1 FROM held_mail WHERE attachments LIKE ? LIMIT 1", f'%"{name}"%'),
        ("SELECT 1 FROM inbound_mail WHERE blob = ? LIMIT 1", name),
    )
    for sql, value in asked:
        if await connection.rows(sql, [value]):
            return True
    return False

"""What was said on tickets: which of it a mail answers, and all of it in order. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from daemon.core.commands.notifying import Said
from daemon.core.facts import RecordedMessage
from daemon.core.values import Address, Attachment, OutboxRow
from daemon.store.connection import Client, Row, rows
from daemon.store.fields import key_of
from daemon.store.readings import moment, read_outbox

ANSWERS: Final = ("reply", "resolved")
"""Kinds of mail that hold an agent's words for the customer: one row for each reader."""


async def named(
    client: Client, message_ids: Sequence[str], *, contents: bool
) -> tuple[tuple[RecordedMessage, ...], OutboxRow | None]:
    """The newest message under each id (a device may send one id for ever), and mails of ours that left; then
    the first of the ids' mails that is ours, with its bytes where `contents` are wanted."""
    if not message_ids:
        return (), None
    asked = {key_of(message_id): message_id for message_id in message_ids}
    ours = await _ours(client, list(asked))
    found = await _messages(client, asked)
    for key, row in ours.items():
        if key not in found and row["ticket"] is not None:
            found[key] = RecordedMessage(
                message_id=asked[key], ticket=row["ticket"], people=(row["recipient"],)
            )
    answered = next((ours[key] for key in asked if key in ours), None)
    recorded = tuple(found[key] for key in asked if key in found)
    if answered is None:
        return recorded, None
    return recorded, read_outbox(answered, await _content(client, answered["id"]) if contents else None)


async def _messages(client: Client, asked: Mapping[str, str]) -> dict[str, RecordedMessage]:
    ids = ", ".join(["(CAST(? AS TEXT))"] * len(asked))
    messages = await rows(
        client,
        f"WITH ids(v) AS (VALUES {ids})"  # noqa: S608 - placeholders only
        ' SELECT m.message_id, m.ticket_id AS ticket, m.sender, m."to", m.cc FROM ids JOIN message m'
        " ON m.id = (SELECT n.id FROM message n WHERE n.message_id = ids.v ORDER BY n.id DESC LIMIT 1)",
        list(asked),
    )
    return {
        row["message_id"]: RecordedMessage(
            message_id=asked[row["message_id"]],
            ticket=row["ticket"],
            people=tuple(dict.fromkeys([row["sender"], *json.loads(row["to"]), *json.loads(row["cc"])])),
        )
        for row in messages
    }


async def _ours(client: Client, keys: Sequence[str]) -> dict[str, Row]:
    """By their ids; a Message-ID is one row's."""
    places = ", ".join("?" * len(keys))
    sql = f"SELECT * FROM outbox WHERE message_id IN ({places}) ORDER BY id"  # noqa: S608 - placeholders only
    return {row["message_id"]: row for row in await rows(client, sql, keys)}


async def _content(client: Client, number: int) -> bytes | None:
    found = await rows(client, "SELECT content FROM outbox_content WHERE id = ?", [number])
    return bytes(found[0]["content"]) if found else None


async def told(
    client: Client, numbers: Sequence[int], mails: Mapping[int, Sequence[Row]]
) -> dict[int, tuple[Said, ...]]:
    """Every message of each ticket, oldest first; an agent's answer once, whatever the number of its readers,
    and nothing that nobody wrote. `mails`: the outbox rows of the answers, contexts read."""
    places = ", ".join("?" * len(numbers))
    sql = f"SELECT * FROM message WHERE ticket_id IN ({places}) ORDER BY at, id"  # noqa: S608 - placeholders only
    messages = await rows(client, sql, numbers)
    sql = (
        "SELECT a.* FROM message m JOIN attachment a ON a.message_id = m.id"  # noqa: S608 - placeholders only
        f" WHERE m.ticket_id IN ({places}) ORDER BY a.id"
    )
    attached: dict[int, list[Attachment]] = {}
    for row in await rows(client, sql, numbers):
        attached.setdefault(row["message_id"], []).append(
            Attachment(name=row["name"], media_type=row["media_type"], size=row["size"], sha256=row["sha256"])
        )
    found: dict[int, list[Said]] = {}
    answers = {mail["message_id"]: mail for some in mails.values() for mail in some}
    for row in once(messages, {key: mail["context"].get("reply", "") for key, mail in answers.items()}):
        if row["direction"] == "out" and not row["text"]:
            continue
        author = Address(address=row["sender"], name=row["sender_name"])
        if row["direction"] == "out" and row["message_id"] in answers:
            author = Address(address="", name=answers[row["message_id"]]["context"].get("agent", ""))
        found.setdefault(row["ticket_id"], []).append(
            Said(
                direction=row["direction"],
                author=author,
                at=moment(row["at"]),
                text=row["text"],
                attachments=tuple(attached.get(row["id"], ())),
            )
        )
    return {number: tuple(said) for number, said in found.items()}


def once(messages: Iterable[Row], replies: Mapping[str, str]) -> list[Row]:
    """Messages without those that repeat one reply to one more reader; `replies`: the reply by Message-ID."""
    seen: set[tuple[int, str]] = set()
    kept = []
    for row in messages:
        reply = replies.get(row["message_id"], "") if row["direction"] == "out" else ""
        if reply and (row["ticket_id"], reply) in seen:
            continue
        seen.add((row["ticket_id"], reply))
        kept.append(row)
    return kept

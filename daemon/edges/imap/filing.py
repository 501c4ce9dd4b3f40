"""Putting mails into folders: MOVE, or COPY and expunge where there is no MOVE; folders made when missing.

A mail is never deleted before the server has said that the copy is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from daemon.edges.imap.answers import code, listed, searched
from daemon.edges.imap.connection import Answer, Connection
from daemon.edges.imap.folder import uid_set, wire_name
from daemon.edges.imap.server import said
from daemon.ports import MoveRefused

_NO_ROOM: Final = {"OVERQUOTA", "LIMIT"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_APPENDED: Final = re.compile(rb"\[APPENDUID \d+ (\d+)\]", re.IGNORECASE)


async def move(connection: Connection, uids: Sequence[int], folder: str) -> None:
    """One batch. Raises `MoveRefused` with the server's words; what has vanished is no refusal."""
    if "MOVE" in connection.capabilities:
        await _transfer(connection, "MOVE", uids, folder)
    elif "UIDPLUS" in connection.capabilities:
        await _transfer(connection, "COPY", uids, folder)
        await _mark_deleted(connection, uids, folder)
        await connection.command("EXPUNGE", uid_set(uids), uid=True)
    else:
        await _move_by_hand(connection, uids, folder)


async def append(
    connection: Connection, folder: str, data: bytes, internaldate: datetime | None
) -> int | None:
    """APPEND; the new UID where the server tells it. Raises `MoveRefused`."""
    stamp = [_stamp(internaldate)] if internaldate is not None else []
    args = (_name(folder), *stamp, f"{{{len(data)}}}")
    answer = await connection.command("APPEND", *args, answers=[data], expect=len(data))
    if answer.result != "OK" and await _made(connection, folder, answer):
        answer = await connection.command("APPEND", *args, answers=[data], expect=len(data))
    if answer.result != "OK":
        raise _refused(f"a mail cannot be put into {folder!r}", answer)
    told = _APPENDED.search(answer.text)
    return int(told.group(1)) if told else None


async def remove(connection: Connection, uids: Sequence[int]) -> bool:
    """Delete exactly these mails. False where the server will not, or cannot: without UIDPLUS an EXPUNGE
    takes every deleted mail with it, so it is said only when there are none of other people's."""
    flagged = await connection.command("STORE", uid_set(uids), "+FLAGS.SILENT", "(\\Deleted)", uid=True)
    if flagged.result != "OK":
        return not await _present(connection, uids)
    if "UIDPLUS" in connection.capabilities:
        return (await connection.command("EXPUNGE", uid_set(uids), uid=True)).result == "OK"
    deleted = await connection.command("SEARCH", "DELETED", uid=True)
    if deleted.result != "OK" or not set(searched(deleted.lines)) <= set(uids):
        return False
    return (await connection.command("EXPUNGE")).result == "OK"


async def find(
    connection: Connection, folder: str, field: str, value: str, since: datetime, before: datetime
) -> list[int]:
    """UIDs in `folder`, which is then the selected one, of mails with `value` in this field that arrived on
    these days."""
    opened = await connection.command("EXAMINE", _name(folder))
    if opened.result != "OK":
        return []
    days = ("SINCE", _day(since), "BEFORE", _day(before + timedelta(days=1)))
    answer = await connection.command("SEARCH", *days, "HEADER", field, f'"{value}"', uid=True)
    if answer.result != "OK":
        raise connection.server.trouble(f"it answers {answer.result} to SEARCH: {said(answer.text)}")
    return searched(answer.lines)


async def ensure(connection: Connection, folder: str) -> None:
    """Create `folder` unless it is there. Raises `MoveRefused`."""
    if not await _exists(connection, folder):
        await _create(connection, folder)


async def _transfer(connection: Connection, verb: str, uids: Sequence[int], folder: str) -> None:
    """MOVE or COPY, tried again once when there was a reason that could be removed: no such folder, or a
    mail of the batch that somebody else has taken away (RFC 2180, 4.4)."""
    name = _name(folder)
    answer = await connection.command(verb, uid_set(uids), name, uid=True)
    if answer.result == "OK":
        return
    made = await _made(connection, folder, answer)
    left = await _present(connection, uids)
    if not left:
        return
    if made or len(left) < len(uids):
        answer = await connection.command(verb, uid_set(left), name, uid=True)
    if answer.result != "OK":
        raise _refused(f"mails cannot be moved to {folder!r}", answer)


async def _move_by_hand(connection: Connection, uids: Sequence[int], folder: str) -> None:
    """Neither MOVE nor UIDPLUS: a plain EXPUNGE takes every deleted mail with it, other people's too, so it
    is said only when there are none. Flagged mails that stay are not copied again the next time."""
    ours = await _present(connection, uids, "UNDELETED")
    if ours:
        await _transfer(connection, "COPY", ours, folder)
        await _mark_deleted(connection, ours, folder)
    deleted = await connection.command("SEARCH", "DELETED", uid=True)
    if deleted.result == "OK" and set(searched(deleted.lines)) <= set(uids):
        await connection.command("EXPUNGE")


async def _mark_deleted(connection: Connection, uids: Sequence[int], folder: str) -> None:
    answer = await connection.command("STORE", uid_set(uids), "+FLAGS.SILENT", "(\\Deleted)", uid=True)
    if answer.result != "OK" and await _present(connection, uids):
        raise _refused(f"mails were copied to {folder!r} but cannot be deleted here", answer)


async def _made(connection: Connection, folder: str, answer: Answer) -> bool:
    """Was the folder missing, and is it there now? Not every server says TRYCREATE."""
    if code(answer.text) in _NO_ROOM or answer.result == "BAD":
        return False
    if code(answer.text) != "TRYCREATE" and await _exists(connection, folder):
        return False
    await _create(connection, folder)
    return True


async def _create(connection: Connection, folder: str) -> None:
    name = _name(folder)
    answer = await connection.command("CREATE", name)
    if answer.result != "OK" and code(answer.text) != "ALREADYEXISTS":
        raise _refused(f"the folder {folder!r} cannot be created; create it by hand or name another", answer)
    await connection.command("SUBSCRIBE", name)  # so that mail clients show it; no matter if not


async def _exists(connection: Connection, folder: str) -> bool:
    answer = await connection.command("LIST", '""', _name(folder))
    return answer.result == "OK" and bool(listed(answer.lines))


async def _present(connection: Connection, uids: Sequence[int], *also: str) -> list[int]:
    answer = await connection.command("SEARCH", "UID", uid_set(uids), *also, uid=True)
    if answer.result != "OK":
        raise connection.server.trouble(f"it answers {answer.result} to SEARCH: {said(answer.text)}")
    return searched(answer.lines)


def _name(folder: str) -> str:
    try:
        return wire_name(folder)
    except ValueError as fault:
        raise MoveRefused(str(fault)) from fault


def _refused(what: str, answer: Answer) -> MoveRefused:
    return MoveRefused(f"{what}: {said(answer.text)}")


def _day(moment: datetime) -> str:
    return f"{moment.day}-{_MONTHS[moment.month - 1]}-{moment.year:04}"


def _stamp(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f'"{utc.day:02}-{_MONTHS[utc.month - 1]}-{utc.year:04} {utc:%H:%M:%S} +0000"'

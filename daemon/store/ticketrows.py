"""Tickets with their participants, and where merges lead. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from daemon.core.values import Participant, Ticket
from daemon.store.connection import Client, Row, rows
from daemon.store.readings import read_participant, read_ticket

_LARGEST: Final = 2**63 - 1
"""No row has a greater number; a mail's subject may name one, and the driver would choke on it."""

_MERGES: Final = 20
"""Longest chain of merges that is followed."""

Found: TypeAlias = dict[int, tuple[Row, Ticket]]
"""By number: the row whole, and the ticket that is read from it."""


def possible(numbers: Iterable[int]) -> set[int]:
    return {number for number in numbers if 0 < number <= _LARGEST}


async def tickets_of(client: Client, numbers: Iterable[int]) -> Found:
    """Those of these tickets that exist."""
    return await _with_people(client, await _rows_of(client, possible(numbers)))


async def tickets_and_survivors(client: Client, numbers: Iterable[int]) -> Found:
    """These tickets and those they were merged into."""
    found: dict[int, Row] = {}
    ask = possible(numbers)
    for _ in range(_MERGES):
        if not ask:
            break
        found |= await _rows_of(client, ask)
        ask = {row["merged_into"] for row in found.values() if row["merged_into"] is not None} - found.keys()
    return await _with_people(client, found)


async def _rows_of(client: Client, numbers: set[int]) -> dict[int, Row]:
    if not numbers:
        return {}
    places = ", ".join("?" * len(numbers))
    sql = f"SELECT * FROM ticket WHERE id IN ({places})"  # noqa: S608 - placeholders only
    return {row["id"]: row for row in await rows(client, sql, sorted(numbers))}


async def _with_people(client: Client, found: dict[int, Row]) -> Found:
    people = await _participants(client, sorted(found))
    return {n: (found[n], read_ticket(found[n], people.get(n, ()))) for n in sorted(found)}


async def _participants(client: Client, numbers: Sequence[int]) -> dict[int, list[Participant]]:
    if not numbers:
        return {}
    places = ", ".join("?" * len(numbers))
    sql = f"SELECT * FROM participant WHERE ticket_id IN ({places}) ORDER BY id"  # noqa: S608
    people: dict[int, list[Participant]] = {}
    for row in await rows(client, sql, numbers):
        people.setdefault(row["ticket_id"], []).append(read_participant(row))
    return people

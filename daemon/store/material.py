"""What statements are made of: tickets of a span whole, credits and calls. Reads only, a few tickets at a
time, so that a year of a large desk fits into memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from daemon.core.reports.material import AccountCall, Material
from daemon.core.sla.minutes import LoggedCall
from daemon.core.sla.statement import CreditLine
from daemon.store.connection import Client, Connection, Row, rows
from daemon.store.dossiers import dossiers
from daemon.store.fields import to_microseconds
from daemon.store.known import Known
from daemon.store.readings import moment

_AT_ONCE: Final = 200

_ACROSS: Final = timedelta(days=2)
"""Months are those of the desk's zone, and a span's ends may fall anywhere in one."""

# Closed before the span, a ticket has nothing in it but a call; each part is led by its own index.
_TICKETS: Final = """
SELECT id FROM ticket WHERE state IN ('new', 'open', 'waiting', 'resolved') AND opened_at < ?
UNION SELECT id FROM ticket WHERE closed_at >= ? AND opened_at < ?
UNION SELECT ticket_id FROM call WHERE at >= ? AND at < ?
"""
_OF_ACCOUNT: Final = """
SELECT id FROM ticket WHERE account = ? AND opened_at < ? AND (closed_at IS NULL OR closed_at >= ?)
UNION SELECT ticket_id FROM call WHERE account = ? AND at >= ? AND at < ?
"""


async def parts(
    connection: Connection, known: Known, since: datetime, until: datetime, account: str | None
) -> AsyncIterator[Material]:
    """Of all accounts, or of one."""
    with connection.entered() as client:
        numbers = await _tickets(client, since, until, account)
        first = Material(
            credits=await _credits(client, since, until, account),
            calls=await _calls(client, since, until, account),
        )
    yield first
    for start in range(0, len(numbers), _AT_ONCE):
        with connection.entered() as client:
            some = await dossiers(client, known, numbers[start : start + _AT_ONCE])
        yield Material(dossiers=tuple(some))


async def tickets_after(client: Client, number: int, limit: int) -> list[int]:
    """The next tickets by number."""
    found = await rows(client, "SELECT id FROM ticket WHERE id > ? ORDER BY id LIMIT ?", [number, limit])
    return [row["id"] for row in found]


async def _tickets(client: Client, since: datetime, until: datetime, account: str | None) -> list[int]:
    begin, end = to_microseconds(since), to_microseconds(until)
    if account is None:
        found = await rows(client, _TICKETS, [end, begin, end, begin, end])
    else:
        found = await rows(client, _OF_ACCOUNT, [account, end, begin, account, begin, end])
    return sorted(row["id"] for row in found)


async def _credits(
    client: Client, since: datetime, until: datetime, account: str | None
) -> tuple[CreditLine, ...]:
    """The months are texts, and compare as they follow one another."""
    months = [f"{since - _ACROSS:%Y-%m}", f"{until + _ACROSS:%Y-%m}"]
    own = "" if account is None else " AND account = ?"
    of = [] if account is None else [account]
    sql = (
        f"SELECT * FROM credit WHERE month >= ? AND month <= ?{own}"  # noqa: S608 - own words
        f" UNION SELECT * FROM credit WHERE accepted_month >= ? AND accepted_month <= ?{own} ORDER BY id"
    )
    return tuple(_credit(row) for row in await rows(client, sql, [*months, *of, *months, *of]))


def _credit(row: Row) -> CreditLine:
    given = row["accepted_amount"]
    return CreditLine(
        ticket=row["ticket_id"],
        account=row["account"],
        proposed=Decimal(row["amount"]),
        state=row["state"],
        month=row["month"],
        accepted_month=row["accepted_month"],
        given=None if given is None else Decimal(given),
    )


async def _calls(
    client: Client, since: datetime, until: datetime, account: str | None
) -> tuple[AccountCall, ...]:
    own = "" if account is None else " AND account = ?"
    sql = f"SELECT * FROM call WHERE at >= ? AND at < ?{own} ORDER BY at, id"  # noqa: S608 - own words
    values = [to_microseconds(since), to_microseconds(until), *([] if account is None else [account])]
    return tuple(
        AccountCall(
            ticket=row["ticket_id"],
            account=row["account"],
            call=LoggedCall(at=moment(row["at"]), minutes=row["minutes"]),
        )
        for row in await rows(client, sql, values)
    )

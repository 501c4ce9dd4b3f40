"""What the morning's digest tells of: unresolved tickets, what was missed of late, credits that wait."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from daemon.core.facts import Listed
from daemon.core.sla.cycles import BREACHABLE
from daemon.core.ticking.digest import Morning, OpenCredit
from daemon.core.values import ClockName, reference
from daemon.store import asking, views
from daemon.store.connection import Client, Row, rows
from daemon.store.fields import to_microseconds
from daemon.store.readings import instant
from daemon.store.ticketrows import Found, tickets_of

_NAMES: Final = ", ".join("?" * len(BREACHABLE))

# A promise is missed when it falls due unkept: its cycle is open since, or was kept late. The index on
# outcome and due instant leads there.
_MISSED: Final = " UNION ALL ".join(
    f"SELECT c.ticket_id AS id, c.name AS clock, c.due_at, c.breached_at, a.name AS account FROM clock c"  # noqa: S608
    " JOIN ticket t ON t.id = c.ticket_id LEFT JOIN account a ON a.key = t.account"
    f" WHERE {outcome} AND c.due_at >= ? AND c.due_at < ? AND c.breached_at IS NOT NULL"
    f" AND c.name IN ({_NAMES})"
    for outcome in ("c.outcome IS NULL", "c.outcome = 'late'")
)
_CREDITS: Final = """
SELECT c.ticket_id, c.amount, a.name AS account FROM credit c LEFT JOIN account a ON a.key = c.account
WHERE c.state = 'proposed' ORDER BY c.id LIMIT 100
"""


async def morning(client: Client, since: datetime, now: datetime) -> Morning:
    """`since`: what was missed from then on is new."""
    clocks = [clock.value for clock in BREACHABLE]
    span = [to_microseconds(since), to_microseconds(now), *clocks]
    missed = await rows(client, _MISSED, [*span, *span])
    found = await tickets_of(client, sorted({row["id"] for row in missed}))
    counts = await views.counts(client)
    return Morning(
        listing=await asking.listing(client),
        missed=tuple(_missed(row, found) for row in missed if row["id"] in found),
        credits=tuple(
            OpenCredit(
                ticket=reference(row["ticket_id"]),
                account=row["account"] or "",
                amount=Decimal(row["amount"]),
            )
            for row in await rows(client, _CREDITS)
        ),
        quarantine=counts["quarantine"],
    )


def _missed(row: Row, found: Found) -> Listed:
    return Listed(
        ticket=found[row["id"]][1],
        account=row["account"] or "",
        clock=ClockName(row["clock"]).value,
        due=instant(row["due_at"]),
        breached=True,
    )

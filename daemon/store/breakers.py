"""What [limits] counts: the last hour of one sender, of one ticket, and of the desk. Reads only; every
statement is led by an index."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from daemon.core.facts import COMPARED
from daemon.core.values import Priority, State, Ticket
from daemon.store.connection import Client, rows
from daemon.store.fields import key_of, to_microseconds

WITHIN: Final = timedelta(hours=1)
"""[limits] count per hour."""

ANSWERS: Final = ("ack", "transcript", "confirm")
"""What the desk answers by itself to somebody's mail. Each counts for the limit of its reader: a refused
command of an agent's responder goes in circles as an acknowledgement does."""

_OVER: Final = frozenset({State.RESOLVED.value, State.CLOSED.value})

# Every priority is named so that the index leads to the tickets.
_TEXTS: Final = f"""
SELECT substr(m.text, 1, {COMPARED}) AS text FROM ticket t JOIN message m ON m.ticket_id = t.id
WHERE t.requester = ? AND t.priority IN ({", ".join("?" * len(Priority))}) AND t.opened_at >= ?
 AND m.direction = 'in' AND m.sender = ?
ORDER BY m.id DESC LIMIT 50
"""  # noqa: S608 - placeholders only


def since(arrived: datetime) -> int:
    """Begin of the hour before this arrival, as the database keeps it."""
    return to_microseconds(arrived - WITHIN)


async def recent_texts(client: Client, sender: str, arrived: datetime) -> tuple[str, ...]:
    """What this sender wrote on tickets of the last hour."""
    key = key_of(sender)
    found = await rows(client, _TEXTS, [key, *(p.value for p in Priority), since(arrived), key])
    return tuple(row["text"] for row in found)


async def answers_to(client: Client, address: str, arrived: datetime) -> int:
    """What the desk itself queued for this address."""
    places = ", ".join("?" * len(ANSWERS))
    sql = f"SELECT count(*) AS n FROM outbox WHERE recipient = ? AND kind IN ({places}) AND queued_at > ?"  # noqa: S608
    return int((await rows(client, sql, [key_of(address), *ANSWERS, since(arrived)]))[0]["n"])


async def mails_on(client: Client, tickets: Sequence[Ticket], arrived: datetime) -> dict[int, int]:
    """How many mails came on each of these tickets."""
    if not tickets:
        return {}
    sql = (
        "SELECT ticket_id, count(*) AS n FROM message"  # noqa: S608 - placeholders only
        f" WHERE ticket_id IN ({', '.join('?' * len(tickets))}) AND at > ? AND direction = 'in'"
        " GROUP BY ticket_id"
    )
    found = await rows(client, sql, [*(t.id for t in tickets), since(arrived)])
    return {row["ticket_id"]: row["n"] for row in found}


async def reopens_of(client: Client, tickets: Sequence[Ticket], arrived: datetime) -> dict[int, int]:
    """How often each of these tickets came back to life. Only those that are over can do so once more."""
    over = [t.id for t in tickets if t.state.value in _OVER]
    if not over:
        return {}
    sql = (
        "SELECT ticket_id, detail FROM history"  # noqa: S608 - placeholders only
        f" WHERE ticket_id IN ({', '.join('?' * len(over))}) AND at > ? AND event = 'state'"
    )
    found: Counter[int] = Counter()
    for row in await rows(client, sql, [*over, since(arrived)]):
        change = json.loads(row["detail"])
        found[row["ticket_id"]] += change.get("from") in _OVER and change.get("to") not in _OVER
    return dict(found)

"""The questions that dossiers are made of: each for any number of tickets, each led by an index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from daemon.core.sla.minutes import LoggedCall
from daemon.core.values import Account
from daemon.store import conversation
from daemon.store.connection import Client, Row, rows
from daemon.store.readings import moment, read_account
from daemon.store.undoable import CHANGES, UNDONE, Change

OBJECTION: Final = "objection"
"""The event of a history that tells that the customer's "urgent" was heard."""

SILENCED: Final = "not_acknowledged"
"""The one that tells that the opening was not acknowledged."""

OPENED: Final = "opened"
"""The one that tells how a ticket came to be, and whether the receiving server vouched for its mail."""

ACK: Final = "ack"
_TOLD: Final = (*conversation.ANSWERS, ACK)

_TWO_MONTHS: Final = timedelta(days=63)
"""A calendar month and the one before, in whatever zone."""

_EVENTS: Final = ", ".join(f"'{event}'" for event in (*CHANGES, UNDONE, OBJECTION, SILENCED, OPENED))

# One table of texts, for the questions that are alike: one way to the database instead of five.
_WRITTEN: Final = f"""
SELECT 'event' AS what, ticket_id AS ticket, id AS n, at, record AS a, '' AS b, '' AS c
 FROM ticket_event WHERE ticket_id IN ({{0}})
UNION ALL SELECT 'done', ticket_id, id, 0, key, '', '' FROM step_done WHERE ticket_id IN ({{0}})
UNION ALL SELECT 'history', ticket_id, id, at, event, "by", detail FROM history
 WHERE ticket_id IN ({{0}}) AND event IN ({_EVENTS})
UNION ALL SELECT 'credit', ticket_id, id, proposed_at, amount, state, month FROM credit
 WHERE ticket_id IN ({{0}})
UNION ALL SELECT 'silent', p.ticket_id, p.id, s.at, s.address, '', ''
 FROM participant p JOIN suppressed_address s ON s.address = p.address WHERE p.ticket_id IN ({{0}})
ORDER BY n
"""  # noqa: S608 - own words
_PARTS: Final = 5

# The mail that opened the ticket, and the newest of a customer.
_SPOKEN: Final = """
WITH wanted(n) AS (VALUES {0})
SELECT 'first' AS what, m.* FROM wanted JOIN message m ON m.id = (SELECT f.id FROM message f
 WHERE f.ticket_id = wanted.n AND f.direction = 'in' ORDER BY f.at, f.id LIMIT 1)
UNION ALL SELECT 'newest', m.* FROM wanted JOIN message m ON m.id = (SELECT f.id FROM message f
 WHERE f.ticket_id = wanted.n AND f.direction = 'in' AND f.role IN ('requester', 'colleague')
 ORDER BY f.at DESC, f.id DESC LIMIT 1)
"""

# CROSS JOIN: SQLite would else walk the other table where it has counted few rows in it.
# No join for what is open: SQLite would go through all open tickets to filter them (BLOOM FILTER).
_OF_ACCOUNTS: Final = """
WITH firm(account) AS (VALUES {0})
SELECT 'call' AS what, c.account, c.at AS n, c.minutes AS amount, '' AS text FROM firm CROSS JOIN call c
 WHERE c.account = firm.account
 AND c.at > (SELECT max(l.at) FROM call l WHERE l.account = firm.account) - CAST(? AS BIGINT)
UNION ALL SELECT 'open', firm.account, (SELECT count(*) FROM ticket t
 WHERE t.account = firm.account AND t.state IN ('new', 'open', 'waiting')), 0, '' FROM firm
UNION ALL SELECT 'given', c.account, c.id, 0, c.month || ' ' || c.accepted_amount
 FROM firm CROSS JOIN credit c
 WHERE c.account = firm.account AND c.accepted_amount IS NOT NULL
ORDER BY n
"""


@dataclass(slots=True)
class Written:
    """What `written` tells of one ticket. `credit`: amount, state and month of the newest."""

    records: list[Any] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    history: list[Change] = field(default_factory=list)
    credit: tuple[str, str, str] | None = None
    silent: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Firm:
    """What is known of one account beside its row."""

    calls: list[LoggedCall] = field(default_factory=list)
    unresolved: int = 0
    given: dict[str, Decimal] = field(default_factory=dict)


async def written(client: Client, numbers: Sequence[int]) -> dict[int, Written]:
    sql = _WRITTEN.format(", ".join("?" * len(numbers)))
    found: dict[int, Written] = {}
    for row in await rows(client, sql, [*numbers] * _PARTS):
        one = found.setdefault(row["ticket"], Written())
        match row["what"]:
            case "event":
                one.records.append(json.loads(row["a"]))
            case "done":
                one.done.add(row["a"])
            case "history":
                detail = json.loads(row["c"])
                one.history.append(Change(at=moment(row["at"]), event=row["a"], by=row["b"], detail=detail))
            case "credit":
                one.credit = (row["a"], row["b"], row["c"])
            case _:
                one.silent.add(row["a"])
    return found


async def spoken(client: Client, numbers: Sequence[int]) -> dict[tuple[int, str], Row]:
    sql = _SPOKEN.format(", ".join(["(CAST(? AS BIGINT))"] * len(numbers)))
    return {(row["ticket_id"], row["what"]): row for row in await rows(client, sql, numbers)}


async def mails(client: Client, numbers: Sequence[int]) -> dict[int, list[Row]]:
    """The rows of agents' answers and of acknowledgements, oldest first.

    `kind || ''`: for ten tickets and more SQLite would rather walk all acknowledgements that there are."""
    places, kinds = ", ".join("?" * len(numbers)), ", ".join(f"'{kind}'" for kind in _TOLD)
    sql = (
        "SELECT id, version, kind, ticket, state, attempts, queued_at, sent_at, message_id, context"  # noqa: S608
        f" FROM outbox WHERE ticket IN ({places}) AND kind || '' IN ({kinds}) ORDER BY id"
    )
    found: dict[int, list[Row]] = {}
    for row in await rows(client, sql, numbers):
        found.setdefault(row["ticket"], []).append({**row, "context": json.loads(row["context"])})
    return found


async def accounts(client: Client, keys: Sequence[str]) -> dict[str, Account]:
    if not keys:
        return {}
    sql = f"SELECT * FROM account WHERE key IN ({', '.join('?' * len(keys))})"  # noqa: S608 - placeholders only
    return {row["key"]: read_account(row) for row in await rows(client, sql, keys)}


async def firms(client: Client, keys: Sequence[str]) -> dict[str, Firm]:
    """Calls of this month and the one before are those of so many days before the newest: it is not after
    now."""
    if not keys:
        return {}
    sql = _OF_ACCOUNTS.format(", ".join(["(CAST(? AS TEXT))"] * len(keys)))
    found: dict[str, Firm] = {}
    for row in await rows(client, sql, [*keys, _TWO_MONTHS // timedelta(microseconds=1)]):
        firm = found.setdefault(row["account"], Firm())
        match row["what"]:
            case "call":
                firm.calls.append(LoggedCall(at=moment(row["n"]), minutes=row["amount"]))
            case "open":
                firm.unresolved = row["n"]
            case _:
                month, _, amount = row["text"].partition(" ")
                firm.given[month] = firm.given.get(month, Decimal(0)) + Decimal(amount)
    return found

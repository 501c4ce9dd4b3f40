"""What only agents' mails ask: the held mail that they answer, accounts that a name may mean, whose an
address is, and what is unresolved. Reads only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from daemon.core.commands.hearing import Held
from daemon.core.commands.vocabulary import fold
from daemon.core.facts import Listed
from daemon.core.sla.cycles import BREACHABLE
from daemon.core.values import Account, Attachment, ClockName, OutboxRow
from daemon.store.connection import Client, Row, rows
from daemon.store.fields import key_of
from daemon.store.readings import instant, read_account
from daemon.store.ticketrows import tickets_of

_DUE_FIRST: Final = [clock.value for clock in BREACHABLE]
"""The clocks of a list: the daemon itself keeps status updates."""

_UNRESOLVED: Final = """
SELECT t.id, a.name AS account, c.name AS clock, c.due_at, c.breached_at FROM ticket t
LEFT JOIN account a ON a.key = t.account
LEFT JOIN clock c ON c.ticket_id = t.id AND c.outcome IS NULL AND c.due_at IS NOT NULL AND c.name IN (?, ?, ?)
WHERE t.state IN ('new', 'open', 'waiting') ORDER BY t.id, c.due_at, c.id
"""

# A domain leads to an account only while exactly one account has it; a contact is of the account that the
# directory said, or an agent.
_OWNER: Final = """
WITH asked(address, domain) AS (VALUES {0})
SELECT asked.address AS address, COALESCE(
 (SELECT e.account_id FROM account_email e WHERE e.address = asked.address),
 (SELECT CASE WHEN count(*) = 1 THEN min(d.account_id) END FROM account_domain d
  WHERE d.domain = asked.domain),
 (SELECT c.account FROM contact c WHERE c.address = asked.address)) AS account
FROM asked
"""


async def held(client: Client, answered: OutboxRow) -> Held | None:
    """The held mail that a mail of ours tells of."""
    cause = answered.context.get("held")
    if not isinstance(cause, str) or not cause:
        return None
    found = await rows(client, "SELECT * FROM held_mail WHERE cause = ?", [key_of(cause)])
    if not found:
        return None
    row = found[0]
    return Held(
        cause=cause,
        ticket=row["ticket"],
        agent=row["agent"],
        words=row["words"],
        yes=_commands(row["yes"]),
        send=_commands(row["send"]),
        attachments=tuple(Attachment(**one) for one in json.loads(row["attachments"])),
        managers=bool(row["managers"]),
        settled=row["settled"] is not None,
    )


async def accounts_named(client: Client, names: Sequence[str]) -> dict[str, tuple[Account, ...]]:
    """For each of these names the accounts that it may mean: by key, by name or a part of it; else, so that
    something near can be proposed, all of them. Walks the directory: no index knows parts of names."""
    if not names:
        return {}
    everything = [read_account(row) for row in await rows(client, "SELECT * FROM account ORDER BY key")]
    found: dict[str, tuple[Account, ...]] = {}
    for name in names:
        wanted = fold(name)
        like = tuple(a for a in everything if wanted == fold(a.key) or wanted in fold(a.name))
        found[name] = like or tuple(everything)
    return found


async def customers(client: Client, addresses: Sequence[str]) -> dict[str, Account | None]:
    """For each of these addresses the account that it belongs to."""
    owners = await _owners(client, addresses)
    keys = sorted({key for key in owners.values() if key is not None})
    if not keys:
        return dict.fromkeys(addresses)
    sql = f"SELECT * FROM account WHERE key IN ({', '.join('?' * len(keys))})"  # noqa: S608 - placeholders only
    accounts = {row["key"]: read_account(row) for row in await rows(client, sql, keys)}
    return {address: accounts.get(owner or "") for address, owner in owners.items()}


async def foreign(client: Client, addresses: Sequence[str]) -> dict[str, str]:
    """Those of these addresses that belong to an account, with its key."""
    owners = await _owners(client, addresses)
    return {address: owner for address, owner in owners.items() if owner is not None}


async def listing(client: Client) -> tuple[Listed, ...]:
    """Every unresolved ticket, and what of it falls due first."""
    first: dict[int, Row] = {}
    for row in await rows(client, _UNRESOLVED, _DUE_FIRST):
        first.setdefault(row["id"], row)
    tickets = await tickets_of(client, first)
    return tuple(
        Listed(
            ticket=tickets[number][1],
            account=row["account"] or "",
            clock=ClockName(row["clock"]).value if row["clock"] else "",
            due=instant(row["due_at"]),
            breached=row["breached_at"] is not None,
        )
        for number, row in first.items()
        if number in tickets
    )


async def _owners(client: Client, addresses: Sequence[str]) -> dict[str, str | None]:
    asked = {key_of(address): address for address in addresses}
    if not asked:
        return {}
    sql = _OWNER.format(", ".join(["(CAST(? AS TEXT), CAST(? AS TEXT))"] * len(asked)))
    values = [value for key, address in asked.items() for value in (key, key_of(address.rpartition("@")[2]))]
    owner = {row["address"]: row["account"] for row in await rows(client, sql, values)}
    return {address: owner[key] for key, address in asked.items()}


def _commands(value: Any) -> tuple[str, ...] | None:
    return None if value is None else tuple(json.loads(value))

"""The customers' directory in the database: all rows of an import or none, and what each account had when.

It trusts no caller's checks for what its keys demand: an address leads to one account.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from daemon.core.values import Account
from daemon.store import tables
from daemon.store.connection import Client, Connection, rows
from daemon.store.fields import key_of
from daemon.store.readings import read_account
from daemon.store.tx import transaction
from daemon.store.writing import insert

BATCH: Final = 200
"""Rows per transaction, so that the daemon never waits long for a command."""

_REPLACE: Final = ", ".join(
    f"{name} = excluded.{name}"
    for name in (
        "name",
        "plan",
        "coverage",
        "installs",
        "language",
        "emails",
        "domains",
        "phones",
        "billing_email",
        "updated_at",
    )
)


class ImportRefused(Exception):
    """Nothing was written. `faults`: one line for each thing that is wrong."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


async def import_accounts(connection: Connection, accounts: Sequence[Account], now: datetime) -> int:
    """Write these accounts over what is known of them; accounts that are not named stay. Returns how many.

    Everything that could be refused is looked at before the first write. Then come batches, each one a
    transaction, and each gives the same result when it is run again: should the machine die in between, the
    same file finishes the work. Raises `ImportRefused` or `Unavailable`.
    """
    with connection.entered() as client:
        faults = _inner_faults(accounts) or await _clashes(client, accounts)
    if faults:
        raise ImportRefused(faults)
    for start in range(0, len(accounts), BATCH):
        batch = accounts[start : start + BATCH]
        await transaction(connection, _writer(batch, now))
    return len(accounts)


async def list_accounts(client: Client) -> list[Account]:
    """All accounts, by key."""
    return [read_account(row) for row in await rows(client, "SELECT * FROM account ORDER BY key")]


def _inner_faults(accounts: Sequence[Account]) -> list[str]:
    """What this import says twice."""
    faults: list[str] = []
    keys: set[str] = set()
    owners: dict[str, str] = {}
    for account in accounts:
        if account.key in keys:
            faults.append(f"account {account.key} stands there twice")
        keys.add(account.key)
        for address in account.emails:
            owner = owners.setdefault(key_of(address), account.key)
            if owner != account.key:
                faults.append(f"{address} belongs to both {owner} and {account.key}")
    return faults


async def _clashes(client: Client, accounts: Sequence[Account]) -> list[str]:
    """Addresses that an account outside this import has."""
    named = {account.key for account in accounts}
    wanted = {key_of(a): (a, account.key) for account in accounts for a in account.emails}
    faults: list[str] = []
    for row in await rows(client, "SELECT address, account_id FROM account_email ORDER BY address"):
        if row["address"] in wanted and row["account_id"] not in named:
            address, key = wanted[row["address"]]
            faults.append(f"{address} of {key} belongs to {row['account_id']}, which this file does not name")
    return faults


def _writer(batch: Sequence[Account], now: datetime) -> Any:
    async def write(client: Client) -> None:
        before = await _terms(client, [account.key for account in batch])
        await insert(
            client,
            tables.Account,
            [_values(account, now) for account in batch],
            f"ON CONFLICT (key) DO UPDATE SET {_REPLACE}",
        )
        await _write_history(client, batch, before, now)
        await _write_lookups(client, batch)

    return write


def _values(account: Account, now: datetime) -> dict[str, Any]:
    return {
        "key": account.key,
        "name": account.name,
        "plan": account.plan.value,
        "coverage": account.coverage.value,
        "installs": account.installs,
        "language": account.language.value if account.language else None,
        "emails": list(account.emails),
        "domains": list(account.domains),
        "phones": list(account.phones),
        "billing_email": account.billing_email,
        "updated_at": now,
    }


async def _terms(client: Client, keys: Sequence[str]) -> dict[str, tuple[str, str, int | None]]:
    """What each of these accounts has now, as its history's newest row tells."""
    places = ", ".join("?" * len(keys))
    sql = f"SELECT * FROM account_plan WHERE account_id IN ({places}) ORDER BY since, id"  # noqa: S608
    found = await rows(client, sql, keys)
    return {row["account_id"]: (row["plan"], row["coverage"], row["installs"]) for row in found}


async def _write_history(
    client: Client,
    batch: Sequence[Account],
    before: dict[str, tuple[str, str, int | None]],
    now: datetime,
) -> None:
    changed = [
        {
            "account_id": account.key,
            "plan": account.plan.value,
            "coverage": account.coverage.value,
            "installs": account.installs,
            "since": now,
        }
        for account in batch
        if before.get(account.key) != (account.plan.value, account.coverage.value, account.installs)
    ]
    await insert(client, tables.AccountPlan, changed)


async def _write_lookups(client: Client, batch: Sequence[Account]) -> None:
    """Addresses may move between accounts of one import, in whatever order: the new owner takes them, the old
    one lets go of what is still its own."""
    for account in batch:
        for table, column, kept in (
            ("account_email", "address", account.emails),
            ("account_domain", "domain", account.domains),
            ("account_phone", "number", account.phones),
        ):
            places = ", ".join("?" * len(kept)) or "NULL"
            await rows(
                client,
                f"DELETE FROM {table} WHERE account_id = ?"  # noqa: S608 - own names
                + (f" AND {column} NOT IN ({places})" if kept else ""),
                [account.key, *(key_of(value) for value in kept)],
            )
    emails = [{"address": a, "account_id": c.key} for c in batch for a in dict.fromkeys(c.emails)]
    domains = [{"domain": d, "account_id": c.key} for c in batch for d in dict.fromkeys(c.domains)]
    phones = [{"number": n, "account_id": c.key} for c in batch for n in dict.fromkeys(c.phones)]
    for start in range(0, len(emails), BATCH):
        await insert(
            client,
            tables.AccountEmail,
            emails[start : start + BATCH],
            "ON CONFLICT (address) DO UPDATE SET account_id = excluded.account_id",
        )
    for start in range(0, len(domains), BATCH):
        await insert(
            client,
            tables.AccountDomain,
            domains[start : start + BATCH],
            "ON CONFLICT (domain, account_id) DO NOTHING",
        )
    for start in range(0, len(phones), BATCH):
        await insert(
            client,
            tables.AccountPhone,
            phones[start : start + BATCH],
            "ON CONFLICT (number, account_id) DO NOTHING",
        )

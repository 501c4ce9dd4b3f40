"""The schema's version and its way forward. Tortoise's migrations do the work; here is what they lack: all of
an upgrade is one transaction, a copy of the file is made first, and what must not change is compared.
"""

from __future__ import annotations

import asyncio
import pkgutil
import sqlite3
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from tortoise.exceptions import OperationalError
from tortoise.migrations.executor import MigrationExecutor

from daemon.store import location
from daemon.store.connection import Client, Connection, connect, rows
from daemon.store.faults import SchemaAhead, SchemaBehind, StoreFault, StoreMissing, serving
from daemon.store.location import Dialect, read_url
from daemon.store.lock import DaemonLock
from daemon.store.tx import transaction

_MIGRATING: Final = 7_264_001
"""Advisory lock of whoever migrates a PostgreSQL database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """`applied`: the migrations that were run, none when there was nothing to do. `copy`: the file as it was
    before (SQLite)."""

    applied: tuple[str, ...]
    copy: Path | None = None


def released() -> list[str]:
    """The migrations of this release, in their order."""
    package = import_module(location.MIGRATIONS)
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0].isdigit())


async def applied(client: Client) -> list[str]:
    """The migrations that this database has seen; none: it is empty."""
    exists = (
        "SELECT 1 FROM sqlite_master WHERE name = 'tortoise_migrations'"
        if client.capabilities.dialect == Dialect.SQLITE.value
        else "SELECT 1 WHERE to_regclass('tortoise_migrations') IS NOT NULL"
    )
    if not await rows(client, exists):
        return []
    found = await rows(client, "SELECT name FROM tortoise_migrations WHERE app = 'desk' ORDER BY name")
    return [row["name"] for row in found]


async def ensure(connection: Connection, *, create: bool) -> None:
    """Raises `StoreMissing`, `SchemaBehind` or `SchemaAhead`. An empty database is filled when `create`."""
    with connection.entered() as client:
        seen = await applied(client)
    if not seen and create:
        await transaction(connection, lambda client: _migrate(client, connection))
        return
    if not seen:
        raise StoreMissing("the store is empty: `azimut-support run` creates it")
    if newer := sorted(set(seen) - set(released())):
        raise SchemaAhead(f"a newer release wrote this store (it has {newer[-1]}): install that release")
    if missing := sorted(set(released()) - set(seen)):
        raise SchemaBehind(
            f"an older release wrote this store (it lacks {missing[0]}): run `azimut-support db upgrade`"
        )


async def upgrade(url: str) -> Upgrade:
    """Run what is missing, in one transaction, with the daemon kept out. On SQLite the file is copied first
    and rows and indexes are compared before the commit.

    Raises `StoreMissing` when there is nothing to upgrade, else `StoreFault` or `Unavailable`."""
    path = read_url(url).path
    if path is not None and not path.exists():
        raise StoreMissing(f"there is no store at {path}: `azimut-support run` creates it")
    async with connect(read_url(url)) as connection, DaemonLock(connection):
        with connection.entered() as client:
            seen = await applied(client)
        missing = tuple(sorted(set(released()) - set(seen)))
        if newer := sorted(set(seen) - set(released())):
            raise SchemaAhead(f"a newer release wrote this store (it has {newer[-1]}): install that release")
        if not seen:
            raise StoreMissing("the store is empty: `azimut-support run` creates it")
        if not missing:
            return Upgrade(applied=())
        copy = await asyncio.to_thread(_copy, path, seen) if path else None
        try:
            await transaction(connection, lambda client: _migrate(client, connection))
        except Exception:
            if copy is not None:  # nothing was changed: one more copy at each start would fill the disk
                await asyncio.to_thread(copy.unlink)
            raise
        return Upgrade(applied=missing, copy=copy)


async def _migrate(client: Client, connection: Connection) -> None:
    """All missing migrations inside the open transaction: Tortoise's own become savepoints of it, and the
    record that they ran is written with them."""
    if client.capabilities.dialect == Dialect.POSTGRES.value:
        await rows(client, f"SELECT pg_advisory_xact_lock({_MIGRATING})")
    before = await _inventory(client)
    executor = MigrationExecutor(client, connection.location.config()["apps"])
    try:
        # Tortoise looks for its table by failing to read it, and on PostgreSQL that ends the transaction.
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
        await executor.migrate(direction="forward")
    except OperationalError as exc:
        raise StoreFault(f"the migration failed, nothing was changed: {exc}") from exc
    _compare(before, await _inventory(client))


async def _inventory(client: Client) -> dict[str, int]:
    """Rows of every table ("account": 12), and every index by its name ("index idx_…": 1)."""
    if client.capabilities.dialect == Dialect.POSTGRES.value:
        return {}  # PostgreSQL alters tables in place
    found: dict[str, int] = {}
    for row in await rows(client, "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'index')"):
        if row["type"] == "index":
            found[f"index {row['name']}"] = 1
        elif not row["name"].startswith(("sqlite_", "tortoise_")):
            count = await rows(client, f'SELECT count(*) AS n FROM "{row["name"]}"')  # noqa: S608 - from the schema
            found[row["name"]] = count[0]["n"]
    return found


def _compare(before: dict[str, int], after: dict[str, int]) -> None:
    """Raises `StoreFault`, which rolls everything back, when rows or an index were lost."""
    lost = [name for name, count in before.items() if after.get(name, 0) < count]
    if lost:
        raise StoreFault(f"the migration would have lost {', '.join(sorted(lost))}: nothing was changed")


def _copy(path: Path, seen: list[str]) -> Path:
    """A consistent copy beside the file, whatever its journal holds. An older copy is never overwritten."""
    stem = f"{path.name}.before-{seen[-1] if seen else 'first'}"
    number = next(n for n in range(1, 10_000) if not path.with_name(f"{stem}.{n}").exists())
    target = path.with_name(f"{stem}.{number}")
    with serving():
        target.touch(mode=0o600)
        source, copy = sqlite3.connect(path), sqlite3.connect(target)
        try:
            source.backup(copy)
        except sqlite3.Error:
            target.unlink()
            raise
        finally:
            source.close()
            copy.close()
    return target

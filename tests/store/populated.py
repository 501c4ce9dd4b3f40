"""The stores that upgrades are tried on: one in which every table has rows, kept as SQL per release.

    python -m tests.store.populated      # writes tests/fixtures/stores/<this release>.*.sql

A release's files are made once, before it is released, and never again: they are what its users have.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tortoise.fields import BinaryField, BooleanField, FloatField
from tortoise.fields.base import Field
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

from daemon import __version__
from daemon.core import actions as act
from daemon.store.connection import connect
from daemon.store.database import SqlStore, open_store
from daemon.store.fields import Instant, Json
from daemon.store.location import read_url
from tests.servers.postgres import Postgres
from tests.store.build import NOW, account, decide
from tests.store.promised import promised
from tests.store.test_audit import busy

STORES: Final = Path(__file__).parents[1] / "fixtures" / "stores"
CHANGELOG: Final = Path(__file__).parents[2] / "CHANGELOG.md"
TEXT: Final = "Été « 14 h 30 » 'quoted' \U0001f9fe"
"""What a careless copy would change."""

_MADE_AT: Final = "2026-11-02 14:10:00+00:00"
_DUMP: Final = ("--no-owner", "--no-privileges", "--no-comments", "--column-inserts")
# Headings, and psql's own command; texts of the rows are left alone.
_HEADINGS: Final = re.compile(
    r"^--\n-- (?:Name|Data for Name|PostgreSQL database dump complete).*\n--\n+|^\\unrestrict \w+\n",
    re.MULTILINE,
)


def released(version: str) -> bool:
    """CHANGELOG.md has a heading for it."""
    return bool(re.search(rf"^## \[?{re.escape(version)}\b", CHANGELOG.read_text("utf-8"), re.MULTILINE))


def versions() -> list[str]:
    """Those that files are kept of."""
    return sorted(path.name.removesuffix(".sqlite.sql") for path in STORES.glob("*.sqlite.sql"))


async def populate(store: SqlStore) -> None:
    """What a desk does, then rows in each table that this left empty: one with every field set, one with as
    little as it can have."""
    await store.import_accounts([account(), account("B2", emails=(), domains=())], NOW)
    await busy(store)
    await promised(store)
    await store.set_mailbox_state("INBOX", 7, 6, NOW)
    await store.set_brake("INBOX", NOW)
    await store.set_under_way("INBOX", 7, {7: 1})
    await store.apply(decide(act.SuppressAddress(address="gone@shop.example", reason=TEXT, at=NOW)))
    with store._connection.entered() as client:
        for table in _tables(store):
            if await table.all().count() == 0:
                await table.create(**await _values(table, full=True))
                await table.create(**await _values(table, full=False))
        await client.execute_script(f"UPDATE tortoise_migrations SET applied_at = '{_MADE_AT}'")


def _tables(store: SqlStore) -> list[type[Model]]:
    apps = store._connection._context.apps
    if apps is None:
        raise RuntimeError("the store is not open")
    return list(apps["desk"].values())


async def _values(table: type[Model], *, full: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in table._meta.fields_map.items():
        if isinstance(field, ForeignKeyFieldInstance):
            found[name] = await field.related_model.all().first()
        elif (
            name in table._meta.fields_db_projection
            and not field.generated
            and not _is_reference(table, name)
        ):
            found[name] = None if field.null and not full else _value(field, full=full)
    return found


def _is_reference(table: type[Model], column: str) -> bool:
    return any(column == table._meta.fields_map[name].source_field for name in table._meta.fk_fields)


def _value(field: Field[Any], *, full: bool) -> object:
    if isinstance(field, Instant):
        return NOW
    if isinstance(field, Json):
        return {"clé": [1, TEXT, None]}
    if isinstance(field, BinaryField):
        return bytes(range(256))
    if isinstance(field, BooleanField):
        return full
    if isinstance(field, FloatField):
        return 0.1
    if field.field_type is int:
        return 2**31 - 1 if full else 0
    return f"{TEXT} {full}"


async def sqlite_dump(folder: Path) -> str:
    path = folder / "desk.sqlite3"
    async with open_store(f"sqlite://{path}", folder / "data", create=True) as store:
        await populate(store)
    with closing(sqlite3.connect(path)) as file:
        return "\n".join(file.iterdump()) + "\n"


async def postgres_dump(server: Postgres, folder: Path) -> str:
    async with open_store(server.url, folder / "data", create=True) as store:
        await populate(store)
    return await asyncio.to_thread(_dumped, server)


def _dumped(server: Postgres) -> str:
    command = [server.programs / "pg_dump", *_DUMP, "-h", server.home, "-U", "postgres", "desk"]
    dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # What stands before the first table are settings that only a server of the same release knows.
    return _HEADINGS.sub("", dumped[dumped.index("CREATE TABLE") :])


def load_sqlite(version: str, path: Path) -> None:
    """The file as that release left it."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.executescript((STORES / f"{version}.sqlite.sql").read_text("utf-8"))


async def load_postgres(version: str, url: str) -> None:
    """Into an empty database."""
    async with connect(read_url(url)) as connection:
        with connection.entered() as client:
            await client.execute_script((STORES / f"{version}.postgres.sql").read_text("utf-8"))


async def make() -> None:
    server = Postgres.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("sqlite", "postgres"):
                (Path(folder) / name).mkdir()
            dumps = {
                "sqlite": await sqlite_dump(Path(folder) / "sqlite"),
                "postgres": await postgres_dump(server, Path(folder) / "postgres"),
            }
    finally:
        server.stop()
    for name, dump in dumps.items():
        (STORES / f"{__version__}.{name}.sql").write_text(dump, "utf-8")


if __name__ == "__main__":
    if released(__version__):
        sys.exit(f"{__version__} is released: its files are what its users have, and are never made again")
    asyncio.run(make())

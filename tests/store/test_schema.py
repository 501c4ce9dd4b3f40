"""The schema is what the migrations say; they lose no rows, and an upgrade is whole or nothing."""

from __future__ import annotations

import ast
import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tortoise.migrations.autodetector import MigrationAutodetector

from daemon.store import location, migrations, schema
from daemon.store.connection import Connection, connect
from daemon.store.database import open_store
from daemon.store.faults import SchemaAhead, SchemaBehind, StoreFault, StoreLocked, StoreMissing
from daemon.store.location import read_url
from tests.store.build import NOW, new_ticket

NEXT = "9999_next"
ALLOWED = {"CreateModel", "AddField", "RunSQL", "RunPython"}
FILES = sorted(p for p in Path(migrations.__path__[0]).glob("[0-9]*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_released_migrations_hold_only_operations_that_lose_nothing(file: Path) -> None:
    """AlterField and RemoveField rebuild the table on SQLite: rows that point at it and its indexes go."""
    calls = [n.func for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Call)]
    used = {
        f.attr
        for f in calls
        if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) and f.value.id == "ops"
    }
    assert used
    assert used <= ALLOWED


async def test_the_migrations_know_all_tables() -> None:
    async with connect(read_url("sqlite://:memory:")) as connection:
        with connection.entered():
            assert connection._context.apps is not None
            apps = connection.location.config()["apps"]
            writers = await MigrationAutodetector(connection._context.apps, apps).changes()
    assert [op.describe() for writer in writers for op in writer.operations] == []


async def test_the_migrations_make_the_schema_that_the_tables_describe() -> None:
    async with connect(read_url("sqlite://:memory:")) as migrated:
        await schema.ensure(migrated, create=True)
        by_migrations = await described(migrated)
    async with connect(read_url("sqlite://:memory:")) as generated:
        with generated.entered():
            await generated._context.generate_schemas()
        await later_indexes(generated)
        by_tables = await described(generated)
    by_migrations.pop("tortoise_migrations")
    assert len(by_tables) == 31
    assert by_migrations == by_tables


async def later_indexes(connection: Connection) -> None:
    """Those that tables of an earlier release got by SQL, which the tables' own description cannot name."""
    for file in FILES:
        for index in getattr(import_module(f"{migrations.__name__}.{file.stem}"), "INDEXES", ()):
            await connection.rows(index)


async def described(connection: Connection) -> dict[str, object]:
    """Per table: its columns, its indexes by columns and uniqueness, its foreign keys."""
    found: dict[str, object] = {}
    names = await connection.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    for name in (row["name"] for row in names):
        columns = await connection.rows(f"PRAGMA table_info('{name}')")
        indexes = []
        for index in await connection.rows(f"PRAGMA index_list('{name}')"):
            of = await connection.rows(f"PRAGMA index_info('{index['name']}')")
            indexes.append((tuple(c["name"] for c in of), index["unique"], index["partial"]))
        keys = await connection.rows(f"PRAGMA foreign_key_list('{name}')")
        found[name] = (
            sorted((c["name"], c["type"], c["notnull"], c["pk"]) for c in columns),
            sorted(indexes),
            sorted((k["table"], k["from"], k["to"], k["on_delete"]) for k in keys),
        )
    return found


async def test_a_store_that_is_open_twice_is_made_once(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/a.db"
    async with open_store(url, tmp_path, create=True), open_store(url, tmp_path, create=True) as second:
        assert (await second.apply(new_ticket(1))).ticket == 1001


async def test_an_empty_file_is_no_store_unless_it_may_be_made_one(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    with pytest.raises(StoreMissing, match="run"):
        async with open_store(f"sqlite://{tmp_path}/a.db", tmp_path, create=False):
            pass
    async with open_store(f"sqlite://{tmp_path}/a.db", tmp_path, create=True):
        pass


@pytest.fixture
def old(template: Path, tmp_path: Path) -> str:
    shutil.copyfile(template, tmp_path / "desk.db")
    return f"sqlite://{tmp_path}/desk.db"


def newer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, operations: str) -> None:
    """The program of a later release: one more migration."""
    package = tmp_path / name
    package.mkdir()
    (package / "__init__.py").touch()
    for file in FILES:
        shutil.copy(file, package)
    (package / f"{NEXT}.py").write_text(
        "from tortoise import migrations\n"
        "from tortoise.migrations import operations as ops\n"
        "from daemon.store.fields import Words\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [('desk', '{FILES[-1].stem}')]\n"
        f"    operations = [{operations}]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(location, "MIGRATIONS", name)


ADD = "ops.AddField(model_name='Ticket', name='mood', field=Words(null=True))"


async def test_an_older_store_is_refused_until_it_is_upgraded(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(old, tmp_path, create=False) as store:
        await store.apply(new_ticket(1))
    newer(monkeypatch, tmp_path, "later_a", ADD)
    with pytest.raises(SchemaBehind, match="azimut-support db upgrade"):
        async with open_store(old, tmp_path, create=True):
            pass
    done = await schema.upgrade(old)
    assert done.applied == (NEXT,)
    assert done.copy == tmp_path / f"desk.db.before-{FILES[-1].stem}.1"
    assert [*columns(done.copy), "mood"] == columns(tmp_path / "desk.db")
    assert asked(done.copy, "SELECT id FROM ticket") == [(1001,)]
    async with open_store(old, tmp_path, create=False) as store:
        assert len(await store.tickets(True, now=NOW, left=lambda *_: None)) == 1
    assert (await schema.upgrade(old)).applied == ()


def columns(path: Path) -> list[str]:
    return [row[1] for row in asked(path, "PRAGMA table_info(ticket)")]


def asked(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("name", "harm", "told"),
    [
        ("later_b", "ops.RunSQL('DELETE FROM participant')", "lost participant"),
        ("later_c", "ops.RunSQL('DROP INDEX idx_ticket_state_7091eb')", "lost index idx_ticket_state_7091eb"),
        ("later_d", "ops.RunSQL('SELECT nonsense')", "nothing was changed"),
    ],
)
async def test_an_upgrade_that_would_lose_something_changes_nothing(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, harm: str, told: str
) -> None:
    async with open_store(old, tmp_path, create=False) as store:
        await store.apply(new_ticket(1))
    before = columns(tmp_path / "desk.db")
    newer(monkeypatch, tmp_path, name, f"{ADD}, {harm}")
    with pytest.raises(StoreFault, match=told):
        await schema.upgrade(old)
    assert columns(tmp_path / "desk.db") == before
    monkeypatch.undo()
    async with open_store(old, tmp_path, create=False) as store:
        found = await store.ticket("1001", now=NOW, left=lambda *_: None)
        assert found is not None
        assert len(found["participants"]) == 1


async def test_a_newer_store_is_refused(old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        newer(later, tmp_path, "later_e", ADD)
        await schema.upgrade(old)
    for opening in (open_store(old, tmp_path, create=True), open_store(old, tmp_path, create=False)):
        with pytest.raises(SchemaAhead, match=NEXT):
            async with opening:
                pass
    with pytest.raises(SchemaAhead):
        await schema.upgrade(old)


async def test_a_running_daemon_keeps_the_upgrade_out(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(old, tmp_path, create=False) as store:
        await store.acquire_daemon_lock()
        newer(monkeypatch, tmp_path, "later_f", ADD)
        with pytest.raises(StoreLocked):
            await schema.upgrade(old)
    assert "mood" not in columns(tmp_path / "desk.db")


# PostgreSQL


async def described_postgres(connection: Connection) -> dict[str, object]:
    """Per table: its columns, and its indexes and constraints as the server would write them."""
    found: dict[str, list[object]] = {}
    for question in (
        "SELECT table_name AS t, column_name || ' ' || data_type || ' ' || is_nullable AS told"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT tablename AS t, regexp_replace(indexdef, 'INDEX .* ON', 'INDEX ON') AS told FROM pg_indexes"
        " WHERE schemaname = 'public'",
        "SELECT conrelid::regclass::text AS t, pg_get_constraintdef(oid) AS told FROM pg_constraint"
        " WHERE contype = 'f'",
    ):
        for row in await connection.rows(question):
            found.setdefault(row["t"], []).append(row["told"])
    return {table: sorted(map(str, told)) for table, told in found.items()}


async def test_on_postgresql_the_migrations_make_the_schema_that_the_tables_describe(
    postgres_url: str, cleared_postgres: Callable[[], Awaitable[None]]
) -> None:
    async with connect(read_url(postgres_url)) as migrated:
        await schema.ensure(migrated, create=True)
        by_migrations = await described_postgres(migrated)
    await cleared_postgres()
    async with connect(read_url(postgres_url)) as generated:
        with generated.entered():
            await generated._context.generate_schemas()
        await later_indexes(generated)
        by_tables = await described_postgres(generated)
    by_migrations.pop("tortoise_migrations")
    assert len(by_tables) == 31
    assert by_migrations == by_tables
    await cleared_postgres()


async def test_on_postgresql_an_older_store_is_upgraded_whole(
    postgres_url: str,
    cleared_postgres: Callable[[], Awaitable[None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_store(postgres_url, tmp_path, create=True) as store:
        await store.apply(new_ticket(1))
    with monkeypatch.context() as broken:
        newer(broken, tmp_path, "later_g", f"{ADD}, ops.RunSQL('SELECT nonsense')")
        with pytest.raises(StoreFault, match="nothing was changed"):
            await schema.upgrade(postgres_url)
    async with open_store(postgres_url, tmp_path, create=False) as store:
        await store.acquire_daemon_lock()
        newer(monkeypatch, tmp_path, "later_h", ADD)
        with pytest.raises(StoreLocked):
            await schema.upgrade(postgres_url)
    with pytest.raises(SchemaBehind):
        async with open_store(postgres_url, tmp_path, create=False):
            pass
    done = await schema.upgrade(postgres_url)
    assert (done.applied, done.copy) == ((NEXT,), None)
    async with open_store(postgres_url, tmp_path, create=False) as store:
        assert (await store._connection.rows("SELECT mood FROM ticket")) == [{"mood": None}]
    monkeypatch.undo()
    with pytest.raises(SchemaAhead):
        async with open_store(postgres_url, tmp_path, create=False):
            pass
    await cleared_postgres()


async def test_on_postgresql_a_store_that_is_opened_twice_at_once_is_made_once(
    postgres_url: str, tmp_path: Path
) -> None:
    async def opened() -> None:
        async with open_store(postgres_url, tmp_path, create=True):
            pass

    await asyncio.gather(opened(), opened(), opened())
    async with open_store(postgres_url, tmp_path, create=False) as store:
        assert (await store.apply(new_ticket(1))).ticket == 1001


async def test_an_upgrade_does_not_make_a_store(url_of_nothing: str, tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="run"):
        await schema.upgrade(url_of_nothing)
    assert not (tmp_path / "none.db").exists()

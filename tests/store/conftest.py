"""A store of its own for each test, once on SQLite and once on PostgreSQL.

The PostgreSQL is a private one, or the database that AZIMUT_SUPPORT_TEST_POSTGRES names: its schema is
dropped.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from daemon.store import schema
from daemon.store.connection import connect
from daemon.store.database import SqlStore, open_store
from daemon.store.location import read_url
from tests.servers import postgres


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new SQLite store, made once: migrations take longer than most tests."""
    folder = tmp_path_factory.mktemp("template")
    path = folder / "new.sqlite3"

    async def make() -> None:
        async with open_store(f"sqlite://{path}", folder, create=True):
            pass

    asyncio.run(make())
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[[], str]]:
    """Gives the URL of a PostgreSQL database that may be emptied; the first call starts it."""
    started: list[postgres.Postgres] = []

    def url() -> str:
        given = os.environ.get("AZIMUT_SUPPORT_TEST_POSTGRES")
        if given:
            return given
        if not started:
            postgres.require()
            started.append(postgres.Postgres.start())
        return started[0].url

    yield url
    for one in started:
        one.stop()


@pytest.fixture(params=["sqlite", "postgres"])
async def url(
    request: pytest.FixtureRequest, tmp_path: Path, template: Path, server: Callable[[], str]
) -> str:
    """The URL of a database: an empty one, or a new store's."""
    if request.param == "sqlite":
        shutil.copyfile(template, tmp_path / "desk.sqlite3")
        return f"sqlite://{tmp_path}/desk.sqlite3"
    return await cleared(server())


@pytest.fixture
async def postgres_url(server: Callable[[], str]) -> str:
    """The URL of an empty PostgreSQL database, for what is told of PostgreSQL alone."""
    return await emptied(server())


@pytest.fixture
def cleared_postgres(postgres_url: str) -> Callable[[], Awaitable[None]]:
    """Empties that database again, within a test."""

    async def clear() -> None:
        await emptied(postgres_url)

    return clear


@pytest.fixture(params=["sqlite", "postgres"])
async def url_of_nothing(request: pytest.FixtureRequest, tmp_path: Path, server: Callable[[], str]) -> str:
    """Where a store could be, and none is."""
    return f"sqlite://{tmp_path}/none.db" if request.param == "sqlite" else await emptied(server())


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(url, tmp_path / "data", create=True) as opened:
        yield opened


@pytest.fixture
async def sqlite_store(template: Path, tmp_path: Path) -> AsyncIterator[SqlStore]:
    """For what SQLite alone can be asked."""
    shutil.copyfile(template, tmp_path / "desk.sqlite3")
    async with open_store(f"sqlite://{tmp_path}/desk.sqlite3", tmp_path / "data", create=True) as opened:
        yield opened


async def cleared(url: str) -> str:
    """A new store's PostgreSQL database: its tables are kept from the last test where they are this
    release's, for making them takes longer than most tests."""
    async with connect(read_url(url)) as connection:
        with connection.entered() as client:
            current = await schema.applied(client) == schema.released()
        if current:
            tables = await connection.rows(
                "SELECT tablename FROM pg_tables"
                " WHERE schemaname = 'public' AND tablename NOT LIKE 'tortoise%'"
            )
            names = ", ".join(f'"{row["tablename"]}"' for row in tables)
            await connection.rows(f"TRUNCATE {names} RESTART IDENTITY")
            await connection.rows("ALTER SEQUENCE ticket_id_seq RESTART WITH 1001")
            return url
    return await emptied(url)


async def emptied(url: str) -> str:
    async with connect(read_url(url)) as connection:
        await connection.rows("DROP SCHEMA IF EXISTS public CASCADE")
        await connection.rows("CREATE SCHEMA public")
    return url

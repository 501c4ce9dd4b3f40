"""A store of its own for each test. With AZIMUT_SUPPORT_TEST_POSTGRES set to the URL of a PostgreSQL database
that may be emptied, the same suite runs on it too."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.store.connection import connect
from daemon.store.database import SqlStore, open_store
from daemon.store.location import read_url

POSTGRES = os.environ.get("AZIMUT_SUPPORT_TEST_POSTGRES", "")


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


@pytest.fixture(params=["sqlite", "postgres"] if POSTGRES else ["sqlite"])
async def url(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> str:
    """The URL of a database: an empty one, or a new store's."""
    if request.param == "sqlite":
        shutil.copyfile(template, tmp_path / "desk.sqlite3")
        return f"sqlite://{tmp_path}/desk.sqlite3"
    async with connect(read_url(POSTGRES)) as connection:
        await connection.rows("DROP SCHEMA public CASCADE")
        await connection.rows("CREATE SCHEMA public")
    return POSTGRES


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with open_store(url, tmp_path / "data", create=True) as opened:
        yield opened

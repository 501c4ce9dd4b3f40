"""Which troubles pass by waiting, and which are ours."""

from __future__ import annotations

import errno
import sqlite3
import stat
from pathlib import Path

import pytest
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from daemon.ports import Conflict, Unavailable
from daemon.store.blobs import Blobs
from daemon.store.faults import reading, serving


def sqlite(code: int, text: str = "text") -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


class Postgres(Exception):
    """As asyncpg's errors carry their state (PostgreSQL, appendix A)."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "words", "refused"),
    [
        (sqlite(sqlite3.SQLITE_BUSY), "locked by another process", False),
        (sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), "locked by another process", False),
        (sqlite(sqlite3.SQLITE_FULL), "free some space", False),
        (sqlite(sqlite3.SQLITE_IOERR_FSYNC), "disk", False),
        (sqlite(sqlite3.SQLITE_CORRUPT), "restore", True),
        (Postgres("53300"), "connections", False),
        (Postgres("57P01"), "ended our session", False),
        (Postgres("28P01"), "user or password", True),
        (Postgres("3D000"), "does not exist", True),
        (ConnectionResetError("reset"), "cannot be reached", False),
        (PermissionError(errno.EACCES, "denied"), "owner and rights", False),
        (TimeoutError("slow"), "cannot be reached", False),
        (DBConnectionError("no database"), "cannot be reached", False),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_passes_by_waiting_is_unavailable(
    error: Exception, words: str, refused: bool, wrapped: bool
) -> None:
    found = reading(OperationalError(error) if wrapped else error)
    assert isinstance(found, Unavailable)
    assert words in str(found)
    assert (found.service, found.refused) == ("store", refused)


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_broken_deadlock_is_a_conflict(state: str) -> None:
    assert isinstance(reading(Postgres(state)), Conflict)


@pytest.mark.parametrize(
    "error",
    [
        sqlite(sqlite3.SQLITE_ERROR, "no such table"),
        IntegrityError(sqlite3.IntegrityError("UNIQUE constraint failed")),
        Postgres("22021"),
        ValueError("naive"),
        KeyError("x"),
    ],
)
def test_a_fault_of_ours_stays_what_it_is(error: Exception) -> None:
    assert reading(error) is None
    with pytest.raises(type(error)), serving():
        raise error


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_blob_that_cannot_be_written_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    blobs, name = Blobs(tmp_path), "a" * 64
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(Unavailable, match="disk is full"):
            await blobs.write({name: b"content"})
    assert files(tmp_path) == []
    await blobs.write({name: b"content"})
    await blobs.write({name: b"content"})
    assert await blobs.read(name) == b"content"
    await blobs.write({})


async def test_a_blob_that_is_gone_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"a{64} is missing: restore it") as caught:
        await Blobs(tmp_path).read("a" * 64)
    assert caught.value.refused


async def test_the_folders_of_blobs_are_their_owners_alone(tmp_path: Path) -> None:
    await Blobs(tmp_path).write({"a" * 64: b"content"})
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "blobs").rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert stat.S_IMODE((tmp_path / "blobs").stat().st_mode) == 0o700

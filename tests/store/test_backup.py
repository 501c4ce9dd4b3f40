"""An archive holds a whole desk of one instant, is made whole or not at all, and a desk comes out of it."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.ports import Unavailable
from daemon.store import backup as backups
from daemon.store.backup import BackupFailed, backup
from daemon.store.blobs import Blobs
from daemon.store.database import SqlStore, open_store
from daemon.store.faults import StoreFault, StoreMissing
from tests.servers import postgres
from tests.store.build import NOW, new_ticket
from tests.store.test_audit import busy, faults

FAILING = """#!/bin/sh
[ "$PGPASSWORD" = geheim ] || exit 9
echo "$* for $PGUSER on $PGHOST/$PGDATABASE" >&2
exit 3
"""
RESTORING = ("--clean", "--if-exists", "--no-owner", "--exit-on-error")
KEY = b"0123456789abcdef0123456789abcdef\n"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "secrets" / "signing"
    path.parent.mkdir()
    path.write_bytes(KEY)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "safe").mkdir()
    return tmp_path / "safe" / "desk.tar"


def unpacked(archive: Path, folder: Path) -> list[str]:
    folder.mkdir()
    with tarfile.open(archive) as opened:
        members = opened.getmembers()
        opened.extractall(folder, filter="data")
    assert {(m.mode, m.uid, m.gid) for m in members} == {(0o600, 0, 0)}
    return [m.name for m in members]


def size_and_mode(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, stat.S_IMODE(status.st_mode)


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def dump(store: SqlStore) -> list[object]:
    return [await store.inbound(100), await store.tickets(True, now=NOW, left=lambda *_: None)]


async def test_a_desk_comes_out_of_its_archive(
    sqlite_store: SqlStore, key: Path, target: Path, tmp_path: Path
) -> None:
    await busy(sqlite_store)
    made = await backup(f"sqlite://{tmp_path}/desk.sqlite3", tmp_path / "data", key, target)
    assert (made.database, made.files, made.key) == ("desk.sqlite3", 3, True)
    assert size_and_mode(target) == (made.size, 0o600)
    names = unpacked(target, tmp_path / "new")
    assert names[:2] == ["desk.sqlite3", "token-key"]
    assert (tmp_path / "new" / "token-key").read_bytes() == KEY
    assert left_in(target.parent) == ["desk.tar"]
    before = await dump(sqlite_store)
    url = f"sqlite://{tmp_path}/new/desk.sqlite3"
    async with open_store(url, tmp_path / "new", create=False) as restored:
        assert await dump(restored) == before
        assert await faults(restored) == []
        assert (await restored.apply(new_ticket(50))).ticket == 1005


async def test_an_archive_is_of_one_instant_while_others_write(
    sqlite_store: SqlStore, key: Path, target: Path, tmp_path: Path
) -> None:
    """Each mail has its ticket in the copy, and every attachment that it names is in the archive."""
    done = asyncio.Event()

    async def write() -> None:
        uid = 100
        while not done.is_set():
            await sqlite_store.apply(new_ticket(uid := uid + 1))

    writing = asyncio.create_task(write())
    try:
        await busy(sqlite_store)
        await backup(f"sqlite://{tmp_path}/desk.sqlite3", tmp_path / "data", key, target)
    finally:
        done.set()
        await writing
    unpacked(target, tmp_path / "new")
    url = f"sqlite://{tmp_path}/new/desk.sqlite3"
    async with open_store(url, tmp_path / "new", create=False) as restored:
        assert await faults(restored) == []
        assert len(await restored.inbound(10_000)) >= 6


async def test_the_files_are_read_after_the_database(
    sqlite_store: SqlStore, key: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever came between the two is a file that nobody names, never a name without its file."""
    seen: list[str] = []
    for name in ("_copy_sqlite", "_archive"):
        monkeypatch.setattr(backups, name, noting(getattr(backups, name), name, seen))
    monkeypatch.setattr(Blobs, "all", noting(Blobs.all, "files", seen))
    await busy(sqlite_store)
    await backup(f"sqlite://{tmp_path}/desk.sqlite3", tmp_path / "data", key, target)
    assert seen == ["_copy_sqlite", "_archive", "files"]


def noting(plain: Callable[..., object], name: str, seen: list[str]) -> Callable[..., object]:
    def noted(*values: object) -> object:
        seen.append(name)
        return plain(*values)

    return noted


async def test_a_stopped_desk_is_backed_up_too(template: Path, key: Path, target: Path) -> None:
    made = await backup(f"sqlite://{template}", template.parent, key.with_name("none"), target)
    assert (made.files, made.key) == (0, False)
    with tarfile.open(target) as opened:
        assert opened.getnames() == ["new.sqlite3"]


def test_an_archive_that_exists_is_never_written_over(template: Path, key: Path, target: Path) -> None:
    target.write_text("precious", "utf-8")
    with pytest.raises(BackupFailed, match="never written over"):
        asyncio.run(backup(f"sqlite://{template}", template.parent, key, target))
    assert target.read_text("utf-8") == "precious"


async def test_a_failed_backup_leaves_nothing(
    template: Path, key: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(backups.os, "fsync", full)
        with pytest.raises(Exception, match="disk is full"):
            await backup(f"sqlite://{template}", template.parent, key, target)
    with pytest.raises(BackupFailed, match="create it first"):
        await backup(f"sqlite://{template}", template.parent, key, target.parent / "no" / "desk.tar")
    with pytest.raises(StoreMissing):
        await backup(f"sqlite://{tmp_path}/none.db", tmp_path, key, target)
    assert left_in(target.parent) == []
    assert not (tmp_path / "none.db").exists()


async def test_a_folder_that_may_not_be_written_is_named(
    template: Path, key: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", f"{target.parent}/.backup-x")

    monkeypatch.setattr(backups.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(BackupFailed, match=f"^{target.parent} cannot be written: Permission denied; name "):
        await backup(f"sqlite://{template}", template.parent, key, target)


@pytest.mark.parametrize(
    ("at", "harm"),
    [
        (0, b"\xff" * 200),  # no page at all: reading it fails
        (1, b"\x00\x05"),  # a page that contradicts itself: only looking for it finds it
    ],
)
async def test_a_damaged_database_is_no_backup(
    template: Path, key: Path, target: Path, tmp_path: Path, at: int, harm: bytes
) -> None:
    harmed(template, tmp_path / "bad.db", at, harm)
    with pytest.raises((StoreFault, Unavailable), match="damaged"):
        await backup(f"sqlite://{tmp_path}/bad.db", tmp_path, key, target)
    assert left_in(target.parent) == []


def harmed(source: Path, copy: Path, at: int, harm: bytes) -> None:
    """Every page from the eleventh on has `harm` in it, `at` bytes from its start."""
    data = bytearray(source.read_bytes())
    for page in range(10 * 4096, len(data), 4096):
        data[page + at : page + at + len(harm)] = harm
    copy.write_bytes(data)


async def test_postgresql_is_dumped_by_its_own_program(
    postgres_url: str, key: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(postgres_url, tmp_path / "data", create=True) as store:
        await busy(store)
        before = await dump(store)
        monkeypatch.setenv("PATH", str(postgres.programs()))
        made = await backup(postgres_url, tmp_path / "data", key, target)
    assert (made.database, made.files, made.key) == ("desk.dump", 3, True)
    unpacked(target, tmp_path / "new")
    restore(postgres_url, tmp_path / "new" / "desk.dump")
    async with open_store(postgres_url, tmp_path / "new", create=False) as restored:
        assert await dump(restored) == before
        assert await faults(restored) == []
        assert (await restored.apply(new_ticket(50))).ticket == 1005


def restore(url: str, dump: Path) -> None:
    """As docs/operations.md says."""
    program = postgres.programs() / "pg_restore"
    subprocess.run([program, *RESTORING, "--dbname", url, dump], check=True, capture_output=True)


async def test_postgresql_without_its_program_says_what_to_do(
    key: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgres://desk:geheim@/desk?host={tmp_path}"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match="client programs"):
        await backup(url, tmp_path, key, target)
    assert left_in(target.parent) == []


async def test_a_dump_that_fails_is_told_without_the_password(
    key: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(FAILING, "utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(BackupFailed, match=r"for desk on db\.example/help") as told:
        await backup("postgres://desk:geheim@db.example:5433/help", tmp_path, key, target)
    assert "geheim" not in str(told.value)
    assert left_in(target.parent) == []

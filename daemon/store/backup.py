"""One archive that a desk can be made from again: the database as it was at one instant, the attachments that
it names, and the key of the reply addresses. It knows no table.

The database is copied first: files are written before the rows that name them, and never change, so whatever
the copy names is there when the files are read.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.store.blobs import Blobs
from daemon.store.faults import StoreFault, StoreMissing, serving
from daemon.store.location import Location, read_url

TOKEN_KEY: Final = "token-key"  # noqa: S105 - a name in the archive, no secret
DUMP: Final = "desk.dump"
"""Name of PostgreSQL's dump in the archive; SQLite's database keeps its own."""

_PG_DUMP_REMEDY: Final = (
    "pg_dump was not found: install PostgreSQL's client programs of the server's version,"
    " or dump the database yourself and copy the data directory after that"
)


class BackupFailed(Exception):
    """There is no archive. The text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What an archive holds. `database`: its name in there; `files`: how many attachments and large mails;
    `size` in bytes. `key`: the key of the reply addresses is in it; False: there was none yet."""

    database: str
    files: int
    size: int
    key: bool


async def backup(url: str, data_dir: Path, key_file: Path, target: Path) -> Backup:
    """Write the archive `target`, mode 0600, whole or not at all, while the daemon runs or not.

    Raises `BackupFailed`, `StoreFault` when there is no store or it is damaged, and `Unavailable`.
    """
    return await asyncio.to_thread(_backup, read_url(url), Blobs(data_dir), key_file, target)


def _backup(location: Location, blobs: Blobs, key_file: Path, target: Path) -> Backup:
    if location.path is not None and not location.path.exists():
        raise StoreMissing(f"there is no store at {location.path}: `azimut-support run` creates it")
    if target.exists():
        raise BackupFailed(f"{target} exists: an older backup is never written over; name another file")
    if not target.parent.is_dir():
        raise BackupFailed(f"{target.parent} is no folder: create it first")
    with serving(), _workshop(target) as work:
        database = Path(work) / (location.path.name if location.path is not None else DUMP)
        if location.path is not None:
            _copy_sqlite(location.path, database)
        else:
            _dump_postgres(location, database)
        return _archive(Path(work) / "archive", database, blobs, key_file, target)


def _workshop(target: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder of mode 0700 beside the archive, for what is not whole yet."""
    try:
        return tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-")
    except OSError as trouble:
        raise BackupFailed(
            f"{target.parent} cannot be written: {trouble.strerror};"
            " name a file in a folder that this user owns"
        ) from trouble


def _copy_sqlite(source: Path, copy: Path) -> None:
    """SQLite's own online copy, in one step: writers go on meanwhile, and are in it whole or not at all."""
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(copy)) as written,
    ):
        read.execute("PRAGMA busy_timeout = 5000")
        read.backup(written)
        found = [row[0] for row in written.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise StoreFault(f"the database is damaged ({found[0]}): restore the last backup")


def _dump_postgres(location: Location, dump: Path) -> None:
    """By PostgreSQL's own program, which reads in one snapshot. Its password is in no argument."""
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupFailed(_PG_DUMP_REMEDY)
    command = [program, "--format=custom", "--no-owner", "--no-password", f"--file={dump}"]
    done = subprocess.run(  # noqa: S603 - nothing of it comes from a mail
        command, env={**os.environ, **_environment(location)}, capture_output=True, check=False
    )
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip()
        raise BackupFailed(f"pg_dump: {told or f'exit status {done.returncode}'}")


def _environment(location: Location) -> dict[str, str]:
    """The URL as libpq's variables."""
    credentials = location.config()["connections"][location.dialect.value]["credentials"]
    named = {
        "PGHOST": "host",
        "PGPORT": "port",
        "PGUSER": "user",
        "PGPASSWORD": "password",
        "PGDATABASE": "database",
        "PGSSLMODE": "ssl",
    }
    values = {variable: credentials.get(name) for variable, name in named.items()}
    return {
        variable: str(value) for variable, value in values.items() if value not in (None, "", True, False)
    }


def _archive(draft: Path, database: Path, blobs: Blobs, key_file: Path, target: Path) -> Backup:
    """Under another name first: nobody takes half an archive for a whole one."""
    files = 0
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(database, database.name, filter=_private)
            key = key_file.exists()
            if key:
                archive.add(key_file.resolve(), TOKEN_KEY, filter=_private)
            for name, path in blobs.all():
                archive.add(path, name, filter=_private)
                files += 1
        raw.flush()
        os.fsync(raw.fileno())
        size = raw.tell()
    if target.exists():
        raise BackupFailed(f"{target} was made by somebody else meanwhile; name another file")
    draft.rename(target)
    _sync_folder(target.parent)
    return Backup(database=database.name, files=files, size=size, key=key)


def _private(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whoever unpacks it owns it, alone."""
    member.mode, member.uid, member.gid, member.uname, member.gname = 0o600, 0, 0, "", ""
    return member


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

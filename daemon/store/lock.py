"""One daemon per store: a lock that the operating system or PostgreSQL drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from daemon.store.connection import Connection, rows
from daemon.store.faults import StoreLocked, serving

_KEY: Final = 7_264_000
"""Advisory lock of the daemon, in the database it serves."""


class DaemonLock:
    """Held from `acquire` to `release`; also an async context manager. In memory there is nothing to lock."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._file: int | None = None
        self._session: Any = None

    async def acquire(self) -> None:
        """Raises `StoreLocked` when another process, or another store of this one, holds it."""
        if self._file is not None or self._session is not None:
            return
        path = self._connection.location.path
        if path is not None:
            self._file = _lock_file(path.with_name(path.name + ".lock"))
        elif self._connection.location.url.startswith("asyncpg://"):
            await self._lock_session()

    async def release(self) -> None:
        """The lock file stays: removing it would let two daemons lock two different files of one name."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.release()

    async def _lock_session(self) -> None:
        """A connection of its own: the lock belongs to a session, and the pool gives any."""
        asyncpg: Any = import_module("asyncpg")  # it has no types
        credentials = self._connection.location.config()["connections"]["postgres"]["credentials"]
        names = ("host", "port", "user", "password", "database", "ssl")
        with serving():
            session = await asyncpg.connect(
                **{name: credentials[name] for name in names if credentials.get(name) is not None}
            )
            if await session.fetchval("SELECT pg_try_advisory_lock($1)", _KEY):
                self._session = session
                return
            await session.close()
        holder = await self._holder()
        raise StoreLocked(0, holder)

    async def _holder(self) -> str:
        with self._connection.entered() as client:
            found = await rows(
                client,
                "SELECT a.client_addr::text AS host FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
                " WHERE l.locktype = 'advisory' AND l.granted AND l.objid = ?",
                [_KEY],
            )
        return str(found[0]["host"] or "this host") if found else "another host"


def _lock_file(path: Path) -> int:
    """The descriptor that holds the lock. The file tells who has it."""
    with serving():
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        pid, _, host = os.read(handle, 300).decode("utf-8", "replace").strip().partition(" ")
        os.close(handle)
        raise StoreLocked(int(pid) if pid.isdecimal() else 0, host or "this host") from exc
    try:
        with serving():
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()} {socket.gethostname()}\n".encode())
    except BaseException:
        os.close(handle)
        raise
    return handle

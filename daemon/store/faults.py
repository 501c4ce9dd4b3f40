"""What can go wrong with a database, sorted by what its caller must do.

`StoreFault` is for whoever starts the program: nothing to wait for, exit status 2. `serving` turns what a
driver raises while the database cannot be used into `ports.Unavailable`.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError

from daemon.ports import Conflict, Unavailable


class StoreFault(Exception):
    """The store cannot be used as it is. The text says why and what to do."""


class StoreMissing(StoreFault):
    """There is no store at this address."""


class SchemaBehind(StoreFault):
    """The store was made by an older release."""


class SchemaAhead(StoreFault):
    """The store was made by a newer release."""


class StoreLocked(StoreFault):
    """Another daemon holds the store. `pid` and `host` are as it wrote them; pid 0: not known."""

    def __init__(self, pid: int, host: str) -> None:
        who = f"process {pid} on {host}" if pid else f"a session of {host}"
        super().__init__(f"another daemon holds this store: {who}; stop it first, or use another store")
        self.pid = pid
        self.host = host


_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: "the database is locked by another process; end that process, or wait",
    sqlite3.SQLITE_LOCKED: "the database is locked by another process; end that process, or wait",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written; look at the system log and the disk",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened; look at its owner and rights",
    sqlite3.SQLITE_READONLY: "the database file may not be written; look at its owner and rights",
    sqlite3.SQLITE_PERM: "the database file may not be used; look at its owner and rights",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_PROTOCOL: "the database is locked by another process; end that process, or wait",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged; stop the service and restore the last backup",
    sqlite3.SQLITE_NOTADB: "the file is no database, or it is damaged; restore the last backup",
}
_SYSTEM: Final = {
    errno.ENOSPC: _SQLITE[sqlite3.SQLITE_FULL],
    errno.EDQUOT: _SQLITE[sqlite3.SQLITE_FULL],
    errno.EIO: _SQLITE[sqlite3.SQLITE_IOERR],
    errno.EROFS: "a file of the store may not be written; look at its owner and rights",
    errno.EACCES: "a file of the store may not be used; look at its owner and rights",
    errno.EPERM: "a file of the store may not be used; look at its owner and rights",
}
_REFUSED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_POSTGRES: Final = {
    "08": "the connection to the database was lost",
    "53": "the database server is out of room or connections; free some",
    "57": "the database server is shutting down or ended our session",
    "58": "the database server has trouble with its disk; look at its log",
    "28": "the database server refused our user or password; look at [store] url",
    "3D": "the database does not exist; create it, or look at [store] url",
}
_POSTGRES_REFUSED: Final = {"28", "3D"}
_CONFLICTS: Final = {"40001", "40P01"}  # serialisation failure, deadlock: somebody else went first


@contextmanager
def serving() -> Iterator[None]:
    """Raises `Unavailable` for what passes by itself or by an operator's hand, `Conflict` for a deadlock that
    was broken; lets everything else through, for it is a fault of ours."""
    try:
        yield
    except Exception as exc:
        known = reading(exc)
        if known is None:
            raise
        raise known from exc


def reading(exc: BaseException) -> Unavailable | Conflict | None:
    """What this exception means for the caller; None: nothing that waiting would cure."""
    cause = _root(exc)
    if isinstance(cause, sqlite3.Error):
        code = (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF
        text = _SQLITE.get(code)
        return None if text is None else Unavailable("store", f"{text} ({cause})", refused=code in _REFUSED)
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        if state in _CONFLICTS:
            return Conflict(str(cause))
        text = _POSTGRES.get(state[:2])
        refused = state[:2] in _POSTGRES_REFUSED
        return None if text is None else Unavailable("store", f"{text} ({cause})", refused=refused)
    if isinstance(cause, OSError) and cause.errno in _SYSTEM:
        return Unavailable("store", f"{_SYSTEM[cause.errno]} ({cause})")
    if isinstance(cause, (OSError, TimeoutError, DBConnectionError)) or _asyncpg_connection(cause):
        return Unavailable("store", f"the database cannot be reached: {cause}")
    return None


def _root(exc: BaseException) -> BaseException:
    """The driver's own exception under Tortoise's wrapping."""
    while isinstance(exc, (OperationalError, TransactionManagementError, DBConnectionError)):
        inner = exc.args[0] if exc.args and isinstance(exc.args[0], BaseException) else exc.__cause__
        if inner is None:
            return exc
        exc = inner
    return exc


def _asyncpg_connection(exc: BaseException) -> bool:
    """asyncpg says "connection is closed" with its InterfaceError, whose subclass DataError is our fault."""
    names = [cls.__name__ for cls in type(exc).__mro__ if cls.__module__.startswith("asyncpg")]
    return "InterfaceError" in names and "DataError" not in names

"""Tortoise's SQLite client with the transactions this store needs: BEGIN IMMEDIATE, and no lock or half-done
transaction left behind by anything that fails or is cancelled on the way in or out.

Tortoise finds it as the engine `daemon.store.sqlite_client`. It knows nothing of tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError


class ImmediateClient(SqliteClient):
    def _in_transaction(self) -> TransactionContext:
        return _ImmediateContext(ImmediateTransaction(self), self._lock)


class ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        """Take the write lock now. A deferred BEGIN takes it at the first write, and then fails at once when
        somebody wrote since our first read: no busy timeout helps there."""
        try:
            if self._connection.in_transaction:  # a commit that failed left it: nobody was told it succeeded
                await self._connection.rollback()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as exc:
            raise OperationalError(exc) from exc

    async def commit(self) -> None:
        try:
            await super().commit()
        except sqlite3.Error as exc:
            if self._connection.in_transaction:
                await self._connection.rollback()
            raise OperationalError(exc) from exc

    async def execute_script(self, query: str) -> None:
        """Statement by statement: sqlite3's own executescript() commits first."""
        for statement in query.split(";"):
            if statement.strip():
                await self.execute_query(statement)

    async def execute_all(self, statements: Sequence[tuple[str, Sequence[object]]]) -> None:
        """All of them in one visit to the connection's thread. A visit is two switches between threads, which
        cost more than the statements; aiosqlite's own methods make one visit each."""

        def work() -> None:
            for sql, values in statements:
                self._connection._conn.execute(sql, values)

        try:
            await self._connection._execute(work)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped
        except sqlite3.IntegrityError as exc:
            raise IntegrityError(exc) from exc
        except sqlite3.OperationalError as exc:
            raise OperationalError(exc) from exc

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(ImmediateTransaction(self))


class _ImmediateContext(SqliteTransactionContext):
    """Tortoise's context keeps the connection's lock for ever when BEGIN fails or is cancelled."""

    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        token = None
        try:
            await self.ensure_connection()
            token = get_connections().set(self.connection_name, self.connection)
            await self.connection.begin()
        except BaseException:
            get_connections().reset(token)
            self._trxlock.release()
            raise
        self.token: Any = token
        return self.connection  # type: ignore[no-any-return]  # Tortoise declares it Any


client_class = ImmediateClient

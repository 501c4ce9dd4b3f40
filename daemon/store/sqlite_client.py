"""Tortoise's SQLite client with the transactions this store needs: BEGIN IMMEDIATE, and no lock or half-done
transaction left behind by anything that fails or is cancelled on the way in or out.

Tortoise finds it as the engine `daemon.store.sqlite_client`. It knows nothing of tables.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError

T = TypeVar("T")


class ImmediateClient(SqliteClient):
    def _in_transaction(self) -> TransactionContext:
        return _ImmediateContext(ImmediateTransaction(self), self._lock)


class ImmediateTransaction(SqliteTransactionWrapper):
    """A visit to the connection's thread is two switches between threads, which cost more than a statement
    does, and aiosqlite's own methods make one visit each: here statements share visits where they can."""

    def __init__(self, connection: SqliteClient) -> None:
        super().__init__(connection)
        self._put_off: deque[tuple[str, Sequence[object]]] = deque()

    async def begin(self) -> None:
        """Take the write lock now. A deferred BEGIN takes it at the first write, and then fails at once when
        somebody wrote since our first read: no busy timeout helps there."""

        def work(connection: sqlite3.Connection) -> None:
            if connection.in_transaction:  # a commit that failed left it: nobody was told it succeeded
                connection.rollback()
            connection.execute("BEGIN IMMEDIATE")

        await self._visit(work)

    async def commit(self) -> None:
        if self._finalized:
            raise TransactionManagementError("the transaction is over")

        def work(connection: sqlite3.Connection) -> None:
            try:
                connection.commit()
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.rollback()
                raise

        await self._visit(work)
        self._finalized = True

    async def rollback(self) -> None:
        self._put_off.clear()
        await super().rollback()

    def put_off(self, statements: Sequence[tuple[str, Sequence[object]]]) -> None:
        """For the next visit, before whatever it is made for. What fails then fails there: for statements
        that belong to the next one, or cannot fail, as SAVEPOINT and RELEASE."""
        self._put_off.extend(statements)

    async def execute_all(self, statements: Sequence[tuple[str, Sequence[object]]]) -> None:
        """All of them in one visit; nobody asks for their answers."""

        def work(connection: sqlite3.Connection) -> None:
            for sql, values in statements:
                connection.execute(sql, values)

        await self._visit(work)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        def work(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(query, values or ()).fetchall()]

        return await self._visit(work)

    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, Sequence[dict[str, Any]]]:
        await self._catch_up()
        found: tuple[int, Sequence[dict[str, Any]]] = await super().execute_query(query, values)
        return found

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        await self._catch_up()
        key: int = await super().execute_insert(query, values)
        return key

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await self._catch_up()
        await super().execute_many(query, values)

    async def execute_script(self, query: str) -> None:
        """Statement by statement: sqlite3's own executescript() commits first."""
        for statement in query.split(";"):
            if statement.strip():
                await self.execute_query(statement)

    async def savepoint(self) -> None:
        await self._catch_up()
        await super().savepoint()

    async def savepoint_rollback(self) -> None:
        await self._catch_up()
        await super().savepoint_rollback()

    async def release_savepoint(self) -> None:
        await self._catch_up()
        await super().release_savepoint()

    async def _catch_up(self) -> None:
        if self._put_off:
            await self.execute_all(())

    async def _visit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do this in the connection's thread, what was put off before it."""

        def all_of_it() -> T:
            connection = self._connection._conn
            while self._put_off:
                connection.execute(*self._put_off.popleft())
            return work(connection)

        try:
            return await self._connection._execute(all_of_it)  # type: ignore[no-untyped-call,no-any-return]
        except sqlite3.IntegrityError as exc:
            raise IntegrityError(exc) from exc
        except sqlite3.Error as exc:
            raise OperationalError(exc) from exc

    def _in_transaction(self) -> TransactionContext:
        inner = ImmediateTransaction(self)
        inner._put_off = self._put_off
        return NestedTransactionContext(inner)


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

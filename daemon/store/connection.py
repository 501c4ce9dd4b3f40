"""An open database: raw statements, and the Tortoise context in which the tables work.

Statements are written with `?`; on PostgreSQL they become `$1`, `$2`, … They are raw where a mail waits for
them: Tortoise builds its SQL anew at each query, which costs more than SQLite's work.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tortoise.context import TortoiseContext, _current_context

from daemon.store.faults import serving
from daemon.store.location import Dialect, Location
from daemon.store.sqlite_client import ImmediateTransaction

if TYPE_CHECKING:
    from tortoise.backends.base.client import BaseDBAsyncClient

for _logger in ("tortoise", "tortoise.db_client", "aiosqlite", "asyncpg"):
    # At DEBUG they log every statement with its values: mails, addresses, and the database's password.
    logging.getLogger(_logger).setLevel(logging.INFO)

Row: TypeAlias = dict[str, Any]
Client: TypeAlias = "BaseDBAsyncClient"
Statement: TypeAlias = tuple[str, Sequence[object]]


class Connection:
    """One store's context. Every use goes through `entered`: tasks and threads that were started elsewhere,
    and several stores in one process, then each work on their own store."""

    def __init__(self, context: TortoiseContext, location: Location) -> None:
        self._context = context
        self.location = location
        self.queue: deque[tuple[Callable[[Client], Awaitable[Any]], asyncio.Future[Any]]] = deque()
        """Works that wait for the one connection of SQLite, and where their callers wait (`tx`)."""
        self.server: asyncio.Task[None] | None = None

    @contextmanager
    def entered(self) -> Iterator[Client]:
        """The tables and `Client` are this store's. Raises `Unavailable` while it cannot be used."""
        token = _current_context.set(self._context)
        try:
            with serving():
                yield self.client
        finally:
            _current_context.reset(token)

    @property
    def client(self) -> Client:
        """The open transaction in this task, else the connection itself."""
        return self._context.db()

    async def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of one statement, as the driver gives them. Raises `Unavailable`."""
        with self.entered() as client:
            return await rows(client, sql, values)


async def rows(
    client: Client, sql: str, values: Sequence[object] = (), *, before: Sequence[Statement] = ()
) -> list[Row]:
    """The rows of one statement; with RETURNING also of one that writes. `before`: inside an open
    transaction, statements that touch other rows and whose answers nobody asks for; they share its way to the
    database."""
    if before and isinstance(client, ImmediateTransaction):
        client.put_off(before)
    elif before:
        sql, values = woven([*before, (sql, values)])
    if client.capabilities.dialect == Dialect.POSTGRES.value:
        sql = numbered(sql)
    return await client.execute_query_dict(sql, list(values))


async def run(client: Client, statements: Sequence[Statement], *, apart: bool = False) -> None:
    """Statements whose answers nobody asks for, in their order, inside an open transaction. `apart`: no two
    of them touch the same rows or need one another's."""
    if not statements:
        return
    if isinstance(client, ImmediateTransaction):
        await client.execute_all(statements)
    elif apart:
        await rows(client, *woven(statements))
    else:
        for sql, values in statements:
            await rows(client, sql, values)


async def put_off(client: Client, *statements: Statement) -> None:
    """Statements without a result, before whatever comes next: on SQLite together with it. For what cannot
    fail, as SAVEPOINT and RELEASE, or belongs to what comes next."""
    if isinstance(client, ImmediateTransaction):
        client.put_off(statements)
    else:
        for sql, values in statements:
            await rows(client, sql, values)


def woven(statements: Sequence[Statement]) -> Statement:
    """One statement for PostgreSQL, and its values: all but the last in a WITH, where each sees the tables as
    they were before all of them (PostgreSQL manual, "Data-Modifying Statements in WITH")."""
    *before, (sql, values) = statements
    if not before:
        return sql, values
    parts = ", ".join(f"w{n} AS ({first})" for n, (first, _) in enumerate(before))
    return f"WITH {parts} {sql}", [value for _, some in before for value in some] + list(values)


@lru_cache(maxsize=512)
def numbered(sql: str) -> str:
    """`?` as `$1`, `$2`, …; no statement of ours holds a question mark in a text."""
    head, *tail = sql.split("?")
    return head + "".join(f"${n}{part}" for n, part in enumerate(tail, 1))


@asynccontextmanager
async def connect(location: Location, *, read_only: bool = False) -> AsyncIterator[Connection]:
    """Open the database itself, whatever is in it. Raises `Unavailable`."""
    if location.path is not None and not read_only:
        _make_private(location.path)
    context = TortoiseContext()
    token = _current_context.set(context)
    try:
        with serving():
            await context.init(config=location.config(read_only=read_only))
            await context.db().create_connection(with_db=True)
    except BaseException:
        await context.close_connections()
        raise
    finally:
        _current_context.reset(token)
    connection = Connection(context, location)
    try:
        yield connection
    finally:
        token = _current_context.set(context)
        try:
            await context.close_connections()
        finally:
            _current_context.reset(token)


def _make_private(path: Path) -> None:
    """A new database file is its owner's alone from its first byte; SQLite's journals take its mode."""
    with serving():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

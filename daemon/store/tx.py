"""The only transactions of the store (another `in_transaction` is refused by the linter).

A task that is cancelled while Tortoise enters or leaves a transaction keeps the connection's lock for ever,
so the work runs in a task of its own, shielded: a cancelled caller waits until it is committed or rolled
back, and is cancelled then. Nothing inside may wait for a network or start a task: on SQLite everybody waits
meanwhile, and a task started inside would write through a transaction that is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from tortoise.transactions import in_transaction  # noqa: TID251 - this is the one place

from daemon.store.connection import Client, Connection

T = TypeVar("T")


async def transaction(connection: Connection, work: Callable[[Client], Awaitable[T]]) -> T:
    """What `work` returned, committed; or its exception, with everything rolled back.

    On SQLite the write lock is taken at once (BEGIN IMMEDIATE). Raises `Unavailable` while the database
    cannot be used, `Conflict` when PostgreSQL broke a deadlock.
    """

    async def run() -> T:
        with connection.entered():
            async with in_transaction(connection.location.dialect.value) as client:
                return await work(client)

    task = asyncio.ensure_future(run())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):  # cancelled once more: it is to wait all the same
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: the caller is cancelled, nobody else will ask
        raise

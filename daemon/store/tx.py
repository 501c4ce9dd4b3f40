"""The only transactions of the store (another `in_transaction` is refused by the linter).

A task that is cancelled while Tortoise enters or leaves a transaction keeps the connection's lock for ever,
so the work runs in a task of its own, shielded: a cancelled caller waits until it is committed or rolled
back, and is cancelled then. Nothing inside may wait for a network or start a task: on SQLite everybody waits
meanwhile, and a task started inside would write through a transaction that is over.

SQLite has one connection, so works queue for it; those that wait together are committed together, each behind
its own savepoint. A commit waits for the disk, which is most of what a small work costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias, TypeVar

from tortoise.backends.base.client import TransactionContextPooled
from tortoise.transactions import in_transaction  # noqa: TID251 - this is the one place

from daemon.ports import Unavailable
from daemon.store.connection import Client, Connection, put_off, rows
from daemon.store.faults import serving
from daemon.store.location import Dialect

T = TypeVar("T")
Work: TypeAlias = Callable[[Client], Awaitable[Any]]

TOGETHER: Final = 64
"""Works in one commit, at most: whoever comes next waits for all of them."""

GATHER: Final = 0.002
"""Seconds to wait for works like those of the last commit, while they come in numbers (what PostgreSQL calls
commit_delay with commit_siblings). A work that comes alone waits for nobody."""


async def transaction(connection: Connection, work: Callable[[Client], Awaitable[T]]) -> T:
    """What `work` returned, committed; or its exception, with everything that it did rolled back.

    On SQLite the write lock is taken at once (BEGIN IMMEDIATE). Raises `Unavailable` while the database
    cannot be used, `Conflict` when PostgreSQL broke a deadlock.
    """
    task: asyncio.Future[T]
    if connection.location.dialect is Dialect.SQLITE:
        task = _queued(connection, work)
    else:
        task = asyncio.ensure_future(_alone(connection, work))
    return await to_its_end(task)


async def to_its_end(task: asyncio.Future[T]) -> T:
    """What `task` gives. A caller that is cancelled waits until it is over, and is cancelled then."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):  # cancelled once more: it is to wait all the same
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: the caller is cancelled, nobody else will ask
        raise


async def attempt(client: Client, work: Callable[[Client], Awaitable[T]]) -> T:
    """What `work` returned, or its exception with only its own doings rolled back, inside a transaction that
    goes on. Raises `Unavailable` when the fault took the whole transaction with it, as a full disk does."""
    await put_off(client, ("SAVEPOINT attempt", ()))
    try:
        with serving():
            result = await work(client)
    except Exception as fault:
        try:
            await rows(client, "ROLLBACK TO SAVEPOINT attempt")
            await rows(client, "RELEASE SAVEPOINT attempt")
        except Exception as lost:
            if isinstance(fault, Unavailable):
                raise fault from lost
            raise Unavailable("store", f"the database gave up a transaction: {fault}") from fault
        raise
    await put_off(client, ("RELEASE SAVEPOINT attempt", ()))
    return result


async def _alone(connection: Connection, work: Callable[[Client], Awaitable[T]]) -> T:
    with connection.entered():
        context = in_transaction(connection.location.dialect.value)
        begun = False
        try:
            async with context as client:
                begun = True
                return await work(client)
        finally:
            if not begun and isinstance(context, TransactionContextPooled):
                await _give_back(context.client)


async def _give_back(client: Any) -> None:
    """Tortoise keeps the pool's connection for ever when BEGIN fails on it."""
    from asyncpg.pool import PoolConnectionProxy  # type: ignore[import-untyped]  # who has SQLite loads none of it

    if isinstance(client._connection, PoolConnectionProxy):
        await client._parent._pool.release(client._connection)


def _queued(connection: Connection, work: Work) -> asyncio.Future[Any]:
    """A place in the connection's queue, which is served as long as anybody stands in it."""
    place: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    connection.queue.append((work, place))
    if connection.server is None or connection.server.done():
        connection.server = asyncio.ensure_future(_serve(connection))
    return place


async def _serve(connection: Connection) -> None:
    batch: list[tuple[Work, asyncio.Future[Any]]] = []
    while connection.queue:
        outcomes: list[Any]
        siblings, batch = len(batch), []
        try:
            if siblings > 1 and len(connection.queue) < siblings:
                await asyncio.sleep(GATHER)
            batch = [connection.queue.popleft() for _ in range(min(len(connection.queue), TOGETHER))]
            outcomes = await _together(connection, [work for work, _ in batch])
        except BaseException as fault:  # noqa: BLE001 - nothing was committed: each of them is told
            outcomes = [_copy(fault) for _ in batch]
            if not isinstance(fault, Exception):  # the event loop is ending
                while connection.queue:
                    connection.queue.popleft()[1].cancel()
        for (_, place), outcome in zip(batch, outcomes, strict=True):
            if place.done():
                continue
            if isinstance(outcome, BaseException):
                place.set_exception(outcome)
            else:
                place.set_result(outcome)


async def _together(connection: Connection, works: list[Work]) -> list[Any]:
    """The outcome of each, result or exception, once all that succeeded is committed."""
    if len(works) == 1:
        return [await _alone(connection, works[0])]
    outcomes: list[Any] = []

    async def all_of_them(client: Client) -> None:
        for work in works:
            try:
                outcomes.append(await attempt(client, work))
            except Unavailable:
                raise  # the transaction is not to be trusted any more: all of it is taken back
            except Exception as fault:  # noqa: BLE001 - whoever asked for this work is told, the others go on
                outcomes.append(fault)

    await _alone(connection, all_of_them)
    return outcomes


def _copy(fault: BaseException) -> BaseException:
    """An exception of one's own for everyone: a shared one would collect everybody's traceback."""
    if isinstance(fault, Unavailable):
        told = Unavailable(fault.service, str(fault), refused=fault.refused)
        told.__cause__ = fault
        return told
    return fault

"""SQLite without a thread: aiosqlite hands its work to a thread through a queue, and here that queue does the
work where it stands. On virtual time nobody may answer from outside the loop; and it is quicker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import aiosqlite.core

Work: TypeAlias = tuple[asyncio.Future[Any] | None, Callable[[], Any]]


class _Queue:
    """The answer is there when `put_nowait` returns, so that its asker does not even lose its turn."""

    def put_nowait(self, work: Work) -> None:
        answer(*work)


class _NoThread:
    def __init__(self, **_: object) -> None: ...

    def start(self) -> None: ...


def answer(future: asyncio.Future[Any] | None, function: Callable[[], Any]) -> None:
    """Do one piece of a connection's work."""
    if future is None:
        return
    try:
        result = function()
    except Exception as fault:  # noqa: BLE001 - it is handed to whoever awaits it
        future.set_exception(fault)
    else:
        future.set_result(result)


@contextmanager
def inline_sqlite(queue: Callable[[], Any] = _Queue) -> Iterator[None]:
    """Connections that are opened meanwhile have no thread. `queue`: another one of the same form."""
    core: Any = aiosqlite.core
    before = core.SimpleQueue, core.Thread, core.Connection.__del__
    core.SimpleQueue, core.Thread = queue, _NoThread
    core.Connection.__del__ = lambda _connection: None  # there is no thread to stop
    try:
        yield
    finally:
        core.SimpleQueue, core.Thread, core.Connection.__del__ = before

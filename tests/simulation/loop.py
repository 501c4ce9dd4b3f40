"""An event loop on virtual time, on which everything is deterministic: timers fire in their order without
waiting, work for threads is done at once in the loop, and SQLite answers from the loop as well.

`Loop.steps` counts every visit to the outside (database or edge); `Loop.kill` ends a life as SIGKILL does.
"""

from __future__ import annotations

import asyncio
import selectors
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiosqlite.core


class Stalled(Exception):
    """Nothing is ready and no timer will ever fire: somebody waits for ever."""


class _Selector(selectors.SelectSelector):
    """Never waits: where the loop would sleep, time moves on instead."""

    loop: Loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stalled
        if timeout > 0:
            self.loop.virtual += timeout
        return []


class Loop(asyncio.SelectorEventLoop):
    """`virtual` is monotonic seconds. After `kill` no coroutine of this loop runs again."""

    def __init__(self) -> None:
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        self.virtual = 0.0
        self.steps = 0
        self.kill_at: int | None = None
        self.dead = False
        self.faults: list[BaseException] = []
        self.databases: list[sqlite3.Connection] = []
        self.set_exception_handler(self._note)

    def time(self) -> float:
        return self.virtual

    def step(self) -> bool:
        """One visit to the outside. False: the process is dead, nothing may happen any more."""
        if self.dead:
            return False
        self.steps += 1
        if self.kill_at is not None and self.steps >= self.kill_at:
            self.kill()
        return not self.dead

    def kill(self) -> None:
        self.dead = True
        self.stop()

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as fault:
            future.set_exception(fault)
        return future

    def bury(self) -> None:
        """Leave every task where it stands. SIGKILL runs no `finally` block: what is dead is kept, so that
        the garbage collector runs none either, until the process of this seed ends."""
        self.dead = True
        for database in self.databases:
            database.close()  # as the kernel does: what was not committed is gone, its lock too
        _GRAVES.append((self, asyncio.all_tasks(self)))

    def _note(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fault = context.get("exception")
        if fault is not None and not self.dead:
            self.faults.append(fault)


_GRAVES: list[object] = []


class _InlineQueue:
    """Stands where aiosqlite hands work to its thread: the loop does it, one turn later."""

    def put_nowait(self, work: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = work
        if future is None:
            return
        loop = future.get_loop()
        loop.call_soon(_work, loop, future, function)


def _work(loop: Any, future: asyncio.Future[Any], function: Callable[[], Any]) -> None:
    if future.done() or not loop.step():
        return
    try:
        result = function()
    except Exception as fault:
        future.set_exception(fault)
        return
    if isinstance(result, sqlite3.Connection):
        loop.databases.append(result)
    future.set_result(result)


class _NoThread:
    def __init__(self, **_: Any) -> None: ...

    def start(self) -> None: ...


@contextmanager
def inline_sqlite() -> Iterator[None]:
    """aiosqlite without its thread."""
    core: Any = aiosqlite.core
    queue, thread, goodbye = core.SimpleQueue, core.Thread, core.Connection.__del__
    core.SimpleQueue, core.Thread = _InlineQueue, _NoThread
    core.Connection.__del__ = lambda _connection: None
    try:
        yield
    finally:
        core.SimpleQueue, core.Thread, core.Connection.__del__ = queue, thread, goodbye

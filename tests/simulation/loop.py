"""The virtual loop of `daemon.simulation`, on which a process can be killed at any visit to the outside.

`Loop.steps` counts every visit (database or edge); `Loop.kill` ends a life as SIGKILL does.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from daemon.simulation import inline_sqlite as inline
from daemon.simulation.loop import VirtualLoop


class Loop(VirtualLoop):
    """After `kill` no coroutine of this loop runs again."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.kill_at: int | None = None
        self.dead = False
        self.faults: list[BaseException] = []
        self.databases: list[sqlite3.Connection] = []
        self.set_exception_handler(self._note)

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
    """The loop does the work one turn later, so that a life can end before it."""

    def put_nowait(self, work: inline.Work) -> None:
        future, function = work
        if future is None:
            return
        loop = future.get_loop()
        loop.call_soon(_work, loop, future, function)


def _work(loop: Any, future: asyncio.Future[Any], function: Callable[[], Any]) -> None:
    if future.done() or not loop.step():
        return
    inline.answer(future, function)
    if future.exception() is None and isinstance(future.result(), sqlite3.Connection):
        loop.databases.append(future.result())


def inline_sqlite() -> AbstractContextManager[None]:
    """aiosqlite without its thread."""
    return inline.inline_sqlite(_InlineQueue)

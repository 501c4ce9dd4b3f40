"""Asking the store until it answers: for what cannot be asked again later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from daemon.loops.backoff import Backoff
from daemon.loops.progress import Progress
from daemon.ports import Clock, Unavailable

log = logging.getLogger("azimut.outbox")

T = TypeVar("T")


class Insisting:
    """`progress` is told while the store is away."""

    def __init__(self, progress: Progress, clock: Clock, stop: asyncio.Event) -> None:
        self._progress = progress
        self._clock = clock
        self._stop = stop

    async def __call__(self, ask: Callable[[], Awaitable[T]], /) -> T:
        """Ask or write about a claimed row, however long the database is away: what is given up here would
        lie until its claim lapses, half an hour late or sent twice. Raises `Unavailable` only when the daemon
        stops."""
        backoff = Backoff()
        while True:
            try:
                answer = await ask()
            except Unavailable as trouble:
                if self._stop.is_set():
                    raise
                await self.pause(backoff, trouble)
            else:
                if backoff.reset():
                    log.info("store_back")
                return answer

    async def pause(self, backoff: Backoff, trouble: Unavailable) -> None:
        """Say that the store is away, and wait as long as is right before the next try."""
        now = self._clock.now()
        seconds = backoff.after(trouble)
        self._progress.fail("store", str(trouble), now)
        self._progress.alive(now, seconds)
        log.warning("store_unavailable", extra={"fields": {"reason": str(trouble), "retry_in": seconds}})
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([stop], timeout=seconds)
        finally:
            stop.cancel()

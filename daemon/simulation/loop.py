"""An event loop on virtual time. Nothing is waited for: when all that can be done at an instant is done, time
jumps to the next timer, or to what the agenda holds for an earlier moment.

Whatever works in threads elsewhere works in the loop itself here (`run_in_executor`, and SQLite by
`inline_sqlite`): what happens follows from the timers alone, so that the same story comes out the same."""

from __future__ import annotations

import asyncio
import heapq
import math
import selectors
from collections.abc import Callable
from itertools import count
from typing import Any, Final

_RESOLUTION: Final = 2e-7
"""Seconds: well below the microsecond that instants are told in, and above what a float tells in 30 years."""


class Stalled(Exception):
    """Nothing is ready and no timer will ever fire: somebody waits for ever."""


class _Selector(selectors.SelectSelector):
    """Asked to wait when the loop is idle; it lets time pass instead."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 0:
            self.loop.idle(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`virtual` is monotonic seconds since the story began."""

    def __init__(self) -> None:
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        # The loop fires what is due within its clock's resolution; with the machine's nanosecond a float can
        # no longer tell that from nothing after some months, and the timer would never fire.
        self._clock_resolution = _RESOLUTION
        self.virtual = 0.0
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()

    def time(self) -> float:
        return self.virtual

    def plan(self, at: float, what: Callable[[], object]) -> None:
        """Call this at virtual second `at`, once everything that happened before it is dealt with. Of two
        plans for one instant the earlier one is first, and has all its consequences before the other."""
        heapq.heappush(self._agenda, (at, next(self._order), what))

    def idle(self, timeout: float | None) -> None:
        """Let time pass until the next timer, `timeout` seconds away (None: there is none), or until what the
        agenda holds for that instant or before. Raises `Stalled`."""
        # a timer may be nearer than floats at this distance from zero can tell
        least = math.nextafter(self.virtual, math.inf)
        until = None if timeout is None else max(self.virtual + timeout, least)
        if self._agenda and (until is None or self._agenda[0][0] <= until):
            at, _, what = heapq.heappop(self._agenda)
            self.virtual = max(self.virtual, at)
            self.call_soon(what)
        elif until is None:
            raise Stalled("nothing is left that could ever happen")
        else:
            self.virtual = until

    def run_in_executor(  # type: ignore[override]
        self, _executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as fault:  # noqa: BLE001 - it is handed to whoever awaits it
            future.set_exception(fault)
        return future

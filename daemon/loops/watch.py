"""The loop that watches the others: it feeds systemd's watchdog while all of them turn, tells their state,
and raises the alarm when mail itself fails. Order of steps only."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from daemon.loops.alarm import Alarms
from daemon.loops.health import hanging, status_line
from daemon.loops.pausing import either
from daemon.loops.progress import Progress
from daemon.ports import Clock

log = logging.getLogger("azimut.watch")

LOOK_EVERY: Final = 10.0
"""Seconds between two looks, at most; systemd's watchdog may ask for more."""


class WatchLoop:
    """`notify` tells systemd (see `edges.system.sd_notify`); `watchdog` seconds between two signs of life,
    None: nobody watches. `alarm` takes a service and a text, and never raises for what its command does."""

    def __init__(
        self,
        *,
        loops: Sequence[Progress],
        clock: Clock,
        notify: Callable[..., object],
        watchdog: float | None,
        alarm: Callable[[str, str], Coroutine[Any, Any, None]],
        stop: asyncio.Event,
    ) -> None:
        self._loops = loops
        self._clock = clock
        self._notify = notify
        self._every = min(watchdog or LOOK_EVERY, LOOK_EVERY)
        self._alarm = alarm
        self._stop = stop
        self._alarms = Alarms()
        self._told = ""
        self._silent: list[str] = []

    async def run(self) -> None:
        """Watch until the stop event."""
        raised: set[asyncio.Task[None]] = set()
        try:
            while not self._stop.is_set():
                for service, text in self.look().items():
                    task = asyncio.create_task(self._alarm(service, text))
                    raised.add(task)
                    task.add_done_callback(raised.discard)
                await either(self._clock.sleep(self._every), self._stop.wait())
        finally:
            for task in raised:
                task.cancel()
            await asyncio.gather(*raised, return_exceptions=True)

    def look(self) -> dict[str, str]:
        """One look: what is due is told to systemd. Returns the alarms to raise, by service."""
        now = self._clock.now()
        silent = hanging(self._loops, now)
        if silent != self._silent:
            self._silent = silent
            if silent:
                log.error("loop_hangs", extra={"fields": {"loops": silent}})
        state: dict[str, object] = {} if silent else {"WATCHDOG": 1}
        told = status_line(self._loops, now)
        if told != self._told:
            self._told = told
            state["STATUS"] = told
        if state:
            self._notify(**state)
        return self._alarms.due(self._loops, now)

"""The loops side by side: all of them or none. A loop that ends before the stop event takes the process with
it, loudly, so that systemd starts it anew; nothing dies silently."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

log = logging.getLogger("azimut.daemon")


class LoopDied(Exception):
    """A loop ended although nobody asked it to."""


async def run_together(
    loops: Mapping[str, Coroutine[Any, Any, None]], stop: asyncio.Event, grace: float
) -> None:
    """Run until `stop`, then give every loop `grace` seconds to finish what it has in hand.

    Raises the fault of the loop that failed, or `LoopDied`; `TimeoutError` when the grace is over.
    """
    tasks = {name: asyncio.create_task(loop, name=name) for name, loop in loops.items()}
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks.values(), stopping], return_when=asyncio.FIRST_COMPLETED)
    asked = stop.is_set()
    stop.set()
    stopping.cancel()
    _, late = await asyncio.wait(tasks.values(), timeout=grace)
    for task in late:
        log.error("loop_overdue", extra={"fields": {"loop": task.get_name(), "grace": grace}})
        task.cancel()
    results = await asyncio.gather(*tasks.values(), return_exceptions=True)
    for (name, task), result in zip(tasks.items(), results, strict=True):
        if isinstance(result, asyncio.CancelledError) and task in late:
            continue  # the mail it had in hand comes again after the next start
        if isinstance(result, BaseException):
            log.error("loop_failed", extra={"fields": {"loop": name, "fault": type(result).__name__}})
            raise result
        if not asked:
            raise LoopDied(f"the {name} loop ended by itself")

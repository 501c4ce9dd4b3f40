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
    """Run until `stop`, then give every loop `grace` seconds to finish what it has in hand; one that takes
    longer is cancelled, which is no fault. Raises the fault of the loop that failed, or `LoopDied`."""
    tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    unasked = [] if stop.is_set() else [task.get_name() for task in tasks if task.done()]
    stop.set()
    stopping.cancel()
    _, late = await asyncio.wait(tasks, timeout=grace)
    for task in late:
        log.error("loop_overdue", extra={"fields": {"loop": task.get_name(), "grace": grace}})
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    faults = [
        (task.get_name(), result)
        for task, result in zip(tasks, results, strict=True)
        if isinstance(result, BaseException)
        # a mail that an overdue loop had in hand comes again after the next start
        and not (task in late and isinstance(result, asyncio.CancelledError))
    ]
    for name, fault in faults:
        log.error("loop_failed", exc_info=fault, extra={"fields": {"loop": name}})
    if faults:
        raise faults[0][1]
    if unasked:
        raise LoopDied(f"the {unasked[0]} loop ended by itself")

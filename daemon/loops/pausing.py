"""Waiting for one of two things, such as the end of a pause or of the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


async def either(first: Awaitable[object], second: Awaitable[object]) -> None:
    """Return when one of the two is done, with its exception; the other is cancelled and awaited."""
    tasks = [asyncio.ensure_future(first), asyncio.ensure_future(second)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()

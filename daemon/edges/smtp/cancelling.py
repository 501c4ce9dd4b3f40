"""A cancellation that arrives: `asyncio.wait_for` of Python 3.11, which aiosmtplib waits with, loses one that
meets the result it was waiting for (CPython issue 86296), and a mail would go on after it was given up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

_AGAIN: Final = 0.05
"""Seconds until work that has not ended is cancelled once more."""


async def cancellable(work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`; when we are cancelled, it is cancelled until it has ended."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_AGAIN)
        if not task.cancelled():
            task.exception()  # seen, also when nobody is left to hear it
    return task.result()

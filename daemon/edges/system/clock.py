"""The `Clock` port on the machine's clock: the only place where the time of day is read."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        """UTC, aware."""
        return datetime.now(UTC)  # noqa: TID251 - the one clock

    async def sleep(self, seconds: float) -> None:
        """Monotonic seconds: setting the clock neither shortens nor lengthens them."""
        await asyncio.sleep(max(seconds, 0.0))

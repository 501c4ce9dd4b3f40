"""The digest of each working morning, at its hour, once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.actions import Decision, DeskStepDone, QueueMail
from daemon.core.policy import Policy
from daemon.core.ticking.digest import Daily, before, digest_mails, digest_on, following
from daemon.ports import Store, Unavailable

log = logging.getLogger("azimut.ticker")

AGAIN: Final = timedelta(minutes=15)
"""When a digest that could not be made is tried once more."""

BEGUN: Final = "digest"
"""Step of a desk that has had its first occasion."""


class MorningDigest:
    """`needs`: what the daemon itself cannot do now, a line each; whoever knows it sets it."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store = store
        self._policy = policy
        self._settled = ""
        self._not_before: datetime | None = None
        self.needs: Callable[[], Sequence[str]] = lambda: ()

    def next_at(self, now: datetime) -> datetime | None:
        """When there is something to do again."""
        if self._not_before is not None and now < self._not_before:
            return self._not_before
        daily = following(self._policy, now)
        return daily.at if daily is not None else None

    async def send(self, now: datetime) -> bool:
        """Send today's if it is due and was not sent; whether mail was queued. A fault of it is told in the
        log: tickets go before. Raises `Unavailable`."""
        daily = digest_on(self._policy, now.astimezone(ZoneInfo(self._policy.timezone)).date())
        waits = self._not_before is not None and now < self._not_before
        if daily is None or now < daily.at or daily.key == self._settled or waits:
            return False
        try:
            queued = await self._send(daily, now)
        except Unavailable:
            raise
        except Exception:
            log.exception("digest_failed", extra={"fields": {"day": daily.day.isoformat()}})
            self._not_before = now + AGAIN
            return False
        self._settled = daily.key
        return queued

    async def _send(self, daily: Daily, now: datetime) -> bool:
        """Mails and mark in one transaction: once, whatever is restarted. A desk that begins in the middle of
        a day sends none that day, and one that comes back after closing time none for that day."""
        done = await self._store.desk_steps_done([daily.key, BEGUN])
        if daily.key in done:
            return False
        marks = [DeskStepDone(key=key, at=now) for key in (daily.key, BEGUN) if key not in done]
        mails: tuple[QueueMail, ...] = ()
        if BEGUN in done and now < daily.until:
            known = await self._store.morning(before(self._policy, daily), now)
            mails = digest_mails(known, self._policy, daily, now, self.needs())
        applied = await self._store.apply(Decision(actions=(*mails, *marks)))
        return applied.queued

"""The statement of a month, made when the ticker asks for it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from daemon.core.actions import Decision
from daemon.core.policy import Policy
from daemon.core.reports.mailing import statement_mails
from daemon.core.reports.month import Month, span
from daemon.ports import Clock, Store


class MonthlyStatements:
    """Call it with a month (YYYY-MM). Raises `Unavailable`."""

    def __init__(self, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def __call__(self, month: str) -> Decision:
        since, until = span(month, ZoneInfo(self._policy.timezone))
        now = self._clock.now()
        figures = Month(month, self._policy, now)
        async for part in self._store.statement_material(since, until):
            figures.add(part)
        return statement_mails(figures, await self._store.list_accounts(), self._policy, now)

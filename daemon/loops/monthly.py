"""What the desk sends once a month, at its hour: the statement of the month that is over. Who makes it is
handed in."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from daemon.core.actions import Decision, DeskStepDone
from daemon.core.policy import Policy
from daemon.core.ticking.desk import BEGUN, Monthly, begun_in, statement_due
from daemon.ports import Store, Unavailable

log = logging.getLogger("azimut.ticker")

Statements: TypeAlias = Callable[[str], Awaitable[Decision | None]]
"""What the desk sends about a month (YYYY-MM); None: nothing."""

AGAIN: Final = timedelta(hours=1)
"""When a statement that could not be made is tried once more."""


class MonthlyStatement:
    """`make` None: the desk sends none."""

    def __init__(self, store: Store, policy: Policy, make: Statements | None) -> None:
        self._store = store
        self._policy = policy
        self._make = make
        self._settled = ""
        self._following: datetime | None = None  # when there is something to do again
        self._not_before: datetime | None = None

    def next_at(self, now: datetime) -> datetime | None:
        """When the next one is due, this month's being settled."""
        if self._make is None:
            return None
        if self._following is not None and now < self._following:
            return self._following
        return statement_due(self._policy, now).following

    async def send(self, now: datetime) -> bool:
        """Send it if it is due and was not sent; whether mail was queued. A fault of it is told in the log:
        tickets go before. Raises `Unavailable`."""
        if self._following is not None and now < self._following:
            return False
        due = statement_due(self._policy, now)
        waits = self._not_before is not None and now < self._not_before
        if self._make is None or due.key == self._settled or waits:
            return False
        try:
            queued = await self._send(self._make, due, now)
        except Unavailable:
            raise
        except Exception:
            log.exception("statement_failed", extra={"fields": {"month": due.month}})
            self._not_before = now + AGAIN
            return False
        self._settled, self._following = due.key, due.following
        return queued

    async def _send(self, make: Statements, due: Monthly, now: datetime) -> bool:
        """Statement and mark in one transaction: once, whatever is restarted. Of a month in which there was
        no desk yet nothing is told."""
        known = await self._store.desk_steps_done([due.key, BEGUN, *due.too_late])
        if due.key in known:
            return False
        marks = [DeskStepDone(key=due.key, at=now)]
        if BEGUN not in known:
            marks += [DeskStepDone(key=key, at=now) for key in (BEGUN, begun_in(self._policy, now))]
        tells = BEGUN in known and known.isdisjoint(due.too_late)
        decision = await make(due.month) if tells else None
        actions = decision.actions if decision is not None else ()
        applied = await self._store.apply(
            replace(decision or Decision(actions=()), actions=(*actions, *marks))
        )
        return applied.queued

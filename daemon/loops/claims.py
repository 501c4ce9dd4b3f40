"""The rows that the outbox has claimed: how many, which of them may begin, and when to look again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from daemon.core.commands.queueing import RANK as NOTIFICATIONS
from daemon.core.values import OutboxRow
from daemon.loops.progress import Progress
from daemon.loops.unsettled import Unsettled
from daemon.ports import Clock, Store

LEASE: Final = timedelta(minutes=30)
"""A claim outlives the slowest honest conversation (RFC 5321 4.5.3.2: ten minutes for the final 250)."""

AHEAD: Final = 2
"""Rows claimed at once for each place: a claim is a transaction. More would keep a new P1 waiting."""

AHEAD_FOR: Final = timedelta(seconds=10)
"""How long a row may lie claimed and not begun: then others may be graver, and its lease is not for lying."""

ALONE_FOR: Final = timedelta(milliseconds=100)
"""How long a mail just begun keeps those of a lower rank back."""

PATIENCE: Final = timedelta(minutes=1)
"""How long mails of the last rank (notifications to agents) lie while customers' mails wait to be read:
acknowledgements go first."""

GIVING_WAY: Final = 0.1
"""Seconds that the intake waits before each handful while customers' mails pile up here. On one store and one
processor it would outrun the acknowledgements without end; more would keep an emergency unread because a mail
server is slow."""

BETWEEN_LOOKS: Final = 0.1
"""Seconds from one look to the next while rows are left lying for that long."""


class Claims:
    """Of one outbox loop, whose `progress` it keeps; `longest_sleep`: seconds after which that looks even if
    nobody wakes it.

    behind     whether customers' mails are waiting to be read
    unsettled  where the end of a row is told
    """

    def __init__(self, store: Store, clock: Clock, progress: Progress, longest_sleep: float) -> None:
        self.behind: Callable[[], bool] = lambda: False
        self._store = store
        self._clock = clock
        self._progress = progress
        self._longest_sleep = longest_sleep
        self.unsettled = Unsettled(progress)
        self._rows: deque[OutboxRow] = deque()
        self._since = clock.now()
        self._in_hand: set[int] = set()
        self._begun: dict[int, tuple[int, datetime]] = {}  # row -> its rank, and since when
        self._closed_until: datetime | None = None
        self._lying = False
        self._caught_up = asyncio.Event()
        self._caught_up.set()

    async def take(self, limit: int) -> list[OutboxRow]:
        """Due rows, unless the server was just out of reach: then no waiting row is touched in vain."""
        now = self._clock.now()
        if self.shut():
            self._caught_up.set()
            return []
        patience = PATIENCE if self.behind() else timedelta(0)
        rows = await self._store.claim_outbox(now, limit, LEASE, self._in_hand, patience)
        self._lying = bool(patience) and len(rows) < limit
        if sum(row.rank < NOTIFICATIONS for row in rows) > limit // 2:
            self._caught_up.clear()
        else:
            self._caught_up.set()
        self.unsettled.claimed(rows, now + LEASE)
        if len(rows) < limit:
            self.unsettled.none_due(now, timedelta(seconds=self._longest_sleep))
            if not rows and not self._progress.waiting:
                self._progress.heal("smtp")  # nobody waits for it any more
        return rows

    async def refill(self, places: int, *, room: bool) -> None:
        """Claim for so many places where nothing is left and there is room; give back what lay too long."""
        if self._rows and abs(self._clock.now() - self._since) > AHEAD_FOR:
            await self.give_back()
        if not self._rows and room:
            self._since = self._clock.now()
            self._rows.extend(await self.take(places * AHEAD))

    def begin(self) -> OutboxRow | None:
        """The next row, from now on under way; None: there is none, or it may not begin yet."""
        if not self._rows or self.shut() or not self._may_begin():
            return None
        row = self._rows.popleft()
        self._begun[row.id] = (row.rank, self._clock.now())
        return row

    def _may_begin(self) -> bool:
        """Not in the first moment of a graver mail: a customer's acknowledgement does not share processor and
        store with the notifications of the same ticket. A slow server holds nobody up, and while mails wait
        to be read nobody is alone anyway."""
        if self.behind():
            return True
        now, rank = self._clock.now(), self._rows[0].rank
        return not any(r < rank and abs(now - since) <= ALONE_FOR for r, since in self._begun.values())

    def hold(self, row: OutboxRow) -> None:
        """However long it takes, nobody else here claims it meanwhile."""
        self._in_hand.add(row.id)

    def let_go(self, row: OutboxRow) -> None:
        self._in_hand.discard(row.id)
        self._begun.pop(row.id, None)

    async def give_back(self) -> None:
        """What was claimed ahead and not begun is due again at once, for whoever comes next."""
        if self._rows:
            await self._store.unclaim(tuple(self._rows))
            for row in self._rows:
                self.unsettled.over(row)
            self._rows.clear()

    async def caught_up(self) -> None:
        """Returns when customers' mails have stopped piling up, at the latest after `GIVING_WAY`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVING_WAY):
                await self._caught_up.wait()

    def shut(self) -> bool:
        """The server was out of reach a moment ago."""
        return self._closed_until is not None and self._clock.now() < self._closed_until

    def close(self, until: datetime) -> None:
        """Nothing begins before that."""
        self._closed_until = until

    def open(self) -> None:
        """The server answers."""
        self._closed_until = None

    async def until_due(self) -> float:
        """Seconds until there may be something to claim, or what is claimed may begin."""
        if self._rows and not self.shut():
            return ALONE_FOR.total_seconds()
        due = self._clock.now() if self._rows else await self._store.next_outbox_due()
        if due is None:
            return self._longest_sleep
        if self._closed_until is not None:
            due = max(due, self._closed_until)
        soonest = BETWEEN_LOOKS if self._lying and not self._rows else 0.0
        return min(max((due - self._clock.now()).total_seconds(), soonest), self._longest_sleep)

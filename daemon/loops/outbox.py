"""Outbox to SMTP: due rows leave, gravest first, several at once; what follows is the core's to say.

The order that loses nothing: claim the row, render it once and keep the bytes, send, record. A crash before
the record repeats the same bytes under the same Message-ID; before the bytes are kept nothing was sent. What
an attempt means is `outcomes`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from daemon.core.actions import Decision
from daemon.core.commands.queueing import RANK as NOTIFICATIONS
from daemon.core.policy import Policy
from daemon.core.sending import Send, unrenderable
from daemon.core.values import Delivery, OutboxRow, Outcome
from daemon.loops.backoff import Backoff
from daemon.loops.insisting import Insisting
from daemon.loops.outcomes import Outcomes
from daemon.loops.progress import Progress
from daemon.loops.unsettled import Unsettled
from daemon.mail.compose import Composer, enclosed
from daemon.ports import Applied, Clock, Conflict, Sender, Store, Unavailable

log = logging.getLogger("azimut.outbox")

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

LONGEST_SLEEP: Final = 60.0

LOGIN_REFUSED: Final = frozenset({530, 534, 535, 538})
"""RFC 4954 section 6: it is our login that the server does not want."""


class OutboxLoop:
    """`parallel`: how many mails are under way at once. `jitter` gives a number in [0, 1) per retry.
    `longest_sleep`: seconds after which it looks even if nobody wakes it.

    wake_ticker  called when a delivery has moved a ticket's clocks; whoever has a ticker sets it
    behind       whether customers' mails are waiting to be read; whoever has an intake sets it
    """

    def __init__(
        self,
        *,
        store: Store,
        sender: Sender,
        composer: Composer,
        policy: Policy,
        clock: Clock,
        parallel: int,
        jitter: Callable[[], float],
        stop: asyncio.Event,
        longest_sleep: float = LONGEST_SLEEP,
    ) -> None:
        self._store = store
        self._sender = sender
        self._composer = composer
        self._policy = policy
        self._clock = clock
        self._parallel = parallel
        self._jitter = jitter
        self._stop = stop
        self._longest_sleep = longest_sleep
        self.wake_ticker: Callable[[], None] = lambda: None
        self.behind: Callable[[], bool] = lambda: False
        self._lying = False
        self._caught_up = asyncio.Event()
        self._caught_up.set()
        self._wake = asyncio.Event()
        self._backoff = Backoff()
        self._closed_until: datetime | None = None
        self._claimed: deque[OutboxRow] = deque()
        self._claimed_at = clock.now()
        self._in_hand: set[int] = set()
        self._begun: dict[int, tuple[int, datetime]] = {}  # row -> its rank, and since when
        self.progress = Progress("outbox")
        self._insist = Insisting(self.progress, clock, stop)
        self._outcomes = Outcomes(store, policy, self._insist)
        self._unsettled = Unsettled(self.progress)

    def wake(self) -> None:
        """Something was queued: look now."""
        self._wake.set()

    async def caught_up(self) -> None:
        """Returns when customers' mails have stopped piling up, at the latest after `GIVING_WAY`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVING_WAY):
                await self._caught_up.wait()

    async def run(self) -> None:
        """Send until the stop event; mails that are under way then are finished first."""
        backoff = Backoff()
        under_way: set[asyncio.Task[None]] = set()
        try:
            while not self._stop.is_set():
                try:
                    await self._turn(under_way)
                except Unavailable as trouble:
                    await self._insist.pause(backoff, trouble)
                else:
                    if backoff.reset():
                        log.info("store_back")
        finally:
            await self._finish(under_way)
        try:
            await self._give_back()
        except Unavailable as trouble:  # the next start does the same
            log.warning("claims_not_released", extra={"fields": {"reason": str(trouble)}})

    async def flush(self) -> None:
        """Send all that is due now, then return. What the servers will not take stays queued."""
        while rows := await self._claim(self._parallel):
            await asyncio.gather(*(self._deliver(row) for row in rows))

    async def _turn(self, under_way: set[asyncio.Task[None]]) -> None:
        """Fill the free places, then wait for a change. A slow mail holds its own place only."""
        self._wake.clear()
        if self._claimed and abs(self._clock.now() - self._claimed_at) > AHEAD_FOR:
            await self._give_back()
        if not self._claimed and len(under_way) < self._parallel:
            self._claimed_at = self._clock.now()
            self._claimed.extend(await self._claim(self._parallel * AHEAD))
        while self._claimed and len(under_way) < self._parallel and not self._shut() and self._may_begin():
            row = self._claimed.popleft()
            self._begun[row.id] = (row.rank, self._clock.now())
            under_way.add(asyncio.create_task(self._deliver(row)))
        self.progress.step(self._clock.now(), "store")
        await self._await_change(under_way, full=len(under_way) >= self._parallel)
        self._reap(under_way)

    def _may_begin(self) -> bool:
        """Not in the first moment of a graver mail: a customer's acknowledgement does not share processor and
        store with the notifications of the same ticket. A slow server holds nobody up, and while mails wait
        to be read nobody is alone anyway."""
        if self.behind():
            return True
        now, rank = self._clock.now(), self._claimed[0].rank
        return not any(r < rank and abs(now - since) <= ALONE_FOR for r, since in self._begun.values())

    async def _finish(self, under_way: set[asyncio.Task[None]]) -> None:
        """Let what is under way come to its end; a cancellation ends it."""
        if not under_way:
            return
        try:
            await asyncio.wait(under_way)
        except asyncio.CancelledError:
            for task in under_way:
                task.cancel()
            await asyncio.wait(under_way)
            raise
        while under_way:
            try:
                self._reap(under_way)
            except Unavailable as trouble:  # its claim is released at the next start, and the bytes repeated
                log.warning("delivery_not_recorded", extra={"fields": {"reason": str(trouble)}})

    async def _give_back(self) -> None:
        """What was claimed ahead and not begun is due again at once, for whoever comes next."""
        if self._claimed:
            await self._store.unclaim(tuple(self._claimed))
            for row in self._claimed:
                self._unsettled.over(row)
            self._claimed.clear()

    def _reap(self, under_way: set[asyncio.Task[None]]) -> None:
        for task in [task for task in under_way if task.done()]:
            under_way.discard(task)
            task.result()  # a fault of ours ends the loop loudly, never silently

    async def _await_change(self, under_way: set[asyncio.Task[None]], *, full: bool) -> None:
        """Until a mail is done or the daemon stops; while there is room also until something is queued or a
        row falls due."""
        if full:
            self.progress.alive(self._clock.now(), LEASE.total_seconds())
        waits = [asyncio.create_task(self._wake.wait()), asyncio.create_task(self._stop.wait())]
        try:
            await asyncio.wait(
                [*under_way, *waits],
                timeout=None if full else await self._until_due(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for task in waits:
                task.cancel()

    async def _until_due(self) -> float:
        """Seconds until there may be something to claim, or what is claimed may begin."""
        if self._claimed and not self._shut():
            return ALONE_FOR.total_seconds()
        due = self._clock.now() if self._claimed else await self._store.next_outbox_due()
        if due is None:
            return self._longest_sleep
        if self._closed_until is not None:
            due = max(due, self._closed_until)
        soonest = BETWEEN_LOOKS if self._lying and not self._claimed else 0.0
        return min(max((due - self._clock.now()).total_seconds(), soonest), self._longest_sleep)

    def _shut(self) -> bool:
        """The server was out of reach a moment ago."""
        return self._closed_until is not None and self._clock.now() < self._closed_until

    async def _claim(self, limit: int) -> list[OutboxRow]:
        """Due rows, unless the server was just out of reach: then no waiting row is touched in vain."""
        now = self._clock.now()
        if self._shut():
            self._caught_up.set()
            return []
        patience = PATIENCE if self.behind() else timedelta(0)
        rows = await self._store.claim_outbox(now, limit, LEASE, self._in_hand, patience)
        self._lying = bool(patience) and len(rows) < limit
        if sum(row.rank < NOTIFICATIONS for row in rows) > limit // 2:
            self._caught_up.clear()
        else:
            self._caught_up.set()
        self._unsettled.claimed(rows, now + LEASE)
        if len(rows) < limit:
            self._unsettled.none_due(now, timedelta(seconds=self._longest_sleep))
            if not rows and not self.progress.waiting:
                self.progress.heal("smtp")  # nobody waits for it any more
        return rows

    async def _deliver(self, row: OutboxRow) -> None:
        """One attempt of one row, recorded. However long it takes, nobody else here begins it meanwhile."""
        self._in_hand.add(row.id)
        try:
            await self._attempt(row)
        finally:
            self._in_hand.discard(row.id)
            self._begun.pop(row.id, None)

    async def _attempt(self, row: OutboxRow) -> None:
        now = self._clock.now()
        step = await self._outcomes.before(row, now)
        if isinstance(step, Decision):
            await self._record(row, step)
            return
        try:
            rendered = await self._rendered(row, step, now)
        except Conflict:
            self._unsettled.over(row)
            return  # superseded or taken back meanwhile
        except (Unavailable, asyncio.CancelledError):
            raise
        except Exception as fault:
            log.exception("mail_unrenderable", extra={"fields": _fields(row)})
            await self._record(row, unrenderable(row, type(fault).__name__, self._policy, now))
            return
        delivery = await self._sender.send(
            rendered.envelope_from, rendered.recipient, rendered.message or b""
        )
        self._tell(rendered, delivery)
        ended = self._clock.now()
        try:
            decision, applied = await self._outcomes.after(rendered, delivery, ended, self._jitter())
        except Conflict:
            self._changed(rendered)
            return
        self._recorded(rendered, decision, applied)

    async def _rendered(self, row: OutboxRow, step: Send, now: datetime) -> OutboxRow:
        """The row with its bytes: those that were kept, else made now and kept before anything is sent."""
        if row.message is not None and not step.anew:
            return row
        told = replace(row, context=step.context)
        files = enclosed(told)
        contents = await self._insist(partial(self._store.contents, files)) if files else {}
        made = self._composer.render(told, now, contents)
        return await self._insist(
            partial(
                self._store.keep_message,
                row,
                made.message_id,
                made.envelope_from,
                made.message,
            )
        )

    async def _record(self, row: OutboxRow, decision: Decision) -> None:
        """Write what became of a row that is not sent."""
        try:
            applied = await self._insist(partial(self._store.apply, decision))
        except Conflict:
            self._changed(row)
            return
        self._recorded(row, decision, applied)

    def _changed(self, row: OutboxRow) -> None:
        log.warning("outbox_row_changed", extra={"fields": _fields(row)})
        self._unsettled.over(row)

    def _recorded(self, row: OutboxRow, decision: Decision, applied: Applied) -> None:
        self._unsettled.decided(row, decision)
        if applied.queued:
            self.wake()
        if applied.wakes:
            self.wake_ticker()

    def _tell(self, row: OutboxRow, delivery: Delivery) -> None:
        self.progress.count(delivery.outcome.value)
        if delivery.outcome is Outcome.UNREACHABLE:
            now = self._clock.now()
            self.progress.fail("smtp", delivery.text, now, refused=delivery.code in LOGIN_REFUSED)
            if self._closed_until is None or now >= self._closed_until:
                pause = self._backoff.after(Unavailable("smtp", delivery.text))
                self._closed_until = now + timedelta(seconds=pause)
        elif delivery.outcome is not Outcome.LOCAL:  # which no server had a part in
            if self._backoff.reset():
                log.info("smtp_back")
            self.progress.heal("smtp")
            self._closed_until = None
        fields = {**_fields(row), "outcome": delivery.outcome.value, "code": delivery.code}
        if delivery.outcome is Outcome.ACCEPTED:
            log.info("mail_sent", extra={"fields": fields})
        else:
            log.warning("mail_not_sent", extra={"fields": {**fields, "reason": delivery.text}})


def _fields(row: OutboxRow) -> dict[str, object]:
    return {"row": row.id, "kind": row.kind, "ticket": row.ticket, "attempt": row.attempts}

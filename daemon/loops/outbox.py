"""Outbox to SMTP: due rows leave, gravest first, several at once; what follows is the core's to say.

The order that loses nothing: claim the row, render it once and keep the bytes, send, record. A crash before
the record repeats the same bytes under the same Message-ID; before the bytes are kept nothing was sent. What
an attempt means is `outcomes`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from daemon.core.actions import Decision
from daemon.core.policy import Policy
from daemon.core.sending import Send, unrenderable
from daemon.core.values import Delivery, OutboxRow, Outcome
from daemon.loops.backoff import Backoff
from daemon.loops.claims import LEASE, Claims
from daemon.loops.insisting import Insisting
from daemon.loops.outcomes import Outcomes
from daemon.loops.progress import Progress
from daemon.mail.compose import Composer, enclosed
from daemon.ports import Applied, Clock, Conflict, Sender, Store, Unavailable

log = logging.getLogger("azimut.outbox")

LONGEST_SLEEP: Final = 60.0

LOGIN_REFUSED: Final = frozenset({530, 534, 535, 538})
"""RFC 4954 section 6: it is our login that the server does not want."""


class OutboxLoop:
    """`parallel`: how many mails are under way at once. `jitter` gives a number in [0, 1) per retry.
    `longest_sleep`: seconds after which it looks even if nobody wakes it.

    wake_ticker  called when a delivery has moved a ticket's clocks; whoever has a ticker sets it
    claims       what it has in hand; whoever has an intake sets their `behind`
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
        self.wake_ticker: Callable[[], None] = lambda: None
        self._wake = asyncio.Event()
        self._backoff = Backoff()
        self.progress = Progress("outbox")
        self.claims = Claims(store, clock, self.progress, longest_sleep)
        self._insist = Insisting(self.progress, clock, stop)
        self._outcomes = Outcomes(store, policy, self._insist)

    def wake(self) -> None:
        """Something was queued: look now."""
        self._wake.set()

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
            await self.claims.give_back()
        except Unavailable as trouble:  # the next start does the same
            log.warning("claims_not_released", extra={"fields": {"reason": str(trouble)}})

    async def flush(self) -> None:
        """Send all that is due now, then return. What the servers will not take stays queued."""
        while rows := await self.claims.take(self._parallel):
            await asyncio.gather(*(self._deliver(row) for row in rows))

    async def _turn(self, under_way: set[asyncio.Task[None]]) -> None:
        """Fill the free places, then wait for a change. A slow mail holds its own place only."""
        self._wake.clear()
        await self.claims.refill(self._parallel, room=len(under_way) < self._parallel)
        while len(under_way) < self._parallel and (row := self.claims.begin()) is not None:
            under_way.add(asyncio.create_task(self._deliver(row)))
        self.progress.step(self._clock.now(), "store")
        await self._await_change(under_way, full=len(under_way) >= self._parallel)
        self._reap(under_way)

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
                timeout=None if full else await self.claims.until_due(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for task in waits:
                task.cancel()

    async def _deliver(self, row: OutboxRow) -> None:
        """One attempt of one row, recorded."""
        self.claims.hold(row)
        try:
            await self._attempt(row)
        finally:
            self.claims.let_go(row)

    async def _attempt(self, row: OutboxRow) -> None:
        now = self._clock.now()
        step = await self._outcomes.before(row, now)
        if isinstance(step, Decision):
            await self._record(row, step)
            return
        try:
            rendered = await self._rendered(row, step, now)
        except Conflict:
            self.claims.unsettled.over(row)
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
        self.claims.unsettled.over(row)

    def _recorded(self, row: OutboxRow, decision: Decision, applied: Applied) -> None:
        self.claims.unsettled.decided(row, decision)
        if applied.queued:
            self.wake()
        if applied.wakes:
            self.wake_ticker()

    def _tell(self, row: OutboxRow, delivery: Delivery) -> None:
        self.progress.count(delivery.outcome.value)
        if delivery.outcome is Outcome.UNREACHABLE:
            now = self._clock.now()
            self.progress.fail("smtp", delivery.text, now, refused=delivery.code in LOGIN_REFUSED)
            if not self.claims.shut():
                pause = self._backoff.after(Unavailable("smtp", delivery.text))
                self.claims.close(now + timedelta(seconds=pause))
        elif delivery.outcome is not Outcome.LOCAL:  # which no server had a part in
            if self._backoff.reset():
                log.info("smtp_back")
            self.progress.heal("smtp")
            self.claims.open()
        fields = {**_fields(row), "outcome": delivery.outcome.value, "code": delivery.code}
        if delivery.outcome is Outcome.ACCEPTED:
            log.info("mail_sent", extra={"fields": fields})
        else:
            log.warning("mail_not_sent", extra={"fields": {**fields, "reason": delivery.text}})


def _fields(row: OutboxRow) -> dict[str, object]:
    return {"row": row.id, "kind": row.kind, "ticket": row.ticket, "attempt": row.attempts}

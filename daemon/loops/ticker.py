"""The ticker: what the passing of time brings about, at its time. It sleeps until the first step is due and
looks only at tickets that are; what is to be done on them is the core's to say.

A ticket on which something fails is set aside by itself (`aside`); all others go on."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from daemon.core.actions import Decision
from daemon.core.notices import desk_notice
from daemon.core.policy import Policy
from daemon.core.values import reference
from daemon.loops.aside import Aside
from daemon.loops.backoff import Backoff
from daemon.loops.due import decision_on
from daemon.loops.monthly import MonthlyStatement, Statements
from daemon.loops.mornings import MorningDigest
from daemon.loops.progress import Progress
from daemon.ports import Clock, Conflict, Store, Unavailable

log = logging.getLogger("azimut.ticker")

LONGEST_SLEEP: Final = 60.0
"""The clock may jump, and a wake may be lost with a connection: never sleep longer."""

AT_ONCE: Final = 30
"""Tickets that are decided on together, in one transaction."""

AGAIN: Final = 20
"""How often in a row one ticket may be due before that is taken for a fault: its steps come to an end."""

TRIES: Final = 5
"""Decisions on a ticket that somebody else is changing, before it is put off."""

FIRST_MAILS: Final = timedelta(minutes=1)
"""How long the first tick after a start waits for the mails that came meanwhile: they may have answered."""


class TickerLoop:
    """`statements` makes the monthly statement. `longest_sleep`: seconds, at most.

    taken_in  whether the mails that waited at the start are in; whoever has an intake sets it
    """

    def __init__(
        self,
        *,
        store: Store,
        policy: Policy,
        clock: Clock,
        stop: asyncio.Event,
        wake_outbox: Callable[[], None],
        statements: Statements | None = None,
        longest_sleep: float = LONGEST_SLEEP,
    ) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._stop = stop
        self._wake_outbox = wake_outbox
        self._statement = MonthlyStatement(store, policy, statements)
        self.digest = MorningDigest(store, policy)
        self._longest = longest_sleep
        self._wake = asyncio.Event()
        self._aside = Aside()
        self._in_a_row: Counter[int] = Counter()
        self.progress = Progress("ticker", noun="tickets")
        self.taken_in: Callable[[], bool] = lambda: True

    def wake(self) -> None:
        """Something has happened to a ticket: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Tick until the stop event."""
        await self._await_first_mails()
        backoff = Backoff()
        while not self._stop.is_set():
            self._wake.clear()
            try:
                await self.once()
                seconds = await self._until_due()
            except Unavailable as trouble:
                seconds = self._store_away(backoff, trouble)
            else:
                if backoff.reset():
                    log.info("store_back")
                self.progress.step(self._clock.now(), "store")
                self.progress.alive(self._clock.now(), seconds)
            if seconds > 0:
                await self._sleep(seconds)

    async def once(self) -> None:
        """Do all that is due now. Raises `Unavailable`."""
        for occasion in (self._statement, self.digest):
            if await occasion.send(self._clock.now()):
                self._wake_outbox()
        self._in_a_row.clear()
        while not self._stop.is_set() and await self._tick():
            self.progress.alive(self._clock.now())

    async def _tick(self) -> bool:
        """One handful of due tickets; False when there was none."""
        now = self._clock.now()
        await self._look_again(now)
        due = await self._store.due_tickets(now, AT_ONCE + len(self._aside))
        numbers = [number for number in due if number not in self._aside][:AT_ONCE]
        if not numbers:
            return False
        self._in_a_row.update(numbers)
        endless = [number for number in numbers if self._in_a_row[number] > AGAIN]
        for number in endless:
            await self._set_aside(number, RuntimeError("it is due again and again"))
        if not endless:
            await self._do(numbers, alone=False)
        return True

    async def _do(self, numbers: Sequence[int], *, alone: bool) -> None:
        """Decide and write; where that fails, by halves, so that a fault stays with its ticket. `alone`:
        without the company of tickets that are due soon."""
        try:
            trouble: Exception | None = await self._insist(numbers, alone=alone)
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is this ticket's alone
            trouble = fault
        if trouble is None:
            return
        if len(numbers) > 1:
            half = len(numbers) // 2
            await self._do(numbers[:half], alone=True)
            await self._do(numbers[half:], alone=True)
        elif not alone:
            await self._do(numbers, alone=True)
        else:
            await self._set_aside(numbers[0], trouble)

    async def _insist(self, numbers: Sequence[int], *, alone: bool) -> Conflict | None:
        """Decide on what is known now, and again when that was stale; the last conflict when it stays so."""
        conflict = None
        for _ in range(TRIES):
            now = self._clock.now()
            leave = None if alone else self._aside
            decision = await decision_on(self._store, self._policy, numbers, now, leave)
            try:
                applied = await self._store.apply(decision)
            except Conflict as stale:
                conflict = stale
                continue
            if applied.queued:
                self._wake_outbox()
            for _ in numbers:
                self.progress.count("tick")
            return None
        return conflict

    async def _set_aside(self, number: int, trouble: Exception) -> None:
        """Nothing is lost: its steps are still due when it is looked at again."""
        now, version = self._clock.now(), None
        if isinstance(trouble, Conflict):
            log.warning("ticket_put_off", extra={"fields": {"ticket": number, "reason": str(trouble)}})
            self._aside.put_off(number, now)
            return
        log.error("ticket_set_aside", exc_info=trouble, extra={"fields": {"ticket": number}})
        try:
            version = next((d.ticket.version for d in await self._store.dossiers([number])), None)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - it cannot even be read
            log.warning("ticket_unreadable", extra={"fields": {"ticket": number}})
        if self._aside.fault(number, version, now):
            await self._tell(number, trouble, now)

    async def _tell(self, number: int, trouble: Exception, now: datetime) -> None:
        """Managers hear of a ticket that cannot be looked at: once."""
        name = type(trouble).__name__
        mails = desk_notice(
            "tick",
            cause=f"tick:{number}:{name}",
            policy=self._policy,
            now=now,
            facts={"error": name, "about": reference(number)},
        )
        if (await self._store.apply(Decision(actions=mails))).queued:
            self._wake_outbox()

    async def _look_again(self, now: datetime) -> None:
        """Tickets set aside come back when their state has changed, or after a while."""
        for number in self._aside.to_look_at(now):
            try:
                found = await self._store.dossiers([number])
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001 - still unreadable; when it is tried again, it is logged again
                found = []
            self._aside.seen(number, found[0].ticket.version if found else None, now)

    async def _until_due(self) -> float:
        """Seconds until the first step is due. While a ticket is set aside, the store names that one: then
        look again soon."""
        now = self._clock.now()
        first = await self._store.next_wake()
        if first is not None and first <= now and self._aside:
            first = now + self._aside.pause
        moments = [
            at for at in (first, self._statement.next_at(now), self.digest.next_at(now)) if at is not None
        ]
        if not moments:
            return self._longest
        return min(max((min(moments) - now).total_seconds(), 0.0), self._longest)

    async def _await_first_mails(self) -> None:
        """After downtime the mails that came meanwhile are taken in first, so that nobody who has answered is
        reminded; an emergency does not wait long for a mailbox that is away."""
        until = self._clock.now() + FIRST_MAILS
        while not self.taken_in() and not self._stop.is_set() and self._clock.now() < until:
            self.progress.alive(self._clock.now())
            self._wake.clear()  # every mail wakes us
            await self._sleep(1.0)

    def _store_away(self, backoff: Backoff, trouble: Unavailable) -> float:
        """Say so; how long to wait before the next try."""
        now = self._clock.now()
        seconds = backoff.after(trouble)
        self.progress.fail("store", str(trouble), now)
        self.progress.alive(now, seconds)
        log.warning("store_unavailable", extra={"fields": {"reason": str(trouble), "retry_in": seconds}})
        return seconds

    async def _sleep(self, seconds: float) -> None:
        """Until then, until somebody wakes us, or until the daemon stops."""
        waits = [
            asyncio.ensure_future(waiting)
            for waiting in (self._clock.sleep(seconds), self._wake.wait(), self._stop.wait())
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

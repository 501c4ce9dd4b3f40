"""Mailbox to store: every mail in the folder gets its ledger row, then leaves the folder.

The order that loses nothing: fetch without marking, decide, write everything in one transaction, and only
then move. A crash in between finds the mail again, and its ledger row says that only the move is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.core.policy import Intake
from daemon.core.values import Disposition
from daemon.loops.attempts import WHY, Attempts
from daemon.loops.backoff import Backoff
from daemon.loops.handfuls import handfuls
from daemon.loops.pausing import either
from daemon.loops.progress import Progress
from daemon.loops.reader import MailReader
from daemon.loops.reading import Reading
from daemon.ports import Clock, Mailbox, MailboxState, MoveRefused, RawMail, Store, Unavailable

log = logging.getLogger("azimut.intake")

BATCH: Final = 50
"""Mails per fetch and per move: aioimaplib's parser fails on long answers."""

SWEEP_EVERY: Final = timedelta(minutes=10)
"""How often the whole folder is looked through again, for what a refused move left behind."""

BRAKE_MAILS: Final = 50
BRAKE_AGE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    inbox: str
    processed: str
    quarantine: str

    def destination(self, disposition: Disposition) -> str:
        return self.quarantine if disposition is Disposition.QUARANTINE else self.processed


class IntakeLoop:
    """Owns the one connection that reads the mailbox. `answer_newer_than` None: all mail is answered."""

    def __init__(
        self,
        *,
        open_mailbox: Callable[[], Awaitable[Mailbox]],
        folders: Folders,
        store: Store,
        reader: MailReader,
        clock: Clock,
        poll: float,
        answer_newer_than: timedelta | None,
        resume: bool,
        stop: asyncio.Event,
    ) -> None:
        self._open = open_mailbox
        self._folders = folders
        self._store = store
        self._reader = reader
        self._clock = clock
        self._poll = poll
        self._answer_newer_than = answer_newer_than
        self._resume = resume
        self._stop = stop
        self._attempts = Attempts(store, folders.inbox)
        self.progress = Progress("intake")

    async def run(self) -> None:
        """Serve until the stop event, through any number of lost connections."""
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                await self._session(backoff)
            except Unavailable as trouble:
                seconds = backoff.after(trouble)
                self.progress.fail(trouble.service, str(trouble), self._clock.now(), refused=trouble.refused)
                log.warning(
                    "mailbox_unavailable",
                    extra={
                        "fields": {"service": trouble.service, "reason": str(trouble), "retry_in": seconds}
                    },
                )
                await self._pause(seconds)
        await self._rest()

    async def once(self) -> None:
        """Take in all that waits, then return. Raises `Unavailable`."""
        mailbox = await self._open()
        try:
            await self._sweep(mailbox, await self._start(mailbox))
        except Unavailable:
            await self._rest()
            raise
        finally:
            await mailbox.close()
        await self._rest()

    async def _rest(self) -> None:
        try:
            await self._attempts.rest()
        except Unavailable as trouble:  # the store is away: what was in hand will be looked at more closely
            log.warning("attempts_not_cleared", extra={"fields": {"reason": str(trouble)}})

    async def _session(self, backoff: Backoff) -> None:
        self.progress.alive(self._clock.now())
        mailbox = await self._open()
        try:
            circumstances = await self._start(mailbox)
            last = await self._sweep(mailbox, circumstances)
            if backoff.reset():
                log.info("mailbox_back", extra={"fields": {"mailbox": self._folders.inbox}})
            swept = self._clock.now()
            while not self._stop.is_set():
                await self._wait(mailbox)
                if self._stop.is_set():
                    return
                if self._clock.now() - swept >= SWEEP_EVERY:
                    last, swept = await self._sweep(mailbox, circumstances), self._clock.now()
                else:
                    last = max(last, await self._take(mailbox, await mailbox.search(last + 1), circumstances))
                self.progress.step(self._clock.now(), "imap", "store")
        finally:
            await mailbox.close()

    # -- the start of a session -------------------------------------------------------------------------

    async def _start(self, mailbox: Mailbox) -> Intake:
        """What this mailbox is to us: new, known, or replaced under a used store."""
        now = self._clock.now()
        state = await self._store.mailbox_state(self._folders.inbox)
        await self._attempts.open(mailbox.uidvalidity)
        if self._resume:
            for folder in (self._folders.inbox, self._folders.processed, self._folders.quarantine):
                while await self._reader.release_held(folder, quiet=folder != self._folders.inbox):
                    self.progress.alive(self._clock.now())
            await self._store.set_brake(self._folders.inbox, None)
        if state is None:
            await self._store.set_mailbox_state(self._folders.inbox, mailbox.uidvalidity, 0, now)
            state = await self._store.mailbox_state(self._folders.inbox)
            log.info("first_start", extra={"fields": {"mailbox": self._folders.inbox}})
        elif state.uidvalidity != mailbox.uidvalidity:
            await self._replaced(mailbox, state)
            state = await self._store.mailbox_state(self._folders.inbox)
        if state is None:
            raise Unavailable("store", "the mailbox cursor that was just written cannot be read back")
        self._resume = False  # it releases what was held until now, not the brake of another day
        since = state.first_start - self._answer_newer_than if self._answer_newer_than is not None else None
        return Intake(answer_since=since, braked=state.braked)

    async def _replaced(self, mailbox: Mailbox, state: MailboxState) -> None:
        """UIDVALIDITY changed: every UID is new, the mails need not be. The ledger tells a mail that was
        taken in before. When many old mails are unknown, something is wrong and nobody is answered."""
        now = self._clock.now()
        log.warning(
            "uidvalidity_changed",
            extra={
                "fields": {
                    "mailbox": self._folders.inbox,
                    "was": state.uidvalidity,
                    "is": mailbox.uidvalidity,
                }
            },
        )
        old = 0
        if not self._resume:
            old = await self._unknown_and_old(mailbox, now - BRAKE_AGE)
        braked = now - BRAKE_AGE if old > BRAKE_MAILS else None
        if braked is not None:
            log.error(
                "brake",
                extra={
                    "fields": {
                        "mailbox": self._folders.inbox,
                        "remedy": "look at the mailbox; `azimut-support run --resume` answers what is held",
                    }
                },
            )
            await self._reader.tell_braked(self._folders.inbox, mailbox.uidvalidity)
        # The brake first: a crash between the two looks again, where the other order would answer everybody.
        await self._store.set_brake(self._folders.inbox, braked)
        await self._store.set_mailbox_state(self._folders.inbox, mailbox.uidvalidity, 0, now)

    async def _unknown_and_old(self, mailbox: Mailbox, before: datetime) -> int:
        """How many mails arrived before then and were never taken in; it stops counting at enough."""
        old = 0
        for batch in self._attempts.batches(await mailbox.search(1), BATCH):
            if self._attempts.given_up(batch[0]):
                old += 1
                continue
            await self._attempts.begin(batch)
            async for raw in mailbox.fetch(batch):
                self.progress.alive(self._clock.now())
                if raw.internaldate < before and not await self._reader.seen(raw):
                    old += 1
                if old > BRAKE_MAILS:
                    return old
        return old

    # -- taking in --------------------------------------------------------------------------------------

    async def _sweep(self, mailbox: Mailbox, circumstances: Intake) -> int:
        """Everything that lies in the folder now; returns the last UID."""
        uids = await mailbox.search(1)
        self._attempts.keep(uids)
        last = await self._take(mailbox, uids, circumstances)
        self.progress.step(self._clock.now(), "imap", "store")
        return last

    async def _take(self, mailbox: Mailbox, uids: Sequence[int], circumstances: Intake) -> int:
        """Take in what the ledger does not hold, move what it does; batch by batch, flat memory."""
        last, left = 0, len(uids)
        for batch in self._attempts.batches(uids, BATCH):
            known = await self._store.known(self._folders.inbox, mailbox.uidvalidity, batch)
            filed = {uid: known[uid].disposition for uid in batch if uid in known}
            self._await_turn(left - len(filed))
            new = [uid for uid in batch if uid not in known]
            filed |= await self._give_up(mailbox, [uid for uid in new if self._attempts.given_up(uid)])
            new = [uid for uid in new if uid not in filed]
            await self._attempts.begin(new)
            fresh = mailbox.fetch(new)
            async for uid, disposition in self._take_in(mailbox.uidvalidity, fresh, circumstances):
                filed[uid] = disposition
                self._await_turn(left - len(filed))
            await self._move(mailbox, filed)
            last, left = max(last, batch[-1]), left - len(batch)
            self._await_turn(left)
            if self._stop.is_set():
                return last
            self._attempts.done(batch)
            await self._store.set_mailbox_state(
                self._folders.inbox, mailbox.uidvalidity, self._attempts.complete(last), self._clock.now()
            )
        return last

    async def _give_up(self, mailbox: Mailbox, uids: Sequence[int]) -> dict[int, Disposition]:
        """What killed the daemon too often stays unopened; a person looks at it."""
        if not uids:
            return {}
        folder, uidvalidity = self._folders.inbox, mailbox.uidvalidity
        found = {
            head.uid: await self._reader.set_aside_unread(folder, uidvalidity, head, WHY)
            for head in await mailbox.heads(uids)
        }
        for disposition in found.values():
            self.progress.count(disposition.value)
        return found

    async def _take_in(
        self, uidvalidity: int, mails: AsyncIterator[RawMail], circumstances: Intake
    ) -> AsyncIterator[tuple[int, Disposition]]:
        """UID and disposition of each mail, once it is written. Those that are read but not written when the
        daemon stops come again."""
        async with aclosing(self._readings(uidvalidity, mails)) as readings:
            async for some in readings:
                self._await_turn(self.progress.waiting, some[0].arrival.internaldate)
                for settled in await self._settle(some, circumstances):
                    yield settled
                if self._stop.is_set():
                    return

    async def _readings(
        self, uidvalidity: int, mails: AsyncIterator[RawMail]
    ) -> AsyncGenerator[list[Reading], None]:
        """The mails, read; the next handful is read while its taker writes the last one. When the stream
        breaks off, what had come is given out before its `Unavailable` is raised."""
        broken: Unavailable | None = None
        reading: asyncio.Task[list[Reading]] | None = None
        try:
            try:
                async with aclosing(handfuls(mails)) as hands:
                    async for some in hands:
                        ready, reading = reading, asyncio.create_task(self._read(uidvalidity, some))
                        if ready is not None:
                            yield await ready
            except Unavailable as trouble:
                broken = trouble
            if reading is not None:
                yield await reading
            if broken is not None:
                raise broken
        finally:
            if reading is not None and not reading.done():
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, uidvalidity: int, mails: Sequence[RawMail]) -> list[Reading]:
        return await self._reader.read(self._folders.inbox, uidvalidity, mails)

    async def _settle(
        self, readings: Sequence[Reading], circumstances: Intake
    ) -> list[tuple[int, Disposition]]:
        dispositions = await self._reader.settle(readings, circumstances)
        for disposition in dispositions:
            self.progress.count(disposition.value)
        return [(r.arrival.uid, d) for r, d in zip(readings, dispositions, strict=True)]

    def _await_turn(self, waiting: int, since: datetime | None = None) -> None:
        """A sign of life between two mails, and how many still wait. `since`: the arrival of the next one,
        which in the order of UIDs is the oldest."""
        self.progress.alive(self._clock.now())
        self.progress.waiting = waiting
        self.progress.oldest = since if waiting else None

    async def _move(self, mailbox: Mailbox, filed: dict[int, Disposition]) -> None:
        """Out of the inbox, each where it belongs. A refused move is no reason to stop answering people."""
        by_folder: dict[str, list[int]] = {}
        for uid, disposition in filed.items():
            by_folder.setdefault(self._folders.destination(disposition), []).append(uid)
        for folder, uids in by_folder.items():
            try:
                await mailbox.move(uids, folder)
            except MoveRefused as refused:
                self.progress.fail("move", f"mails cannot be moved to {folder}: {refused}", self._clock.now())
                log.error(
                    "move_refused",
                    extra={
                        "fields": {
                            "folder": folder,
                            "mails": len(uids),
                            "reason": str(refused),
                            "remedy": "free space in the mailbox or raise its quota; the move is tried again",
                        }
                    },
                )
            else:
                self.progress.heal("move")
                await self._store.mark_moved(self._folders.inbox, mailbox.uidvalidity, uids)

    # -- waiting ----------------------------------------------------------------------------------------

    async def _wait(self, mailbox: Mailbox) -> None:
        """Until the server pushes, the poll interval is over, or the daemon stops."""
        self.progress.alive(self._clock.now(), self._poll)
        await either(mailbox.wait(self._poll), self._stop.wait())

    async def _pause(self, seconds: float) -> None:
        self.progress.alive(self._clock.now(), seconds)
        await either(self._clock.sleep(seconds), self._stop.wait())

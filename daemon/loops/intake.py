"""Mailbox to store: every mail in the folder gets its ledger row, then leaves the folder.

The order that loses nothing: fetch without marking, decide, write everything in one transaction, and only
then move. A crash in between finds the mail again, and its ledger row says that only the move is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from daemon.core.policy import Intake
from daemon.core.values import Disposition
from daemon.loops.attempts import WHY, Attempts
from daemon.loops.backoff import Backoff
from daemon.loops.batches import Batch, Batches
from daemon.loops.card_mails import CardMails
from daemon.loops.folders import Folders
from daemon.loops.handfuls import BATCH, read_ahead
from daemon.loops.opening import Opening
from daemon.loops.pausing import either
from daemon.loops.progress import Progress
from daemon.loops.reader import MailReader
from daemon.loops.reading import Reading
from daemon.ports import Clock, Mailbox, MoveRefused, RawMail, Store, Unavailable

log = logging.getLogger("azimut.intake")

SWEEP_EVERY: Final = timedelta(minutes=10)
"""How often the whole folder is looked through again, for what a refused move left behind."""


class IntakeLoop:
    """Owns the one connection that reads the mailbox. `answer_newer_than`, `resume`: see `Opening`.

    give_way    awaited before each handful of mails is written; whoever has an outbox sets it
    """

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
        cards: CardMails | None = None,
    ) -> None:
        self._open = open_mailbox
        self._folders = folders
        self._store = store
        self._reader = reader
        self._clock = clock
        self._poll = poll
        self._stop = stop
        self._cards = cards
        self._stuck = False  # a mail of this batch could not leave the folder
        self._attempts = Attempts(store, folders.inbox)
        self.progress = Progress("intake")
        self.give_way: Callable[[], Awaitable[None]] = _at_once
        self._opening = Opening(
            folders=folders,
            store=store,
            reader=reader,
            clock=clock,
            attempts=self._attempts,
            progress=self.progress,
            answer_newer_than=answer_newer_than,
            resume=resume,
        )

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
            await self._sweep(mailbox, await self._opening.start(mailbox))
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
            circumstances = await self._opening.start(mailbox)
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
                self.progress.step(self._clock.now(), "imap", "store", "reader")
        finally:
            await mailbox.close()

    # -- taking in --------------------------------------------------------------------------------------

    async def _sweep(self, mailbox: Mailbox, circumstances: Intake) -> int:
        """Everything that lies in the folder now; returns the last UID."""
        uids = await mailbox.search(1)
        self._attempts.keep(uids)
        last = await self._take(mailbox, uids, circumstances)
        self.progress.step(self._clock.now(), "imap", "store", "reader")
        return last

    async def _take(self, mailbox: Mailbox, uids: Sequence[int], circumstances: Intake) -> int:
        """Take in what the ledger does not hold, move what it does; batch by batch, flat memory."""
        last, batches = 0, Batches(len(uids))
        for run in self._attempts.runs(uids, BATCH):
            async with aclosing(self._taken(mailbox, run, batches, circumstances)) as taken:
                async for batch in taken:
                    await self._move(mailbox, batch.filed)
                    last = max(last, batch.uids[-1])
                    self._await_turn(batches.waiting)
                    if self._stop.is_set():
                        continue
                    self._attempts.done(batch.uids)
                    await self._store.set_mailbox_state(
                        self._folders.inbox,
                        mailbox.uidvalidity,
                        self._attempts.complete(last),
                        self._clock.now(),
                    )
            if self._stop.is_set():
                break
        return last

    async def _taken(
        self, mailbox: Mailbox, run: Sequence[Sequence[int]], batches: Batches, circumstances: Intake
    ) -> AsyncGenerator[Batch, None]:
        """Each batch once its mails are written. Those that are read but not written when the daemon stops
        come again."""
        read = partial(self._reader.read, self._folders.inbox, mailbox.uidvalidity)
        fresh = self._fresh(mailbox, run, batches)
        async with aclosing(fresh), aclosing(read_ahead(fresh, read)) as readings:
            async for some in readings:
                await self.give_way()
                self._await_turn(self.progress.waiting, some[0].arrival.internaldate)
                for uid, disposition in await self._settle(some, circumstances):
                    batches.settle(uid, disposition)
                self._await_turn(batches.waiting)
                for batch in batches.completed():
                    yield batch
                if self._stop.is_set():
                    break
        for batch in batches.completed():
            yield batch
        for batch in batches.broken_off():
            yield batch

    async def _fresh(
        self, mailbox: Mailbox, run: Sequence[Sequence[int]], batches: Batches
    ) -> AsyncGenerator[RawMail, None]:
        """The mails of these batches that have no ledger row."""
        for uids in run:
            if self._stop.is_set():
                return
            known = await self._store.known(self._folders.inbox, mailbox.uidvalidity, uids)
            filed = {uid: known[uid].disposition for uid in uids if uid in known}
            new = [uid for uid in uids if uid not in known]
            filed |= await self._give_up(mailbox, [uid for uid in new if self._attempts.given_up(uid)])
            new = [uid for uid in new if uid not in filed]
            batch = batches.open(uids, filed)
            self._await_turn(batches.waiting)
            await self._attempts.begin(new)
            async for mail in mailbox.fetch(new):
                batch.coming.add(mail.uid)
                yield mail
            batch.asked = False

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
        self._stuck = False
        if self._cards is not None:
            filed = await self._cards.replace(mailbox, filed, self._refused)
        by_folder: dict[str, list[int]] = {}
        for uid, disposition in filed.items():
            by_folder.setdefault(self._folders.destination(disposition), []).append(uid)
        for folder, uids in by_folder.items():
            try:
                await mailbox.move(uids, folder)
            except MoveRefused as refused:
                self._refused(folder, len(uids), refused)
            else:
                if not self._stuck:
                    self.progress.heal("move")
                await self._store.mark_moved(self._folders.inbox, mailbox.uidvalidity, uids)

    def _refused(self, folder: str, mails: int, refused: MoveRefused) -> None:
        self._stuck = True
        self.progress.fail("move", f"mails cannot be moved to {folder}: {refused}", self._clock.now())
        log.error(
            "move_refused",
            extra={
                "fields": {
                    "folder": folder,
                    "mails": mails,
                    "reason": str(refused),
                    "remedy": "free space in the mailbox or raise its quota; the move is tried again",
                }
            },
        )

    # -- waiting ----------------------------------------------------------------------------------------

    async def _wait(self, mailbox: Mailbox) -> None:
        """Until the server pushes, the poll interval is over, or the daemon stops."""
        self.progress.alive(self._clock.now(), self._poll)
        await either(mailbox.wait(self._poll), self._stop.wait())

    async def _pause(self, seconds: float) -> None:
        self.progress.alive(self._clock.now(), seconds)
        await either(self._clock.sleep(seconds), self._stop.wait())


async def _at_once() -> None:
    """Nobody to give way to."""

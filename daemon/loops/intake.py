"""Mailbox to store: every mail in the folder gets its ledger row, then leaves the folder.

The order that loses nothing: fetch without marking, decide, write everything in one transaction, and only
then move. A crash in between finds the mail again, and its ledger row says that only the move is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.core.policy import Intake
from daemon.core.values import Disposition
from daemon.loops.backoff import Backoff
from daemon.loops.pausing import either
from daemon.loops.progress import Progress
from daemon.loops.reader import MailReader
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

    async def once(self) -> None:
        """Take in all that waits, then return. Raises `Unavailable`."""
        mailbox = await self._open()
        try:
            await self._sweep(mailbox, await self._start(mailbox))
        finally:
            await mailbox.close()

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
        if self._resume:
            while await self._reader.release_held(self._folders.inbox):
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
            async for raw in mailbox.fetch(await mailbox.search(1)):
                self.progress.alive(self._clock.now())
                if raw.internaldate < now - BRAKE_AGE and not await self._reader.seen(raw):
                    old += 1
                if old > BRAKE_MAILS:
                    break
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

    # -- taking in --------------------------------------------------------------------------------------

    async def _sweep(self, mailbox: Mailbox, circumstances: Intake) -> int:
        """Everything that lies in the folder now; returns the last UID."""
        last = await self._take(mailbox, await mailbox.search(1), circumstances)
        self.progress.step(self._clock.now(), "imap", "store")
        return last

    async def _take(self, mailbox: Mailbox, uids: Sequence[int], circumstances: Intake) -> int:
        """Take in what the ledger does not hold, move what it does; batch by batch, flat memory."""
        last = 0
        for start in range(0, len(uids), BATCH):
            batch = uids[start : start + BATCH]
            known = await self._store.known(self._folders.inbox, mailbox.uidvalidity, batch)
            filed = {uid: known[uid].disposition for uid in batch if uid in known}
            self._await_turn(len(uids) - start - len(filed))
            async for raw in mailbox.fetch([uid for uid in batch if uid not in known]):
                self._await_turn(len(uids) - start - len(filed), raw.internaldate)
                filed[raw.uid] = await self._one(mailbox.uidvalidity, raw, circumstances)
                if self._stop.is_set():
                    break
            await self._move(mailbox, filed)
            last = batch[-1]
            self._await_turn(len(uids) - start - len(batch))
            if self._stop.is_set():
                return last
            await self._store.set_mailbox_state(
                self._folders.inbox, mailbox.uidvalidity, last, self._clock.now()
            )
        return last

    def _await_turn(self, waiting: int, since: datetime | None = None) -> None:
        """A sign of life between two mails, and how many still wait. `since`: the arrival of the next one,
        which in the order of UIDs is the oldest."""
        self.progress.alive(self._clock.now())
        self.progress.waiting = waiting
        self.progress.oldest = since if waiting else None

    async def _one(self, uidvalidity: int, raw: RawMail, circumstances: Intake) -> Disposition:
        disposition = await self._reader.take(self._folders.inbox, uidvalidity, raw, circumstances)
        self.progress.count(disposition.value)
        return disposition

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

"""The Sent folder of the desk's mailbox: an answer that an agent sent with a mail program of their own is
recorded on its ticket. Nothing is moved, marked or deleted there; of one about no ticket only that it was
seen is kept, of other people's mail nothing.

It begins with what is filed after it first saw the folder.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from daemon.core.agency.sent import concerns
from daemon.core.policy import Intake, Policy
from daemon.loops.backoff import Backoff
from daemon.loops.handfuls import BATCH, handfuls
from daemon.loops.pausing import either
from daemon.loops.progress import Progress
from daemon.loops.reader import MailReader
from daemon.loops.reading import Reading
from daemon.ports import Clock, Mailbox, Store, Unavailable

log = logging.getLogger("azimut.sent")

_CIRCUMSTANCES: Final = Intake(sent=True)


class SentLoop:
    """Owns a connection of its own: the one of intake waits in another folder."""

    def __init__(
        self,
        *,
        open_mailbox: Callable[[], Awaitable[Mailbox]],
        folder: str,
        store: Store,
        reader: MailReader,
        policy: Policy,
        clock: Clock,
        poll: float,
        stop: asyncio.Event,
    ) -> None:
        self._open = open_mailbox
        self._folder = folder
        self._store = store
        self._reader = reader
        self._policy = policy
        self._clock = clock
        self._poll = poll
        self._stop = stop
        self.progress = Progress("sent")

    async def run(self) -> None:
        """Until the stop event, through any number of lost connections."""
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                await self._session(backoff)
            except Unavailable as trouble:
                seconds = backoff.after(trouble)
                self.progress.fail(trouble.service, str(trouble), self._clock.now(), refused=trouble.refused)
                fields = {"folder": self._folder, "reason": str(trouble), "retry_in": seconds}
                log.warning("sent_folder_unavailable", extra={"fields": fields})
                self.progress.alive(self._clock.now(), seconds)
                await either(self._clock.sleep(seconds), self._stop.wait())

    async def once(self) -> None:
        """What was filed since the last look. Raises `Unavailable`."""
        mailbox = await self._open()
        try:
            await self._look(mailbox)
        finally:
            await mailbox.close()

    async def _session(self, backoff: Backoff) -> None:
        self.progress.alive(self._clock.now())
        mailbox = await self._open()
        try:
            while not self._stop.is_set():
                await self._look(mailbox)
                self.progress.step(self._clock.now(), "imap", "store", "reader")
                backoff.reset()
                self.progress.alive(self._clock.now(), self._poll)
                await either(mailbox.wait(self._poll), self._stop.wait())
        finally:
            await mailbox.close()

    async def _look(self, mailbox: Mailbox) -> None:
        state = await self._store.mailbox_state(self._folder)
        if state is None or state.uidvalidity != mailbox.uidvalidity:
            last = max(await mailbox.search(1), default=0)
            await self._note(mailbox, last)
            log.info("sent_folder_seen", extra={"fields": {"folder": self._folder, "from_uid": last + 1}})
            return
        # A server answers "from n on" with its last mail even where that is older.
        uids = [uid for uid in await mailbox.search(state.last_uid + 1) if uid > state.last_uid]
        for start in range(0, len(uids), BATCH):
            batch = uids[start : start + BATCH]
            known = await self._store.known(self._folder, mailbox.uidvalidity, batch)
            await self._take(mailbox, [uid for uid in batch if uid not in known])
            await self._note(mailbox, batch[-1])
            if self._stop.is_set():
                return

    async def _take(self, mailbox: Mailbox, uids: Sequence[int]) -> None:
        async for raws in handfuls(mailbox.fetch(uids)):
            self.progress.alive(self._clock.now())
            readings = await self._reader.read(self._folder, mailbox.uidvalidity, raws, sent=True)
            wanted = [reading for reading in readings if self._wanted(reading)]
            for disposition in await self._reader.settle(wanted, _CIRCUMSTANCES):
                self.progress.count(disposition.value)
            await self._store.mark_moved(
                self._folder, mailbox.uidvalidity, [reading.arrival.uid for reading in wanted]
            )

    def _wanted(self, reading: Reading) -> bool:
        """What cannot be read is left where it lies: nobody waits for it."""
        if reading.inbound is None:
            fields = {"folder": self._folder, "uid": reading.arrival.uid}
            log.warning("sent_mail_unread", extra={"fields": fields}, exc_info=reading.fault)
            return False
        return concerns(reading.inbound, self._policy)

    async def _note(self, mailbox: Mailbox, last: int) -> None:
        await self._store.set_mailbox_state(self._folder, mailbox.uidvalidity, last, self._clock.now())

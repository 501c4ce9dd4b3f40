"""The start of a session: what the mailbox is to us, and how its mails are to be met.

Where UIDVALIDITY changed, every UID is new and the mails need not be. When many old ones are unknown then,
something is wrong with the mailbox or the store, and the brake goes on: nobody is answered until a person has
looked.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from daemon.core.policy import Intake
from daemon.loops.attempts import Attempts
from daemon.loops.folders import Folders
from daemon.loops.handfuls import BATCH
from daemon.loops.progress import Progress
from daemon.loops.reader import MailReader
from daemon.ports import Clock, Mailbox, MailboxState, Store, Unavailable

log = logging.getLogger("azimut.intake")

BRAKE_MAILS: Final = 50
BRAKE_AGE: Final = timedelta(hours=24)


class Opening:
    """`answer_newer_than` None: all mail is answered. `resume`: release what the brake held, once."""

    def __init__(
        self,
        *,
        folders: Folders,
        store: Store,
        reader: MailReader,
        clock: Clock,
        attempts: Attempts,
        progress: Progress,
        answer_newer_than: timedelta | None,
        resume: bool,
    ) -> None:
        self._folders = folders
        self._store = store
        self._reader = reader
        self._clock = clock
        self._attempts = attempts
        self._progress = progress
        self._answer_newer_than = answer_newer_than
        self._resume = resume

    async def start(self, mailbox: Mailbox) -> Intake:
        """What this mailbox is to us: new, known, or replaced under a used store. Raises `Unavailable`."""
        now = self._clock.now()
        state = await self._store.mailbox_state(self._folders.inbox)
        await self._attempts.open(mailbox.uidvalidity)
        if self._resume:
            for folder in (self._folders.inbox, self._folders.processed, self._folders.quarantine):
                while await self._reader.release_held(folder, quiet=folder != self._folders.inbox):
                    self._progress.alive(self._clock.now())
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
        for batch in chain.from_iterable(self._attempts.runs(await mailbox.search(1), BATCH)):
            self._attempts.put_down()
            if self._attempts.given_up(batch[0]):
                old += 1
                continue
            await self._attempts.begin(batch)
            async for raw in mailbox.fetch(batch):
                self._progress.alive(self._clock.now())
                if raw.internaldate < before and not await self._reader.seen(raw):
                    old += 1
                if old > BRAKE_MAILS:
                    return old
        return old

"""A mail with card numbers leaves the mailbox: a masked copy takes its place, then the original is deleted
(mail.md, "Parsing"; `card_mails = "replace"`).

The order that loses nothing and doubles nothing: put the copy there, note its UID, and only then delete the
original. A crash after the first step finds the copy again by its mark; after the second the ledger says that
only the deletion is missing. A mail that cannot be copied without loss is moved as it is, and said so.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from daemon.core.values import Disposition
from daemon.mail.masked_copy import MARK
from daemon.ports import Clock, Mailbox, MoveRefused, Store

log = logging.getLogger("azimut.intake")

AROUND: Final = timedelta(days=2)
"""How far from its arrival the copy is looked for: servers search by days, in a zone of their own."""


class CardMails:
    """`copy` takes (raw, mark) and gives the masked mail, or None where it cannot be had without loss.

    `mark` takes (UIDVALIDITY, UID): nobody else can make one, and none is part of another, for servers find
    a field by any part of it, and what is found is what the original is deleted for."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        inbox: str,
        processed: str,
        copy: Callable[[bytes, str], Awaitable[bytes | None]],
        mark: Callable[[int, int], str],
    ) -> None:
        self._store = store
        self._clock = clock
        self._mark = mark
        self._inbox = inbox
        self._processed = processed
        self._copy = copy

    async def replace(
        self,
        mailbox: Mailbox,
        filed: Mapping[int, Disposition],
        refused: Callable[[str, int, MoveRefused], None],
    ) -> dict[int, Disposition]:
        """Replace those of these mails that hold card numbers; returns the others, which are to be moved.

        What the server refuses stays where it is, to be tried again, and `refused` is told of it. Raises
        `Unavailable`."""
        left = dict(filed)
        copies = await self._store.card_mails(self._inbox, mailbox.uidvalidity, list(filed))
        for uid, copied in copies.items():
            if filed[uid] is Disposition.QUARANTINE:
                continue  # it is looked at as it came
            try:
                if copied or await self._copied(mailbox, uid):
                    del left[uid]
                    await self._delete(mailbox, uid)
            except MoveRefused as trouble:
                left.pop(uid, None)
                refused(self._processed, 1, trouble)
        return left

    async def _copied(self, mailbox: Mailbox, uid: int) -> bool:
        """The masked copy is in its folder, and the ledger knows. False: there can be none."""
        mark = self._mark(mailbox.uidvalidity, uid)
        original = [mail async for mail in mailbox.fetch([uid])]
        if not original:
            return False  # somebody has taken it away meanwhile
        arrived = min(original[0].internaldate, self._clock.now())  # a server may know no date
        copy = await self._copy(original[0].data, mark)
        if copy is None:
            log.error(
                "card_mail_kept",
                extra={
                    "fields": {
                        "uid": uid,
                        "folder": self._processed,
                        "remedy": "delete this mail by hand: it holds a card number, and no masked copy can"
                        " be made of it without losing something",
                    }
                },
            )
            return False
        there = await self._earlier_copy(mailbox, arrived, mark)
        if there is None:
            there = await mailbox.append(self._processed, copy, arrived) or 0
        await self._store.mark_copied(self._inbox, mailbox.uidvalidity, uid, there)
        return True

    async def _earlier_copy(self, mailbox: Mailbox, arrived: datetime, mark: str) -> int | None:
        """The UID of a copy that was put there before a crash."""
        found = await mailbox.find(self._processed, MARK, mark, arrived - AROUND, arrived + AROUND)
        return found[0] if found else None

    async def _delete(self, mailbox: Mailbox, uid: int) -> None:
        if not await mailbox.remove([uid]):
            raise MoveRefused("the original of a mail with a card number cannot be deleted")
        await self._store.mark_moved(self._inbox, mailbox.uidvalidity, [uid])
        log.info("card_mail_replaced", extra={"fields": {"uid": uid, "folder": self._processed}})

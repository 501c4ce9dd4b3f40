"""Which mails were in hand when a daemon died, and how often. A mail that takes the process with it (memory,
a crash in a library) would do so at every start: it is taken by itself, and in the end set aside unread.

It knows UIDs and counts, nothing of mails.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Final

from daemon.ports import Store

log = logging.getLogger("azimut.intake")

ATTEMPTS: Final = 3
"""Deaths with the same mail in hand after which nobody opens it again."""

WHY: Final = "the daemon died three times while reading it"
"""The reason of such a mail's quarantine; the templates know it."""


class Attempts:
    """What is begun is noted in the store before it is fetched, and counts when the next process finds it
    without a ledger row. Lost connections do not count, nor does an orderly stop after `rest`."""

    def __init__(self, store: Store, mailbox: str) -> None:
        self._store = store
        self._mailbox = mailbox
        self._uidvalidity: int | None = None
        self._earlier: dict[int, int] = {}
        self._in_hand: dict[int, int] = {}
        self._noted = False

    async def open(self, uidvalidity: int) -> None:
        """Read, once per process, what the one before left. Raises `Unavailable`."""
        if uidvalidity == self._uidvalidity:
            return
        left = await self._store.under_way(self._mailbox) if self._uidvalidity is None else None
        self._earlier = dict(left.attempts) if left is not None and left.uidvalidity == uidvalidity else {}
        self._uidvalidity = uidvalidity

    def keep(self, uids: Sequence[int]) -> None:
        """These are in the folder, all others have gone or have their ledger row."""
        self._in_hand = {}
        self._earlier = {uid: count for uid, count in self._earlier.items() if uid in set(uids)}
        if self._earlier:
            fields = {"mailbox": self._mailbox, "uids": sorted(self._earlier)}
            log.warning("mails_in_hand_at_the_last_end", extra={"fields": fields})

    def runs(self, uids: Sequence[int], size: int) -> Iterator[Sequence[Sequence[int]]]:
        """Runs of batches; within a run the next batch may be read while the last one is written. Unsuspected
        mails first, `size` to a batch; then the others, each a run by itself, the most suspected last, so
        that whatever kills us has let all others pass."""
        fresh = [uid for uid in uids if uid not in self._earlier]
        if fresh:
            yield [fresh[start : start + size] for start in range(0, len(fresh), size)]
        for uid in sorted((uid for uid in uids if uid in self._earlier), key=lambda u: (self._earlier[u], u)):
            yield [[uid]]

    def given_up(self, uid: int) -> bool:
        return self._earlier.get(uid, 0) >= ATTEMPTS

    async def begin(self, uids: Sequence[int]) -> None:
        """Note these as in hand, beside those that are. Raises `Unavailable`."""
        if uids:
            self._noted = True
            self._in_hand.update({uid: self._earlier.get(uid, 0) + 1 for uid in uids})
            await self._note({**self._earlier, **self._in_hand})

    def put_down(self) -> None:
        """Nothing is in hand now; who is suspected stays so."""
        self._in_hand = {}

    def done(self, uids: Sequence[int]) -> None:
        """These have their ledger rows."""
        for uid in uids:
            self._earlier.pop(uid, None)
            self._in_hand.pop(uid, None)

    def complete(self, last: int) -> int:
        """The UID up to which nothing is left, when `last` is the highest that was looked at."""
        return min([last, *(uid - 1 for uid in self._earlier)])

    async def rest(self) -> None:
        """An orderly end: what was in hand is nobody's fault. Raises `Unavailable`."""
        if self._noted:
            self._in_hand = {}
            await self._note(self._earlier)
            self._noted = False

    async def _note(self, attempts: dict[int, int]) -> None:
        if self._uidvalidity is None:
            raise ValueError("what is in hand is noted before the mailbox is known")
        await self._store.set_under_way(self._mailbox, self._uidvalidity, attempts)

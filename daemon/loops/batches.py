"""The batches of one look at the mailbox: each is moved as a whole once all of its mails have their ledger
rows, while those after it are already being read. It knows UIDs and dispositions, nothing of mails."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from daemon.core.values import Disposition


@dataclass(slots=True)
class Batch:
    """`filed`: what has its ledger row. `coming`: fetched, and not yet written. `asked`: more may come."""

    uids: Sequence[int]
    filed: dict[int, Disposition]
    coming: set[int] = field(default_factory=set)
    asked: bool = True

    @property
    def complete(self) -> bool:
        return not self.asked and not self.coming


class Batches:
    """`waiting`: how many mails of this look have no ledger row yet."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self._under_way: deque[Batch] = deque()

    def open(self, uids: Sequence[int], filed: Mapping[int, Disposition]) -> Batch:
        batch = Batch(uids, dict(filed))
        self._under_way.append(batch)
        self.waiting -= len(filed)
        return batch

    def settle(self, uid: int, disposition: Disposition) -> None:
        """Raises ValueError for a mail of no batch under way."""
        for batch in self._under_way:
            if uid in batch.coming:
                batch.coming.remove(uid)
                batch.filed[uid] = disposition
                self.waiting -= 1
                return
        raise ValueError(f"UID {uid} belongs to no batch under way")

    def completed(self) -> Iterator[Batch]:
        """Those that can be moved, in their order; the mails that vanished meanwhile wait no longer."""
        while self._under_way and self._under_way[0].complete:
            batch = self._under_way.popleft()
            self.waiting -= len(batch.uids) - len(batch.filed)
            yield batch

    def broken_off(self) -> Iterator[Batch]:
        """What is left when the daemon stops: some of their mails have their rows."""
        while self._under_way:
            yield self._under_way.popleft()

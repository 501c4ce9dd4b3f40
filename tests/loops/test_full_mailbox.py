"""Fifty thousand mails wait: each is taken in once and moved, and no more than a batch is ever in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from daemon.loops.handfuls import AHEAD, BATCH, MAILS
from daemon.ports import RawMail
from tests.loops.fakes import NOW, Mailbox
from tests.loops.test_intake import FOLDERS, World

WAITING = 50_000


class Body(bytes):
    """The bytes of a mail, counted while anybody holds them."""

    alive = 0
    most = 0

    def __new__(cls) -> Body:
        cls.alive += 1
        cls.most = max(cls.most, cls.alive)
        return super().__new__(cls, b"x")

    def __del__(self) -> None:
        Body.alive -= 1


class FullMailbox(Mailbox):
    """It has each mail until it is moved, and makes its bytes when they are fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.there = dict.fromkeys(range(1, WAITING + 1))
        self.most_asked = 0

    async def search(self, first_uid: int = 1) -> list[int]:
        return [uid for uid in self.there if uid >= first_uid]

    async def fetch(self, uids: Sequence[int]) -> AsyncIterator[RawMail]:
        self.most_asked = max(self.most_asked, len(uids))
        for uid in uids:
            yield RawMail(uid=uid, internaldate=NOW, size=1, data=Body())

    async def move(self, uids: Sequence[int], folder: str) -> None:
        assert folder == FOLDERS.processed
        self.most_asked = max(self.most_asked, len(uids))
        for uid in uids:
            del self.there[uid]


async def test_fifty_thousand_waiting_mails_are_taken_in_a_batch_at_a_time() -> None:
    Body.most = Body.alive
    before = Body.alive
    mailbox = FullMailbox()
    world = World(mailbox)
    await world.loop.once()
    assert mailbox.there == {}
    assert world.reader.taken == list(range(1, WAITING + 1))
    assert sorted(world.store.moved) == world.reader.taken
    assert world.store.state is not None
    assert world.store.state.last_uid == WAITING
    assert mailbox.most_asked == BATCH
    assert Body.most - before <= BATCH + AHEAD * MAILS

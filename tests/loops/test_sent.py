"""The steps of the loop that reads the Sent folder, where no real server can fail at the right moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from daemon.core.inbound import Inbound
from daemon.core.policy import Intake
from daemon.core.values import Disposition
from daemon.loops.reading import Reading
from daemon.loops.sent import SentLoop
from daemon.ports import KnownMail, MailboxState, RawMail, Unavailable
from tests.core.build import arrival, mail
from tests.core.commands.desk import desk_policy
from tests.loops.fakes import NOW, Clock, Mailbox, Store, away, mails


class Reader:
    """Stands for MailReader. The mails with an even UID are the agents'."""

    def __init__(self) -> None:
        self.settled: list[int] = []
        self.circumstances: set[Intake] = set()

    async def read(
        self, mailbox: str, uidvalidity: int, raws: Sequence[RawMail], *, sent: bool
    ) -> list[Reading]:
        assert (mailbox, sent) == ("Sent", True)
        return [self._reading(raw) for raw in raws]

    def _reading(self, raw: RawMail) -> Reading:
        if raw.data == b"spoilt":
            return Reading(arrival=arrival(uid=raw.uid), data=raw.data, fault=ValueError("x"))
        by = mail("alex@azimutpos.com" if raw.uid % 2 == 0 else "marie@client.example")
        inbound = Inbound(arrival=arrival(uid=raw.uid), mail=by, claims=(), findings=None, raw=raw.data)
        return Reading(arrival=inbound.arrival, data=raw.data, inbound=inbound)

    async def settle(self, readings: Sequence[Reading], circumstances: Intake) -> list[Disposition]:
        self.settled += [reading.arrival.uid for reading in readings]
        self.circumstances.add(circumstances)
        return [Disposition.MESSAGE for _ in readings]


class World:
    def __init__(self, *boxes: Mailbox | Exception, last: int | None = 0, uidvalidity: int = 7) -> None:
        self.store, self.reader, self.clock, self.stop = Store(), Reader(), Clock(), asyncio.Event()
        if last is not None:
            self.store.state = MailboxState(uidvalidity=uidvalidity, last_uid=last, first_start=NOW)
        self.boxes = list(boxes)
        self.loop = SentLoop(
            open_mailbox=self.open,
            folder="Sent",
            store=self.store,
            reader=self.reader,  # type: ignore[arg-type]  # these methods of it
            policy=desk_policy(),
            clock=self.clock,
            poll=30,
            stop=self.stop,
        )

    async def open(self) -> Mailbox:
        box = self.boxes.pop(0)
        if isinstance(box, Exception):
            raise box
        return box

    @property
    def last(self) -> int:
        assert self.store.state is not None
        return self.store.state.last_uid


@pytest.mark.parametrize("world", [World(last=None), World(uidvalidity=6)], ids=["first start", "replaced"])
async def test_what_was_filed_before_is_left_alone(world: World) -> None:
    box = Mailbox(mails(1, 2, 3))
    world.boxes = [box]
    await world.loop.once()
    assert (world.reader.settled, box.fetched, world.last) == ([], [], 3)


async def test_new_mail_of_ours_is_settled_and_nothing_is_moved() -> None:
    box = Mailbox(mails(1, 2, 3, 4))
    world = World(box, last=1)
    await world.loop.once()
    assert world.reader.settled == [2, 4]
    assert world.reader.circumstances == {Intake(sent=True)}
    assert (box.moves, sorted(box.mails), world.last) == ([], [1, 2, 3, 4], 4)
    assert world.store.moved == [2, 4], "no row may look as if its move were missing"
    assert box.closed == 1


async def test_a_mail_with_its_row_is_not_read_again_after_a_crash() -> None:
    box = Mailbox(mails(1, 2))
    world = World(box)
    world.store.ledger[2] = KnownMail(disposition=Disposition.MESSAGE, moved=True)
    await world.loop.once()
    assert (box.fetched, world.last) == ([1], 2)


async def test_the_servers_last_mail_that_is_older_than_asked_for_is_no_news() -> None:
    class Dovecot(Mailbox):
        async def search(self, first_uid: int = 1) -> list[int]:
            return await super().search(first_uid) or [max(self.mails)]  # RFC 3501: n:* holds the last one

    box = Dovecot(mails(1, 2))
    world = World(box, last=2)
    await world.loop.once()
    assert box.fetched == []


async def test_a_mail_that_cannot_be_read_is_passed_over() -> None:
    box = Mailbox(mails(2, 4))
    box.mails[2] = RawMail(uid=2, internaldate=NOW, size=6, data=b"spoilt")
    world = World(box)
    await world.loop.once()
    assert (world.reader.settled, world.last) == ([4], 4)


async def test_a_lost_connection_comes_back_and_the_trouble_is_told_meanwhile() -> None:
    box = Mailbox(mails(2))
    world = World(away("imap"), box)
    box.steps = {"wait": [world.stop.set]}
    seen: list[str] = []
    opened = world.loop._open

    async def looking() -> Mailbox:
        seen.append(world.loop.progress.trouble)
        return await opened()

    world.loop._open = looking  # type: ignore[assignment]
    await world.loop.run()
    assert seen[0] == ""
    assert seen[1]
    assert (world.loop.progress.trouble, world.reader.settled, world.clock.slept) == ("", [2], [0.5])


async def test_trouble_with_the_store_is_raised_to_run_once() -> None:
    world = World(Mailbox(mails(2)))
    world.store.troubles = {"mailbox_state": [Unavailable("store", "away")]}
    with pytest.raises(Unavailable):
        await world.loop.once()

"""The order of intake's steps, where no real server can be made to stand still at the right moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from daemon.core.policy import Intake
from daemon.core.values import Disposition
from daemon.loops.folders import Folders
from daemon.loops.handfuls import BATCH, MAILS
from daemon.loops.intake import SWEEP_EVERY, IntakeLoop
from daemon.loops.opening import BRAKE_MAILS
from daemon.loops.reading import Reading
from daemon.ports import KnownMail, MailboxState, MailHead, MoveRefused, RawMail, Unavailable
from tests.core.build import arrival
from tests.loops.fakes import NOW, Clock, Mailbox, Store, away, mails

FOLDERS = Folders(inbox="INBOX", processed="Processed", quarantine="Quarantine")


class Reader:
    """Stands for MailReader: notes what it is given, and sets aside the UIDs in `bad`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.taken: list[int] = []
        self.circumstances: list[Intake] = []
        self.bad: set[int] = set()
        self.unread: list[int] = []
        self.released = 0
        self.braked: list[int] = []
        self.after_each = lambda: None

    async def read(self, mailbox: str, uidvalidity: int, raws: Sequence[RawMail]) -> list[Reading]:
        return [Reading(arrival=arrival(uid=raw.uid), data=raw.data) for raw in raws]

    async def settle(self, readings: Sequence[Reading], circumstances: Intake) -> list[Disposition]:
        return [self._take(reading.arrival.uid, circumstances) for reading in readings]

    def _take(self, uid: int, circumstances: Intake) -> Disposition:
        self.taken.append(uid)
        self.circumstances.append(circumstances)
        disposition = Disposition.QUARANTINE if uid in self.bad else Disposition.TICKET
        self.store.ledger[uid] = KnownMail(disposition=disposition, moved=False)
        self.after_each()
        return disposition

    async def release_held(self, mailbox: str, *, quiet: bool = False) -> int:
        assert quiet is (mailbox != "INBOX")
        self.released += mailbox == "INBOX"
        return 0

    async def seen(self, raw: RawMail) -> bool:
        return False

    async def set_aside_unread(self, mailbox: str, uidvalidity: int, head: MailHead, why: str) -> Disposition:
        self.unread.append(head.uid)
        self.store.ledger[head.uid] = KnownMail(disposition=Disposition.QUARANTINE, moved=False)
        return Disposition.QUARANTINE

    async def tell_braked(self, mailbox: str, uidvalidity: int) -> None:
        self.braked.append(uidvalidity)


class World:
    """An intake loop and all that it touches. Every call of `open` gives the next of `mailboxes`."""

    def __init__(self, *mailboxes: Mailbox | Exception, newer: timedelta | None = None, resume: bool = False):
        self.store = Store()
        self.reader = Reader(self.store)
        self.clock = Clock()
        self.stop = asyncio.Event()
        self.queue: list[Mailbox | Exception] = list(mailboxes)
        self.loop = IntakeLoop(
            open_mailbox=self.open,
            folders=FOLDERS,
            store=self.store,
            reader=self.reader,  # type: ignore[arg-type]  # the loop uses these four methods of it
            clock=self.clock,
            poll=30,
            answer_newer_than=newer,
            resume=resume,
            stop=self.stop,
        )

    async def open(self) -> Mailbox:
        found = self.queue.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def used(self, uidvalidity: int = 7) -> World:
        """The store has seen this mailbox before."""
        self.store.state = MailboxState(uidvalidity=uidvalidity, last_uid=0, first_start=NOW)
        return self


async def test_what_the_ledger_knows_is_only_moved_and_to_where_it_belongs() -> None:
    box = Mailbox(mails(1, 2, 3, 4))
    world = World(box)
    world.store.ledger = {
        1: KnownMail(disposition=Disposition.TICKET, moved=False),
        2: KnownMail(disposition=Disposition.QUARANTINE, moved=False),
    }
    world.reader.bad = {4}
    await world.loop.once()
    assert box.fetched == world.reader.taken == [3, 4]
    assert sorted(box.moves) == [([1, 3], "Processed"), ([2, 4], "Quarantine")]
    assert sorted(world.store.moved) == [1, 2, 3, 4]
    assert box.closed == 1


async def test_mails_go_in_batches_and_each_batch_is_moved_before_the_next_is_fetched() -> None:
    box = Mailbox(mails(*range(1, 2 * BATCH + 11)))
    world = World(box)
    await world.loop.once()
    assert [len(uids) for uids, _ in box.moves] == [BATCH, BATCH, 10]
    assert world.store.state is not None
    assert world.store.state.last_uid == 2 * BATCH + 10


async def test_a_stop_in_the_middle_of_a_batch_moves_what_is_written_and_fetches_no_more() -> None:
    box = Mailbox(mails(*range(1, 41)))
    world = World(box)

    def stop_after_three() -> None:
        if len(world.reader.taken) == 3:
            world.stop.set()

    world.reader.after_each = stop_after_three
    await world.loop.run()
    handful = list(range(1, MAILS + 1))
    assert world.reader.taken == handful, "a handful is one transaction"
    assert box.moves == [(handful, "Processed")]
    assert world.store.state is not None
    assert world.store.state.last_uid == 0, "the rest of the batch is still to come"
    assert box.closed == 1


async def test_a_refused_move_is_told_and_the_next_mails_are_taken_in() -> None:
    box = Mailbox(mails(*range(1, BATCH + 2)))
    box.steps["move"] = [MoveRefused("over quota")]
    world = World(box)
    await world.loop.once()
    assert len(world.reader.taken) == BATCH + 1
    assert world.store.moved == [BATCH + 1]


async def test_what_a_refused_move_left_is_moved_at_the_next_sweep() -> None:
    box = Mailbox(mails(1))
    box.steps["move"] = [MoveRefused("over quota")]
    world = World(box)

    def later() -> None:
        world.clock.time += SWEEP_EVERY

    box.steps["wait"] = [lambda: None, later, world.stop.set]
    await world.loop.run()
    assert box.searched == [1, 2, 1], "at the start, after the last one, and everything"
    assert world.reader.taken == [1]
    assert world.store.moved == [1]


async def test_after_each_wait_it_looks_whatever_the_server_said() -> None:
    box = Mailbox(mails(1))
    world = World(box)
    box.steps["wait"] = [lambda: box.mails.update(mails(5)), lambda: None, world.stop.set]
    await world.loop.run()
    assert box.searched == [1, 2, 6]
    assert world.reader.taken == [1, 5]


async def test_a_lost_connection_is_replaced_after_growing_pauses_and_an_end_of_it_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    first, last = Mailbox(mails(1, 2)), Mailbox(mails(2))
    first.steps["fetch"] = [lambda: None, away("imap")]
    world = World(first, away("imap"), away("imap"), last)
    last.steps["wait"] = [world.stop.set]
    await world.loop.run()
    assert world.clock.slept == [0.5, 1, 2]
    assert world.reader.taken == [1, 2], "each once, although the first was not moved before"
    assert first.closed == last.closed == 1
    assert caplog.messages.count("mailbox_unavailable") == 3
    assert caplog.messages.count("mailbox_back") == 1
    assert caplog.messages.index("mailbox_back") > caplog.messages.index("mailbox_unavailable")
    assert world.loop.progress.trouble == ""


async def test_a_refused_login_is_tried_again_in_minutes() -> None:
    last = Mailbox()
    world = World(away("imap", refused=True), away("imap", refused=True), last)
    last.steps["wait"] = [world.stop.set]
    await world.loop.run()
    assert world.clock.slept == [60, 120]


async def test_the_pauses_start_anew_after_a_success() -> None:
    first, second, third = Mailbox(), Mailbox(), Mailbox()
    first.steps["wait"] = [away("imap")]
    second.steps["wait"] = [away("imap")]
    world = World(first, second, third)
    third.steps["wait"] = [world.stop.set]
    await world.loop.run()
    assert world.clock.slept == [0.5, 0.5]


async def test_trouble_is_shown_while_it_lasts() -> None:
    world = World(away("imap"))
    seen: list[str] = []

    async def sleep(seconds: float) -> None:
        seen.append(world.loop.progress.trouble)
        world.stop.set()

    world.clock.sleep = sleep  # type: ignore[method-assign]
    await world.loop.run()
    assert seen == ["away for a moment"]


async def test_a_fault_of_ours_outside_a_mail_ends_the_loop_and_closes_the_connection() -> None:
    box = Mailbox()
    box.steps["search"] = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await World(box).loop.run()
    assert box.closed == 1


async def test_once_says_when_the_mailbox_is_away() -> None:
    with pytest.raises(Unavailable):
        await World(away("imap")).loop.once()


# -- first starts and replaced mailboxes ----------------------------------------------------------------


async def test_the_first_start_decides_for_ever_which_mail_is_too_old() -> None:
    first, second = Mailbox(mails(1)), Mailbox(mails(2))
    world = World(first, second, newer=timedelta(hours=72))
    await world.loop.once()
    world.clock.time += timedelta(days=30)
    await world.loop.once()
    assert [c.answer_since for c in world.reader.circumstances] == [NOW - timedelta(hours=72)] * 2


@pytest.mark.parametrize(("old", "held"), [(BRAKE_MAILS, False), (BRAKE_MAILS + 1, True)])
async def test_the_brake_goes_on_with_more_than_fifty_old_unknown_mails(old: int, held: bool) -> None:
    before = NOW - timedelta(hours=25)
    box = Mailbox({**mails(*range(1, old + 1), at=before), **mails(999)}, uidvalidity=8)
    world = World(box).used()
    await world.loop.once()
    assert {c.braked for c in world.reader.circumstances} == ({NOW - timedelta(hours=24)} if held else {None})
    assert world.reader.braked == ([8] if held else [])
    assert world.store.state is not None
    assert world.store.state.uidvalidity == 8


async def test_young_mails_do_not_count_for_the_brake() -> None:
    young = mails(*range(1, 200), at=NOW - timedelta(hours=23))
    world = World(Mailbox(young, uidvalidity=8)).used()
    await world.loop.once()
    assert world.reader.braked == []


async def test_the_brake_is_on_before_the_new_uidvalidity_counts_as_known() -> None:
    """A crash between the two must look at the mailbox again, not answer a year of mail."""
    old = mails(*range(1, 60), at=NOW - timedelta(days=2))
    world = World(Mailbox(old, uidvalidity=8)).used()
    world.store.troubles["set_mailbox_state"] = [away()]
    with pytest.raises(Unavailable):
        await world.loop.once()
    assert world.store.state is not None
    assert world.store.state.braked is not None
    assert world.store.state.uidvalidity == 7
    world.queue = [Mailbox(old, uidvalidity=8)]
    await world.loop.once()
    assert None not in {c.braked for c in world.reader.circumstances}


async def test_resume_releases_what_was_held_once_and_is_no_leave_for_another_day() -> None:
    old = mails(*range(1, 60), at=NOW - timedelta(days=2))
    first, second = Mailbox(), Mailbox(old, uidvalidity=8)
    first.steps["wait"] = [away("imap")]
    world = World(first, second, resume=True).used()
    world.store.state = MailboxState(uidvalidity=7, last_uid=0, first_start=NOW, braked=NOW)
    second.steps["wait"] = [world.stop.set]
    await world.loop.run()
    assert world.reader.released == 1
    assert world.reader.braked == [8], "the mailbox was replaced again afterwards"


async def test_a_start_without_resume_leaves_the_brake_on() -> None:
    box = Mailbox(mails(1))
    world = World(box)
    world.store.state = MailboxState(uidvalidity=7, last_uid=0, first_start=NOW, braked=NOW)
    await world.loop.once()
    assert [c.braked for c in world.reader.circumstances] == [NOW]
    assert world.reader.released == 0


def order(calls: Sequence[str], *names: str) -> list[str]:
    return [call for call in calls if call in names]


async def test_the_cursor_moves_on_only_after_the_mails_were_moved() -> None:
    box = Mailbox(mails(1))
    world = World(box).used()
    await world.loop.once()
    assert order(world.store.calls, "known", "mark_moved", "set_mailbox_state") == [
        "known",
        "mark_moved",
        "set_mailbox_state",
    ]

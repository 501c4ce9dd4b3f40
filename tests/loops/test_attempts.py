"""A mail that takes the process with it must not do so at every start, and must not be blamed for others."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from daemon.core.values import Disposition
from daemon.loops.attempts import ATTEMPTS, Attempts
from daemon.loops.opening import BRAKE_MAILS
from daemon.ports import Unavailable, UnderWay
from tests.loops.fakes import NOW, Mailbox, Store, away, mails
from tests.loops.test_intake import World


class Killed(BaseException):
    """The process is gone: nothing after it runs, no `finally` of ours is looked at."""


def deadly(box: Mailbox, store: Store, *uids: int) -> World:
    """A new process on the same store; one of these mails ends it."""
    world = World(box)
    world.store = world.reader.store = store
    world.loop._store = world.loop._attempts._store = world.loop._opening._store = store
    read = world.reader.read

    async def dying(mailbox: str, uidvalidity: int, raws: object) -> object:
        if any(raw.uid in uids for raw in raws):  # type: ignore[attr-defined]
            raise Killed
        return await read(mailbox, uidvalidity, raws)  # type: ignore[arg-type]

    world.reader.read = dying  # type: ignore[method-assign,assignment]
    return world


async def test_after_three_deaths_the_mail_is_set_aside_unread_and_all_others_have_been_served() -> None:
    box, store = Mailbox(mails(1, 2, 3, 4, 5)), Store()
    for _ in range(ATTEMPTS):
        with pytest.raises(Killed):
            await deadly(box, store, 3).loop.once()
    assert set(store.ledger) == {1, 2, 4, 5}
    last = deadly(box, store, 3)
    await last.loop.once()
    assert last.reader.unread == [3]
    assert box.mails == {}
    assert box.moves[-1] == ([3], "Quarantine")


async def test_two_deadly_mails_are_both_found_and_none_besides() -> None:
    box, store = Mailbox(mails(*range(1, 8))), Store()
    lives, unread = 0, list[int]()
    while box.mails:
        world = deadly(box, store, 2, 6)
        with suppress(Killed):
            await world.loop.once()
        unread += world.reader.unread
        lives += 1
        assert lives < 12
    assert sorted(unread) == [2, 6]
    tickets = [uid for uid, known in store.ledger.items() if known.disposition is Disposition.TICKET]
    assert sorted(tickets) == [1, 3, 4, 5, 7]


async def test_mail_that_comes_meanwhile_does_not_wait_for_the_suspect() -> None:
    box, store = Mailbox(mails(1)), Store()
    with pytest.raises(Killed):
        await deadly(box, store, 1).loop.once()
    box.mails |= mails(2)
    with pytest.raises(Killed):
        await deadly(box, store, 1).loop.once()
    assert set(store.ledger) == {2}
    assert store.state is not None
    assert store.state.last_uid == 0  # mail 1 has no ledger row yet


async def test_a_lost_connection_is_no_death() -> None:
    store, flaky = Store(), Mailbox(mails(1))
    for _ in range(2 * ATTEMPTS):
        flaky.steps = {"fetch": [away("imap")]}
        with pytest.raises(Unavailable):
            await deadly(flaky, store).loop.once()
    world = deadly(flaky, store)
    await world.loop.once()
    assert (world.reader.unread, set(store.ledger)) == ([], {1})


async def test_an_orderly_stop_blames_nobody() -> None:
    store, box = Store(), Mailbox(mails(1, 2))
    world = deadly(box, store)
    world.reader.after_each = world.stop.set
    await world.loop.run()
    assert store.in_hand == UnderWay(uidvalidity=7, attempts={})


async def test_notes_of_another_uidvalidity_blame_nobody() -> None:
    store = Store()
    store.in_hand = UnderWay(uidvalidity=6, attempts={1: ATTEMPTS})
    world = deadly(Mailbox(mails(1)), store)
    await world.loop.once()
    assert world.reader.unread == []


async def test_a_mail_that_has_its_row_is_not_looked_at_again_whatever_was_noted() -> None:
    store, box = Store(), Mailbox(mails(1))
    attempts = Attempts(store, "INBOX")
    await attempts.open(7)
    await attempts.begin([1, 2])
    again = Attempts(store, "INBOX")
    await again.open(7)
    again.keep([2, 3])
    assert list(again.runs([2, 3, 4], 50)) == [[[3, 4]], [[2]]]
    assert again.complete(4) == 1
    again.done([2])
    assert again.complete(4) == 4
    assert not box.fetched


async def test_the_look_for_the_brake_survives_a_deadly_mail_too() -> None:
    """A replaced mailbox is looked through before anything is taken in."""
    store = Store()
    box = Mailbox(mails(*range(1, BRAKE_MAILS + 2), at=NOW - timedelta(days=3)), uidvalidity=8)
    world = World(box).used(uidvalidity=7)
    store.state = world.store.state

    def armed() -> World:
        world = deadly(box, store)

        async def dying(raw: object) -> bool:
            if raw.uid == 2:  # type: ignore[attr-defined]
                raise Killed
            return False

        world.reader.seen = dying  # type: ignore[method-assign,assignment]
        return world

    for _ in range(ATTEMPTS):
        with pytest.raises(Killed):
            await armed().loop.once()
    assert not store.ledger
    await armed().loop.once()
    assert store.state is not None
    assert store.state.braked is not None

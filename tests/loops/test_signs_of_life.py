"""Every long wait of a loop is announced, lest it be taken for hanging; every trouble has its beginning."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from daemon.core.values import Delivery, Outcome
from daemon.loops.claims import LEASE
from daemon.loops.handfuls import MAILS
from daemon.loops.health import hanging
from daemon.loops.progress import WORKING
from daemon.ports import MoveRefused, Unavailable
from tests.loops import test_intake, test_outbox
from tests.loops.fakes import NOW, Mailbox, Smtp, away, mails


def refused(service: str) -> Unavailable:
    return Unavailable(service, "it refuses the login", refused=True)


async def test_intake_announces_the_pause_after_a_refused_login() -> None:
    world = test_intake.World(refused("imap")).used()
    announced: list[timedelta] = []

    async def sleep(seconds: float) -> None:
        assert world.loop.progress.expected is not None
        announced.append(world.loop.progress.expected - NOW)
        world.stop.set()

    world.clock.sleep = sleep  # type: ignore[method-assign]  # looked at in the middle of the pause
    await world.loop.run()
    assert announced == [timedelta(seconds=60) + WORKING]
    trouble = world.loop.progress.troubles["imap"]
    assert (trouble.since, trouble.refused) == (NOW, True)


async def test_a_trouble_began_with_its_first_failure_and_ends_with_the_next_success() -> None:
    mailbox = Mailbox()
    world = test_intake.World(away("imap"), away("imap"), mailbox).used()
    since = []

    def connected() -> None:
        since.append(world.loop.progress.troubles["imap"].since)

    mailbox.steps["search"] = [connected]
    mailbox.steps["wait"] = [world.stop.set]
    await world.loop.run()
    assert world.clock.now() > NOW
    assert since == [NOW]
    assert world.loop.progress.troubles == {}


async def test_intake_announces_the_wait_for_the_next_poll() -> None:
    mailbox = Mailbox()
    world = test_intake.World(mailbox).used()
    expected = []

    def waiting() -> None:
        expected.append(world.loop.progress.expected)
        world.stop.set()

    mailbox.steps["wait"] = [waiting]
    await world.loop.run()
    assert expected == [NOW + timedelta(seconds=30) + WORKING]


async def test_a_long_backlog_is_no_hanging_and_is_counted() -> None:
    """Two minutes for each of many handfuls: longer together than any sign of life would last."""
    world = test_intake.World(Mailbox(mails(*range(1, 3 * MAILS + 1)))).used()
    seen: list[int] = []

    def mail_taken() -> None:
        world.clock.time += timedelta(minutes=2) / MAILS
        assert hanging([world.loop.progress], world.clock.now()) == []
        assert world.loop.progress.oldest is not None
        seen.append(world.loop.progress.waiting)

    world.reader.after_each = mail_taken
    await world.loop.once()
    assert sorted(set(seen), reverse=True) == [3 * MAILS, 2 * MAILS, MAILS]
    assert (world.loop.progress.waiting, world.loop.progress.oldest) == (0, None)


async def test_a_refused_move_stays_told_until_a_move_succeeds() -> None:
    mailbox = Mailbox(mails(1))
    mailbox.steps["move"] = [MoveRefused("over quota")]
    world = test_intake.World(mailbox).used()
    await world.loop.once()
    assert "over quota" in world.loop.progress.trouble
    world.queue.append(mailbox)
    await world.loop.once()
    assert world.loop.progress.trouble == ""


async def test_a_server_out_of_reach_is_a_trouble_until_a_mail_leaves() -> None:
    smtp = Smtp()
    world = test_outbox.World(smtp=smtp)
    loop = world.loop
    row = test_outbox.outbox_row(1)
    loop._tell(row, Delivery(outcome=Outcome.UNREACHABLE, text="no route"))
    world.clock.time += timedelta(minutes=11)
    loop._tell(row, Delivery(outcome=Outcome.UNREACHABLE, code=535, text="bad login"))
    assert (loop.progress.troubles["smtp"].since, loop.progress.troubles["smtp"].refused) == (NOW, True)
    loop._tell(row, Delivery(outcome=Outcome.LOCAL, text="no address"))
    assert loop.progress.trouble == "bad login", "no server had a part in that"
    loop._tell(row, Delivery(outcome=Outcome.REFUSED, code=550, text="no such user"))
    assert loop.progress.trouble == ""


async def test_when_nobody_waits_for_the_server_any_more_its_trouble_is_over() -> None:
    world = test_outbox.World()
    world.loop.progress.fail("smtp", "no route", NOW)
    async with world.running():
        await world.until(lambda: "claim_outbox" in world.store.calls)
        await world.until(lambda: not world.loop.progress.troubles)


async def test_a_full_outbox_may_be_silent_for_as_long_as_a_conversation_may_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = test_outbox.World(1, parallel=1)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> Delivery:
        begun.set()
        await go_on.wait()
        return Delivery(outcome=Outcome.ACCEPTED, code=250)

    monkeypatch.setattr(world.smtp, "send", slow)
    async with world.running():
        await begun.wait()
        await test_outbox.turns(3)
        assert world.loop.progress.expected == NOW + LEASE + WORKING
        assert (world.loop.progress.waiting, world.loop.progress.oldest) == (1, NOW)
        go_on.set()
        await world.until(lambda: world.loop.progress.waiting == 0)

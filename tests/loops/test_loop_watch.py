"""The loop that watches the others: systemd's watchdog is fed for loops that turn and nobody else, and the
alarm is raised for what mail needs, once per hour and service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from daemon.loops.alarm import AGAIN, Alarms
from daemon.loops.health import LASTING
from daemon.loops.progress import WORKING, Progress
from daemon.loops.watch import WatchLoop
from tests.servers.waiting import until

NOW = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class HandClock:
    """Moved by hand; who sleeps on it gives way once."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Watched:
    """A watch loop on two loops, and everything it told."""

    def __init__(self, watchdog: float | None = 90.0) -> None:
        self.clock = HandClock()
        self.intake, self.outbox = Progress("intake"), Progress("outbox")
        self.intake.step(NOW)
        self.outbox.step(NOW)
        self.told: list[dict[str, object]] = []
        self.alarms: list[tuple[str, str]] = []
        self.stop = asyncio.Event()
        self.loop = WatchLoop(
            loops=[self.intake, self.outbox],
            clock=self.clock,
            notify=lambda **state: self.told.append(state),
            watchdog=watchdog,
            alarm=self.alarm,
            stop=self.stop,
        )

    async def alarm(self, service: str, text: str) -> None:
        self.alarms.append((service, text))

    def fed(self) -> bool:
        """Whether one more look feeds the watchdog."""
        self.told.clear()
        self.loop.look()
        return any("WATCHDOG" in state for state in self.told)


def test_the_watchdog_is_fed_while_all_loops_turn() -> None:
    watched = Watched()
    assert watched.fed()
    assert watched.fed()


def test_one_loop_that_hangs_starves_the_watchdog_whatever_the_others_do() -> None:
    watched = Watched()
    watched.clock.at = NOW + WORKING + SECOND
    watched.intake.step(watched.clock.at)
    assert not watched.fed()
    watched.outbox.step(watched.clock.at)
    assert watched.fed()


def test_a_loop_that_waits_for_a_server_that_is_down_is_not_killed_for_it() -> None:
    watched = Watched()
    watched.intake.fail("imap", "down", NOW, refused=True)
    watched.intake.alive(NOW, 900)
    watched.clock.at = NOW + timedelta(seconds=900)
    watched.outbox.step(watched.clock.at)
    assert watched.fed()


def test_the_status_is_told_when_it_changes_and_not_again() -> None:
    watched = Watched()
    for _ in range(3):
        watched.loop.look()
    watched.intake.count("ticket")
    watched.loop.look()
    texts = [state["STATUS"] for state in watched.told if "STATUS" in state]
    assert texts == ["intake: 0 mails; outbox: 0 mails", "intake: 1 mails; outbox: 0 mails"]


async def test_it_looks_as_often_as_systemd_asks_and_ends_at_the_stop() -> None:
    watched = Watched(watchdog=2.5)
    task = asyncio.create_task(watched.loop.run())
    await until(lambda: len(watched.clock.slept) >= 3)
    watched.stop.set()
    async with asyncio.timeout(5):
        await task
    assert set(watched.clock.slept) == {2.5}


async def test_without_systemd_it_still_looks_and_raises_the_alarm() -> None:
    watched = Watched(watchdog=None)
    watched.outbox.fail("smtp", "SMTP server mail:465: it refuses the login", NOW, refused=True)
    task = asyncio.create_task(watched.loop.run())
    await until(lambda: watched.alarms)
    watched.stop.set()
    async with asyncio.timeout(5):
        await task
    assert [service for service, _ in watched.alarms] == ["smtp"]
    assert watched.clock.slept[0] == 10.0


async def test_an_alarm_command_that_hangs_does_not_hold_up_the_watchdog_nor_the_end() -> None:
    watched = Watched()
    begun = asyncio.Event()

    async def endless(service: str, text: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    watched.loop._alarm = endless
    watched.intake.fail("imap", "no", NOW, refused=True)
    task = asyncio.create_task(watched.loop.run())
    await begun.wait()
    looks = len(watched.clock.slept)
    await until(lambda: len(watched.clock.slept) >= looks + 3)
    watched.stop.set()
    async with asyncio.timeout(5):
        await task


# the alarm


def failing(service: str, *, refused: bool = False) -> Progress:
    loop = Progress("intake")
    loop.fail(service, "why", NOW, refused=refused)
    return loop


def test_a_trouble_is_told_when_it_has_lasted() -> None:
    alarms, loop = Alarms(), failing("imap")
    assert alarms.due([loop], NOW + LASTING - SECOND) == {}
    (text,) = alarms.due([loop], NOW + LASTING).values()
    assert text == "azimut-support: Mail is not being read since 2026-11-02 14:00 UTC. why\n"


def test_a_refused_login_is_told_at_once() -> None:
    assert list(Alarms().due([failing("smtp", refused=True)], NOW)) == ["smtp"]
    assert list(Alarms().due([failing("reader", refused=True)], NOW)) == ["reader"]


def test_the_same_service_is_told_once_an_hour_and_another_one_beside_it() -> None:
    alarms, loop = Alarms(), failing("imap", refused=True)
    assert list(alarms.due([loop], NOW)) == ["imap"]
    assert alarms.due([loop], NOW + AGAIN - SECOND) == {}
    loop.fail("smtp", "x", NOW, refused=True)
    assert list(alarms.due([loop], NOW + AGAIN - SECOND)) == ["smtp"]
    assert list(alarms.due([loop], NOW + AGAIN)) == ["imap"]


def test_a_trouble_that_comes_and_goes_does_not_call_more_often() -> None:
    alarms, loop = Alarms(), failing("imap", refused=True)
    alarms.due([loop], NOW)
    loop.heal("imap")
    loop.fail("imap", "again", NOW + timedelta(minutes=5), refused=True)
    assert alarms.due([loop], NOW + timedelta(minutes=5)) == {}


def test_a_service_that_two_loops_miss_is_told_once_since_the_first_of_them() -> None:
    early, late = failing("store"), Progress("outbox")
    late.fail("store", "later", NOW + LASTING)
    for loops in ([early, late], [late, early]):
        (text,) = Alarms().due(loops, NOW + LASTING).values()
        assert "since 2026-11-02 14:00 UTC. why" in text


def test_what_mail_does_not_need_calls_nobody() -> None:
    assert Alarms().due([failing("move", refused=True)], NOW + LASTING) == {}

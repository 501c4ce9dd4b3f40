"""The ticker loop: what is due is done at its time and once, whatever fails around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from daemon.core.actions import Decision, DeskStepDone, QueueMail, RecordFinding, WriteClocks
from daemon.core.dossier import Dossier
from daemon.loops import backoff
from daemon.loops.aside import FAULTY, LOOK, PUT_OFF
from daemon.loops.monthly import Statements
from daemon.loops.ticker import AT_ONCE, LONGEST_SLEEP, TRIES, TickerLoop
from daemon.ports import Applied, Conflict
from tests.core.ticking.build import ALEX, P1, P2, at, desk, dossier, written
from tests.loops.fakes import Clock, Store, away


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "_NETWORK", (1,))


class Tickets(Store):
    """Tickets that are looked at when they say, kept as a database keeps them. `stale`: how often the next
    decisions on a ticket come too late."""

    def __init__(self, *tickets: Dossier) -> None:
        super().__init__()
        self.tickets = {one.ticket.id: one for one in tickets}
        self.wakes: dict[int, datetime] = {one.ticket.id: one.opening.at for one in tickets}
        self.stale: dict[int, int] = {}
        self.desk_steps: set[str] = set()
        self.findings: set[str] = set()
        self.missed: dict[str, list[Dossier]] = {}
        self.asked: list[Sequence[int]] = []

    async def due_tickets(self, until: datetime, limit: int) -> list[int]:
        self._may("due_tickets")
        return [n for n, wake in sorted(self.wakes.items(), key=lambda w: (w[1], w[0])) if wake <= until][
            :limit
        ]

    async def next_wake(self) -> datetime | None:
        self._may("next_wake")
        return min(self.wakes.values(), default=None)

    async def dossiers(self, tickets: Sequence[int]) -> list[Dossier]:
        self.asked.append(tuple(tickets))
        return await super().dossiers(tickets)

    async def missed_resolutions(self, account: str, since: datetime) -> list[Dossier]:
        self._may("missed_resolutions")
        return self.missed.get(account, [])

    async def findings_recorded(self, keys: Sequence[str]) -> set[str]:
        self._may("findings_recorded")
        return self.findings & set(keys)

    async def desk_steps_done(self, keys: Sequence[str]) -> set[str]:
        self._may("desk_steps_done")
        return self.desk_steps & set(keys)

    async def apply(self, decision: Decision) -> Applied:
        for number, version in decision.reads.items():
            left = self.stale.get(number, 0)
            if left:
                self.stale[number] = left - 1
                raise Conflict(f"ticket {number}")
            assert version == self.tickets[number].ticket.version
        applied = await super().apply(decision)
        for number in decision.reads:
            self.tickets[number] = written(self.tickets[number], decision)
        for action in decision.actions:
            if isinstance(action, WriteClocks):
                self.wakes.pop(action.ticket, None)
                if action.wake_at is not None:
                    self.wakes[action.ticket] = action.wake_at
            if isinstance(action, DeskStepDone):
                self.desk_steps.add(action.key)
        return applied

    def mails(self) -> list[tuple[str, str]]:
        return [(mail.kind, mail.recipient) for mail in self.said(QueueMail)]

    def about(self, number: int) -> list[str]:
        return [mail.kind for mail in self.said(QueueMail) if mail.ticket == number]


class World:
    def __init__(
        self,
        *tickets: Dossier,
        now: str,
        statements: Statements | None = None,
    ) -> None:
        self.store = Tickets(*tickets)
        self.clock = Clock()
        self.clock.time = at(now)
        self.stop = asyncio.Event()
        self.woken = 0
        self.statements = statements
        self.loop = self.another()

    def another(self) -> TickerLoop:
        """The ticker of a daemon that was started anew."""
        return TickerLoop(
            store=self.store,
            policy=desk(),
            clock=self.clock,
            stop=self.stop,
            wake_outbox=self._outbox,
            statements=self.statements,
        )

    def _outbox(self) -> None:
        self.woken += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.loop.run())
        try:
            yield
        finally:
            self.stop.set()
        async with asyncio.timeout(10):
            await task

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - a turn of the event loop each time, no time passes
                await asyncio.sleep(0)


def broken(one: Dossier) -> Dossier:
    """A ticket on which the program fails."""
    bogus: Any = ("nothing that could have happened",)
    return replace(one, events=bogus)


def two() -> tuple[Dossier, Dossier]:
    return dossier(P2, assignee="alex"), dossier(P2, number=1043, assignee="alex")


async def test_what_is_due_is_done_and_the_outbox_is_woken() -> None:
    world = World(*two(), now="2026-11-03 11:30")
    await world.loop.once()
    assert world.store.mails() == [("escalation", ALEX)]
    assert world.woken == 1
    assert set(world.store.wakes.values()) == {at("2026-11-03 12:00")}
    assert world.loop.progress.counts == {"tick": 2}


async def test_work_depends_on_what_is_due() -> None:
    idle = [dossier(P2, number=2000 + n) for n in range(100)]
    world = World(*idle, dossier(P2, assignee="alex"), now="2026-11-03 11:30")
    world.store.wakes.update(dict.fromkeys(range(2000, 2100), at("2026-11-04 09:00")))
    await world.loop.once()
    assert world.store.asked == [(1042,)]
    await world.loop.once()
    assert world.store.asked == [(1042,)]


async def test_tickets_that_are_due_soon_are_looked_at_for_a_warning_only() -> None:
    world = World(*two(), now="2026-11-03 10:31")
    world.store.wakes[1043] = at("2026-11-03 10:33")
    await world.loop.once()
    assert world.store.asked == [(1042,)]


async def test_many_due_tickets_come_in_handfuls_the_longest_due_first() -> None:
    many = [dossier(P2, number=2000 + n, assignee="alex") for n in range(AT_ONCE + 3)]
    world = World(*many, now="2026-11-03 11:30")
    last = 2000 + AT_ONCE + 2
    world.store.wakes[last] = at("2026-11-03 10:00")
    await world.loop.once()
    assert [len(decision.reads) for decision in world.store.applied] == [AT_ONCE, 3]
    assert world.store.asked[0][0] == last
    assert set(world.store.wakes.values()) == {at("2026-11-03 12:00")}


async def test_warnings_that_follow_soon_go_along() -> None:
    soon = dossier(P2.replace("10:30", "10:33"), number=1043, assignee="alex")
    world = World(dossier(P2, assignee="alex"), soon, now="2026-11-03 11:30")
    world.store.wakes[1043] = at("2026-11-03 11:33")
    await world.loop.once()
    (mail,) = world.store.said(QueueMail)
    assert [line["ref"] for line in mail.context["lines"]] == ["AZ-1042", "AZ-1043"]
    assert world.store.wakes[1043] == at("2026-11-03 12:03")


async def test_a_stale_decision_is_made_again_from_fresh_dossiers() -> None:
    world = World(*two(), now="2026-11-03 11:30")
    world.store.stale = {1042: TRIES - 1}
    await world.loop.once()
    assert world.store.mails() == [("escalation", ALEX)]
    assert len(world.store.asked) == TRIES


async def test_a_ticket_that_others_keep_changing_is_put_off_and_the_others_go_on() -> None:
    world = World(*two(), now="2026-11-03 11:30")
    world.store.stale = {1042: 1000}
    await world.loop.once()
    assert world.store.about(1043) == ["escalation"]
    assert world.store.about(1042) == []
    world.store.stale = {}
    await world.loop.once()
    assert world.store.about(1042) == []
    world.clock.time += PUT_OFF
    await world.loop.once()
    assert world.store.about(1042) == ["escalation"]
    assert "notice" not in [kind for kind, _ in world.store.mails()]


async def test_a_fault_on_one_ticket_is_its_own_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    first, second = two()
    world = World(broken(first), second, now="2026-11-03 11:30")
    await world.loop.once()
    assert world.store.about(1043) == ["escalation"]
    notices = [m for m in world.store.said(QueueMail) if m.kind == "notice"]
    assert {m.context["about"] for m in notices} == {"AZ-1042"}
    assert {(m.ticket, m.context["what"], m.context["error"]) for m in notices} == {
        (None, "tick", "AttributeError")
    }
    (line,) = [r for r in caplog.records if r.getMessage() == "ticket_set_aside"]
    assert line.fields == {"ticket": 1042}  # type: ignore[attr-defined]
    calls = len(world.store.asked)
    await world.loop.once()
    assert len(world.store.asked) == calls


async def test_a_ticket_set_aside_comes_back_when_its_state_has_changed() -> None:
    first, _ = two()
    world = World(broken(first), now="2026-11-03 11:30")
    await world.loop.once()
    world.clock.time += LOOK
    await world.loop.once()
    assert world.store.about(1042) == []
    world.store.tickets[1042] = replace(first, ticket=replace(first.ticket, version=9))
    world.clock.time += LOOK
    await world.loop.once()
    assert world.store.about(1042) == ["escalation"]


async def test_or_after_an_hour_without_a_second_notice() -> None:
    world = World(broken(two()[0]), now="2026-11-03 11:30")
    await world.loop.once()
    told = len(world.store.mails())
    world.clock.time += FAULTY
    await world.loop.once()
    assert len(world.store.mails()) == told
    world.store.tickets[1042] = two()[0]
    world.clock.time += FAULTY
    await world.loop.once()
    assert "breach" in world.store.about(1042)


async def test_a_fault_that_all_tickets_have_does_not_flood_the_managers() -> None:
    many = [broken(dossier(P2, number=2000 + n)) for n in range(20)]
    world = World(*many, now="2026-11-03 11:30")
    await world.loop.once()
    assert len({m.context["about"] for m in world.store.said(QueueMail)}) == 3


async def test_tickets_set_aside_do_not_stand_in_the_way() -> None:
    """More of them than are looked at together, and all longer due than the one that works."""
    many = [broken(dossier(P2, number=2000 + n)) for n in range(AT_ONCE + 5)]
    world = World(*many, dossier(P2, number=3000, assignee="alex"), now="2026-11-03 11:30")
    world.store.wakes[3000] = at("2026-11-03 11:30")
    await world.loop.once()
    assert world.store.about(3000) == ["escalation"]


async def test_a_due_ticket_that_does_not_exist_stands_in_nobodys_way() -> None:
    world = World(dossier(P2, assignee="alex"), now="2026-11-03 11:30")
    world.store.wakes[999] = at("2026-11-03 09:00")
    await world.loop.once()
    assert world.store.about(1042) == ["escalation"]
    asked = len(world.store.asked)
    assert asked < 6
    await world.loop.once()
    assert len(world.store.asked) == asked


async def test_a_dossier_that_cannot_be_read_is_a_fault_of_its_ticket() -> None:
    class Unreadable(Tickets):
        async def dossiers(self, tickets: Sequence[int]) -> list[Dossier]:
            if 1042 in tickets:
                raise ValueError("no event is called 'x'")
            return await super().dossiers(tickets)

    world = World(*two(), now="2026-11-03 11:30")
    world.store = Unreadable(*two())
    world.loop = world.another()
    await world.loop.once()
    assert world.store.about(1043) == ["escalation"]
    world.clock.time += LOOK
    await world.loop.once()


async def test_a_step_that_never_comes_to_an_end_is_a_fault() -> None:
    class Forgetful(Tickets):
        async def apply(self, decision: Decision) -> Applied:
            applied = await super().apply(decision)
            self.wakes[1042] = at("2026-11-03 10:30")
            return applied

    world = World(now="2026-11-03 10:31")
    world.store = Forgetful(two()[0])
    world.loop = world.another()
    async with asyncio.timeout(10):
        await world.loop.once()
    assert [kind for kind, _ in world.store.mails()] == ["notice", "notice"]


async def test_an_accounts_other_failures_are_asked_for_where_a_resolution_is_missed() -> None:
    late = dossier(P2, "2026-11-03T11:00-05:00 reply m1")
    earlier = [
        dossier(f"{day}T10:30-05:00 argent P2", f"{day}T11:00-05:00 reply m1", number=number)
        for number, day in ((1001, "2026-10-26"), (1002, "2026-10-28"))
    ]
    world = World(late, now="2026-11-03 11:30")
    await world.loop.once()
    assert "missed_resolutions" not in world.store.calls
    world.store.missed = {"roy": earlier}
    world.clock.time = at("2026-11-04 10:30")
    await world.loop.once()
    assert [a.account for a in world.store.said(RecordFinding)] == ["roy"]
    assert world.store.calls.count("findings_recorded") == 1


async def test_a_finding_on_record_is_not_told() -> None:
    late = dossier(P2, "2026-11-03T11:00-05:00 reply m1")
    grave = {"keys": ""}

    class Recorded(Tickets):
        async def findings_recorded(self, keys: Sequence[str]) -> set[str]:
            grave["keys"] = ",".join(keys)
            return set(keys)

    world = World(now="2026-11-04 10:30")
    world.store = Recorded(late)
    world.store.missed = {
        "roy": [
            dossier(f"{day}T10:30-05:00 argent P2", f"{day}T11:00-05:00 reply m1", number=number)
            for number, day in ((1001, "2026-10-26"), (1002, "2026-10-28"))
        ]
    }
    world.loop = world.another()
    await world.loop.once()
    assert grave["keys"].startswith("repeated:1001:")
    assert world.store.said(RecordFinding) == []


# The statement of a month


def begun(now: str, statements: Statements, *tickets: Dossier) -> World:
    """A desk that has been there for a year."""
    world = World(*tickets, now=now, statements=statements)
    world.store.desk_steps = {"begun", "begun:2025-11"}
    return world


async def statement(month: str) -> Decision:
    mail = QueueMail(
        kind="statement",
        ticket=None,
        recipient="direction@azimutpos.com",
        cause=f"statement:{month}",
        context={"month": month},
        rank=5,
        at=at("2026-11-02 09:00"),
    )
    return Decision(actions=(mail,))


async def test_the_statement_goes_out_once_whatever_is_restarted() -> None:
    world = begun("2026-11-02 09:00", statement)
    await world.loop.once()
    await world.loop.once()
    await world.another().once()
    assert [m.context["month"] for m in world.store.said(QueueMail)] == ["2026-10"]
    assert "statement:2026-10" in world.store.desk_steps
    assert world.woken == 1


async def test_nothing_is_told_of_a_month_in_which_there_was_no_desk() -> None:
    world = World(now="2026-11-02 08:00", statements=statement)
    await world.loop.once()
    assert world.store.desk_steps == {"begun", "begun:2026-11", "statement:2026-09"}
    world.clock.time = at("2026-11-02 09:00")
    await world.loop.once()
    assert world.store.mails() == []
    world.clock.time = at("2026-12-01 09:00")
    await world.loop.once()
    assert [m.context["month"] for m in world.store.said(QueueMail)] == ["2026-11"]


async def test_a_month_without_anything_to_say_is_done_too() -> None:
    async def nothing(_month: str) -> Decision | None:
        return None

    world = begun("2026-11-02 09:00", nothing)
    await world.loop.once()
    assert "statement:2026-10" in world.store.desk_steps
    assert world.store.mails() == []


async def test_a_statement_that_cannot_be_made_keeps_no_ticket_waiting_and_is_tried_again() -> None:
    asked: list[str] = []

    async def fails(month: str) -> Decision:
        asked.append(month)
        if len(asked) == 1:
            raise ValueError("no figures")
        return await statement(month)

    world = begun("2026-11-03 11:30", fails, dossier(P2, assignee="alex"))
    await world.loop.once()
    assert world.store.about(1042) == ["escalation"]
    await world.loop.once()
    assert asked == ["2026-10"]
    world.clock.time += timedelta(hours=1)
    await world.loop.once()
    assert "statement:2026-10" in world.store.desk_steps


# Sleeping and waking


class Alarm(Clock):
    """Time passes only when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._rings = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self._rings.wait()

    def pass_(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self._rings.set()
        self._rings = asyncio.Event()


def slow(*tickets: Dossier, now: str) -> tuple[World, Alarm]:
    world, alarm = World(*tickets, now=now), Alarm()
    alarm.time = world.clock.time
    world.clock = alarm
    world.loop = world.another()
    return world, alarm


async def test_it_sleeps_until_the_first_step_is_due() -> None:
    world, alarm = slow(dossier(P2, assignee="alex"), now="2026-11-03 11:29")
    world.clock.time += timedelta(seconds=40)
    async with world.running():
        await world.until(lambda: bool(alarm.slept))
        assert alarm.slept == [20.0]
        assert world.store.mails() == []
        alarm.pass_(20.0)
        await world.until(lambda: len(alarm.slept) == 2)
        assert world.store.mails() == [("escalation", ALEX)]


async def test_never_longer_than_a_minute_for_the_clock_may_jump() -> None:
    world, alarm = slow(dossier(P2, assignee="alex"), now="2026-11-03 10:30")
    async with world.running():
        await world.until(lambda: bool(alarm.slept))
        assert alarm.slept == [LONGEST_SLEEP]
        alarm.pass_(7200)  # the clock was set
        await world.until(lambda: len(alarm.slept) == 2)
        assert "breach" in [kind for kind, _ in world.store.mails()]
        told = len(world.store.mails())
        alarm.pass_(-7200)
        await world.until(lambda: len(alarm.slept) == 3)
        assert len(world.store.mails()) == told


async def test_an_emergency_wakes_it() -> None:
    world, alarm = slow(now="2026-11-07 05:30")
    async with world.running():
        await world.until(lambda: bool(alarm.slept))
        grave = dossier(P1)
        world.store.tickets[1042], world.store.wakes[1042] = grave, grave.opening.at
        world.loop.wake()
        await world.until(lambda: len(alarm.slept) == 2)
        assert {kind for kind, _ in world.store.mails()} == {"alarm"}
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(alarm.slept) == 2  # it sleeps again


async def test_a_ticket_set_aside_makes_no_busy_loop() -> None:
    world, alarm = slow(broken(dossier(P2)), now="2026-11-03 11:30")
    async with world.running():
        await world.until(lambda: bool(alarm.slept))
        assert alarm.slept == [5.0]


async def test_a_database_that_is_away_is_waited_for() -> None:
    world, alarm = slow(dossier(P2, assignee="alex"), now="2026-11-03 11:30")
    world.store.troubles = {"due_tickets": [away(), None, away()], "apply": [away()]}
    async with world.running():
        await world.until(lambda: len(alarm.slept) == 1)
        assert "store" in world.loop.progress.troubles
        for turn in range(2, 4):
            alarm.pass_(1.0)
            await world.until(lambda turn=turn: len(alarm.slept) == turn)  # type: ignore[misc]
        assert world.loop.progress.troubles
        alarm.pass_(1.0)
        await world.until(lambda: len(alarm.slept) == 4)
        assert not world.loop.progress.troubles
    assert world.store.mails() == [("escalation", ALEX)]


async def test_it_says_how_long_it_will_be_silent() -> None:
    world, alarm = slow(now="2026-11-03 10:30")
    async with world.running():
        await world.until(lambda: bool(alarm.slept))
        progress = world.loop.progress
        assert (progress.name, progress.last) == ("ticker", alarm.time)
        assert progress.expected is not None
        assert progress.expected > alarm.time + timedelta(seconds=LONGEST_SLEEP)


async def test_after_a_start_the_mails_that_waited_come_first() -> None:
    here = False
    world, alarm = slow(dossier(P2), now="2026-11-03 11:30")
    world.loop.taken_in = lambda: here
    async with world.running():
        await world.until(lambda: bool(alarm.slept))
        world.loop.wake()  # as each of these mails does
        await world.until(lambda: len(alarm.slept) == 2)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(alarm.slept) == 2
        assert world.store.calls == []
        here = True
        alarm.pass_(1.0)
        await world.until(lambda: len(alarm.slept) == 3)
        assert world.store.mails()


async def test_but_an_emergency_does_not_wait_for_a_mailbox_that_is_away() -> None:
    world, alarm = slow(dossier(P1), now="2026-11-07 05:30")
    world.loop.taken_in = lambda: False
    async with world.running():
        for turn in range(1, 62):
            await world.until(lambda turn=turn: len(alarm.slept) >= turn)  # type: ignore[misc]
            alarm.pass_(1.0)
        await world.until(lambda: bool(world.store.mails()))


async def test_it_stops_when_it_is_asked_to() -> None:
    world, alarm = slow(now="2026-11-03 10:30")
    async with world.running():
        await world.until(lambda: bool(alarm.slept))

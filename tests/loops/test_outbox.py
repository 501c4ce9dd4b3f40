"""The outbox loop: its places, its pauses, and what it does when the database fails around a delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from daemon.core.actions import AddEvent, CancelMail, Decision, GiveUpMail, MarkSent, RetryMail, WriteClocks
from daemon.core.dossier import Dossier
from daemon.core.sla.events import Replied, Taken, TicketEvent
from daemon.core.values import Outcome, Priority, State
from daemon.loops import backoff
from daemon.loops.claims import AHEAD_FOR, ALONE_FOR, LEASE, PATIENCE
from daemon.loops.outbox import OutboxLoop
from daemon.ports import Conflict, Unavailable
from tests.core.build import T0, policy, ticket
from tests.core.dossiers import dossier
from tests.core.sla_cases import shipped
from tests.loops.fakes import Clock, Smtp, Store, Words, away, outbox_row


async def turns(number: int) -> None:
    """Let every task that can go on do so, so many times."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's pauses are real time: none here. The tables are tested by themselves."""
    monkeypatch.setattr(backoff, "_NETWORK", (0,))


class World:
    def __init__(self, *rows: int, smtp: Smtp | None = None, words: Words | None = None, parallel: int = 2):
        self.store = Store()
        self.store.due = [outbox_row(number) for number in rows]
        self.smtp = smtp or Smtp()
        self.words = words or Words()
        self.clock = Clock()
        self.stop = asyncio.Event()
        self.loop = OutboxLoop(
            store=self.store,
            sender=self.smtp,
            composer=self.words,  # type: ignore[arg-type]  # the loop only renders with it
            policy=policy(sla=(shipped(),)),
            clock=self.clock,
            parallel=parallel,
            jitter=lambda: 0.5,
            stop=self.stop,
        )

    @property
    def sent(self) -> list[int]:
        return [action.row for action in self.store.said(MarkSent)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """The loop at work; asked to stop, and its faults raised, at the end."""
        task = asyncio.create_task(self.loop.run())
        try:
            yield task
        finally:
            self.stop.set()
        async with asyncio.timeout(10):
            await task

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - a turn of the event loop each time, no time passes
                await asyncio.sleep(0)


async def test_a_slow_mail_holds_its_own_place_only() -> None:
    world = World(1, 2, 3, 4, 5)
    slow = world.smtp.gates["client1@client.example"] = asyncio.Event()
    async with world.running():
        await world.until(lambda: world.sent == [2, 3, 4, 5])
        slow.set()
    assert world.sent == [2, 3, 4, 5, 1]


@pytest.mark.parametrize("behind", [False, True])
async def test_a_notification_begins_once_the_customers_mail_is_away_or_the_server_is_slow(
    behind: bool,
) -> None:
    world = World(parallel=4)
    world.store.due = [
        outbox_row(1, rank=2),
        outbox_row(2, rank=2),
        outbox_row(3, rank=5),
        outbox_row(4, rank=5),
    ]
    first, second = (asyncio.Event() for _ in range(2))
    world.smtp.gates |= {"client1@client.example": first, "client2@client.example": second}
    async with world.running():
        await world.until(lambda: len(world.smtp.sent) == 2)
        await turns(20)
        first.set()
        await world.until(lambda: world.sent == [1])
        await turns(20)
        assert len(world.smtp.sent) == 2, "the other customer's mail is just begun too"
        world.loop.claims.behind = lambda: behind
        world.clock.time += ALONE_FOR * (not behind) * 2
        world.loop.wake()
        await world.until(lambda: sorted(world.sent) == [1, 3, 4])
        second.set()


async def test_few_more_are_claimed_than_there_are_places_and_no_more_are_under_way() -> None:
    world = World(1, 2, 3, 4, 5, 6, parallel=2)
    for number in range(1, 7):
        world.smtp.gates[f"client{number}@client.example"] = asyncio.Event()
    async with world.running():
        await world.until(lambda: len(world.smtp.sent) == 2)
        await turns(20)
        assert len(world.smtp.sent) == 2
        assert [row.id for row in world.store.due] == [5, 6], "they are left to whoever comes first"
        for number in (1, 2):
            world.smtp.gates[f"client{number}@client.example"].set()
        await world.until(lambda: len(world.smtp.sent) == 4)
        await turns(20)
        assert [row.id for row in world.store.due] == [5, 6], "those in hand go first"
        for gate in world.smtp.gates.values():
            gate.set()
        await world.until(lambda: len(world.sent) == 6)


async def test_a_mail_that_is_queued_later_leaves_at_once_when_the_loop_is_woken() -> None:
    world = World()
    async with world.running():
        await world.until(lambda: "claim_outbox" in world.store.calls)
        world.store.due = [outbox_row(8)]
        world.loop.wake()
        await world.until(lambda: world.sent == [8])


async def test_while_customers_wait_to_be_read_notifications_lie_and_nobody_looks_without_end() -> None:
    world = World()
    world.loop.claims.behind = lambda: True
    world.store.next_due = world.clock.now()  # a notification, due and lying
    async with world.running():
        await world.until(lambda: bool(world.store.patience))
        for _ in range(100):
            await asyncio.sleep(0)
        looks = len(world.store.patience)
        world.loop.wake()
        await world.until(lambda: len(world.store.patience) > looks)
        assert set(world.store.patience) == {PATIENCE}
        assert looks < 5
        world.loop.claims.behind = lambda: False
        world.store.next_due = None
        world.loop.wake()
        await world.until(lambda: world.store.patience[-1] == timedelta(0))


async def test_the_intake_gives_way_while_customers_mails_pile_up_and_never_for_long() -> None:
    world = World(parallel=2)
    world.store.due = [outbox_row(number, rank=4) for number in range(1, 11)]
    for number in range(1, 11):
        world.smtp.gates[f"client{number}@client.example"] = asyncio.Event()
    await world.loop.claims.caught_up()
    async with world.running():
        await world.until(lambda: len(world.smtp.sent) == 2)
        waiting = asyncio.create_task(world.loop.claims.caught_up())
        await turns(20)
        assert not waiting.done()
        for gate in world.smtp.gates.values():
            gate.set()
        await world.until(lambda: len(world.sent) == 10)
        await waiting
        world.store.due = [outbox_row(number, rank=5) for number in range(20, 24)]
        world.loop.wake()
        await world.until(lambda: len(world.sent) == 14)
        waiting = asyncio.create_task(world.loop.claims.caught_up())
        await turns(5)
        assert waiting.done(), "notifications can wait"


async def test_an_unreachable_server_closes_the_claims_until_the_pause_is_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(backoff, "_NETWORK", (30,))
    world = World(1, smtp=Smtp(Outcome.UNREACHABLE))
    async with world.running():
        await world.until(lambda: len(world.store.said(RetryMail)) == 1)
        world.store.due = [outbox_row(2), outbox_row(3)]
        claims = world.store.calls.count("claim_outbox")
        world.loop.wake()
        await turns(20)
        assert world.store.calls.count("claim_outbox") == claims, "no waiting row is touched in vain"
        assert world.smtp.sent == ["client1@client.example"]
        world.clock.time += timedelta(seconds=30)
        world.loop.wake()
        await world.until(lambda: world.sent == [2, 3])
    assert caplog.messages.count("smtp_back") == 1
    assert caplog.messages.index("mail_not_sent") < caplog.messages.index("smtp_back")


async def test_a_refused_mail_says_nothing_about_the_server() -> None:
    world = World(1, 2, smtp=Smtp(Outcome.REFUSED), parallel=1)
    async with world.running():
        await world.until(lambda: world.sent == [2])
    assert [action.row for action in world.store.said(GiveUpMail)] == [1]


async def test_bytes_that_cannot_be_kept_yet_are_kept_later_and_sent_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A claimed row that is let go would lie for half an hour."""
    caplog.set_level("INFO")
    world = World(1)
    world.store.troubles["keep_message"] = [away(), away()]
    async with world.running():
        await world.until(lambda: world.sent == [1])
    assert world.smtp.sent == ["client1@client.example"]
    assert caplog.messages.count("store_unavailable") == 2
    assert caplog.messages.count("store_back") == 1


async def test_a_delivery_that_cannot_be_recorded_yet_is_recorded_later_and_not_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    world = World(1)
    world.store.troubles["apply"] = [away(), away()]
    async with world.running():
        await world.until(lambda: world.sent == [1])
    assert world.smtp.sent == ["client1@client.example"]
    assert caplog.messages.count("store_unavailable") == 2
    assert caplog.messages.count("store_back") == 1


async def test_a_claim_that_fails_is_tried_again_and_leaves_what_is_under_way_alone() -> None:
    world = World(1, 2)
    slow = world.smtp.gates["client1@client.example"] = asyncio.Event()
    world.store.troubles["claim_outbox"] = [None, away(), away()]
    async with world.running():
        await world.until(lambda: world.sent == [2])
        world.store.due = [outbox_row(3)]
        world.loop.wake()
        await world.until(lambda: world.sent == [2, 3])  # while the slow one still is under way
        slow.set()
    assert world.sent == [2, 3, 1]


async def test_a_stop_while_the_database_is_away_gives_up_on_the_record_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(1)
    gate = world.smtp.gates["client1@client.example"] = asyncio.Event()
    world.store.troubles["apply"] = [away()] * 100
    async with world.running():
        await world.until(lambda: len(world.smtp.sent) == 1)
        world.stop.set()
        await turns(5)
        gate.set()
    assert "delivery_not_recorded" in caplog.messages
    assert world.sent == []


async def test_a_stop_finishes_what_is_under_way_and_claims_no_more() -> None:
    world = World(1)
    gate = world.smtp.gates["client1@client.example"] = asyncio.Event()
    async with world.running():
        await world.until(lambda: len(world.smtp.sent) == 1)
        world.store.due = [outbox_row(2)]
        world.stop.set()
        gate.set()
    assert world.sent == [1]
    assert [row.id for row in world.store.due] == [2]


async def test_when_the_grace_is_over_what_is_under_way_is_broken_off() -> None:
    world = World(1)
    world.smtp.gates["client1@client.example"] = asyncio.Event()
    task = asyncio.create_task(world.loop.run())
    await world.until(lambda: len(world.smtp.sent) == 1)
    world.stop.set()
    await turns(5)
    task.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert world.smtp.cancelled == ["client1@client.example"]
    assert world.sent == []


async def test_a_row_that_was_taken_back_meanwhile_is_not_sent() -> None:
    world = World(1, 2)
    world.store.troubles["keep_message"] = [Conflict()]
    async with world.running():
        await world.until(lambda: world.sent == [2])
    assert world.smtp.sent == ["client2@client.example"]


async def test_a_row_that_changed_after_it_was_sent_is_told_and_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(1)
    world.store.troubles["apply"] = [Conflict()]
    async with world.running():
        await world.until(lambda: "outbox_row_changed" in caplog.messages)
    assert world.store.calls.count("apply") == 1


async def test_a_mail_that_cannot_be_composed_is_given_up_and_the_next_ones_leave() -> None:
    world = World(1, words=Words(KeyError("template")))
    world.store.due.append(outbox_row(2, message=b"Subject: kept\r\n\r\n"))
    async with world.running():
        await world.until(lambda: world.sent == [2])
    [given_up] = world.store.said(GiveUpMail)
    assert given_up.row == 1
    assert "KeyError" in given_up.error
    assert world.smtp.bodies == [b"Subject: kept\r\n\r\n"], "a retry repeats the bytes that were kept"


async def test_a_fault_of_ours_ends_the_loop() -> None:
    world = World(1)
    world.store.troubles["apply"] = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        async with world.running() as task, asyncio.timeout(10):
            await asyncio.wait([task])


async def test_what_lies_claimed_and_not_begun_is_given_back_before_a_graver_one_must_wait() -> None:
    world = World(*range(1, 11), parallel=4)
    gates = [world.smtp.gates.setdefault(f"client{n}@client.example", asyncio.Event()) for n in range(1, 5)]
    async with world.running():
        await world.until(lambda: len(world.smtp.sent) == 4)
        world.store.due.insert(0, outbox_row(99))
        world.clock.time += AHEAD_FOR * 2
        gates[0].set()
        await world.until(lambda: len(world.smtp.sent) == 5)
        assert "unclaim" in world.store.calls
        assert world.smtp.sent[4] == "client99@client.example"
        for gate in gates:
            gate.set()
        await world.until(lambda: len(world.sent) == 11)
    assert sorted(world.sent) == [*range(1, 11), 99], "each of them once"


async def test_a_row_whose_lease_lapses_while_it_is_under_way_is_not_begun_again() -> None:
    world = World(1)
    gate = world.smtp.gates["client1@client.example"] = asyncio.Event()
    async with world.running():
        await world.until(lambda: len(world.smtp.sent) == 1)
        world.clock.time += LEASE * 2
        world.store.due = [outbox_row(1), outbox_row(2)]
        world.loop.wake()
        await world.until(lambda: world.sent == [2])
        gate.set()
        world.store.due = []
        await world.until(lambda: world.sent == [2, 1])
    assert world.smtp.sent == ["client1@client.example", "client2@client.example"]


async def test_flush_sends_all_that_is_due() -> None:
    world = World(*range(1, 8))
    await world.loop.flush()
    assert sorted(world.sent) == list(range(1, 8))


async def test_flush_leaves_the_rest_queued_when_the_server_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "_NETWORK", (30,))
    world = World(*range(1, 8), smtp=Smtp(*[Outcome.UNREACHABLE] * 7))
    await world.loop.flush()
    assert len(world.smtp.sent) == 2
    assert [row.id for row in world.store.due] == [3, 4, 5, 6, 7]


async def test_flush_says_when_the_database_is_away() -> None:
    world = World(1)
    world.store.troubles["claim_outbox"] = [away()]
    with pytest.raises(Unavailable):
        await world.loop.flush()


# -- what a delivery means to its ticket --------------------------------------------------------------------

KEY = "reply:INBOX/7/9:1042"


def reply(number: int) -> object:
    context = {"reply": KEY, "text": "Essayez encore.", "by": "alex", "readers": [], "language": "fr"}
    return outbox_row(number, kind="reply", context=context)


def answered(*numbers: int) -> World:
    """Replies on a ticket that somebody has."""
    world = World()
    world.store.due = [reply(number) for number in numbers]  # type: ignore[misc]
    world.store.tickets[1042] = held()
    return world


def held(*events: TicketEvent, version: int = 3) -> Dossier:
    return dossier(
        ticket(state=State.OPEN, version=version), *(events or (Taken(at=T0 - timedelta(hours=1)),))
    )


def busy(world: World, times: int) -> None:
    """So often the ticket has changed when a delivery is to be written; the database looks at versions."""
    plain, left = world.store.apply, [times]

    async def apply(decision: Decision) -> object:
        if decision.reads and left[0]:
            left[0] -= 1
            version = world.store.tickets[1042].ticket.version
            world.store.tickets[1042] = held(version=version + 1)
            raise Conflict
        return await plain(decision)

    world.store.apply = apply  # type: ignore[assignment, method-assign]


async def test_a_reply_that_is_taken_meets_its_promise() -> None:
    world = answered(1)
    async with world.running():
        await world.until(lambda: world.sent == [1])
    (decision,) = world.store.applied
    assert [a.event for a in world.store.said(AddEvent)] == [Replied(at=T0, mail=KEY)]
    assert len(world.store.said(WriteClocks)) == 1
    assert decision.reads == {1042: 3}


async def test_a_mail_that_moves_no_clock_asks_for_no_ticket() -> None:
    world = World(1)
    async with world.running():
        await world.until(lambda: world.sent == [1])
    assert "dossiers" not in world.store.calls


async def test_when_its_ticket_changed_meanwhile_it_is_decided_anew_and_never_sent_anew() -> None:
    world = answered(1)
    busy(world, 3)
    async with world.running():
        await world.until(lambda: world.sent == [1])
    assert len(world.smtp.sent) == 1
    assert world.store.applied[-1].reads == {1042: 6}, "of the ticket as it is now"
    assert [a.event.at for a in world.store.said(AddEvent)] == [T0], "the instant of the 250"


async def test_the_instant_is_that_of_the_250_however_late_it_is_written() -> None:
    world = answered(1)
    busy(world, 1)
    plain = world.store.dossiers

    async def slow(tickets: list[int]) -> list[Dossier]:
        world.clock.time += timedelta(minutes=7)
        return await plain(tickets)

    world.store.dossiers = slow  # type: ignore[assignment, method-assign]
    async with world.running():
        await world.until(lambda: world.sent == [1])
    assert [a.event.at for a in world.store.said(AddEvent)] == [T0]


async def test_a_ticket_that_never_stands_still_does_not_keep_the_event_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = answered(1)
    busy(world, 99)
    async with world.running():
        await world.until(lambda: world.sent == [1])
    assert len(world.smtp.sent) == 1
    assert "ticket_busy" in caplog.messages
    assert [a.event for a in world.store.said(AddEvent)] == [Replied(at=T0, mail=KEY)]
    assert [a.wake_at for a in world.store.said(WriteClocks)] == [T0]  # worked out anew at once


async def test_a_reply_whose_row_changed_is_told_and_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """The ticket stands as it did: it is the row that is another's."""
    world = answered(1)
    world.store.troubles["apply"] = [Conflict()]
    async with world.running():
        await world.until(lambda: "outbox_row_changed" in caplog.messages)
    assert world.store.calls.count("apply") == 1
    assert len(world.smtp.sent) == 1


async def test_a_reply_on_a_ticket_that_was_merged_away_counts_on_the_one_that_is_left() -> None:
    world = answered(1)
    world.store.tickets[1042] = dossier(ticket(state=State.CLOSED, merged_into=1040, closed_at=T0))
    world.store.tickets[1040] = dossier(ticket(1040, state=State.OPEN))
    async with world.running():
        await world.until(lambda: world.sent == [1])
    assert [a.ticket for a in world.store.said(AddEvent)] == [1040]


async def test_a_ticket_whose_clocks_cannot_be_worked_out_keeps_no_mail_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would be sent at every start."""

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("daemon.core.sending.acceptance", broken)
    monkeypatch.setattr("daemon.core.sending.stale.current", broken)
    world = answered(1)
    world.store.due.append(outbox_row(2, kind="alarm"))
    async with world.running():
        await world.until(lambda: sorted(world.sent) == [1, 2])
    assert {"delivery_not_counted", "mail_not_looked_at"} <= set(caplog.messages)


async def test_an_alarm_that_somebody_has_answered_wakes_nobody() -> None:
    world = World()
    world.store.tickets[1042] = dossier(
        ticket(state=State.OPEN, priority=Priority.P1), Taken(at=T0 - timedelta(minutes=1))
    )
    world.store.due = [outbox_row(1, kind="alarm"), outbox_row(2)]
    async with world.running():
        await world.until(lambda: world.sent == [2])
    assert [a.row for a in world.store.said(CancelMail)] == [1]
    assert world.smtp.sent == ["client2@client.example"]


async def test_the_ticker_is_woken_by_what_moves_clocks() -> None:
    world = answered(1)
    world.store.due.append(outbox_row(2))
    woken: list[object] = []
    world.loop.wake_ticker = lambda: woken.append(1)
    async with world.running():
        await world.until(lambda: sorted(world.sent) == [1, 2])
    assert woken == [1]


async def test_the_files_of_a_reply_go_along() -> None:
    world = answered()
    file = {"name": "a.pdf", "media_type": "application/pdf", "size": 3, "sha256": "ab" * 32}
    context = {"reply": KEY, "text": "Voici.", "by": "alex", "language": "fr", "attachments": [file]}
    world.store.due = [outbox_row(1, kind="reply", context=context)]
    world.store.files = {"ab" * 32: b"pdf"}
    words = world.words
    async with world.running():
        await world.until(lambda: world.sent == [1])
    assert words.contents == [{"ab" * 32: b"pdf"}]

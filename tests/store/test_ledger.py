"""The ledger and the cursor, as intake asks for them, and what people look at."""

from __future__ import annotations

from datetime import timedelta

from daemon.core import actions as act
from daemon.core.sla.cycles import CycleOutcome, Pause
from daemon.core.values import Disposition, State
from daemon.ports import KnownMail, MailboxState, UnderWay
from daemon.store.clocks import ClockRow
from daemon.store.database import SqlStore
from tests.store.build import NOW, clocks, cycle, decide, new_ticket, record

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


async def test_a_mailbox_remembers_its_first_start_under_every_validity(store: SqlStore) -> None:
    assert await store.mailbox_state("INBOX") is None
    await store.set_mailbox_state("INBOX", 7, 0, NOW)
    await store.set_mailbox_state("INBOX", 7, 50, NOW + HOUR)
    assert await store.mailbox_state("INBOX") == MailboxState(uidvalidity=7, last_uid=50, first_start=NOW)
    await store.set_mailbox_state("INBOX", 8, 0, NOW + HOUR)
    await store.set_brake("INBOX", NOW - HOUR)
    braked = MailboxState(uidvalidity=8, last_uid=0, first_start=NOW, braked=NOW - HOUR)
    assert await store.mailbox_state("INBOX") == braked
    await store.set_brake("INBOX", None)
    assert await store.mailbox_state("Other") is None
    await store.set_brake("Other", NOW)
    assert await store.mailbox_state("Other") is None


async def test_known_mails_say_where_they_belong_and_whether_they_are_there(store: SqlStore) -> None:
    for uid, disposition in ((1, Disposition.TICKET), (2, Disposition.QUARANTINE), (3, Disposition.LOOP)):
        await store.apply(decide(record(uid, disposition=disposition)))
    await store.mark_moved("INBOX", 7, [2, 99])
    await store.mark_moved("INBOX", 8, [1])
    await store.mark_moved("INBOX", 7, [])
    assert await store.known("INBOX", 7, [1, 2, 4]) == {
        1: KnownMail(disposition=Disposition.TICKET, moved=False),
        2: KnownMail(disposition=Disposition.QUARANTINE, moved=True),
    }
    assert await store.known("INBOX", 8, [1]) == {}
    assert await store.known("INBOX", 7, []) == {}


async def test_a_folder_of_thousands_is_asked_for_in_pieces(store: SqlStore) -> None:
    await store.apply(decide(record(1700, disposition=Disposition.RECORDED)))
    uids = range(1, 40_000)
    assert set(await store.known("INBOX", 7, uids)) == {1700}
    await store.mark_moved("INBOX", 7, uids)
    assert (await store.known("INBOX", 7, [1700]))[1700].moved
    assert await store.known_ids([f"m{uid}@boulangerie.example" for uid in uids]) == {
        "m1700@boulangerie.example"
    }


async def test_an_empty_message_id_is_never_known(store: SqlStore) -> None:
    await store.apply(decide(record(1, message_id="", disposition=Disposition.RECORDED)))
    assert await store.known_ids(["", "x@y"]) == set()


async def test_the_ledger_is_shown_newest_first_and_held_mail_oldest_first(store: SqlStore) -> None:
    for uid in (1, 2, 3):
        held = Disposition.HELD if uid > 1 else Disposition.RECORDED
        await store.apply(decide(record(uid, disposition=held, at=NOW + uid * HOUR)))
    assert [row["uid"] for row in await store.inbound(2)] == [3, 2]
    assert [row["uid"] for row in await store.held_mails(10)] == [2, 3]
    assert (await store.inbound(1))[0] == {
        "mailbox": "INBOX",
        "uidvalidity": 7,
        "uid": 3,
        "arrived": NOW + 3 * HOUR,
        "from": "marie@boulangerie.example",
        "subject": "La caisse est gelée",
        "message_id": "m3@boulangerie.example",
        "disposition": "held",
        "reason": "a person's mail",
        "ticket": None,
        "moved": False,
    }


async def test_the_list_shows_the_unresolved_and_everything_on_demand(store: SqlStore) -> None:
    for number, state in enumerate(State, 1):
        await store.apply(new_ticket(number))
        await store.apply(decide(act.SetState(ticket=1000 + number, state=state, at=NOW, by="alex")))

    def left(clock: ClockRow, now: object) -> int:
        assert (clock.sla_version, clock.opened_at, clock.paused) == ("2026-01", NOW, False)
        assert now == NOW
        return int((clock.due or NOW).timestamp() - NOW.timestamp())

    unresolved = await store.tickets(False, now=NOW, left=left)
    assert [t["state"] for t in unresolved] == ["new", "open", "waiting"]
    assert len(await store.tickets(True, now=NOW, left=left)) == 5
    assert unresolved[0]["resolution"]["left"] == 4 * 3600
    assert set(unresolved[0]) == {
        "ref", "subject", "contact", "account", "language", "plan", "state", "priority", "provisional",
        "assignee", "opened", "first_response", "resolution",
    }  # fmt: skip


async def test_the_newest_cycle_of_a_clock_is_shown_and_an_ended_one_has_nothing_left(
    store: SqlStore,
) -> None:
    await store.apply(new_ticket(1))
    met = cycle(met=NOW, ended=NOW, outcome=CycleOutcome.MET)
    await store.apply(decide(clocks(1001, met)))
    (shown,) = await store.tickets(False, now=NOW, left=lambda *_: 5)
    assert shown["resolution"] == {
        "due": NOW + 4 * HOUR, "met": NOW, "breached": None, "paused": False, "left": None, "outcome": "met",
    }  # fmt: skip
    assert shown["first_response"] is None
    await store.apply(decide(clocks(1001, cycle(after=2 * HOUR))))
    (reopened,) = await store.tickets(False, now=NOW, left=lambda *_: 5)
    assert (reopened["resolution"]["due"], reopened["resolution"]["left"]) == (NOW + 2 * HOUR, 5)


async def test_a_clock_that_waits_shows_no_due_time_and_what_is_left(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    paused = cycle(due=None, left=5400.5, pauses=(Pause(since=NOW + HOUR, reason="waiting"),))
    await store.apply(decide(clocks(1001, paused)))
    (shown,) = await store.tickets(False, now=NOW, left=lambda clock, _: int(clock.left or 0))
    assert shown["resolution"] == {
        "due": None, "met": None, "breached": None, "paused": True, "left": 5400, "outcome": None,
    }  # fmt: skip


async def test_a_breach_is_shown_from_its_instant_on_whoever_has_looked(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    due = NOW + 4 * HOUR
    for now, breached in ((due - SECOND, None), (due, due), (due + HOUR, due)):
        found = await store.ticket("1001", now=now, left=lambda *_: 0)
        assert found is not None
        assert found["resolution"]["breached"] == breached
        assert found["status_update"]["breached"] is None, "late at worst"


async def test_references_are_read_as_people_write_them(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    for ref in ("AZ-1001", "az-1001", " 1001 "):
        assert await store.ticket(ref, now=NOW, left=lambda *_: None) is not None
    for ref in ("AZ-1002", "AZ-", "", "AZ-1001x", "９", "1" * 40, "-1"):
        assert await store.ticket(ref, now=NOW, left=lambda *_: None) is None


async def test_counts_tell_what_waits(store: SqlStore) -> None:
    assert await store.counts() == {"unresolved": 0, "outbox": 0, "held": 0, "quarantine": 0}
    await store.apply(new_ticket(1))
    for uid, disposition in ((2, Disposition.HELD), (3, Disposition.QUARANTINE)):
        await store.apply(decide(record(uid, disposition=disposition)))
    assert await store.counts() == {"unresolved": 1, "outbox": 1, "held": 1, "quarantine": 1}


async def test_what_is_in_hand_is_remembered_by_mailbox_and_validity(store: SqlStore) -> None:
    assert await store.under_way("INBOX") is None
    await store.set_under_way("INBOX", 7, {3: 1, 4: 2})
    await store.set_under_way("Other", 9, {1: 1})
    assert await store.under_way("INBOX") == UnderWay(uidvalidity=7, attempts={3: 1, 4: 2})
    await store.set_under_way("INBOX", 8, {})
    assert await store.under_way("INBOX") == UnderWay(uidvalidity=8, attempts={})


async def test_rows_are_found_by_what_a_mail_says_of_itself(store: SqlStore) -> None:
    for uid in (1, 2, 3):
        await store.apply(decide(record(uid, disposition=Disposition.RECORDED)))
    await store.apply(decide(record(9, message_id="uid-9", disposition=Disposition.RECORDED)))
    assert await store.newest_entry() == 4
    named = await store.entries_named(["m2@boulangerie.example", "m3@boulangerie.example", "x@y"])
    assert [(e.uid, e.fingerprint) for e in named] == [(2, "print-2"), (3, "print-3")]
    assert set(await store.entries_filed("INBOX", 7, [1, 3, 77])) == {1, 3}
    assert await store.entries_filed("INBOX", 8, [1]) == {}
    assert [e.uid for e in await store.entries_unread(5000, NOW)] == [9]
    assert await store.entries_unread(5001, NOW) == []
    assert [e.uid for e in await store.entries_after(1, 2)] == [2, 3]

"""One question, one answer: what a mail's decision needs, within the windows that mail.md draws."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.actions import NEW
from daemon.core.matching import Snapshot
from daemon.core.values import Address, Disposition, Priority, State
from daemon.store.connection import Connection
from daemon.store.database import SqlStore
from daemon.store.sqlite_client import ImmediateClient, ImmediateTransaction
from tests.store.build import (
    MARIE,
    NOW,
    account,
    asking,
    decide,
    mail,
    message,
    new_ticket,
    opening,
    participant,
    record,
)

STRANGER = "zoe@elsewhere.example"
SECOND = timedelta(microseconds=1)


async def test_a_stranger_to_an_empty_store_gets_the_empty_snapshot(store: SqlStore) -> None:
    lookup = asking(sender="", recorded_ids=("x@y",), tickets=(1001,), outbox_ids=("z",), outbox_rows=(3,))
    assert await store.snapshot(lookup) == Snapshot()


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"arrived": NOW + timedelta(days=5)}, True),
        ({"arrived": NOW - timedelta(days=5)}, True),
        ({"arrived": NOW + timedelta(days=5) + SECOND}, False),
        ({"fingerprint": "print-2"}, False),
        ({"message_id": "m2@boulangerie.example"}, False),
    ],
)
async def test_a_duplicate_has_the_same_id_and_content_within_five_days(
    store: SqlStore, changes: dict[str, Any], same: bool
) -> None:
    await store.apply(decide(record(1, disposition=Disposition.RECORDED)))
    asked = {"message_id": "m1@boulangerie.example", "fingerprint": "print-1", **changes}
    assert (await store.snapshot(asking(**asked))).duplicate is same


async def test_a_held_mail_is_no_duplicate_of_itself_when_it_is_decided_again(store: SqlStore) -> None:
    asked = asking(message_id="m1@boulangerie.example", fingerprint="print-1")
    await store.apply(decide(record(1, disposition=Disposition.HELD)))
    assert not (await store.snapshot(asked)).duplicate
    await store.apply(new_ticket(1))
    assert (await store.snapshot(asked)).duplicate


async def test_an_account_is_found_by_address_before_domain(store: SqlStore) -> None:
    other = account("A2", emails=("zoe@boulangerie.example",), domains=("shop.example",))
    await store.import_accounts([account(), other], NOW)
    for sender, key in (
        (MARIE, "A1"),
        ("new@boulangerie.example", "A1"),
        ("zoe@boulangerie.example", "A2"),
        ("new@shop.example", "A2"),
        ("new@sub.shop.example", None),
        (STRANGER, None),
    ):
        found = (await store.snapshot(asking(sender=sender))).account
        assert (found.key if found else None) == key


async def test_a_domain_of_two_accounts_names_neither(store: SqlStore) -> None:
    await store.import_accounts([account(), account("A2", emails=())], NOW)
    assert (await store.snapshot(asking(sender="new@boulangerie.example"))).account is None
    assert (await store.snapshot(asking(sender=MARIE))).account is not None


async def test_tickets_come_with_their_participants(store: SqlStore) -> None:
    await store.apply(new_ticket(1, participant(NEW, "luc@x.example", "cc"), related_to=5))
    await store.apply(new_ticket(2, requester=Address(address=STRANGER), priority=Priority.P3))
    snapshot = await store.snapshot(asking(tickets=(1002, 1001, 4711, 10**30, -1)))
    first, second = snapshot.tickets
    assert (first.id, first.version, first.state, first.priority) == (1001, 1, State.NEW, Priority.P1)
    assert [(p.address, p.role) for p in first.participants] == [
        (MARIE, "requester"),
        ("luc@x.example", "cc"),
    ]
    assert (second.id, second.requester, second.opened_at) == (1002, STRANGER, NOW)


async def merge(store_connection: Connection, number: int, into: int) -> None:
    await store_connection.rows("UPDATE ticket SET merged_into = ? WHERE id = ?", [into, number])


async def test_merges_are_followed_to_their_end_even_in_a_ring(store: SqlStore) -> None:
    for uid in (1, 2, 3):
        await store.apply(new_ticket(uid))
    await merge(store._connection, 1001, 1002)
    await merge(store._connection, 1002, 1003)
    snapshot = await store.snapshot(asking(tickets=(1001,)))
    assert [t.id for t in snapshot.tickets] == [1001, 1002, 1003]
    found = snapshot.ticket(1001)
    assert found is not None
    assert found.id == 1003
    await merge(store._connection, 1003, 1001)
    assert len((await store.snapshot(asking(tickets=(1001,)))).tickets) == 3


async def test_the_newest_message_under_an_id_says_which_ticket(store: SqlStore) -> None:
    for uid in (1, 2):
        device = message(message_id="device@x", sender=Address(address=f"p{uid}@x.example"))
        await store.apply(new_ticket(uid, device))
    snapshot = await store.snapshot(asking(recorded_ids=("unknown@x", "device@x", "m1@boulangerie.example")))
    assert [(m.message_id, m.ticket, m.people[0]) for m in snapshot.recorded] == [
        ("device@x", 1002, "p2@x.example"),
        ("m1@boulangerie.example", 1001, MARIE),
    ]
    assert snapshot.recorded[1].people == (MARIE, "support@azimutpos.com", "luc@boulangerie.example")
    assert {t.id for t in snapshot.tickets} == {1001, 1002}


@pytest.mark.parametrize(
    ("opened", "found"),
    [
        ({}, True),
        ({"at": NOW - timedelta(hours=3.5)}, True),
        ({"at": NOW - timedelta(hours=3.5) - SECOND}, False),
        ({"priority": Priority.P2}, False),
        ({"requester": Address(address=STRANGER)}, False),
    ],
)
async def test_an_open_p1_is_the_senders_own_of_the_last_four_hours(
    store: SqlStore, opened: dict[str, Any], found: bool
) -> None:
    await store.apply(new_ticket(1, **opened))
    snapshot = await store.snapshot(asking())
    assert (snapshot.open_p1 is not None) is found
    if snapshot.open_p1 is not None:
        assert snapshot.tickets == (snapshot.open_p1,)
        assert snapshot.open_p1.participants[0].address == MARIE


@pytest.mark.parametrize("state", State)
async def test_a_resolved_p1_is_not_open(store: SqlStore, state: State) -> None:
    await store.apply(new_ticket(1))
    await store.apply(decide(act.SetState(ticket=1001, state=state, at=NOW, by="alex")))
    open_states = {State.NEW, State.OPEN, State.WAITING}
    assert ((await store.snapshot(asking())).open_p1 is not None) is (state in open_states)


async def test_the_newest_open_p1_is_taken(store: SqlStore) -> None:
    for uid, minutes in ((1, 5), (2, 0), (3, 10)):
        await store.apply(new_ticket(uid, at=NOW - timedelta(minutes=minutes)))
    found = (await store.snapshot(asking())).open_p1
    assert found is not None
    assert found.id == 1002


async def test_acknowledgements_are_counted_by_person_and_hour(store: SqlStore) -> None:
    arrived = NOW + timedelta(hours=2)
    queued = [
        ("in", {"at": arrived - timedelta(hours=1) + SECOND}),
        ("now, for a mail of a backlog", {"at": arrived + timedelta(hours=3)}),
        ("before", {"at": arrived - timedelta(hours=1)}),
        ("other person", {"recipient": STRANGER, "at": arrived}),
        ("other kind", {"kind": "reply", "at": arrived}),
    ]
    await store.apply(decide(*(mail(cause, ticket=None, **changes) for cause, changes in queued)))
    assert (await store.snapshot(asking(arrived=arrived))).acks_last_hour == 2


async def test_a_report_finds_its_rows_by_id_and_by_envelope_with_their_ticket(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    await store.apply(decide(mail("b", ticket=None)))
    first, second = await store.claim_outbox(NOW, 10, timedelta(minutes=1))
    await store.keep_message(first, "ours@desk", "b@desk", b"x")
    snapshot = await store.snapshot(
        asking(outbox_ids=("ours@desk", "theirs@x"), outbox_rows=(second.id, first.id, 2**70))
    )
    assert [r.id for r in snapshot.bounced_rows] == [first.id, second.id]
    assert [t.id for t in snapshot.tickets] == [1001]


async def test_every_statement_of_a_snapshot_is_led_by_an_index(
    sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes the answer as quick with millions of rows as with ten: no plan scans a table. (PostgreSQL
    plans by statistics and scans small tables.)"""
    store = sqlite_store
    await store.import_accounts([account()], NOW)
    await store.apply(new_ticket(1))
    asked = asking(recorded_ids=("a@b", "c@d"), tickets=(1001,), outbox_ids=("x@y",), outbox_rows=(1,))
    over = act.SetState(ticket=1001, state=State.RESOLVED, at=NOW, by="alex")
    await store.apply(decide(over))  # so that its reopenings are counted
    bare = asking(caller="4185550142", bounced=MARIE)
    await store.snapshot(asking())  # declared hours are read once
    for lookup in (asked, bare):
        assert await plans_that_scan(store, monkeypatch, partial(store.snapshot, lookup)) == []


async def test_looking_for_due_mail_is_led_by_an_index(
    sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = sqlite_store
    await store.apply(new_ticket(1))

    async def work() -> None:
        await store.next_outbox_due()
        await store.claim_outbox(NOW, 5, timedelta(minutes=1))
        await store.release_claims()
        await store.known("INBOX", 7, [1, 2])
        await store.known_ids(["a@b"])
        await store.mark_moved("INBOX", 7, [1, 2])
        await store.held("INBOX", 5)

    assert await plans_that_scan(store, monkeypatch, work) == []


async def plans_that_scan(store: SqlStore, monkeypatch: pytest.MonkeyPatch, work: Any) -> list[str]:
    """Run `work`, then ask SQLite how it would run each statement; steps that read a whole table or index."""
    seen: list[tuple[str, list[Any]]] = []
    with monkeypatch.context() as patched:
        for kind in (ImmediateClient, ImmediateTransaction):
            patched.setattr(kind, "execute_query_dict", noting(kind.execute_query_dict, seen))
        await work()
    assert seen
    connection = store._connection
    tables = {row["name"] for row in await connection.rows("SELECT name FROM sqlite_master")}
    tables |= set("acdefhlmnopst")  # as the statements call them
    steps = [
        f"{row['detail']}: {query}"
        for query, values in seen
        for row in await connection.rows(f"EXPLAIN QUERY PLAN {query}", values)
    ]
    return [step for step in steps if step.startswith("SCAN") and step.split()[1].rstrip(":") in tables]


def noting(plain: Any, seen: list[tuple[str, list[Any]]]) -> Any:
    async def noted(self: Any, query: str, values: Any = None) -> Any:
        seen.append((query, values))
        return await plain(self, query, values)

    return noted


async def test_a_ticket_of_a_bounced_mail_is_in_the_snapshot(store: SqlStore) -> None:
    await store.apply(replace(decide(opening(), mail())))
    (row,) = await store.claim_outbox(NOW, 1, timedelta(minutes=1))
    snapshot = await store.snapshot(asking(outbox_rows=(row.id,)))
    assert snapshot.bounced_rows[0].ticket == 1001
    assert snapshot.ticket(1001) is not None


async def test_what_a_sender_wrote_within_the_hour_comes_newest_first(store: SqlStore) -> None:
    for uid, minutes in ((1, 0), (2, 30), (3, 59)):
        at = NOW + timedelta(minutes=minutes)
        words = message(text=f"words {uid}", message_id=f"w{uid}@x")
        await store.apply(decide(record(uid, at=at, ticket=NEW), opening(at=at), words))
    assert (await store.snapshot(asking())).recent_texts == ()  # nobody was answered
    await store.apply(decide(mail(ticket=None, cause="ack:1", at=NOW + timedelta(minutes=59))))
    seen = await store.snapshot(asking(arrived=NOW + timedelta(minutes=70)))
    assert seen.recent_texts == ("words 3", "words 2")
    other = await store.snapshot(asking(sender=STRANGER, arrived=NOW + timedelta(minutes=70)))
    assert other.recent_texts == ()


async def test_a_list_is_known_when_any_of_its_domains_belongs_to_an_account(store: SqlStore) -> None:
    await store.import_accounts([account("A2", emails=(), domains=("shop.example",))], NOW)
    for domains, known in (
        (("lists.shop.example", "shop.example"), True),
        (("other.example",), False),
        ((), False),
    ):
        assert (await store.snapshot(asking(sender="x@y.example", list_domains=domains))).list_known is known

"""Works that wait together are committed together, and still each of them is all or nothing."""

from __future__ import annotations

import asyncio
import hashlib

from daemon.core.actions import Decision
from daemon.core.matching import Snapshot
from daemon.core.values import Disposition
from daemon.ports import AlreadyDone, Applied, Case
from daemon.store.connection import Client, rows
from daemon.store.database import SqlStore
from daemon.store.tx import transaction
from tests.store.build import asking, decide, new_ticket, record


def recorded(uid: int) -> Decision:
    return decide(record(uid, disposition=Disposition.RECORDED))


async def uids(store: SqlStore) -> set[int]:
    return {row["uid"] for row in await store.inbound(1000)}


async def test_decisions_that_come_together_are_all_written(store: SqlStore) -> None:
    await asyncio.gather(*(store.apply(recorded(uid)) for uid in range(1, 41)))
    assert await uids(store) == set(range(1, 41))


async def test_one_that_fails_among_many_takes_back_its_own_writes_only(store: SqlStore) -> None:
    async def broken(client: Client) -> None:
        await rows(client, "UPDATE inbound_mail SET subject = 'spoilt' RETURNING id")
        raise KeyError("a fault of ours")

    await store.apply(recorded(1))
    outcomes = await asyncio.gather(
        store.apply(recorded(2)),
        transaction(store._connection, broken),
        store.apply(recorded(3)),
        store.apply(recorded(1)),
        store.apply(recorded(4)),
        return_exceptions=True,
    )
    assert [type(o) for o in outcomes] == [Applied, KeyError, Applied, AlreadyDone, Applied]
    assert await uids(store) == {1, 2, 3, 4}
    assert all(row["subject"] != "spoilt" for row in await store.inbound(10))


async def test_a_case_sees_what_the_cases_before_it_wrote(store: SqlStore) -> None:
    """The same mail twice in one batch: the second one knows the first."""
    seen: list[bool] = []

    def judge(uid: int) -> Case:
        def decision(snapshot: Snapshot) -> Decision:
            seen.append(snapshot.duplicate)
            return decide(
                record(uid, disposition=Disposition.RECORDED, message_id="twin@x", fingerprint="same")
            )

        return Case(lookup=asking(message_id="twin@x", fingerprint="same"), decide=decision)

    outcomes = await store.settle([judge(1), judge(2)])
    assert [type(o) for o in outcomes] == [Applied, Applied]
    assert seen == [False, True]


async def test_the_fault_of_one_case_leaves_the_others_and_tickets_keep_their_numbers(
    store: SqlStore,
) -> None:
    def failing(_: Snapshot) -> Decision:
        raise KeyError("the core failed on this mail")

    cases = [
        Case(lookup=asking(), decide=lambda _: new_ticket(1)),
        Case(lookup=asking(), decide=failing),
        Case(lookup=asking(), decide=lambda _: new_ticket(1)),
        Case(lookup=asking(), decide=lambda _: new_ticket(2)),
    ]
    first, second, third, fourth = await store.settle(cases)
    assert isinstance(first, Applied)
    assert isinstance(second, KeyError)
    assert isinstance(third, AlreadyDone)
    assert isinstance(fourth, Applied)
    assert first.ticket is not None
    assert fourth.ticket is not None
    assert first.ticket < fourth.ticket
    assert await uids(store) == {1, 2}


async def test_files_are_kept_with_the_rows_that_name_them(store: SqlStore) -> None:
    content = b"a recording"
    name = hashlib.sha256(content).hexdigest()
    await store.settle([Case(lookup=asking(), decide=lambda _: recorded(1), contents={name: content})])
    assert store.blobs.path(name).read_bytes() == content
    assert await uids(store) == {1}

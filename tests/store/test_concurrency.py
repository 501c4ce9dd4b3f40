"""What others do at the same time: cancelled tasks, other processes, a second daemon."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sqlite3
import stat
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest
from tortoise.exceptions import OperationalError

from daemon.core import actions as act
from daemon.core.values import Disposition, State
from daemon.ports import Conflict, Unavailable
from daemon.store import location
from daemon.store.connection import Client, rows
from daemon.store.database import SqlStore, open_store
from daemon.store.faults import StoreFault, StoreLocked, StoreMissing
from daemon.store.tx import transaction
from daemon.store.unwritten import Writing
from tests.store.build import NOW, asking, decide, history, new_ticket, record

CANCELS = 300


async def test_the_store_survives_a_storm_of_cancelled_writes(store: SqlStore) -> None:
    """Each decision writes two mails: whatever is cancelled when, none is ever written alone."""

    async def write(start: int) -> None:
        for uid in range(start, start + 1000, 2):
            pair = (
                record(uid, disposition=Disposition.RECORDED),
                record(uid + 1, disposition=Disposition.RECORDED),
            )
            await store.apply(decide(*pair))

    for number in range(CANCELS):
        task = asyncio.create_task(write(number * 1000 + 1))
        for _ in range(number % 13):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(20):
        uids = {row["uid"] for row in await store.inbound(100_000)}
        await store.apply(new_ticket(9_999_999))
    assert {uid + 1 for uid in uids if uid % 2} == {uid for uid in uids if not uid % 2}


async def test_the_store_survives_a_storm_of_cancelled_reads(store: SqlStore) -> None:
    async def read() -> None:
        while True:
            await store.snapshot(asking())

    for number in range(CANCELS):
        task = asyncio.create_task(read())
        for _ in range(number % 7):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(20):
        await store.apply(new_ticket(1))


async def test_a_cancelled_writer_waits_until_its_transaction_is_over(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = asyncio.Event()
    plain = Writing.flush

    async def flush(writing: Writing) -> None:
        inside.set()
        await asyncio.sleep(0)
        await plain(writing)

    monkeypatch.setattr(Writing, "flush", flush)
    task = asyncio.create_task(store.apply(new_ticket(1)))
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await store.snapshot(asking(tickets=(1001,)))).tickets[0].id == 1001


async def test_a_writer_that_is_cancelled_twice_waits_all_the_same(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()
    plain = Writing.flush

    async def flush(writing: Writing) -> None:
        inside.set()
        await go_on.wait()
        await plain(writing)

    monkeypatch.setattr(Writing, "flush", flush)
    task = asyncio.create_task(store.apply(new_ticket(1)))
    await inside.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await store.snapshot(asking(tickets=(1001,)))).tickets[0].id == 1001


async def test_many_tasks_write_at_once(store: SqlStore) -> None:
    applied = await asyncio.gather(*(store.apply(new_ticket(uid)) for uid in range(1, 21)))
    assert sorted(a.ticket or 0 for a in applied) == list(range(1001, 1021))


async def test_of_many_decisions_from_one_reading_one_is_written(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    results = await asyncio.gather(
        *(store.apply(decide(history(1001, f"e{n}"), reads={1001: 1})) for n in range(8)),
        return_exceptions=True,
    )
    assert [isinstance(r, Conflict) for r in results].count(False) == 1
    found = await store.ticket("1001", now=NOW, left=lambda *_: None)
    assert found is not None
    assert len([h for h in found["history"] if h["event"].startswith("e")]) == 1


async def test_two_stores_in_one_process_keep_to_themselves(tmp_path: Path) -> None:
    async with (
        open_store(f"sqlite://{tmp_path}/a.db", tmp_path, create=True) as first,
        open_store("sqlite://:memory:", tmp_path, create=True) as second,
    ):
        await first.apply(new_ticket(1))
        await asyncio.create_task(second.apply(new_ticket(2)))
        assert await first.known_ids(["m1@boulangerie.example", "m2@boulangerie.example"]) == {
            "m1@boulangerie.example"
        }
        assert set(await second.known("INBOX", 7, [1, 2])) == {2}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits five seconds for a lock that is held on purpose."""
    monkeypatch.setitem(location._PRAGMAS, "busy_timeout", 0)


async def test_a_database_locked_by_another_process_is_unavailable_and_recovers(
    impatient: None, tmp_path: Path
) -> None:
    async with open_store(f"sqlite://{tmp_path}/a.db", tmp_path, create=True) as store:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            with pytest.raises(Unavailable, match="locked by another process") as caught:
                await store.apply(new_ticket(1))
            assert caught.value.service == "store"
            assert (await store.snapshot(asking())).tickets == ()  # readers go on
        other.execute("COMMIT")
        other.close()
        assert (await store.apply(new_ticket(1))).ticket == 1001


async def test_a_transaction_that_reads_first_cannot_be_overtaken(tmp_path: Path) -> None:
    """With a deferred BEGIN the other write would succeed, and ours would fail at once, timeout or not."""
    async with open_store(f"sqlite://{tmp_path}/a.db", tmp_path, create=True) as store:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=0)
        insert = "INSERT INTO setting (name, value) VALUES ('x', '1')"

        async def work(client: Client) -> None:
            assert await rows(client, "SELECT * FROM setting") == []
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute(insert)
            await rows(client, insert)

        await transaction(store._connection, work)
        assert other.execute("SELECT value FROM setting").fetchall() == [("1",)]
        other.close()


async def test_a_full_disk_is_unavailable_and_recovers(tmp_path: Path) -> None:
    async with open_store(f"sqlite://{tmp_path}/a.db", tmp_path, create=True) as store:
        pages = (await store._connection.rows("PRAGMA page_count"))[0]["page_count"]
        await store._connection.rows(f"PRAGMA max_page_count = {pages}")
        large = decide(record(1, disposition=Disposition.RECORDED, raw=b"x" * 500_000))
        with pytest.raises(Unavailable, match="disk is full"):
            await store.apply(large)
        assert await store.known("INBOX", 7, [1]) == {}
        await store._connection.rows("PRAGMA max_page_count = 1000000")
        await store.apply(large)


async def test_an_unreachable_server_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        async with open_store(f"postgres://x:secret@/desk?host={tmp_path}", tmp_path, create=True):
            pass


def _raise_state(path: str, uid: int, pipe: Pipe) -> None:
    """In another process: wait for the word, then decide from version 1 of the ticket."""

    async def work() -> str:
        async with open_store(f"sqlite://{path}", Path(path).parent, create=False) as store:
            read = (await store.snapshot(asking(tickets=(1001,)))).tickets[0]
            pipe.send("ready")
            await asyncio.to_thread(pipe.recv)
            change = act.SetState(ticket=1001, state=State.OPEN, at=NOW, by=str(uid))
            try:
                await store.apply(
                    decide(record(uid, disposition=Disposition.MESSAGE), change, reads={1001: read.version})
                )
            except Conflict:
                return "conflict"
            return "written"

    pipe.send(asyncio.run(work()))


async def test_two_processes_never_both_write_from_one_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with open_store(f"sqlite://{path}", tmp_path, create=True) as store:
        await store.apply(new_ticket(1))
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe() for _ in range(2)]
    workers = [
        context.Process(target=_raise_state, args=(str(path), uid, end[1]))
        for uid, end in enumerate(ends, 11)
    ]
    for worker in workers:
        worker.start()
    for ours, _ in ends:
        assert await asyncio.to_thread(ours.recv) == "ready"
    for ours, _ in ends:
        ours.send("go")
    results = sorted([await asyncio.to_thread(ours.recv) for ours, _ in ends])
    for worker in workers:
        await asyncio.to_thread(worker.join)
    assert results == ["conflict", "written"]


async def test_one_daemon_per_store(url: str, tmp_path: Path) -> None:
    async with open_store(url, tmp_path, create=True) as first:
        await first.acquire_daemon_lock()
        await first.acquire_daemon_lock()
        async with open_store(url, tmp_path, create=False) as second:
            with pytest.raises(StoreLocked, match="another daemon") as caught:
                await second.acquire_daemon_lock()
            if url.startswith("sqlite"):
                assert caught.value.pid == os.getpid()
            await first.close()
            await second.acquire_daemon_lock()


@pytest.fixture
def careless() -> Iterator[None]:
    """A umask that lets everybody read."""
    before = os.umask(0)
    yield
    os.umask(before)


async def test_the_database_is_its_owners_alone(careless: None, tmp_path: Path) -> None:
    async with open_store(f"sqlite://{tmp_path}/new/a.db", tmp_path, create=True) as store:
        await store.acquire_daemon_lock()
        await store.apply(new_ticket(1))
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "new").iterdir()}
    assert set(modes) >= {"a.db", "a.db-wal", "a.db.lock"}
    assert set(modes.values()) == {0o600}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_missing_store_is_not_made_by_a_question(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="azimut-support run"):
        async with open_store(f"sqlite://{tmp_path}/a.db", tmp_path, create=False):
            pass
    assert names(tmp_path) == []


async def test_a_read_only_store_refuses_to_write(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/a.db"
    async with open_store(url, tmp_path, create=True) as store:
        await store.apply(new_ticket(1))
    async with open_store(url, tmp_path, create=False, read_only=True) as store:
        assert len(await store.tickets(False, now=NOW, left=lambda *_: None)) == 1
        with pytest.raises(Unavailable, match="may not be written"):
            await store.apply(new_ticket(2))


@pytest.mark.parametrize("url", ["mysql://x", "sqlite://relative.db", "sqlite:///a?x=1", "", "desk.db"])
async def test_a_url_that_names_no_store_is_a_fault(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="url"):
        async with open_store(url, tmp_path, create=True):
            pass


async def test_transactions_that_cannot_begin_leave_the_connections_to_those_who_come_after(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tortoise keeps a connection of PostgreSQL's pool for ever when BEGIN fails on it."""

    def refusing(*_: object) -> None:
        raise OperationalError("the server is going down")

    with monkeypatch.context() as broken:
        broken.setattr("tortoise.backends.asyncpg.client.TransactionWrapper.begin", refusing)
        broken.setattr("daemon.store.sqlite_client.ImmediateTransaction.begin", refusing)
        for _ in range(20):
            with pytest.raises(OperationalError):
                await store.set_brake("INBOX", NOW)
    async with asyncio.timeout(20):
        await store.set_brake("INBOX", NOW)

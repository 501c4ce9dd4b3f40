"""How long the store takes for one mail, fsync included, on SQLite and on a private PostgreSQL.

    python -m bench.store [TICKETS] [FOLDER]

TICKETS (1000) tickets are opened first, then each step is timed for as many mails again. FOLDER is where the
SQLite file lies: its disk decides.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from daemon.core import actions as act
from daemon.core.sla.events import Wrote
from daemon.core.values import Address, Disposition
from daemon.store.database import SqlStore, open_store
from tests.servers import postgres
from tests.store.build import NOW, account, asking, clocks, decide, mail, message, new_ticket, record

_BODY = b"From: marie\r\n\r\n" + b"La caisse est gel=C3=A9e depuis ce matin.\r\n" * 100
_LEASE = timedelta(minutes=30)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        print(f"one fsync on this disk: {_fsync(Path(folder)):.2f} ms")
        asyncio.run(_measured("SQLite", f"sqlite://{folder}/desk.sqlite3", Path(folder), count))
        if (reason := postgres.available()) is not None:
            print(reason)
            return
        server = postgres.Postgres.start(durable=True)
        try:
            asyncio.run(_measured("PostgreSQL", server.url, Path(folder) / "pg", count))
        finally:
            server.stop()


async def _measured(name: str, url: str, folder: Path, count: int) -> None:
    async with open_store(url, folder, create=True) as store:
        await store.import_accounts([account()], NOW)
        for uid in range(1, count + 1):
            await store.apply(_opening(uid))
        print(f"{name}, {count} tickets{'':20} median     p95     max  ms")
        first = 10_000_000

        async def opened(turn: int) -> None:
            await store.apply(_opening(first + turn))

        async def joined(turn: int) -> None:
            await store.apply(_reply(2 * first + turn, 1001 + turn, version=1))

        async def asked(turn: int) -> None:
            ids = (f"m{1 + turn}@boulangerie.example", "unknown@x.example")
            await store.snapshot(asking(recorded_ids=ids, tickets=(1001 + turn,)))

        async def whole(turn: int) -> None:
            await store.dossiers([1001 + turn])

        async def due(_: int) -> None:
            await store.next_wake()
            await store.due_tickets(NOW - _LEASE, 50)

        for step, work in (
            ("apply, new ticket", opened),
            ("apply, reply", joined),
            ("snapshot of a ticket's mail", asked),
            ("dossier", whole),
            ("no ticket due", due),
        ):
            await _timed(step, work, count)
        await _timed("claim, keep, mark sent", lambda _: _send(store), count)
        await _timed("known, 50 UIDs", lambda turn: store.known("INBOX", 7, range(turn, turn + 50)), count)
        await _timed(
            "mark moved, 50 UIDs", lambda turn: store.mark_moved("INBOX", 7, range(turn, turn + 50)), 100
        )
        await _timed("nothing due", lambda _: store.claim_outbox(NOW - _LEASE, 8, _LEASE), count)


async def _timed(step: str, work: Callable[[int], Awaitable[object]], count: int) -> None:
    times = []
    for turn in range(count):
        begun = time.perf_counter()
        await work(turn)
        times.append((time.perf_counter() - begun) * 1000)
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"  {step:35} {statistics.median(times):7.2f} {p95:7.2f} {max(times):7.2f}")


def _fsync(folder: Path) -> float:
    times = []
    with (folder / "probe").open("wb") as probe:
        for _ in range(200):
            probe.write(_BODY)
            probe.flush()
            begun = time.perf_counter()
            os.fsync(probe.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def _opening(uid: int) -> act.Decision:
    """The whole decision of a first mail, as `core.opening` makes it."""
    person = Address(address=f"p{uid}@x{uid % 97}.example", name="Marie Roy")
    decision = new_ticket(uid, requester=person)
    return replace(
        decision,
        actions=tuple(
            replace(a, raw=_BODY) if isinstance(a, act.RecordMail) else a for a in decision.actions
        ),
    )


def _reply(uid: int, ticket: int, *, version: int) -> act.Decision:
    return decide(
        record(uid, disposition=Disposition.MESSAGE, ticket=ticket, raw=_BODY),
        message(ticket, message_id=f"m{uid}@boulangerie.example"),
        act.AddHistory(ticket=ticket, at=NOW, event="message", by="marie"),
        act.AddEvent(ticket=ticket, event=Wrote(at=NOW)),
        clocks(ticket),
        mail(f"note:{uid}", kind="notification", ticket=ticket, rank=2),
        reads={ticket: version},
    )


async def _send(store: SqlStore) -> None:
    """One mail, from due to sent: three transactions, as the outbox makes them."""
    (row,) = await store.claim_outbox(NOW, 1, _LEASE)
    row = await store.keep_message(row, f"o{row.id}@desk", "bounce@desk", _BODY)
    await store.apply(decide(act.MarkSent(row=row.id, version=row.version, at=NOW, code=250, text="ok")))


if __name__ == "__main__":
    main()

"""What a tick costs with few and with many open tickets when the same number is due, on both databases, and
what working out one ticket's deadlines costs.

    python -m bench.ticks [--due 30] [--rounds 7]

One real ticket is multiplied in SQL to 1,000, 10,000 and 100,000 open ones, twenty an
account. In each round `--due` others of
them have a step due (half of a P2 response has passed), and the ticker does all of it: decides, writes,
and queues the mails. Prints medians, and the ratio to the smallest desk.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tortoise.models import Model

from daemon.core.actions import Decision
from daemon.core.dossier import course_of
from daemon.core.keeping import kept
from daemon.core.policy import Policy
from daemon.core.values import Coverage, Plan, Priority
from daemon.loops.ticker import TickerLoop
from daemon.settings.load import load_settings, policy
from daemon.settings.resources import resource
from daemon.store.database import SqlStore, open_store
from daemon.store.tables import Participant, Ticket
from daemon.store.tables_sla import Clock
from tests.servers import postgres
from tests.store.build import NOW, account, message, opening, record

SIZES = (1_000, 10_000, 100_000)
DUE_AT = NOW + timedelta(hours=1)
YEAR_US = 365 * 86_400_000_000


class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return DUE_AT

    async def sleep(self, seconds: float) -> None: ...


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--due", type=int, default=30)
    p.add_argument("--rounds", type=int, default=7)
    args = p.parse_args()
    rules = policy(load_settings(Path(str(resource("config", "azimut-support.toml"))), environ={}))
    with tempfile.TemporaryDirectory() as folder:
        for name, url in (("SQLite", ""), ("PostgreSQL", "postgres")):
            smallest = 0.0
            for size in SIZES:
                took = measured(url, Path(folder) / f"{name}{size}", size, rules, args.due, args.rounds)
                smallest = smallest or took
                print(
                    f"{name:10} {size:7} open, {args.due} due: {took * 1000:7.1f} ms a tick,"
                    f" {took / smallest:.2f} times the smallest desk's",
                    flush=True,
                )


def measured(url: str, folder: Path, size: int, rules: Policy, due: int, rounds: int) -> float:
    folder.mkdir()
    if not url:
        return asyncio.run(desk(f"sqlite://{folder}/desk.sqlite3", folder, size, rules, due, rounds))
    server = postgres.Postgres.start(durable=True)
    try:
        return asyncio.run(desk(server.url, folder, size, rules, due, rounds))
    finally:
        server.stop()


async def desk(url: str, folder: Path, size: int, rules: Policy, due: int, rounds: int) -> float:
    async with open_store(url, folder, create=True) as store:
        await store.import_accounts([account()], NOW)
        plain = opening(priority=Priority.P2, provisional=False, plan=Plan.ARGENT, coverage=Coverage.STANDARD)
        await store.apply(kept(Decision(actions=(record(ticket=0), plain, message())), {}, rules))
        await multiply(store, size)
        ticker = TickerLoop(
            store=store, policy=rules, clock=Still(), stop=asyncio.Event(), wake_outbox=lambda: None
        )
        times = []
        for turn in range(rounds):
            first = 1002 + turn * due
            await _run(
                store, f"UPDATE ticket SET wake_at = {_us(DUE_AT)} WHERE id >= {first} AND id < {first + due}"
            )
            began = time.perf_counter()
            await ticker.once()
            times.append(time.perf_counter() - began)
        if size == SIZES[0] and url.startswith("sqlite"):
            await deadlines(store, rules)
        done = await _run(store, "SELECT count(*) AS n FROM step_done")
        if done[0]["n"] < rounds * due:
            raise SystemExit(f"{done[0]['n']} steps were done of {rounds * due}")
        return statistics.median(times)


async def deadlines(store: SqlStore, rules: Policy) -> None:
    (dossier,) = await store.dossiers([1001])
    count = 2_000
    began = time.perf_counter()
    for _ in range(count):
        course_of(dossier, rules, DUE_AT)
    print(
        f"deadlines of a ticket with {len(dossier.events)} events: "
        f"{(time.perf_counter() - began) / count * 1e6:.0f} µs"
    )


async def multiply(store: SqlStore, size: int) -> None:
    """The first ticket's rows again and again; nothing is due on the copies for a year."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size - 1})"
    for model, changes in (
        (
            Ticket,
            {
                "id": "t.id + n.i",
                "wake_at": f"t.wake_at + {YEAR_US}",
                "account": "'A' || (n.i / 20)",
                "requester": "'c' || n.i || '@x.example'",
            },
        ),
        (
            Participant,
            {"id": "t.id + n.i", "ticket_id": "t.ticket_id + n.i", "address": "'c' || n.i || '@x.example'"},
        ),
        (
            Clock,
            {
                "id": "t.id + 3 * n.i",
                "ticket_id": "t.ticket_id + n.i",
                "open_key": "t.open_key || '.' || n.i",
            },
        ),
    ):
        await _run(store, _copying(model, changes, numbers))
    await _run(store, f"UPDATE ticket SET wake_at = wake_at + {YEAR_US} WHERE id = 1001")
    await _run(store, "ANALYZE")


def _copying(model: type[Model], changes: dict[str, str], numbers: str) -> str:
    columns = list(model._meta.fields_db_projection.values())
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(changes.get(column, f't."{column}"') for column in columns)
    table = model._meta.db_table
    return f"INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM {table} t, n"


async def _run(store: SqlStore, sql: str) -> list[dict[str, Any]]:
    connection: Any = store._connection
    found: list[dict[str, Any]] = await connection.rows(sql)
    return found


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1e6)


if __name__ == "__main__":
    main()

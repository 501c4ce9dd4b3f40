"""The same mails with an empty desk and with a long history: throughput side by side in one run.

    python -m bench.history [--tickets 1000000] [--mails 500] [--rounds 3]

A generator fills the store with old, closed tickets (each with ledger row, participant, message,
clocks, an event, history and a sent acknowledgement); then each round works off the same mails on a desk with
1,000 and on one with --tickets old tickets. Prints the rates and their ratio pair by pair.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from bench.sink import Sink
from bench.throughput import ROOT, deliver, mixed_mails, run_daemon, since
from daemon.store.database import open_store
from tests.e2e.desk import make_desk
from tests.servers.dovecot import Dovecot

DAY = 86_400_000_000


def fill(path: Path, tickets: int) -> None:
    """`tickets` old ones, made by copying the rows of one real ticket in SQL: every column as it would be."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute(
            "CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c"
            f" WHERE i < {tickets}) SELECT i FROM c"
        )
        for table, changes in TABLES.items():
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(changes.get(c, f't."{c}"') for c in columns)
            names = ", ".join(f'"{c}"' for c in columns)
            db.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t, n")
        db.execute("UPDATE ticket SET state = 'closed', closed_at = opened_at, wake_at = NULL")
        db.execute("UPDATE clock SET open_key = NULL, outcome = 'met', ended_at = started_at")
        at = "strftime('%Y-%m-%dT%H:%M:%S+00:00', opened_at / 1000000, 'unixepoch')"
        closed = f"""'{{"event":"closed","at":"' || {at} || '"}}'"""
        db.execute(
            f"INSERT INTO ticket_event (ticket_id, at, record) SELECT id, opened_at, {closed} FROM ticket"
        )
        db.commit()
        db.execute("ANALYZE")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # no desk finds gigabytes of yesterday's in its log


_OLD = f"- {DAY} * 30 - n.i * 1000"
TABLES: dict[str, dict[str, str]] = {
    "ticket": {
        "id": "t.id + n.i",
        "requester": "'old' || n.i || '@shop' || n.i || '.example'",
        "opened_at": f"t.opened_at {_OLD}",
    },
    "inbound_mail": {
        "id": "NULL",
        "uid": "t.uid + n.i + 1000000",
        "uidvalidity": "1",
        "ticket": "t.ticket + n.i",
        "message_id": "'old' || n.i || '@shop.example'",
        "fingerprint": "'f' || n.i",
        "arrived": f"t.arrived {_OLD}",
        "sender": "'old' || n.i || '@shop' || n.i || '.example'",
    },
    "participant": {
        "id": "NULL",
        "ticket_id": "t.ticket_id + n.i",
        "address": "'old' || n.i || '@shop' || n.i || '.example'",
    },
    "message": {
        "id": "NULL",
        "ticket_id": "t.ticket_id + n.i",
        "message_id": "'old' || n.i || '@shop.example'",
        "sender": "'old' || n.i || '@shop' || n.i || '.example'",
        "at": f't."at" {_OLD}',
    },
    "clock": {
        "id": "NULL",
        "ticket_id": "t.ticket_id + n.i",
        "open_key": "NULL",
        "started_at": f"t.started_at {_OLD}",
        "due_at": f"t.due_at {_OLD}",
    },
    "history": {"id": "NULL", "ticket_id": "t.ticket_id + n.i", "at": f't."at" {_OLD}'},
    "step_done": {"id": "NULL", "ticket_id": "t.ticket_id + n.i"},
    "outbox": {
        "id": "NULL",
        "ticket": "t.ticket + n.i",
        "cause": "'old:' || t.id || ':' || n.i",
        "message_id": "'az.old.' || t.id || '.' || n.i",
        "recipient": "'old' || n.i || '@shop.example'",
        "queued_at": f"t.queued_at {_OLD}",
        "sent_at": f"t.sent_at {_OLD}",
    },
}


def prepare(path: Path, tickets: int) -> None:
    """A store with one real ticket (the daemon's own work), multiplied."""
    with tempfile.TemporaryDirectory() as name, Sink() as sink:
        folder = Path(name)
        dovecot = Dovecot.start()
        try:
            desk = make_desk(folder, dovecot, "seed", sink.port)
            desk.deliver(mixed_mails(1, seed=9)[0])
            run_daemon(desk)
            asyncio.run(_settle(folder))
            shutil.copy(folder / "data" / "desk.sqlite3", path)
        finally:
            dovecot.stop()
    fill(path, tickets)


async def _settle(folder: Path) -> None:
    """Open and close once more, so that everything is in the one file."""
    async with open_store(f"sqlite://{folder}/data/desk.sqlite3", folder / "data", create=False):
        pass
    with closing(sqlite3.connect(folder / "data" / "desk.sqlite3")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def one_round(store: Path, count: int, number: int, *, only: bool) -> float:
    with tempfile.TemporaryDirectory() as name, Sink() as sink:
        folder = Path(name)
        dovecot = Dovecot.start()
        try:
            desk = make_desk(folder, dovecot, f"history{number}", sink.port)
            place = folder / "data" / "desk.sqlite3"
            if only:  # nobody needs it any more, and five gigabytes take long to copy
                os.link(store, place)
            else:
                shutil.copy(store, place)
            deliver(desk, count, seed=3)
            began, _ = run_daemon(desk)
            return count / since(began, sink, count, "daemon")[0]
        finally:
            dovecot.stop()


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--tickets", type=int, default=1_000_000)
    p.add_argument("--mails", type=int, default=500)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.one:
        print(one_round(Path(args.one[0]), args.mails, int(args.one[1]), only=args.rounds == 1))
        return
    with tempfile.TemporaryDirectory() as name:
        stores = {1000: Path(name) / "short.sqlite3", args.tickets: Path(name) / "long.sqlite3"}
        for tickets, path in stores.items():
            prepare(path, tickets)
            print(f"{tickets} old tickets: {path.stat().st_size / 1e6:.0f} MB", flush=True)
        ratios = []
        for number in range(args.rounds):
            rates = []
            for tickets, path in stores.items():
                command = [sys.executable, "-m", "bench.history", "--mails", str(args.mails)]
                command += ["--rounds", str(args.rounds)]
                out = subprocess.run(
                    [*command, "--one", str(path), str(number)],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
                rates.append(float(out))
                print(f"round {number + 1}  {tickets:8} old tickets  {rates[-1]:6.1f} mails/s", flush=True)
            ratios.append(rates[1] / rates[0])
    middle = statistics.median(ratios)
    print(f"ratio long/short: min {min(ratios):.2f}, median {middle:.2f}, max {max(ratios):.2f}")


if __name__ == "__main__":
    main()

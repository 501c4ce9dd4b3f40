"""No statement of the daemon walks a whole table, whatever SQLite has counted.

SQLite chooses by its statistics, and those of an old desk mislead it: most of a column is null there (a
clock's `open_key`, a row's `due_at`), so an index on it looks useless. Such a desk is told to
SQLite here without being filled: its statistics are enough."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiosqlite.core
import pytest

from daemon.settings.model import Settings
from daemon.store import facts
from daemon.store.database import SqlStore
from tests.simulation.life import Plan, play
from tests.simulation.test_seeds import stage as stage
from tests.simulation.world import Chance
from tests.store.build import new_ticket

OLD = 1_000_000
FEW = 1_000
"""Rows in an index over what is not over yet."""

SMALL = {
    "setting",
    "mailbox_cursor",
    "tortoise_migrations",
    "suppressed_address",
    "declared_hours",
    "account",
}
"""Tables that stay small, or are walked once a month (the directory, for the statements)."""
ALIKE = {
    *("open_key", "supersede_key", "due_at", "state", "kind", "rank", "outcome", "disposition"),
    *("mailbox", "uidvalidity", "account", "priority", "merged_into", "wake_at", "one_key"),
}
"""Columns that hold null or the same few words nearly everywhere."""


def old_desk(template: Path) -> None:
    """Statistics as ANALYZE gives them, without the rows: of each index, how many there are for one value of
    its first column, of its first two, and so on."""
    with closing(sqlite3.connect(template)) as db:
        db.execute("ANALYZE")
        db.execute("DELETE FROM sqlite_stat1")
        indexes = db.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index'").fetchall()
        for table, index, sql in indexes:
            old = FEW if sql and " WHERE " in sql else OLD
            columns = [row[2] for row in db.execute(f"PRAGMA index_info({index})")]
            alike = [all(c in ALIKE for c in columns[: n + 1]) for n in range(len(columns))]
            told = " ".join(str(n) for n in (old, *(old if same else 1 for same in alike)))
            if table not in SMALL:
                db.execute("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", [table, index, told])
        db.commit()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Every statement that the daemon sends, by its shape."""
    seen: dict[str, str] = {}

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(*args, **options)
        connection.set_trace_callback(lambda sql: seen.setdefault(re.sub(r"'[^']*'|\d+", "?", sql), sql))
        return connection

    monkeypatch.setattr(aiosqlite.core, "sqlite3", SimpleNamespace(**{**vars(sqlite3), "connect": connect}))
    return seen


def test_no_statement_walks_a_table_of_an_old_desk(
    stage: tuple[Settings, Path], asked: dict[str, str]
) -> None:
    settings, template = stage
    old_desk(template)
    play(Plan(seed=3, mails=6, kills=1, chance=Chance(), duplicates=2), settings, template)
    with closing(sqlite3.connect(settings.desk.data_dir / "desk.sqlite3")) as db:
        walks = [
            (what, sql) for sql in asked.values() for what in plan_of(db, sql) if walks_through(db, what)
        ]
    assert len(asked) > 40
    assert walks == []


async def test_a_ticket_leads_to_its_rows_however_many_are_asked_for(
    sqlite_store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without statistics, as a desk really runs: for ten tickets and more SQLite took the index over kinds,
    and looked at every acknowledgement there had ever been."""
    seen: list[str] = []
    execute = sqlite_store._connection.client.execute_query_dict

    async def noted(sql: str, values: Any = None) -> Any:
        seen.append(sql)
        return await execute(sql, values)

    for number in range(1, 13):
        await sqlite_store.apply(new_ticket(number))
    monkeypatch.setattr(sqlite_store._connection.client, "execute_query_dict", noted)
    assert len(await sqlite_store.dossiers(range(1001, 1013))) == 12
    of_outbox = [sql for sql in seen if "FROM outbox" in sql]
    assert of_outbox
    with closing(sqlite3.connect(tmp_path / "desk.sqlite3")) as db:
        for many in (1, 10, 300):
            for sql in of_outbox:
                asked = re.sub(r"IN \(\?[?, ]*\)", f"IN ({', '.join('?' * many)})", sql)
                plan = db.execute(f"EXPLAIN QUERY PLAN {asked}", [1001] * asked.count("?")).fetchall()
                assert "(ticket=?)" in plan[0][3], (many, plan)


def test_an_accounts_facts_are_found_without_a_walk_through_all_open_tickets(
    template: Path, tmp_path: Path
) -> None:
    desk = tmp_path / "desk.sqlite3"
    shutil.copyfile(template, desk)
    for counted in (False, True):
        if counted:
            old_desk(desk)
        with closing(sqlite3.connect(desk)) as db:
            for many in (1, 2, 20):
                sql = facts._OF_ACCOUNTS.format(", ".join(["(CAST(? AS TEXT))"] * many))
                plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", [*["A1"] * many, 1])]
                assert not [step for step in plan if "BLOOM" in step]
                assert [step for step in plan if "ix_ticket_unresolved (account=?)" in step]


def plan_of(db: sqlite3.Connection, sql: str) -> list[str]:
    if not re.match(r"\s*(SELECT|WITH|UPDATE|DELETE|INSERT)\b", sql):
        return []
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]


def walks_through(db: sqlite3.Connection, what: str) -> bool:
    found = re.match(r"(SCAN|SEARCH) (\w+)(.*)", what)
    if found is None:
        return False
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} - SMALL
    how, table, by = found.groups()
    return table in tables and (how == "SCAN" or bool(re.search(r"\(rowid[<>]", by)))

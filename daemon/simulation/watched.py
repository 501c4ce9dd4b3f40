"""The real store, in memory, with a listener to what is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from daemon.core.actions import Decision
from daemon.core.matching import Snapshot
from daemon.ports import Applied, Case
from daemon.simulation.timeline import Chronicle
from daemon.store import schema
from daemon.store.blobs import Blobs
from daemon.store.connection import Connection, connect
from daemon.store.database import SqlStore
from daemon.store.location import read_url


class WatchedStore(SqlStore):
    def __init__(self, connection: Connection, blobs: Blobs, chronicle: Chronicle) -> None:
        super().__init__(connection, blobs)
        self._chronicle = chronicle

    async def apply(self, decision: Decision) -> Applied:
        applied = await super().apply(decision)
        self._chronicle.note(decision, applied.ticket)
        return applied

    async def settle(self, cases: Sequence[Case]) -> list[Applied | Exception]:
        decided: dict[int, Decision] = {}

        def listening(number: int, case: Case) -> Callable[[Snapshot], Decision]:
            def decide(snapshot: Snapshot) -> Decision:
                decided[number] = case.decide(snapshot)
                return decided[number]

            return decide

        outcomes = await super().settle(
            [replace(case, decide=listening(number, case)) for number, case in enumerate(cases)]
        )
        for number, outcome in enumerate(outcomes):
            if isinstance(outcome, Applied):
                self._chronicle.note(decided[number], outcome.ticket)
        return outcomes


@asynccontextmanager
async def memory_store(folder: Path, chronicle: Chronicle) -> AsyncIterator[WatchedStore]:
    """An empty store; attachments and large mails lie in `folder`."""
    async with connect(read_url("sqlite://:memory:")) as connection:
        await schema.ensure(connection, create=True)
        store = WatchedStore(connection, Blobs(folder), chronicle)
        try:
            yield store
        finally:
            await store.close()

"""One seed played to its end: lives of the real daemon on virtual time, each killed at a step chosen by the
seed, until the last one is allowed to finish. Invariants are checked after every life; the same seed gives
the same story to the byte."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daemon import app
from daemon.core.values import Findings, Intent, Language, Severity
from daemon.mail.tokens import TokenKey
from daemon.settings.model import Settings
from daemon.store.database import open_store
from tests.opening import Here
from tests.simulation.loop import Loop, inline_sqlite
from tests.simulation.world import Chance, SimMailbox, SimSender, World

START = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
KEY = TokenKey(b"k" * 32)
LONGEST_LIFE = 4 * 24 * 3600.0
"""Virtual seconds: within the four days after which the outbox gives a mail up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a seed brings: mails and when they arrive, how often the daemon is killed, and the chances."""

    seed: int
    mails: int
    kills: int
    chance: Chance
    duplicates: int = 0
    renumber: bool = False


def classify(subject: str, text: str) -> Findings:
    """The classifier of a simulation: the subject says the severity."""
    return Findings(
        intent=Intent.TICKET,
        intent_confidence=1.0,
        severity=Severity(f"S{1 + len(subject) % 4}"),
        confidence=1.0,
        other_means="unknown",
        installs="unknown",
        language=Language.FR,
    )


class VirtualClock:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def play(plan: Plan, settings: Settings, template: Path) -> World:
    """Play the seed; raises AssertionError where an invariant breaks. `template`: an empty store."""
    database = settings.desk.data_dir / "desk.sqlite3"
    for old in settings.desk.data_dir.glob("desk.sqlite3*"):
        old.unlink()
    shutil.copy(template, database)
    world = World(plan.seed, plan.chance, START)
    story = _story(plan, world)
    for life in range(plan.kills + 1):
        last = life == plan.kills
        kill_at = None if last else world.random.randint(1, 60 + 60 * plan.mails)
        _live(plan, settings, world, story, kill_at)
        check(world, database)
    check_finished(plan, world, database)
    return world


def _story(plan: Plan, world: World) -> list[bytes]:
    mails = [_mail(n) for n in range(plan.mails)]
    again = [world.random.choice(mails) for _ in range(plan.duplicates)]
    letters = [*mails, *again]
    world.random.shuffle(letters)
    return letters


def _mail(number: int) -> bytes:
    return (
        f"From: Client {number} <c{number}@shop{number}.example>\r\nTo: support@azimutpos.com\r\n"
        f"Subject: {'x' * (number % 5 + 1)}\r\nMessage-ID: <m{number}@shop{number}.example>\r\n"
        f"Date: Tue, 03 Nov 2026 10:00:00 -0500\r\n\r\nLe rapport est vide. {number}\r\n"
    ).encode()


def _live(plan: Plan, settings: Settings, world: World, story: list[bytes], kill_at: int | None) -> None:
    live(world, lambda: _run(plan, settings, world, story, last=kill_at is None), kill_at)


def live(world: World, run: Callable[[], Coroutine[Any, Any, None]], kill_at: int | None) -> int:
    """One life: until it is killed, or until `run` is over. Returns the steps that it took."""
    loop = Loop()
    loop.kill_at = kill_at
    asyncio.set_event_loop(loop)
    world.new_life(loop)
    main = loop.create_task(run())
    try:
        with inline_sqlite(), quiet():
            main.add_done_callback(lambda _: loop.stop())
            loop.run_forever()
            if main.done() and not loop.dead:
                main.result()
            elif not loop.dead:
                raise AssertionError("the life ended without being killed or done")
            loop.bury()
    finally:
        world.end_life()
        asyncio.set_event_loop(None)
    return loop.steps


async def _run(plan: Plan, settings: Settings, world: World, story: list[bytes], *, last: bool) -> None:
    async with open_store(settings.store.url, settings.desk.data_dir, create=False) as store:
        edges = app.Edges(
            open_mailbox=lambda: _open(world),
            sender=SimSender(world),
            opener=Here(classify),
            clock=VirtualClock(world),
            jitter=world.random.random,
        )
        desk = await app.wire(settings, store, KEY, edges)
        serving = asyncio.create_task(app.serve(desk))
        while story:
            await asyncio.sleep(world.random.uniform(0, 20))
            world.deliver(story.pop())
        if plan.renumber and last:
            world.renumber()
        waited = 0.0
        while not await _nothing_left(world, desk.store):
            await asyncio.sleep(30)
            waited += 30
            assert waited < LONGEST_LIFE, "the daemon does not finish"
            if serving.done():
                await serving
        desk.stop.set()
        await serving


async def _open(world: World) -> SimMailbox:
    await world.visit()
    return SimMailbox(world)


async def _nothing_left(world: World, store: app.SqlStore) -> bool:
    counts = await store.counts()
    return not world.folders["INBOX"] and counts["outbox"] == 0


def check(world: World, database: Path) -> None:
    """True at every instant, whatever was killed."""
    with closing(sqlite3.connect(database)) as db:

        def number(sql: str) -> int:
            return int(db.execute(sql).fetchone()[0])

        assert number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") == 0
        acks = "SELECT count(*) - count(DISTINCT ticket) FROM outbox WHERE kind = 'ack'"
        assert number(acks) == 0, "two acknowledgements for one ticket"
        caused = "SELECT ticket FROM inbound_mail WHERE ticket IS NOT NULL"
        tickets = f"SELECT count(*) FROM ticket WHERE id NOT IN ({caused})"
        assert number(tickets) == 0, "a ticket without its mail"
        known = {row[0] for row in db.execute("SELECT message_id FROM outbox WHERE message_id IS NOT NULL")}
    for mail in world.accepted:
        assert mail.message_id.strip("<>") in known, "a mail left that no row knows"


def check_finished(plan: Plan, world: World, database: Path) -> None:
    """What must hold when nothing is left to do."""
    with closing(sqlite3.connect(database)) as db:
        fates = dict(db.execute("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1").fetchall())
        assert fates.get("ticket") == plan.mails, fates
        assert set(fates) <= {"ticket", "duplicate"}, fates
        states = dict(
            db.execute("SELECT state, count(*) FROM outbox WHERE kind = 'ack' GROUP BY 1").fetchall()
        )
        # An answer that was lost too often is given up, and told: the mail itself had arrived.
        given_up = states.get("failed", 0)
        assert states.get("sent", 0) + given_up == plan.mails, states
        told = db.execute("SELECT count(*) FROM outbox WHERE cause LIKE 'undeliverable:%'").fetchone()[0]
        assert told == given_up, "given up and told to nobody"
    filed = sum(len(mails) for name, mails in world.folders.items() if name != "INBOX")
    assert filed == plan.mails + plan.duplicates, "a mail of the mailbox was lost or doubled"
    by_person: dict[str, set[tuple[str, bytes]]] = {}
    for mail in world.accepted:
        if mail.kind != "ack":
            continue
        by_person.setdefault(mail.recipient, set()).add((mail.message_id, mail.data))
    assert len(by_person) == plan.mails, "somebody was not answered"
    assert all(len(copies) == 1 for copies in by_person.values()), "a repeat that is not the same mail"


@contextmanager
def quiet() -> Iterator[None]:
    import logging
    import warnings

    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)

"""A scenario played from its first instant to its last by the daemon's own loops."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from daemon import app
from daemon.core.dossier import Dossier
from daemon.core.policy import Policy
from daemon.loops.pausing import either
from daemon.mail.tokens import TokenKey
from daemon.ports import Mailbox
from daemon.settings.load import policy as policy_of
from daemon.simulation.inline_sqlite import inline_sqlite
from daemon.simulation.letters import Letter, bounced, written
from daemon.simulation.loop import VirtualLoop
from daemon.simulation.reading import ScenarioOpener
from daemon.simulation.scenario import Bounce, Outage, Scenario, Service, WrittenMail
from daemon.simulation.surroundings import silent, unhurried_collector
from daemon.simulation.timeline import Chronicle, Entry, Filed, breaches, in_order, sent
from daemon.simulation.watched import WatchedStore, memory_store
from daemon.simulation.world import MemoryMailbox, MemorySender, World

_KEY: Final = TokenKey(b"a scenario has no secret to keep")
_SEED: Final = 1
_MOMENT: Final = 1e-6
"""Seconds: the story ends just after its last instant, so that what falls due at that instant is done."""

_QUIET: Final = 30 * 86_400.0
"""Seconds that a loop may sleep: nobody else writes into this store, and whoever writes wakes the others."""

_CHUNK: Final = 200


class CannotGoOn(Exception):
    """The scenario asks for what cannot be, such as an answer to a mail that nobody sent. The text names the
    place and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A mail that came in, as its bytes."""

    uid: int
    at: datetime
    sender: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """`fault`: why the story broke off, "" when it came to its end. `arrived` and the letters' HTML are kept
    only for a page."""

    entries: tuple[Entry, ...]
    letters: tuple[Letter, ...]
    arrived: tuple[Arrived, ...]
    filed: dict[int, Filed]
    fault: str = ""


def play(scenario: Scenario, *, pages: bool = False) -> Played:
    """The whole story. `pages`: keep what a page of the mails needs."""
    with (
        tempfile.TemporaryDirectory(prefix="azimut-simulation-") as folder,
        inline_sqlite(),
        silent(),
        unhurried_collector(),
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        return runner.run(_play(scenario, Path(folder), pages=pages))


async def _play(scenario: Scenario, folder: Path, *, pages: bool) -> Played:
    chronicle = Chronicle()
    async with memory_store(folder, chronicle) as store:
        stage = _Stage(scenario, store, pages=pages)
        await store.import_accounts(scenario.customers, scenario.start)
        fault = ""
        try:
            await stage.act()
        except CannotGoOn as broken:
            fault = str(broken)
        missed = await _breaches(store, chronicle, stage.policy, stage.world.now())
        letters = stage.world.letters
        return Played(
            entries=in_order([*missed, *chronicle.entries, *map(sent, letters)]),
            letters=tuple(letters),
            arrived=tuple(stage.arrived),
            filed=chronicle.filed,
            fault=fault,
        )


class _Stage:
    """The world around the desk, and what the scenario does to it."""

    def __init__(self, scenario: Scenario, store: WatchedStore, *, pages: bool) -> None:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, VirtualLoop):
            raise TypeError("a scenario is played on virtual time")
        self._loop = loop
        self._scenario = scenario
        self._store = store
        self._pages = pages
        self._settings = settings = scenario.settings
        self._start = scenario.start.astimezone(UTC)
        self.world = World(loop, self._start, pages=pages)
        self.arrived: list[Arrived] = []
        self._broken: asyncio.Future[None] = loop.create_future()
        self.policy: Policy = policy_of(settings)
        team = frozenset(address for agent in settings.agents for address in agent.addresses)
        self._opener = ScenarioOpener(app.reading_setup(settings), team)

    async def act(self) -> None:
        """Everything from the first instant to the last. Raises `CannotGoOn`."""
        away = _spans(self._scenario.outages, Service.DAEMON)
        for service in (Service.IMAP, Service.SMTP):
            for outage in _spans(self._scenario.outages, service):
                self._plan(outage.since, partial(self.world.take_down, service))
                self._plan(outage.until, partial(self.world.bring_back, service))
        ups = [self._start, *(outage.until for outage in away)]
        downs = [*(outage.since for outage in away), self._scenario.end]
        lives = [(self._at(up), self._at(down)) for up, down in zip(ups, downs, strict=True) if up <= down]
        for mail in self._scenario.mails:
            self._plan(mail.at, partial(self._guarded, partial(self._deliver, mail)))
        for bounce in self._scenario.bounces:
            self._plan(bounce.at, partial(self._guarded, partial(self._bounce, bounce)))
        for up, down in lives:
            await self._until(up)
            await self._live(down)
        await self._until(self._at(self._scenario.end))

    async def _live(self, until: float) -> None:
        """The daemon from its start to its stop, at virtual second `until`."""
        rng = random.Random(_SEED)  # noqa: S311 - it spreads retries, and must be the same each time
        edges = app.Edges(
            open_mailbox=self._open,
            sender=MemorySender(self.world),
            opener=self._opener,
            clock=self.world,
            jitter=rng.random,
            longest_sleep=_QUIET,
        )
        desk = await app.wire(self._settings, self._store, _KEY, edges)
        serving = asyncio.create_task(app.serve(desk))
        try:
            await either(self._until(until), asyncio.shield(serving))
        finally:
            desk.stop.set()
            await serving

    async def _open(self) -> Mailbox:
        return MemoryMailbox(self.world)

    async def _until(self, at: float) -> None:
        """Until virtual second `at`, with all that happens there done. Raises `CannotGoOn`."""
        reached = asyncio.Event()
        self._loop.plan(at + _MOMENT, reached.set)
        waiting: asyncio.Future[Any] = asyncio.ensure_future(reached.wait())
        try:
            await asyncio.wait({waiting, self._broken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._broken.done():
            self._broken.result()

    def _at(self, instant: datetime) -> float:
        return (instant - self._start).total_seconds()

    def _plan(self, instant: datetime, what: Callable[[], object]) -> None:
        self._loop.plan(self._at(instant), what)

    def _guarded(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as broken:  # noqa: BLE001 - it ends the story, and is raised there
            if not self._broken.done():
                self._broken.set_exception(broken)

    # -- what the scenario does --------------------------------------------------------------------------

    def _deliver(self, mail: WrittenMail) -> None:
        letter = self._answered(mail) if mail.reply_to else None
        data = written(mail, self._settings.desk.address, letter)
        uid = self._arrive(data, mail.sender.address)
        self._opener.senders[uid] = mail.sender.address
        if mail.findings is not None:
            self._opener.given[uid] = mail.findings

    def _answered(self, mail: WrittenMail) -> Letter:
        """The latest mail of this kind that the sender received: an agent under each of their addresses."""
        agent = self.policy.agent(mail.sender.address)
        addresses = agent.addresses if agent is not None else (mail.sender.address,)
        letter = self.world.latest(mail.reply_to, addresses, mail.ticket)
        if letter is None:
            raise CannotGoOn(
                f'{self._scenario.file}: mail.{mail.number}.reply_to is "{mail.reply_to}": expected a kind of'
                f" mail that {mail.sender.address} has received{_on(mail.ticket)}"
                f" before {mail.at.isoformat()}"
            )
        return letter

    def _bounce(self, bounce: Bounce) -> None:
        letter = self.world.latest(bounce.of, [bounce.to], bounce.ticket)
        if letter is None:
            to = f" to {bounce.to}" if bounce.to else ""
            raise CannotGoOn(
                f'{self._scenario.file}: bounce.{bounce.number}.of is "{bounce.of}": expected a kind of mail'
                f" that the desk has sent{to}{_on(bounce.ticket)} before {bounce.at.isoformat()}"
            )
        self._arrive(bounced(bounce, letter, self._settings.desk.address), "")

    def _arrive(self, data: bytes, sender: str) -> int:
        uid = self.world.deliver(data)
        if self._pages:
            self.arrived.append(Arrived(uid=uid, at=self.world.now(), sender=sender, data=data))
        return uid


def _on(ticket: str) -> str:
    return f" about {ticket}" if ticket else ""


def _spans(outages: Iterable[Outage], what: Service) -> list[Outage]:
    """The outages of one service, in order; those that touch are one."""
    found: list[Outage] = []
    for outage in sorted((o for o in outages if o.what is what), key=lambda o: (o.since, o.until)):
        if found and outage.since <= found[-1].until:
            found[-1] = replace(found[-1], until=max(found[-1].until, outage.until))
        else:
            found.append(outage)
    return found


async def _breaches(store: WatchedStore, chronicle: Chronicle, policy: Policy, end: datetime) -> list[Entry]:
    numbers = sorted(chronicle.tickets)
    found: list[Entry] = []
    for first in range(0, len(numbers), _CHUNK):
        dossiers: list[Dossier] = await store.dossiers(numbers[first : first + _CHUNK])
        found += breaches(dossiers, policy, end)
    return found

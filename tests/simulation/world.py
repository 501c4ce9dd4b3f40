"""The outside of a simulated daemon: a mailbox and an SMTP server in memory that outlive it, and misbehave by
a seeded chance. They keep the promises of `ports.Mailbox` and `ports.Sender`, and nothing more.
"""

from __future__ import annotations

import asyncio
import email
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from daemon.core.values import Delivery, Outcome
from daemon.ports import MailHead, MoveRefused, RawMail, Unavailable
from tests.simulation.loop import Loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Parts of the visits that go wrong. `delay`: longest wait in seconds of virtual time."""

    drop: float = 0.0
    refuse_move: float = 0.0
    defer: float = 0.0
    lose_answer: float = 0.0
    unreachable: float = 0.0
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A mail that the simulated SMTP server took over."""

    recipient: str
    message_id: str
    kind: str
    ticket: str
    data: bytes = field(repr=False)


class World:
    """Everything that survives the daemon. `arrivals` are mails still to come: (seconds, bytes)."""

    def __init__(self, seed: int, chance: Chance, start: datetime) -> None:
        self.random = random.Random(seed)
        self.chance = chance
        self.start = start
        self.elapsed = 0.0  # virtual seconds of earlier lives
        self.loop: Loop | None = None
        self.uidvalidity = 1
        self.next_uid = 1
        self.folders: dict[str, dict[int, tuple[datetime, bytes]]] = {"INBOX": {}}
        self.accepted: list[Accepted] = []
        self.changed = asyncio.Event()
        self.sessions = 0

    def now(self) -> datetime:
        virtual = self.loop.virtual if self.loop is not None else 0.0
        return self.start + timedelta(seconds=self.elapsed + virtual)

    def deliver(self, data: bytes) -> None:
        """A mail arrives in the inbox."""
        self.folders["INBOX"][self.next_uid] = (self.now(), data)
        self.next_uid += 1
        self.changed.set()

    def renumber(self) -> None:
        """The mailbox is restored from elsewhere: the same mails under a new UIDVALIDITY and new UIDs."""
        self.uidvalidity += 1
        mails = list(self.folders["INBOX"].values())
        self.folders["INBOX"] = dict(enumerate(mails, start=1))
        self.next_uid = len(mails) + 1
        self.sessions += 1  # every open session is void

    def new_life(self, loop: Loop) -> None:
        self.loop = loop
        self.changed = asyncio.Event()
        self.sessions += 1

    def end_life(self) -> None:
        if self.loop is not None:
            self.elapsed += self.loop.virtual
        self.loop = None

    def happens(self, rate: float) -> bool:
        return self.random.random() < rate

    async def visit(self) -> None:
        """One visit to a server: it takes time, and the process may be killed meanwhile."""
        if self.loop is None:
            raise Unavailable("imap", "no process")
        if not self.loop.step():
            await asyncio.Event().wait()
        if self.chance.delay:
            await asyncio.sleep(self.random.uniform(0, self.chance.delay))


class SimMailbox:
    """One session. After a drop it is dead, as the port says."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session = world.sessions
        self._uidvalidity = world.uidvalidity
        self._dead = False

    @property
    def uidvalidity(self) -> int:
        return self._uidvalidity

    async def search(self, first_uid: int = 1) -> list[int]:
        await self._visit()
        return sorted(uid for uid in self._world.folders["INBOX"] if uid >= first_uid)

    async def heads(self, uids: Sequence[int]) -> list[MailHead]:
        await self._visit()
        found = {uid: self._world.folders["INBOX"].get(uid) for uid in uids}
        return [MailHead(uid=uid, internaldate=m[0], size=len(m[1])) for uid, m in found.items() if m]

    async def fetch(self, uids: Sequence[int]) -> AsyncIterator[RawMail]:
        for uid in uids:
            await self._visit()
            found = self._world.folders["INBOX"].get(uid)
            if found is not None:
                yield RawMail(uid=uid, internaldate=found[0], size=len(found[1]), data=found[1])

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Mail by mail, so that a drop can leave half of them moved."""
        if self._world.happens(self._world.chance.refuse_move):
            raise MoveRefused("NO [OVERQUOTA] simulated")
        for uid in uids:
            await self._visit()
            mail = self._world.folders["INBOX"].pop(uid, None)
            if mail is not None:
                target = self._world.folders.setdefault(folder, {})
                target[len(target) + 1] = mail

    async def append(self, folder: str, data: bytes, internaldate: datetime | None = None) -> int | None:
        await self._visit()
        target = self._world.folders.setdefault(folder, {})
        uid = len(target) + 1
        target[uid] = (internaldate or self._world.now(), data)
        await self._visit()  # a drop may come before the answer
        return uid

    async def find(self, folder: str, field: str, value: str, since: datetime, before: datetime) -> list[int]:
        await self._visit()
        wanted = f"{field}: {value}\r\n".encode()
        found = self._world.folders.get(folder, {}).items()
        return [uid for uid, (at, data) in found if wanted in data and since <= at <= before]

    async def remove(self, uids: Sequence[int]) -> bool:
        for uid in uids:
            await self._visit()
            self._world.folders["INBOX"].pop(uid, None)
        return True

    async def wait(self, seconds: float) -> None:
        await self._visit()
        self._world.changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._world.changed.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        self._dead = True

    async def _visit(self) -> None:
        await self._world.visit()
        if self._session != self._world.sessions:
            self._dead = True
        if self._world.happens(self._world.chance.drop):
            self._dead = True
        if self._dead:
            raise Unavailable("imap", "simulated drop")


class SimSender:
    """Every end that a conversation can have, by chance."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def send(self, envelope_from: str, recipient: str, message: bytes) -> Delivery:
        world = self._world
        if world.happens(world.chance.unreachable):
            return Delivery(outcome=Outcome.UNREACHABLE, text="simulated: no server")
        await world.visit()
        if world.happens(world.chance.defer):
            return Delivery(outcome=Outcome.DEFERRED, code=451, text="simulated: later")
        self._take(recipient, message)
        await world.visit()
        if world.happens(world.chance.lose_answer):
            return Delivery(outcome=Outcome.UNKNOWN, text="simulated: the answer was lost")
        return Delivery(outcome=Outcome.ACCEPTED, code=250, text="ok")

    async def close(self) -> None: ...

    def _take(self, recipient: str, message: bytes) -> None:
        head: Any = email.message_from_bytes(message)
        self._world.accepted.append(
            Accepted(
                recipient=recipient,
                message_id=str(head["Message-ID"]),
                kind=str(head["X-Azimut-Kind"]),
                ticket=str(head["X-Azimut-Ticket"]),
                data=message,
            )
        )

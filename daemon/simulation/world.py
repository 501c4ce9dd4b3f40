"""The outside of a simulated desk: a mailbox and a mail server in memory, and what was taken over by it. They
keep the promises of `ports.Mailbox` and `ports.Sender`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from daemon.core.values import Delivery, Outcome
from daemon.ports import MailHead, RawMail, Unavailable
from daemon.simulation.letters import Letter, opened_letter
from daemon.simulation.loop import VirtualLoop
from daemon.simulation.scenario import Service


class World:
    """Everything that outlives the daemon. Instants are those of the virtual clock, in UTC.

    inbox     by UID: when it arrived, and its bytes
    kept      by folder, what the desk itself put there; what it moved there is not looked at again
    letters   what the server took over, in that order
    down      what is away now
    """

    def __init__(self, loop: VirtualLoop, start: datetime, *, pages: bool) -> None:
        self._loop = loop
        self._start = start
        self._pages = pages
        self.inbox: dict[int, tuple[datetime, bytes]] = {}
        self.kept: dict[str, dict[int, tuple[datetime, bytes]]] = {}
        self.letters: list[Letter] = []
        self.down: set[Service] = set()
        self.changed = asyncio.Event()
        self._next_uid = 1
        self._virtual, self._now = 0.0, start
        self._newest: dict[tuple[str, str, str], Letter] = {}

    def now(self) -> datetime:
        """To the microsecond, so that a timer set for an instant meets it exactly."""
        if self._virtual != self._loop.virtual:
            self._virtual = self._loop.virtual
            self._now = self._start + timedelta(microseconds=round(self._virtual * 1_000_000))
        return self._now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def deliver(self, data: bytes) -> int:
        """A mail arrives in the inbox; its UID."""
        uid = self._next_uid
        self._next_uid += 1
        self.inbox[uid] = (self.now(), data)
        self.changed.set()
        return uid

    def take_down(self, service: Service) -> None:
        self.down.add(service)
        self.changed.set()  # whoever waits on a connection sees it break

    def bring_back(self, service: Service) -> None:
        self.down.discard(service)

    def take_over(self, envelope_from: str, recipient: str, message: bytes) -> None:
        letter = opened_letter(self.now(), envelope_from, recipient, message, pages=self._pages)
        self.letters.append(letter)
        for to in ("", recipient):
            for ticket in {"", letter.ticket or ""}:
                self._newest[to, letter.kind, ticket] = letter

    def latest(self, kind: str, addresses: Sequence[str] = ("",), ticket: str = "") -> Letter | None:
        """The latest mail of this kind to one of these addresses ("": to anybody), about this ticket ("":
        about any)."""
        found = (self._newest.get((address, kind, ticket)) for address in addresses)
        return max((x for x in found if x is not None), key=lambda letter: letter.at, default=None)


class MemoryMailbox:
    """One session on the inbox. It ends when the mail server goes away, as the port says."""

    uidvalidity = 1

    def __init__(self, world: World) -> None:
        self._world = world
        self._dead = False
        self._check()

    async def search(self, first_uid: int = 1) -> list[int]:
        self._check()
        return sorted(uid for uid in self._world.inbox if uid >= first_uid)

    async def heads(self, uids: Sequence[int]) -> list[MailHead]:
        self._check()
        found = ((uid, self._world.inbox[uid]) for uid in uids if uid in self._world.inbox)
        return [MailHead(uid=uid, internaldate=at, size=len(data)) for uid, (at, data) in found]

    async def fetch(self, uids: Sequence[int]) -> AsyncIterator[RawMail]:
        for uid in uids:
            self._check()
            if uid in self._world.inbox:
                at, data = self._world.inbox[uid]
                yield RawMail(uid=uid, internaldate=at, size=len(data), data=data)

    async def move(self, uids: Sequence[int], folder: str) -> None:  # noqa: ARG002 - out of sight, wherever
        await self.remove(uids)

    async def append(self, folder: str, data: bytes, internaldate: datetime | None = None) -> int | None:
        self._check()
        mails = self._world.kept.setdefault(folder, {})
        uid = len(mails) + 1
        mails[uid] = (internaldate or self._world.now(), data)
        return uid

    async def find(self, folder: str, field: str, value: str, since: datetime, before: datetime) -> list[int]:
        self._check()
        wanted = f"{field}: {value}\r\n".encode()
        found = self._world.kept.get(folder, {}).items()
        return [uid for uid, (at, data) in found if wanted in data and since <= at <= before]

    async def remove(self, uids: Sequence[int]) -> bool:
        self._check()
        for uid in uids:
            self._world.inbox.pop(uid, None)
        return True

    async def wait(self, seconds: float) -> None:  # noqa: ARG002 - nothing comes that the server does not tell
        """Until something happens: a year of quiet nights costs no poll."""
        self._check()
        await self._world.changed.wait()
        self._world.changed.clear()
        self._check()

    async def close(self) -> None:
        self._dead = True

    def _check(self) -> None:
        if self._dead or Service.IMAP in self._world.down:
            self._dead = True
            raise Unavailable("imap", "the scenario has taken the mailbox away")


class MemorySender:
    """A server that takes every mail over at once, unless it is away."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def send(self, envelope_from: str, recipient: str, message: bytes) -> Delivery:
        if Service.SMTP in self._world.down:
            return Delivery(outcome=Outcome.UNREACHABLE, text="the scenario has taken the server away")
        self._world.take_over(envelope_from, recipient, message)
        return Delivery(outcome=Outcome.ACCEPTED, code=250, text="ok")

    async def close(self) -> None: ...

"""A desk without servers: the real reader, classifier, store, outbox and composer. Mails come as bytes, and
what would leave is kept as the SMTP edge was given it."""

from __future__ import annotations

import asyncio
import atexit
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from daemon.core.actions import AddEvent, Decision, SetState
from daemon.core.policy import Intake, Policy
from daemon.core.sla.events import Closed, Resolved
from daemon.core.values import Delivery, Disposition, Findings, Outcome, State
from daemon.edges.reading import Setup
from daemon.loops.outbox import OutboxLoop
from daemon.loops.reader import MailReader
from daemon.mail.compose import Composer, Identity
from daemon.mail.tokens import TokenKey, TokenReader
from daemon.ports import RawMail
from daemon.store.database import SqlStore, open_store
from tests.opening import Here


class Clock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.instant = now

    def now(self) -> datetime:
        return self.instant

    async def sleep(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    recipient: str
    message: EmailMessage
    raw: bytes
    envelope_from: str = ""

    @property
    def kind(self) -> str:
        return str(self.message["X-Azimut-Kind"])

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"]).strip("<>")

    def words(self) -> str:
        """Every header and every decoded text, as the receiver can see them."""
        heads = [f"{name}: {value}" for name, value in self.message.items()]
        parts = [p.get_content() for p in self.message.walk() if p.get_content_maintype() == "text"]
        return "\n".join([*heads, *parts])

    def html(self) -> str:
        body = self.message.get_body(("html",))
        return str(body.get_content()) if body is not None else ""


class Outgoing:
    """An SMTP server that takes everything."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    async def send(self, envelope_from: str, recipient: str, message: bytes) -> Delivery:
        read = message_from_bytes(message, policy=policy.default)
        assert isinstance(read, EmailMessage)
        self.sent.append(Sent(recipient=recipient, message=read, raw=message, envelope_from=envelope_from))
        return Delivery(outcome=Outcome.ACCEPTED, code=250)

    async def close(self) -> None:
        return None


@dataclass(slots=True, kw_only=True)
class Desk:
    store: SqlStore
    reader: MailReader
    outbox: OutboxLoop
    outgoing: Outgoing
    clock: Clock
    agents: tuple[str, ...]  # where each agent is written to
    uid: int = 0
    ahead: timedelta = timedelta()  # how far the mail server's clock is ahead of ours
    dispositions: list[Disposition] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # whom the newest mail's notifications went to

    async def deliver(self, raw: bytes, *, uid: int | None = None) -> list[Sent]:
        """One mail through intake and outbox; returns what left because of it, but for the notifications that
        agents get of every mail (`notifications`, `told`). Those are judged here, whatever the mail was."""
        if uid is None:
            self.uid += 1
            uid = self.uid
        before = len(self.outgoing.sent)
        mail = RawMail(uid=uid, internaldate=self.clock.now() + self.ahead, size=len(raw), data=raw)
        self.dispositions += await self.reader.settle(await self.reader.read("INBOX", 1, [mail]), Intake())
        await self.outbox.flush()
        self._tell_once(self.outgoing.sent[before:])
        return [sent for sent in self.outgoing.sent[before:] if sent.kind != "notification"]

    def _tell_once(self, left: Sequence[Sent]) -> None:
        """Each agent is told of a new ticket once, of a message of one once or not at all (a breaker), and of
        nothing else."""
        self.told = sorted(sent.recipient for sent in left if sent.kind == "notification")
        everybody = sorted(self.agents)
        may_be = {Disposition.TICKET: [everybody], Disposition.MESSAGE: [everybody, []]}
        how = self.dispositions[-1]
        assert self.told in may_be.get(how, [[]]), f"{how}: {self.told} were told"

    @property
    def notifications(self) -> list[Sent]:
        """What the agents were told so far, oldest first."""
        return [sent for sent in self.outgoing.sent if sent.kind == "notification"]

    async def ended(self, state: State) -> None:
        """Every ticket is resolved or closed now, as an agent's command does it."""
        at = self.clock.now()
        over = Resolved(at=at) if state is State.RESOLVED else Closed(at=at)
        for ticket in await self.tickets():
            number = int(ticket["id"])
            happened = (
                AddEvent(ticket=number, event=over),
                SetState(ticket=number, state=state, at=at, by="alex"),
            )
            await self.store.apply(Decision(actions=happened))

    async def tickets(self) -> list[Mapping[str, Any]]:
        return await self.rows("SELECT * FROM ticket ORDER BY id")

    async def rows(self, sql: str, *values: object) -> list[Mapping[str, Any]]:
        return list(await self.store._connection.rows(sql, values))


@cache
def _new_store() -> Path:
    """An empty store, made once: its migrations take longer than most cases."""
    folder = Path(mkdtemp(prefix="azimut-threats-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    async def make() -> None:
        async with open_store(f"sqlite://{folder}/desk.sqlite3", folder, create=True):
            return

    with ThreadPoolExecutor(1) as apart:  # the caller's event loop is running
        apart.submit(asyncio.run, make()).result()
    return folder / "desk.sqlite3"


@asynccontextmanager
async def open_desk(
    folder: Path, rules: Policy, classify: Callable[[str, str], Findings], now: datetime
) -> AsyncIterator[Desk]:
    setup = Setup(desk_address=rules.desk_address, voicemail_senders=rules.voicemail_senders)
    clock, outgoing, key = Clock(now), Outgoing(), TokenKey(b"k" * 32)
    who = Identity(
        desk_address=rules.desk_address, desk_name=rules.desk_name, timezone=rules.timezone, key=key
    )
    shutil.copyfile(_new_store(), folder / "desk.sqlite3")
    async with open_store(f"sqlite://{folder}/desk.sqlite3", folder / "data", create=True) as store:
        outbox = OutboxLoop(
            store=store,
            sender=outgoing,
            composer=Composer(who, None),
            policy=rules,
            clock=clock,
            parallel=2,
            jitter=lambda: 0.5,
            stop=asyncio.Event(),
        )
        reader = MailReader(
            store=store,
            opener=Here(classify, setup.parse),
            evidence=TokenReader(key, rules.desk_address, clock.now),
            policy=rules,
            clock=clock,
            wake=outbox.wake,
        )
        agents = tuple(agent.addresses[0] for agent in rules.agents)
        yield Desk(store=store, reader=reader, outbox=outbox, outgoing=outgoing, clock=clock, agents=agents)

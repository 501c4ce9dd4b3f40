"""The `Sender` port on a real server: a few connections, used again, dropped at the first doubt.

It decides nothing about a mail's future; it says how the attempt ended. While the server cannot be reached or
refuses our login, it answers for the server without knocking again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from daemon.core.values import Delivery, Outcome
from daemon.edges.smtp.cancelling import cancellable
from daemon.edges.smtp.connection import Connection, Lost
from daemon.edges.smtp.letter import Letter, Unsendable, address_letter
from daemon.edges.smtp.opening import Unreachable, open_connection
from daemon.edges.smtp.pace import Allowance, Gate
from daemon.edges.smtp.server import SmtpServer

IDLE_LIMIT: Final = 60.0
"""Seconds after which an idle connection takes leave: before servers and firewalls drop it in silence."""

DOUBT_AFTER: Final = 2.0
"""Seconds of idleness after which a connection is asked whether it lives before it gets a mail."""

LEAVE: Final = 5.0
"""Seconds for an answer that no mail depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpStatus:
    """For health. `last_ok` seconds since the server last took a mail or a login, None: never yet.
    `last_error` holds until then. `retry_in` seconds until it is knocked again, 0.0: it may be now."""

    last_ok: float | None
    last_error: str
    retry_in: float
    connections: int


class SmtpPool:
    """Sends several mails at once, one connection each; the others wait for their turn."""

    def __init__(
        self, server: SmtpServer, *, idle_limit: float = IDLE_LIMIT, doubt_after: float = DOUBT_AFTER
    ) -> None:
        self._server = server
        self._idle_limit = idle_limit
        self._doubt_after = doubt_after
        self._slots = asyncio.Semaphore(server.connections)
        self._connecting = asyncio.Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._freed = asyncio.Event()
        self._leaving: set[asyncio.Task[None]] = set()
        self._reaper: asyncio.TimerHandle | None = None
        self._gate = Gate()
        self._allowance = Allowance(server.max_per_minute)
        self._last_ok: float | None = None
        self._last_error = ""
        self._closed = asyncio.Event()

    @staticmethod
    def load() -> None:
        """Import the library now, which takes a while, and not with the first mail."""
        import aiosmtplib  # noqa: F401

    async def send(self, envelope_from: str, recipient: str, message: bytes) -> Delivery:
        """See `ports.Sender`. What cannot go on the wire is LOCAL before any server hears of it."""
        try:
            letter = address_letter(envelope_from, recipient, message, self._server.only_to)
        except Unsendable as fault:
            return Delivery(outcome=Outcome.LOCAL, text=str(fault))
        async with self._slots:
            delivery = await cancellable(self._deliver_in_turn(letter))
        if delivery.outcome is Outcome.ACCEPTED:
            self._went_well()
        elif delivery.outcome in (Outcome.UNREACHABLE, Outcome.UNKNOWN):
            self._last_error = delivery.text
        return delivery

    async def close(self) -> None:
        """Idle connections take leave; those with a mail under way are cut. Idempotent."""
        self._closed.set()
        if self._reaper is not None:
            self._reaper.cancel()
        for connection in list(self._busy):
            connection.abort()
        while self._idle:
            self._dismiss(self._idle.pop())
        if self._leaving:
            await asyncio.wait(self._leaving)

    def status(self) -> SmtpStatus:
        now = _now()
        return SmtpStatus(
            last_ok=None if self._last_ok is None else now - self._last_ok,
            last_error=self._last_error,
            retry_in=self._gate.wait(now),
            connections=len(self._idle) + len(self._busy),
        )

    async def _deliver_in_turn(self, letter: Letter) -> Delivery:
        """When the rate allows. The wait comes before a connection is taken, which would not outlive it."""
        if not (self._idle or self._busy) and self._gate.wait(_now()):
            return _unreachable(self._shut_out())
        if delay := self._allowance.take(_now()):
            await asyncio.sleep(delay)
        delivery = await self._deliver(letter)
        if delivery.outcome is Outcome.UNREACHABLE:
            self._allowance.give_back()
        return delivery

    async def _deliver(self, letter: Letter) -> Delivery:
        """Over a connection that is open, else over a new one."""
        while True:
            fresh = not self._idle
            try:
                connection = await self._connect() if fresh else self._idle.pop()
            except Unreachable as trouble:
                if await self._another_freed():
                    continue
                return _unreachable(trouble)
            try:
                return await self._attempt(connection, letter, fresh=fresh)
            except Lost as fault:
                # Of a fresh one it says something about this mail, which must not be tried in a circle.
                if fresh:
                    return Delivery(outcome=Outcome.DEFERRED, text=str(fault))
                # It died while idle, and the mail had not left: no refusal, another connection.

    async def _attempt(self, connection: Connection, letter: Letter, *, fresh: bool) -> Delivery:
        """One transaction. Raises `Lost`; whatever happens, the connection is kept or dropped."""
        self._busy.add(connection)
        try:
            if not fresh:
                await self._make_sure(connection)
            delivery = await connection.deliver(letter)
            if not fresh and delivery.outcome is Outcome.UNREACHABLE and delivery.code == 421:
                raise Lost(delivery.text)  # the server says that we were idle for too long
            return delivery
        finally:
            self._busy.discard(connection)
            self._put_back(connection)

    async def _make_sure(self, connection: Connection) -> None:
        """That the connection lives and is between two mails. Raises `Lost`."""
        if not connection.usable:
            raise Lost("the connection was closed while idle")
        if not connection.clean or _now() - connection.parked_at >= self._doubt_after:
            await connection.reset(min(LEAVE, self._server.timeout))

    async def _connect(self) -> Connection:
        """A new connection. One at a time, so that one failure answers all who wait. Raises `Unreachable`."""
        async with self._connecting:
            if self._closed.is_set():
                raise Unreachable(self._server, "we are closing down")
            if self._gate.wait(_now()):
                raise self._shut_out()
            try:
                connection = await open_connection(self._server)
            except Unreachable as trouble:
                self._gate.shut(_now(), trouble.why, refused=trouble.refused)
                self._last_error = str(trouble)
                raise
            if self._closed.is_set():
                connection.abort()
                raise Unreachable(self._server, "we are closing down")
            self._gate.open()
            self._went_well()
            return connection

    def _shut_out(self) -> Unreachable:
        """What the last try met, told again without another one."""
        return Unreachable(self._server, self._gate.reason, refused=self._gate.refused)

    async def _another_freed(self) -> bool:
        """Whether to try again with a connection that was busy: a server that allows fewer connections than
        we would like refuses one more, and is not out of reach."""
        if self._closed.is_set() or not (self._busy or self._idle):
            return False
        if not self._idle:
            self._freed.clear()
            await self._freed.wait()
        return True

    def _put_back(self, connection: Connection) -> None:
        """Kept when nothing is left over from the mail, dropped at the least doubt."""
        if connection.usable and not self._closed.is_set():
            connection.parked_at = _now()
            self._idle.append(connection)
            if self._reaper is None:
                self._reaper = asyncio.get_running_loop().call_later(self._idle_limit, self._reap)
        else:
            connection.abort()
        self._freed.set()

    def _reap(self) -> None:
        """Send away what has been idle for long; come again while there is something to watch."""
        self._reaper = None
        overdue = [c for c in self._idle if _now() - c.parked_at >= self._idle_limit or not c.usable]
        for connection in overdue:
            self._idle.remove(connection)
            self._dismiss(connection)
        if self._idle:
            oldest = min(c.parked_at for c in self._idle)
            delay = max(oldest + self._idle_limit - _now(), 0.01)
            self._reaper = asyncio.get_running_loop().call_later(delay, self._reap)

    def _dismiss(self, connection: Connection) -> None:
        task = asyncio.create_task(connection.quit(LEAVE))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _went_well(self) -> None:
        self._last_ok = _now()
        self._last_error = ""


def _unreachable(trouble: Unreachable) -> Delivery:
    return Delivery(outcome=Outcome.UNREACHABLE, code=trouble.refused, text=str(trouble))


def _now() -> float:
    """Monotonic seconds: a clock that is set has no say in how often we knock."""
    return asyncio.get_running_loop().time()

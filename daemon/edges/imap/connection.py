"""One connection to an IMAP server: every command is raced against loss and time.

It knows nothing of folders and mails. Whatever goes wrong is `Unavailable`, and after a timeout or a
cancellation the connection is dead: a late answer must never be taken for the answer to another command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, NamedTuple

from aioimaplib.aioimaplib import AioImapException

from daemon.edges.imap.answers import Line
from daemon.edges.imap.server import ImapServer, said
from daemon.edges.imap.wire import Ask, Idle, Wire
from daemon.ports import Unavailable

SLOWEST: Final = 50_000
"""Bytes a second: what a slow line is given on top of the timeout for a large answer."""

PARTING: Final = 2.0
"""Seconds that a LOGOUT may take: the work is done, the server's politeness is not worth more."""


class Answer(NamedTuple):
    """`result` is OK, NO or BAD; `lines` the untagged ones; `text` what the server said at the end."""

    result: str
    lines: Sequence[Line]
    text: bytes


class Connection:
    """Opened by `opening.connect`. One command at a time: a second caller waits."""

    def __init__(self, server: ImapServer) -> None:
        self.server = server
        self.capabilities: frozenset[str] = frozenset()
        self.wire = Wire()
        self._lock = asyncio.Lock()

    async def command(
        self, name: str, *args: str, uid: bool = False, answers: Sequence[bytes] = (), expect: int = 0
    ) -> Answer:
        """Send one command. `answers`: what to send when the server asks for more; `expect`: bytes that go
        over the line with it. NO and BAD are answers, no exceptions."""
        return await self.ask(Ask(name, self.wire.new_tag(), *args, uid=uid, answers=answers), expect)

    async def ask(self, command: Ask, expect: int = 0) -> Answer:
        limit = self.server.timeout + expect / SLOWEST
        async with self._lock:
            task = self._send(command)
            if not await self.first(task, limit=limit):
                raise await self._abandoned(task, f"no answer to {command.name} within {limit:g} s")
            return self._answer(task, command)

    async def idle(self, seconds: float) -> bool:
        """IDLE until the server tells of something, at most `seconds`. False: it will not have it, or ended
        it by itself, so ask it again by hand."""
        timeout = self.server.timeout
        async with self._lock:
            command = Idle(self.wire.new_tag())
            task = self._send(command)
            if not await self.first(task, command.started, limit=timeout):
                raise await self._abandoned(task, f"no answer to IDLE within {timeout:g} s")
            if not task.done():
                await self.first(task, command.pushed, limit=seconds)
            if command.ended or task.done():
                await self.first(task, limit=timeout)
                self._answer(task, command)
                return False
            self.wire.send("DONE")
            if not await self.first(task, limit=timeout):
                raise await self._abandoned(task, f"no end of IDLE within {timeout:g} s")
            self._answer(task, command)
            return True

    async def stay(self, seconds: float) -> None:
        """Wait. Raises `Unavailable` as soon as the connection is lost."""
        await self.first(limit=seconds)

    async def ask_capabilities(self) -> None:
        """Ask anew: what was offered before TLS or before the login does not count after it."""
        answer = await self.command("CAPABILITY")
        words = b" ".join(bytes(line) for line in answer.lines if line[:11].upper() == b"CAPABILITY ")
        self.capabilities = frozenset(words.decode("ascii", "replace").upper().split()) - {"CAPABILITY"}
        if answer.result != "OK" or not self.capabilities & {"IMAP4REV1", "IMAP4"}:
            raise self.dead("it does not speak IMAP4rev1")

    async def close(self) -> None:
        """LOGOUT when there is still somebody to say it to. Never raises; may be called twice."""
        wire = self.wire
        wire.leaving = True
        if not wire.lost.done() and not self._lock.locked() and wire.transport is not None:
            task = self._send(Ask("LOGOUT", wire.new_tag()))
            await asyncio.wait(
                {task, wire.lost},
                timeout=min(PARTING, self.server.timeout),
                return_when=asyncio.FIRST_COMPLETED,
            )
            await _discard(task)
        wire.give_up("it was closed by us")
        if wire.transport is not None:
            await asyncio.wait({wire.closed}, timeout=PARTING)

    # -- the discipline ---------------------------------------------------------------------------------

    async def first(self, *awaited: asyncio.Future[Any], limit: float) -> bool:
        """Wait for any of these. False: none came within `limit` seconds. Raises `Unavailable` when the
        connection is lost first; a cancellation kills the connection."""
        tasks = [one for one in awaited if isinstance(one, asyncio.Task)]
        try:
            await asyncio.wait({*awaited, self.wire.lost}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.wire.give_up("a command was cancelled")
            for task in tasks:
                task.cancel()
            raise
        if any(one.done() for one in awaited):
            return True
        if self.wire.lost.done():
            for task in tasks:
                await _discard(task)
            raise self.dead()
        return False

    def dead(self, why: str = "", *, refused: bool = False) -> Unavailable:
        """End this connection for this reason; without one it has been lost already, and that is it."""
        self.wire.give_up(why)
        return self.server.trouble(why or said(self.wire.lost.result()), refused=refused)

    def _send(self, command: Ask) -> asyncio.Task[Any]:
        if self.wire.lost.done():
            raise self.dead()
        work: Coroutine[Any, Any, Any] = self.wire.execute(command)
        return asyncio.ensure_future(work)

    async def _abandoned(self, task: asyncio.Task[Any], why: str) -> Unavailable:
        fault = self.dead(why)
        await _discard(task)
        return fault

    def _answer(self, task: asyncio.Task[Any], command: Ask) -> Answer:
        try:
            response = task.result()
        except (AioImapException, ValueError) as fault:
            raise self.dead(f"{command.name} could not be sent ({type(fault).__name__})") from None
        *lines, text = response.lines
        return Answer(response.result, lines, bytes(text))


async def _discard(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not report it

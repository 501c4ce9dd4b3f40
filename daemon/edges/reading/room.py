"""The daemon's end of the reading process: hand mails in, get them back read.

Reading costs as much as everything else together and can be made to cost more: it runs beside the event
loop, on another core, where a mail that kills or hangs its reader takes nothing else with it. The process is
replaced, that mail is tried once more by itself, and then set aside with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.edges.reading.frames import receive_frame, send_frame
from daemon.edges.reading.opening import Setup
from daemon.ports import Opened, RawMail, ReadingFault, Unavailable

log = logging.getLogger("azimut.reading")

START: Final = 120.0
"""Seconds to load the model on a slow, cold machine."""

PATIENCE: Final = 60.0
"""Seconds for a handful of mails, of which the slowest known takes two."""

TRIES: Final = 2
"""Readers that may die over a mail that is by itself: the first may have been killed for another reason."""

DIED: Final = "the reader died"
HUNG: Final = "the reader took too long"

_SYSTEMD: Final = frozenset({"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"})
_NO_INPUT: Final = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)


class _Lost(Exception):
    """The process died or hangs. The text says which."""


def spawn(sock: socket.socket) -> int:
    """Start the reading process on this end of a socket pair; returns its process id. Raises `OSError`.

    It does not speak for the service (NOTIFY_SOCKET) and imports nothing from where it is started (-P).
    """
    os.set_inheritable(sock.fileno(), True)
    command = [sys.executable, "-P", "-m", "daemon.edges.reading.worker", str(sock.fileno())]
    known = {name: value for name, value in os.environ.items() if name not in _SYSTEMD}
    return os.posix_spawn(command[0], command, known, file_actions=[_NO_INPUT])


@dataclass(slots=True)
class _Process:
    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class ReadingRoom:
    """`Opener` by a process of its own. `start` begins loading; `ready` waits for it."""

    def __init__(self, setup: Setup, *, spawn: Callable[[socket.socket], int] = spawn) -> None:
        self._setup = setup
        self._spawn = spawn
        self._process: _Process | None = None
        self._starting: asyncio.Task[_Process] | None = None
        self._turn = asyncio.Lock()

    def start(self) -> None:
        """Begin to load the model, in the background."""
        if self._process is None and self._starting is None:
            self._starting = asyncio.create_task(self._started())

    async def ready(self) -> None:
        """Return when mails can be read. Raises `Unavailable` with what failed."""
        self.start()
        if self._starting is None:
            return
        task = self._starting
        try:
            process = await asyncio.shield(task)
        finally:
            if task.done() and self._starting is task:
                self._starting = None
        self._process = process

    async def open(self, mails: Sequence[RawMail], *, classified: bool = True) -> list[Opened | ReadingFault]:
        """What these mails say, in their order. Raises `Unavailable` when no reading process can be had."""
        async with self._turn:
            try:
                return await self._ask(mails, classified)
            except _Lost as lost:
                log.warning("reader_lost", extra={"fields": {"reason": str(lost), "mails": len(mails)}})
            return [await self._ask_alone(mail, classified) for mail in mails]

    async def close(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
            self._starting = None
        await self._end()

    async def _ask_alone(self, mail: RawMail, classified: bool) -> Opened | ReadingFault:
        why = ""
        for _ in range(TRIES):
            try:
                return (await self._ask([mail], classified))[0]
            except _Lost as lost:
                why = str(lost)
                log.error("reader_lost", extra={"fields": {"reason": why, "uid": mail.uid}})
        return ReadingFault(why, f"{why} {TRIES} times over this mail alone")

    async def _ask(self, mails: Sequence[RawMail], classified: bool) -> list[Opened | ReadingFault]:
        await self.ready()
        process = self._process
        if process is None:
            raise Unavailable("reader", "no reading process")
        try:
            async with asyncio.timeout(PATIENCE):
                await send_frame(process.writer, [(m.data, m.truncated, classified) for m in mails])
                answers: list[Opened | ReadingFault] = await receive_frame(process.reader)
        except (EOFError, ConnectionError) as gone:
            await self._end()
            raise _Lost(DIED) from gone
        except TimeoutError as late:
            await self._end()
            raise _Lost(HUNG) from late
        except asyncio.CancelledError:
            await self._end()  # its answer would be taken for the next one's
            raise
        return answers

    async def _started(self) -> _Process:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                pid = self._spawn(theirs)
        except OSError as fault:
            ours.close()
            raise Unavailable("reader", f"the reading process cannot be started: {fault}") from fault
        reader, writer = await asyncio.open_connection(sock=ours, limit=2**20)
        process = _Process(pid, reader, writer)
        try:
            async with asyncio.timeout(START):
                await send_frame(writer, self._setup)
                failed = await receive_frame(reader)
        except (EOFError, ConnectionError, TimeoutError) as fault:
            await _kill(process)
            late = isinstance(fault, TimeoutError)
            why = "took too long to load the model" if late else "died at its start"
            raise Unavailable("reader", f"the reading process {why}") from fault
        except asyncio.CancelledError:
            await _kill(process)
            raise
        if failed is not None:
            await _kill(process)
            raise Unavailable("reader", f"the model cannot be loaded: {failed}")
        log.info("reader_ready", extra={"fields": {"pid": pid}})
        return process

    async def _end(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            await _kill(process)


async def _kill(process: _Process) -> None:
    process.writer.close()
    with contextlib.suppress(ConnectionError):
        await process.writer.wait_closed()
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        await asyncio.to_thread(os.waitpid, process.pid, 0)

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from daemon.edges.reading.frames import receive_frame, send_frame
from daemon.edges.reading.opening import Setup
from daemon.edges.reading_process import Begun, spawn
from daemon.ports import Opened, RawMail, ReadingFault, Unavailable

log = logging.getLogger("azimut.reading")

START: Final = 120.0
"""Seconds to load the model on a slow, cold machine."""

PATIENCE: Final = 20.0
"""Seconds for a handful of mails, and one more for every megabyte; the slowest small one known takes two."""

TRIES: Final = 2
"""Readers that may die over a mail that is by itself: the first may have been killed for another reason."""

DIED: Final = "the reader died"
HUNG: Final = "the reader took too long"


class _Lost(Exception):
    """The process died or hangs. The text says which."""


@dataclass(slots=True)
class _Process:
    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class ReadingRoom:
    """`Opener` by a process of its own. `start` begins loading; `ready` waits for it. `begun`: a process that
    was started already; it is the room's."""

    def __init__(
        self,
        setup: Setup,
        *,
        spawn: Callable[[socket.socket], int] = spawn,
        begun: Begun | None = None,
    ) -> None:
        self._setup = setup
        self._spawn = spawn
        self._begun = begun
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
            if len(mails) > 1:
                try:
                    return await self._open(mails, classified)
                except _Lost as lost:
                    log.warning("reader_lost", extra={"fields": {"reason": str(lost), "mails": len(mails)}})
            return [await self._open_alone(mail, classified) for mail in mails]

    async def masked_copy(self, data: bytes, mark: str) -> bytes | None:
        """See `mail.masked_copy`; None also where it cannot be made by this program. Raises `Unavailable`."""
        async with self._turn:
            try:
                copy: bytes | None = await self._ask(("copy", (data, mark)), len(data))
            except _Lost as lost:
                log.error("reader_lost", extra={"fields": {"reason": str(lost), "copy": mark}})
                return None
        return copy

    async def close(self) -> None:
        if self._begun is not None:
            self._begun.end()
        if self._starting is not None:
            self._starting.cancel()
            (started,) = await asyncio.gather(self._starting, return_exceptions=True)
            if isinstance(started, _Process):
                await _kill(started.pid, started.writer)
            self._starting = None
        await self._end()

    async def _open_alone(self, mail: RawMail, classified: bool) -> Opened | ReadingFault:
        why = ""
        for _ in range(TRIES):
            try:
                return (await self._open([mail], classified))[0]
            except _Lost as lost:
                why = str(lost)
                log.error("reader_lost", extra={"fields": {"reason": why, "uid": mail.uid}})
        return ReadingFault(why, f"{why} {TRIES} times over this mail alone")

    async def _open(self, mails: Sequence[RawMail], classified: bool) -> list[Opened | ReadingFault]:
        asked = [(mail.data, mail.truncated, classified) for mail in mails]
        opened: list[Opened | ReadingFault] = await self._ask(
            ("open", asked), sum(len(mail.data) for mail in mails)
        )
        return opened

    async def _ask(self, question: tuple[str, object], size: int) -> Any:
        """The answer to a question about `size` bytes. Raises `_Lost`, `Unavailable`."""
        await self.ready()
        process = self._process
        if process is None:
            raise Unavailable("reader", "no reading process")
        answered = False
        try:
            async with asyncio.timeout(PATIENCE + size / 1e6):
                await send_frame(process.writer, question)
                answer = await receive_frame(process.reader)
            answered = True
        except (EOFError, ConnectionError) as gone:
            raise _Lost(DIED) from gone
        except TimeoutError as late:
            raise _Lost(HUNG) from late
        finally:
            if not answered:  # whatever it still says would be taken for the answer to the next question
                await self._end()
        return answer

    async def _started(self) -> _Process:
        try:
            pid, ours = self._first() or self._another()
        except OSError as fault:
            raise Unavailable("reader", f"the reading process cannot be started: {fault}") from fault
        writer: asyncio.StreamWriter | None = None
        ready = False
        try:
            async with asyncio.timeout(START):
                reader, writer = await asyncio.open_connection(sock=ours, limit=2**20)
                await send_frame(writer, self._setup)
                failed = await receive_frame(reader)
            if failed is not None:
                raise Unavailable("reader", f"the model cannot be loaded: {failed}")
            ready = True
        except TimeoutError as fault:
            raise Unavailable("reader", "the reading process took too long to load the model") from fault
        except (EOFError, ConnectionError) as fault:
            raise Unavailable("reader", "the reading process died at its start") from fault
        finally:
            if not ready:
                await _kill(pid, writer)
                ours.close()
        log.info("reader_ready", extra={"fields": {"pid": pid}})
        return _Process(pid, reader, writer)

    def _first(self) -> tuple[int, socket.socket] | None:
        """The one that was begun, once."""
        begun, self._begun = self._begun, None
        return None if begun is None else (begun.pid, begun.taken())

    def _another(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                return self._spawn(theirs), ours
        except OSError:
            ours.close()
            raise

    async def _end(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            await _kill(process.pid, process.writer)


async def _kill(pid: int, writer: asyncio.StreamWriter | None) -> None:
    """At once, whatever it does and whatever still waits to be written to it; nothing is left of it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    if writer is not None:
        writer.transport.abort()
    await asyncio.shield(asyncio.to_thread(_reap, pid))


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)

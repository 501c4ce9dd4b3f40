"""A TCP proxy on loopback between a client and a real server, for the troubles that servers do not offer:
cutting a connection in the middle of an answer, going silent, being out of reach.

It runs in a thread of its own, so a test that only watches another process can use it. It knows no protocol.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"


@dataclass(slots=True)
class _Trap:
    """Springs when `marker` and `after` more bytes have gone to the client."""

    marker: bytes
    after: int
    silent: bool
    sprung: threading.Event = field(default_factory=threading.Event)


class TcpProxy:
    """`with TcpProxy(port) as proxy:` and then `proxy.port`. Any thread may call its methods."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.connections = 0
        self._target = target
        self._refusing = False
        self._traps: list[_Trap] = []
        self._open: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def cut_after(self, marker: bytes, more: int = 0) -> threading.Event:
        """Break the next connection on which the server says `marker`, `more` bytes behind it. The event is
        set when that has happened."""
        return self._set(_Trap(marker, more, silent=False))

    def hush_after(self, marker: bytes, more: int = 0) -> threading.Event:
        """The same, but the connection stays open and not one byte passes any more, in neither direction."""
        return self._set(_Trap(marker, more, silent=True))

    def refuse(self, refusing: bool) -> None:
        """Break all connections, and new ones as soon as they are made; or serve again."""
        self._refusing = refusing
        if refusing:
            self._loop.call_soon_threadsafe(self._break_all)

    def _set(self, trap: _Trap) -> threading.Event:
        self._traps.append(trap)
        return trap.sprung

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        self._break_all()
        await asyncio.gather(*(pair.over.wait() for pair in tuple(self._open)))

    def _break_all(self) -> None:
        for pair in tuple(self._open):
            pair.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._refusing:
            writer.transport.abort()
            return
        server = await asyncio.open_connection(HOST, self._target)
        pair = _Pair((reader, writer), server, self._traps)
        self._open.add(pair)
        try:
            await pair.carry()
        finally:
            self._open.discard(pair)


class _Pair:
    """One client and its connection to the server."""

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        traps: list[_Trap],
    ) -> None:
        self._client = client
        self._server = server
        self._traps = traps
        self._silent = False
        self._broken = False
        self._tail = b""
        self.over = asyncio.Event()

    def cut(self) -> None:
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    async def carry(self) -> None:
        ways = [
            asyncio.create_task(self._way(self._client[0], self._server[1], watched=False)),
            asyncio.create_task(self._way(self._server[0], self._client[1], watched=True)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.cut()
            await asyncio.gather(*ways, return_exceptions=True)
            self.over.set()

    async def _way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watched: bool
    ) -> None:
        try:
            while data := await reader.read(65536):
                if self._silent:
                    continue
                passing = self._look(data) if watched else data
                writer.write(passing)
                await writer.drain()
                if self._broken:
                    return
        except ConnectionError:
            return  # one side broke off: that ends the pair

    def _look(self, data: bytes) -> bytes:
        """What may pass of this; less than all of it when a trap springs here."""
        for trap in self._traps:
            seen = self._tail + data
            at = seen.find(trap.marker)
            if at < 0:
                continue
            end = max(at + len(trap.marker) + trap.after - len(self._tail), 0)
            if end > len(data):
                continue  # the rest is still to come, and is in the tail then
            self._traps.remove(trap)
            self._silent, self._broken = trap.silent, not trap.silent
            trap.sprung.set()
            return data[:end]
        self._tail = (self._tail + data)[-1_000_000:]
        return data

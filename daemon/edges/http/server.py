"""A small HTTP/1.1 server for GET on a few fixed paths: one request per connection, little time, few bytes.

It is no web server: what it does not know is 404, what takes too long or is too long is cut off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

log = logging.getLogger("azimut.http")

PATIENCE: Final = 5.0
"""Seconds for a whole request and its answer."""

LONGEST_HEAD: Final = 8192
"""Bytes of request line and headers."""

MOST_AT_ONCE: Final = 32

AGAIN: Final = 60.0
"""Seconds until an address that is taken is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""


class HealthServer:
    """`pages` by path; each is asked at every request and must not wait. What it raises is a 500, logged."""

    def __init__(self, host: str, port: int, pages: Mapping[str, Callable[[], Answer]]) -> None:
        self._host = host
        self.port = port
        self._pages = pages
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, stop: asyncio.Event) -> None:
        """Until `stop`. An address that is taken is no reason to leave mail unanswered: it is logged with the
        remedy, and tried again every minute."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self.start()
                except OSError as trouble:
                    remedy = "set another [http] listen, or an empty one"
                    place = f"{self._host}:{self.port}"
                    fields = {"listen": place, "reason": trouble.strerror or str(trouble), "remedy": remedy}
                    log.error("http_unavailable", extra={"fields": fields})
                    await asyncio.wait([stopping], timeout=AGAIN)
                else:
                    await stopping
        finally:
            stopping.cancel()
            await self.close()

    async def start(self) -> None:
        """Listen; `port` 0 becomes the one that was free. Raises OSError."""
        self._server = await asyncio.start_server(
            self._accept, self._host, self.port, limit=LONGEST_HEAD, backlog=MOST_AT_ONCE
        )
        self.port = self._server.sockets[0].getsockname()[1]
        log.info("http_ready", extra={"fields": {"listen": f"{self._host}:{self.port}"}})

    async def close(self) -> None:
        """Idempotent; requests under way are cut."""
        if self._server is not None:
            self._server.close()
            for task in tuple(self._open):
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MOST_AT_ONCE:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._converse(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # it left, or it dawdles: its own matter
        except asyncio.LimitOverrunError:
            writer.write(_wire(Answer(status=431), body=True))
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        words = head.split(b"\r\n", 1)[0].decode("ascii", "replace").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _wire(Answer(status=400), body=True)
        method, target, _ = words
        page = self._pages.get(target.partition("?")[0])
        if page is None:
            return _wire(Answer(status=404), body=method != "HEAD")
        if method not in ("GET", "HEAD"):
            return _wire(Answer(status=405), body=True)
        try:
            answer = page()
        except Exception:
            log.exception("http_page_failed", extra={"fields": {"path": target}})
            answer = Answer(status=500)
        return _wire(answer, body=method == "GET")


def _wire(answer: Answer, *, body: bool) -> bytes:
    """The answer as it is sent; an empty one says its status in words."""
    status = HTTPStatus(answer.status)
    content = answer.body or f"{status.value} {status.phrase}\n".encode()
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(content)}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append("Allow: GET, HEAD")
    return "\r\n".join([*lines, "", ""]).encode() + (content if body else b"")

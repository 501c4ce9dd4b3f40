"""The health pages over real sockets: what is asked for, what is not, and what is not HTTP at all."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.edges.http import Answer, HealthServer
from daemon.loops.progress import WORKING, Progress
from daemon.outlook import pages
from tests.servers.waiting import until

NOW = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
HOST = "127.0.0.1"


class StillClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@asynccontextmanager
async def serving(server: HealthServer) -> AsyncIterator[HealthServer]:
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def say(server: HealthServer, request: bytes) -> bytes:
    """Everything that comes back before the server closes."""
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(HOST, server.port)
        writer.write(request)
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


async def get(server: HealthServer, path: str) -> tuple[int, str, bytes]:
    """Status, content type, body."""
    answer = await say(server, f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:])
    assert int(fields["Content-Length"]) == len(body)
    return int(lines[0].split(" ")[1]), fields["Content-Type"], body


@asynccontextmanager
async def desk() -> AsyncIterator[tuple[HealthServer, Progress, Progress, StillClock]]:
    clock, intake, outbox = StillClock(), Progress("intake"), Progress("outbox")
    intake.step(NOW)
    outbox.step(NOW)
    async with serving(HealthServer(HOST, 0, pages([intake, outbox], clock))) as server:
        yield server, intake, outbox, clock


async def test_a_desk_that_works_is_alive_and_ready() -> None:
    async with desk() as (server, _, _, _):
        status, kind, body = await get(server, "/readyz")
        assert (status, kind) == (200, "application/json")
        assert json.loads(body)["ready"] is True
        assert (await get(server, "/healthz"))[0] == 200


async def test_a_lasting_trouble_makes_it_unready_and_leaves_it_alive() -> None:
    async with desk() as (server, intake, outbox, clock):
        outbox.fail("smtp", "no route « là »", NOW)
        clock.at = NOW + timedelta(minutes=20)
        intake.step(clock.at)
        outbox.step(clock.at, "store")
        status, _, body = await get(server, "/readyz")
        assert status == 503
        assert json.loads(body)["loops"]["outbox"]["troubles"]["smtp"]["text"] == "no route « là »"
        assert (await get(server, "/healthz"))[0] == 200


async def test_a_loop_that_hangs_makes_it_dead() -> None:
    async with desk() as (server, _, outbox, clock):
        clock.at = NOW + WORKING + timedelta(seconds=1)
        outbox.step(clock.at)
        status, _, body = await get(server, "/healthz")
        assert (status, json.loads(body)["hanging"]) == (503, ["intake"])
        assert (await get(server, "/readyz"))[0] == 503


async def test_metrics_are_what_prometheus_reads() -> None:
    async with desk() as (server, intake, outbox, _):
        intake.count("ticket")
        intake.count("ticket")
        outbox.waiting = 4
        outbox.fail("smtp", 'a "quoted" \n name', NOW)
        status, kind, body = await get(server, "/metrics")
        assert status == 200
        assert kind.startswith("text/plain; version=")
        samples = {
            (s.name, *sorted(s.labels.items())): s.value
            for family in text_string_to_metric_families(body.decode())
            for s in family.samples
        }
    assert samples["azimut_mails_total", ("loop", "intake"), ("outcome", "ticket")] == 2
    assert samples["azimut_mails_waiting", ("loop", "outbox")] == 4
    assert samples["azimut_trouble_seconds", ("loop", "outbox"), ("service", "smtp")] == 0
    assert samples["process_resident_memory_bytes",] > 0


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"405"),
        (b"EHLO there\r\n\r\n", b"400"),
        (b"\xff\xfe \x00\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n", b"431"),
    ],
)
async def test_what_it_does_not_serve_gets_a_plain_no(request_: bytes, status: bytes) -> None:
    async with desk() as (server, _, _, _):
        answer = await say(server, request_)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 " + status)
        assert (await get(server, "/healthz"))[0] == 200


async def test_head_has_the_head_alone() -> None:
    async with desk() as (server, _, _, _):
        answer = await say(server, b"HEAD /healthz HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\n")


async def test_who_says_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.edges.http.server.PATIENCE", 0.05)
    async with desk() as (server, _, _, _):
        assert await say(server, b"GET /heal") == b""


async def test_more_than_a_few_at_once_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.edges.http.server.MOST_AT_ONCE", 1)
    async with desk() as (server, _, _, _):
        _, held = await asyncio.open_connection(HOST, server.port)
        await until(lambda: server._open)
        assert await say(server, b"GET /healthz HTTP/1.1\r\n\r\n") == b""
        held.close()


async def test_a_page_that_fails_is_a_500_and_the_next_one_is_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> Answer:
        raise RuntimeError("here")

    async with serving(HealthServer(HOST, 0, {"/a": broken, "/b": Answer})) as server:
        with caplog.at_level(logging.ERROR):
            assert (await get(server, "/a"))[0] == 500
        assert "http_page_failed" in caplog.text
        assert (await get(server, "/b"))[0] == 200


async def test_an_address_that_is_taken_is_told_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.Event()
    async with serving(HealthServer(HOST, 0, {})) as first:
        second = HealthServer(HOST, first.port, {})
        task = asyncio.create_task(second.serve(stop))
        with caplog.at_level(logging.ERROR):
            await until(lambda: "http_unavailable" in caplog.text)
        assert not task.done()
        stop.set()
        async with asyncio.timeout(5):
            await task

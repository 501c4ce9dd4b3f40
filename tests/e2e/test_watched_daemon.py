"""The daemon as those see it who watch it: systemd's socket, the health pages, the alarm command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from daemon.demo.desk import DESK, write_desk
from daemon.demo.mailserver import serve
from tests.servers.waiting import until


@dataclass(slots=True)
class Watched:
    """A daemon in a process of its own; `told` are the lines that systemd got."""

    process: asyncio.subprocess.Process
    notify: socket.socket
    listen: str
    told: list[str] = field(default_factory=list)

    def has_told(self, line: str) -> bool:
        while True:
            try:
                self.told += self.notify.recv(65536).decode().split("\n")
            except BlockingIOError:
                return line in self.told

    async def page(self, path: str) -> tuple[int, str]:
        return await asyncio.to_thread(self._page, path)

    def _page(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.listen}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError as trouble:
            return 0, str(trouble)

    async def page_is(self, path: str, status: int) -> str:
        async with asyncio.timeout(30):
            while True:
                found, body = await self.page(path)
                if found == status:
                    return body
                await asyncio.sleep(0.05)


@asynccontextmanager
async def daemon(config: Path, **environ: str) -> AsyncIterator[Watched]:
    """`run`, watched as by systemd every second."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(f"{folder}/notify")
        notify.setblocking(False)
        listen = f"127.0.0.1:{_free_port()}"
        environ |= {"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "2000000"}
        environ |= {"AZIMUT_SUPPORT_HTTP__LISTEN": listen}
        with (config.parent / "daemon.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "daemon", "--config", str(config), "run", "--log-json"),
                cwd=Path(__file__).parents[2],
                env=os.environ | environ,
                stderr=log,
            )
        try:
            yield Watched(process=process, notify=notify, listen=listen)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_systemd_and_the_health_pages_see_a_daemon_that_works(tmp_path: Path) -> None:
    async with serve(DESK) as server:
        write_desk(tmp_path, server)
        async with daemon(tmp_path / "azimut-support.toml") as watched:
            await until(lambda: watched.has_told("READY=1"), 60)
            ready = json.loads(await watched.page_is("/readyz", 200))
            assert ready["last_poll"] is not None
            assert set(ready["loops"]) == {"intake", "outbox", "ticker"}
            await until(lambda: watched.has_told("WATCHDOG=1"))
            await until(
                lambda: watched.has_told("STATUS=intake: 0 mails; outbox: 0 mails; ticker: 0 tickets")
            )
            assert (await watched.page("/healthz"))[0] == 200
            assert 'azimut_loop_hanging{loop="intake"} 0.0' in (await watched.page("/metrics"))[1]
            watched.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await watched.process.wait() == 0
            assert watched.has_told("STOPPING=1")


async def test_a_refused_login_calls_the_owner_and_the_daemon_lives_on(tmp_path: Path) -> None:
    called = tmp_path / "called"
    async with serve(DESK) as server:
        write_desk(tmp_path, server)
        async with daemon(
            tmp_path / "azimut-support.toml",
            AZIMUT_SUPPORT_ALARM__COMMAND=f"cat >> '{called}'",
            AZIMUT_SUPPORT_IMAP__PASSWORD="wrong",
        ) as watched:
            await until(lambda: called.exists() and "Mail is not being read" in called.read_text(), 60)
            await watched.page_is("/readyz", 503)
            await until(lambda: watched.has_told("WATCHDOG=1"))
            assert (await watched.page("/healthz"))[0] == 200
            assert "mail_fails" in (tmp_path / "daemon.log").read_text()
            assert watched.process.returncode is None

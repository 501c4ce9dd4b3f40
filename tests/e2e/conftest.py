"""What the end-to-end tests share: one Dovecot and one fork server per session, an SMTP process per test."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.desk import ROOT, Daemons, Desk, make_desk
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot

_users = itertools.count(1)


@dataclass(slots=True)
class SmtpProcess:
    """A real SMTP server in a process of its own; what it took over is in `log`, fsynced before its 250."""

    port: int
    log: Path
    process: subprocess.Popen[str]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    dovecot_server.require()
    server = Dovecot.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def daemons() -> Iterator[Daemons]:
    server = Daemons()
    yield server
    server.close()


@pytest.fixture
def smtp_process(tmp_path: Path) -> Iterator[Callable[..., SmtpProcess]]:
    """Call it with the rates of `tests.servers.smtp_peer`, and a port to come back on an old one."""
    started: list[SmtpProcess] = []

    def start(*, port: int = 0, **rates: float) -> SmtpProcess:
        log = tmp_path / "accepted.jsonl"
        options = [f"--{name.replace('_', '-')}={value}" for name, value in rates.items()]
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.servers.smtp_peer",
                "--port",
                str(port),
                "--log",
                str(log),
                *options,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = process.stdout.readline() if process.stdout else ""
        peer = SmtpProcess(port=int(line), log=log, process=process)
        started.append(peer)
        return peer

    yield start
    for peer in started:
        peer.stop()


@pytest.fixture
def make(tmp_path: Path, dovecot: Dovecot) -> Callable[..., Desk]:
    """A desk with a mailbox of its own."""

    def build(smtp_port: int, imap_more: str = "") -> Desk:
        return make_desk(tmp_path, dovecot, f"desk{next(_users)}", smtp_port, imap_more)

    return build

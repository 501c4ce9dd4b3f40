"""What the end-to-end tests share: one Dovecot and one fork server per session, an SMTP process per test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.desk import Daemons, Desk, make_desk
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot
from tests.servers.tcp_proxy import TcpProxy

_users = itertools.count(1)


@dataclass(slots=True)
class SmtpProcess:
    """A real SMTP server in a process of its own; what it took over is in `log`, fsynced before its 250."""

    port: int
    log: Path
    pid: int
    _server: Daemons

    def stop(self) -> None:
        """SIGKILL. Doing it twice does no harm."""
        if self.pid:
            self._server.kill(self.pid)
            self._server.wait(self.pid)
            self.pid = 0


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    dovecot_server.require()
    server = Dovecot.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def fork_server() -> Iterator[Daemons]:
    server = Daemons()
    yield server
    server.close()


@pytest.fixture
def daemons(fork_server: Daemons) -> Iterator[Daemons]:
    """Starts daemons; none of them outlives its test."""
    yield fork_server
    fork_server.kill_all()


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[TcpProxy]:
    """Between the daemon and Dovecot; give `make` its port as `imap_port`."""
    with TcpProxy(dovecot.port) as between:
        yield between


@pytest.fixture
def smtp_process(tmp_path: Path, fork_server: Daemons) -> Iterator[Callable[..., SmtpProcess]]:
    """Call it with the options of `tests.servers.smtp_peer`, and a port to come back on an old one."""
    started: list[SmtpProcess] = []

    def start(**options: float | str) -> SmtpProcess:
        log = tmp_path / "accepted.jsonl"
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        pid, port = fork_server.start_smtp("--log", str(log), *arguments)
        peer = SmtpProcess(port=port, log=log, pid=pid, _server=fork_server)
        started.append(peer)
        return peer

    yield start
    for peer in started:
        peer.stop()


@pytest.fixture
def make(tmp_path: Path, dovecot: Dovecot) -> Callable[..., Desk]:
    """A desk with a mailbox of its own."""

    def build(smtp_port: int, imap_more: str = "", imap_port: int = 0) -> Desk:
        return make_desk(tmp_path, dovecot, f"desk{next(_users)}", smtp_port, imap_more, imap_port)

    return build

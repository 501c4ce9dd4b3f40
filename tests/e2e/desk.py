"""A desk of its own for an end-to-end test: real Dovecot, real SMTP, real store, the daemon in a process.

`Desk` writes a configuration into a folder and looks at what the daemon left behind; `Daemons` starts daemons
in processes that have the model loaded already.
"""

from __future__ import annotations

import imaplib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from daemon.settings.load import load_settings
from daemon.settings.model import Settings
from daemon.settings.resources import resource
from tests.servers.dovecot import Dovecot

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
ADDRESS = "support@azimutpos.com"

_CONFIG = """
[desk]
address = "support@azimutpos.com"
data_dir = "{data}"
sla = "{sla}"
phone = "418 555-0142"
escalation = ["direction@azimutpos.com"]
[imap]
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "{user}"
password_file = "imap-password"
poll_interval = "1s"
{imap_more}
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"
[store]
url = "sqlite:///{data}/desk.sqlite3"
[http]
listen = ""
[[agents]]
name = "Alex Roy"
handle = "alex"
address = "alex@azimutpos.com"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    folder: Path
    dovecot: Dovecot
    user: str

    @property
    def config(self) -> Path:
        return self.folder / "azimut-support.toml"

    @property
    def settings(self) -> Settings:
        return load_settings(self.config, environ={})

    def deliver(self, *mails: bytes, at: datetime | None = None) -> None:
        """Straight into the inbox, as a mail server does; `at`: when they arrived, now if not said."""
        stamp = imaplib.Time2Internaldate(at) if at else ""
        with self._imap() as imap:
            for mail in mails:
                imap.append("INBOX", "", stamp, mail)

    def mails_in(self, folder: str) -> int:
        with self._imap() as imap:
            status, data = imap.select(folder, readonly=True)
            return int(data[0] or 0) if status == "OK" else 0

    @contextmanager
    def _imap(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.dovecot.port) as imap:
            imap.login(self.user, self.dovecot.password)
            yield imap

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A look into the database behind the daemon's back."""
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(self.folder / "data" / "desk.sqlite3")) as db:
            return db.execute(sql).fetchall()

    def log(self) -> str:
        path = self.folder / "daemon.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """What the daemon said in its log, in order; of one event or of all."""
        lines = [line for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")]
        return [event for event in map(json.loads, lines) if name in ("", event["event"])]

    def reconfigure(self, old: str, new: str) -> None:
        """Edit the configuration for the next start."""
        text = self.config.read_text()
        if old not in text:
            raise ValueError(f"{old!r} is not in the configuration")
        self.config.write_text(text.replace(old, new))

    def replace_mailbox(self) -> None:
        """A new UIDVALIDITY under the same mails, as after a migration or a restored backup: the server's
        list of UIDs and its indexes are gone."""
        maildir = self.dovecot.maildir(self.user)
        uids = maildir / "dovecot-uidlist"
        old = re.match(r"3 V(\d+)", uids.read_text())
        if old is None:
            raise RuntimeError("this Dovecot writes another dovecot-uidlist")
        for index in maildir.glob("dovecot.index*"):
            index.unlink()
        uids.write_text(f"3 V{int(old.group(1)) + 1} N1 G{os.urandom(16).hex()}\n")


def until(condition: Callable[[], T], what: str, desk: Desk, seconds: float = 90) -> T:
    """The first true value of `condition`; when none comes, a failure that shows the daemon's log."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}\n{desk.log()[-6000:]}")
        time.sleep(0.02)


def make_desk(
    folder: Path, dovecot: Dovecot, user: str, smtp_port: int, imap_more: str = "", imap_port: int = 0
) -> Desk:
    """`user` names a mailbox of its own on the shared server; `imap_port`: the way to it, if not straight."""
    data = folder / "data"
    data.mkdir()
    secret = folder / "imap-password"
    secret.touch(mode=0o600)
    secret.write_text(dovecot.password)
    config = _CONFIG.format(
        data=data,
        sla=resource("config", "sla.toml"),
        imap=imap_port or dovecot.port,
        smtp=smtp_port,
        user=user,
        imap_more=imap_more,
    )
    (folder / "azimut-support.toml").write_text(config)
    return Desk(folder=folder, dovecot=dovecot, user=user)


def customer_mail(
    number: int, text: str = "L'imprimante de reçus n'imprime plus, on vend quand même."
) -> bytes:
    return (
        f"From: Client {number} <client{number}@shop{number}.example>\r\n"
        f"To: {ADDRESS}\r\n"
        f"Subject: Imprimante {number}\r\n"
        f"Message-ID: <mail{number}@shop{number}.example>\r\n"
        "Date: Wed, 04 Nov 2026 10:00:00 -0500\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        f"\r\nBonjour,\r\n{text}\r\nClient {number}\r\n"
    ).encode()


class Daemons:
    """Talks to `tests.e2e.forkserver`."""

    def __init__(self) -> None:
        self._alive: set[int] = set()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.forkserver"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def start(self, desk: Desk, **options: Any) -> int:
        """`options`: those of the fork server: once, resume, hurry, poison, crash."""
        request = {"start": str(desk.config), "log": str(desk.folder / "daemon.log"), **options}
        pid = int(self._ask(request)["pid"])
        self._alive.add(pid)
        return pid

    def start_smtp(self, *arguments: str) -> tuple[int, int]:
        """Process and port of an SMTP server."""
        answer = self._ask({"smtp": arguments})
        return int(answer["pid"]), int(answer["port"])

    def wait(self, pid: int) -> int:
        """The exit status; negative: the signal that ended it."""
        self._alive.discard(pid)
        return int(self._ask({"wait": pid})["status"])

    def ended(self, pid: int) -> int | None:
        """The exit status, or None while it runs."""
        status = self._ask({"poll": pid})["status"]
        if status is None:
            return None
        self._alive.discard(pid)
        return int(status)

    def stop(self, pid: int, desk: Desk) -> int:
        """SIGTERM; the exit status, which must come within the ten seconds that systemd is told of."""
        self.terminate(pid)
        status: list[int] = []

        def over() -> bool:
            found = self.ended(pid)
            status.extend([] if found is None else [found])
            return bool(status)

        until(over, "the daemon to end after SIGTERM", desk, 10)
        return status[0]

    def kill_all(self) -> None:
        """Those that a failed test left behind."""
        for pid in tuple(self._alive):
            self.kill(pid)
            self.wait(pid)

    def kill(self, pid: int) -> None:
        self._ask({"kill": pid})

    def terminate(self, pid: int) -> None:
        self._ask({"term": pid})

    def run_once(self, desk: Desk, **options: Any) -> int:
        return self.wait(self.start(desk, once=True, **options))

    def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None:
            raise RuntimeError("the fork server has no stdin")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError("the fork server has no stdout")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the fork server died")
        answer: dict[str, Any] = json.loads(line)
        return answer


def accepted(log: Path) -> list[dict[str, Any]]:
    """What the SMTP process took over, from its own log."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

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
from collections import Counter
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
AGENT = "alex@azimutpos.com"

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
[mail]
digest = ""
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


TEAM = frozenset({"notification", "alarm", "escalation", "breach", "confirm"})
"""What every ticket brings to the agents by itself."""


def accepted(log: Path) -> list[dict[str, Any]]:
    """What the SMTP process took over, from its own log."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def answered(log: Path) -> list[dict[str, Any]]:
    """The same, but for what every ticket brings to the agents by itself."""
    return [mail for mail in accepted(log) if mail["kind"] not in TEAM]


def by_kind(desk: Desk, log: Path) -> dict[str, list[dict[str, Any]]]:
    """What the SMTP process took over by the kind of its outbox row ("ack", "notification"...), each list in
    the order of the log. Every copy of a mail counts. A mail of no row is a failure: bytes are kept before
    anything is sent."""
    mails = accepted(log)  # before the rows, or a mail could be newer than what is known of it
    if not mails:  # there may be no database yet
        return {}
    kinds = dict(desk.rows("SELECT message_id, kind FROM outbox WHERE message_id IS NOT NULL"))
    found: dict[str, list[dict[str, Any]]] = {}
    for mail in mails:
        kind = kinds.get(mail["message_id"].strip("<>"))
        if kind is None:
            raise AssertionError(f"no row of the outbox sent {mail}")
        found.setdefault(kind, []).append(mail)
    return found


def accepted_as(desk: Desk, log: Path, kind: str) -> list[dict[str, Any]]:
    """What the SMTP process took over of one kind of mail."""
    return by_kind(desk, log).get(kind, [])


def check_nothing_lost_nothing_doubled(desk: Desk, log: Path, mails: int) -> Counter[str]:
    """Of so many first mails of customers: each is one ticket with its clocks and lies in Processed, its
    requester has one acknowledgement and the agent one notification of it, and no other mail left. The number
    of copies by Message-ID; all copies of a mail are the same bytes."""
    _same(desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1"), [("ticket", mails)])
    tickets = desk.rows("SELECT id, requester FROM ticket WHERE wake_at IS NOT NULL ORDER BY id")
    _same(desk.rows("SELECT count(*), count(DISTINCT requester) FROM ticket"), [(len(tickets), mails)])
    _same(
        desk.rows("SELECT ticket_id, name FROM clock WHERE due_at IS NOT NULL ORDER BY 1, 2"),
        [(n, name) for n, _ in tickets for name in ("first_response", "resolution", "status_update")],
    )
    queued = [
        (number, kind, to, "sent")
        for number, requester in tickets
        for kind, to in (("ack", requester), ("notification", AGENT))
    ]
    _same(desk.rows("SELECT ticket, kind, recipient, state FROM outbox ORDER BY 1, 2"), queued)
    sent = {f"<{name}>": [to] for name, to in desk.rows("SELECT message_id, recipient FROM outbox")}
    _same(len(sent), len(queued))
    taken = accepted(log)
    _same({mail["message_id"]: mail["rcpt"] for mail in taken}, sent)
    _same(len({(mail["message_id"], *mail["rcpt"], mail["sha256"]) for mail in taken}), len(sent))
    _same((desk.mails_in("INBOX"), desk.mails_in("Processed")), (0, mails))
    return Counter(mail["message_id"] for mail in taken)


def _same(found: object, expected: object) -> None:
    """An assertion that shows both sides: pytest rewrites those of test modules only."""
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")

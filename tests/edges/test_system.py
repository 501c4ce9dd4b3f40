"""The machine around the daemon: systemd's datagrams, credentials, signals and the log."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.values import Priority
from daemon.edges.system import (
    SystemClock,
    configure_logging,
    credential,
    sd_notify,
    stop_on_signals,
    watchdog_interval,
)
from daemon.edges.system.log import LONGEST_LINE, JsonLines, PlainLines

log = logging.getLogger("azimut.test")


# the clock


def test_the_clock_tells_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


async def test_a_negative_sleep_is_none() -> None:
    async with asyncio.timeout(5):
        await SystemClock().sleep(-3)


# systemd


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket that listens in systemd's place."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
    ):
        path = str(Path(folder, "notify"))
        listener.bind(path)
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield listener


def test_systemd_is_told_in_one_datagram(systemd: socket.socket) -> None:
    assert sd_notify(READY=1, STATUS="serving INBOX")
    assert systemd.recv(999) == b"READY=1\nSTATUS=serving INBOX"


def test_a_status_cannot_smuggle_another_assignment(systemd: socket.socket) -> None:
    sd_notify(STATUS="waiting\nWATCHDOG=trigger")
    assert systemd.recv(999) == b"STATUS=waiting WATCHDOG=trigger"


def test_an_abstract_socket_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"azimut-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        assert sd_notify(STOPPING=1)
        assert listener.recv(99) == b"STOPPING=1"


def test_outside_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not sd_notify(READY=1)


def test_a_systemd_that_does_not_listen_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert not sd_notify(WATCHDOG=1)


def test_a_full_socket_does_not_hold_up_the_daemon(systemd: socket.socket) -> None:
    told = [sd_notify(WATCHDOG=1) for _ in range(5000)]
    assert told[0]
    assert not told[-1]


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("60000000", None, 30.0),
        ("60000000", "own", 30.0),
        ("60000000", "1", None),
        ("0", None, None),
        ("abc", None, None),
        (None, None, None),
    ],
)
def test_the_watchdog_is_fed_twice_per_period(
    monkeypatch: pytest.MonkeyPatch, usec: str | None, pid: str | None, seconds: float | None
) -> None:
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    if usec is not None:
        monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid is not None:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert watchdog_interval() == seconds


def test_a_credential_is_read_anew_and_without_its_line_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "smtp-password").write_text(" pass word \n")
    assert credential("smtp-password") == " pass word "
    (tmp_path / "smtp-password").write_text("new")
    assert credential("smtp-password") == "new"
    assert credential("imap-password") is None


def test_without_credentials_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert credential("smtp-password") is None


@pytest.mark.parametrize("name", ["../shadow", "/etc/shadow", "", ".", "a\nb"])
def test_a_credential_lies_in_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ValueError, match="no name of a credential"):
        credential(name)


# signals


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_sets_the_stop_event(which: signal.Signals) -> None:
    before = signal.getsignal(which)
    stop = asyncio.Event()
    with stop_on_signals(stop):
        os.kill(os.getpid(), which)
        async with asyncio.timeout(5):
            await stop.wait()
    assert signal.getsignal(which) in (before, signal.default_int_handler, signal.SIG_DFL)


def test_a_second_signal_ends_a_process_that_does_not_stop() -> None:
    program = (
        "import asyncio, os, signal\n"
        "from daemon.edges.system import stop_on_signals\n"
        "async def main():\n"
        "    stop = asyncio.Event()\n"
        "    with stop_on_signals(stop):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        await stop.wait()\n"
        "        print('stopping', flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, b"stopping\n")


# the log


@pytest.fixture
def root_logger() -> logging.Logger:
    """Put back as it was afterwards, as for every test (tests/conftest.py)."""
    return logging.getLogger()


def record(event: str, fields: object = None, name: str = "azimut.test") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, "x.py", 1, event, None, None)
    if fields is not None:
        made.fields = fields
    return made


def plain(event: str, fields: object = None, name: str = "azimut.test") -> str:
    return PlainLines(priority=False).format(record(event, fields, name))


def test_an_event_is_one_line_of_level_name_and_fields() -> None:
    fields = {
        "row": 12,
        "kind": "ack",
        "reason": 'said "421 too busy"',
        "priority": Priority.P1,
        "at": datetime(2026, 11, 2, 13, 0, tzinfo=UTC),
        "code": None,
        "uids": [1, 2],
    }
    assert plain("mail_not_sent", fields) == (
        'warning mail_not_sent row=12 kind=ack reason="said \\"421 too busy\\"" priority=P1 '
        'at=2026-11-02T13:00:00+00:00 code=null uids="[1, 2]"'
    )


def test_a_value_cannot_end_its_line_or_colour_the_terminal_or_turn_it_round() -> None:
    line = plain("mail", {"from": "a\r\nerror forged row=1\x1b[31m\x00\u2028\u202e\udce9\x9b"})
    assert line.isprintable()
    assert line.startswith('warning mail from="a\\r\\nerror forged')


def test_a_value_and_a_line_are_bounded() -> None:
    assert len(plain("mail", {"subject": "x" * 10_000})) < 600
    assert len(plain("mail", {f"key{n}": "\x00" * 500 for n in range(40)})) == LONGEST_LINE


@given(
    st.dictionaries(
        st.text(max_size=10),
        st.recursive(st.text(max_size=9) | st.floats() | st.binary(max_size=9), st.lists, max_leaves=4),
        max_size=5,
    )
)
def test_whatever_is_logged_is_one_printable_line_and_valid_json(fields: dict[str, object]) -> None:
    line = plain("event", fields)
    assert line.isprintable()
    line.encode()
    made = json.loads(JsonLines().format(record("event", fields)), parse_constant=pytest.fail)
    assert (made["level"], made["event"]) == ("warning", "event")


def test_an_object_that_is_no_plain_value_shows_its_type_only() -> None:
    assert plain("mail", {"message": b"From: a secret", "of": object}) == (
        "warning mail message=<bytes> of=<type>"
    )


def test_a_json_line_keeps_types_and_its_own_names() -> None:
    made = json.loads(JsonLines().format(record("mail_sent", {"row": 12, "level": "x", "ok": True})))
    assert made.pop("time").endswith("+00:00")
    assert made == {"level": "warning", "event": "mail_sent", "row": 12, "level_": "x", "ok": True}


def test_a_json_line_that_would_be_too_long_stays_json() -> None:
    line = JsonLines().format(record("mail", {f"key{n}": "x" * 500 for n in range(40)}))
    assert len(line) <= LONGEST_LINE
    assert "key39" in json.loads(line)["cut"]


def test_an_exception_is_told_in_the_same_line(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging(json=False, level="info", stream=stream)
    try:
        int("bad\nvalue\0")
    except ValueError:
        log.exception("mail_set_aside", extra={"fields": {"uid": 7}})
    (line,) = stream.getvalue().splitlines()
    assert line.startswith('error mail_set_aside uid=7 fault=ValueError fault_text="invalid literal')
    assert r"bad\\nvalue\\x00" in line
    assert "test_system.py" in line


def test_what_a_library_says_is_the_text_of_a_log_event(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging(json=False, level="debug", stream=stream)
    logging.getLogger("some.library").warning("it went %s\n", "wrong")
    assert stream.getvalue() == 'warning log logger=some.library text="it went wrong\\n"\n'


def test_libraries_that_log_whole_mails_are_kept_quiet_at_every_level(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging(json=False, level="debug", stream=stream)
    for name in ("aioimaplib.aioimaplib", "aiosmtplib", "tortoise.db_client", "asyncio", "mail.log"):
        logging.getLogger(name).info("LOGIN support secret")
        logging.getLogger(name).debug("LOGIN support secret")
    log.debug("own")
    assert stream.getvalue() == "debug own\n"


def test_the_level_holds_and_a_second_call_replaces_the_first(root_logger: logging.Logger) -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging(json=False, level="info", stream=first)
    configure_logging(json=True, level="error", stream=second)
    log.warning("quiet")
    log.error("loud")
    assert first.getvalue() == ""
    assert [json.loads(line)["event"] for line in second.getvalue().splitlines()] == ["loud"]


@pytest.mark.parametrize(("ours", "line"), [(True, "<4>warning event\n"), (False, "warning event\n")])
def test_the_priority_is_written_only_when_the_journal_reads(
    root_logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ours: bool, line: str
) -> None:
    with (tmp_path / "stderr").open("w+") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino if ours else 1}")
        configure_logging(json=False, level="info", stream=stream)
        log.warning("event")
        stream.seek(0)
        assert stream.read() == line

"""The reading process, really started: what it reads, what becomes of a mail that kills or hangs it, and how
it begins and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from daemon.core.values import Mail
from daemon.edges import reading_process
from daemon.edges.reading import ReadingRoom, Setup, room
from daemon.edges.reading.frames import read_frame, write_frame
from daemon.edges.reading_process import Begun
from daemon.ports import Opened, RawMail, ReadingFault, Unavailable
from tests.servers.waiting import until

SETUP = Setup(desk_address="support@azimutpos.com")
ROOT = Path(__file__).parents[2]

# The worker as it is, with a model that takes no seconds to load and obeys the mail.
STUB = """
import os, socket, sys, threading
from daemon.edges.reading import worker
from tests.core.build import findings

class Model:
    def classify(self, subject, text):
        if subject == "die":
            os._exit(9)
        if subject == "die once" and not os.path.exists(sys.argv[2]):
            open(sys.argv[2], "w").close()
            os._exit(9)
        if subject == "hang":
            threading.Event().wait()
        if subject == "fail":
            raise KeyError("facet")
        return findings()

if sys.argv[2] == "no model":
    def Model():
        raise FileNotFoundError("classifiers/model")
worker.TriageModel = Model
worker.serve(socket.socket(fileno=int(sys.argv[1])))
"""


def spawn_stub(sock: socket.socket, told: str) -> int:
    os.set_inheritable(sock.fileno(), True)
    command = [sys.executable, "-c", STUB, str(sock.fileno()), told]
    return os.posix_spawn(command[0], command, {**os.environ, "PYTHONPATH": str(ROOT)})


@asynccontextmanager
async def open_room(spawn: Callable[[socket.socket], int]) -> AsyncIterator[ReadingRoom]:
    opened = ReadingRoom(SETUP, spawn=spawn)
    try:
        yield opened
    finally:
        await opened.close()


def mail(subject: str, uid: int = 1) -> RawMail:
    data = f"From: a@b.example\r\nSubject: {subject}\r\nMessage-ID: <{uid}@b.example>\r\n\r\nBonjour.\r\n"
    return RawMail(
        uid=uid, internaldate=datetime(2026, 11, 4, tzinfo=UTC), size=len(data), data=data.encode()
    )


def subject(opened: Opened | ReadingFault) -> str:
    assert isinstance(opened, Opened)
    assert isinstance(opened.mail, Mail)
    return opened.mail.subject


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def process_of(opened: ReadingRoom) -> int:
    assert opened._process is not None
    return opened._process.pid


async def test_the_real_one_reads_and_classifies_wherever_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "daemon.py").write_text("raise SystemExit('imported from the current directory')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    async with open_room(reading_process.spawn) as opened:
        await opened.ready()
        assert b"NOTIFY_SOCKET" not in environment(process_of(opened))
        first, second = await opened.open([mail("La caisse est gelée"), mail("Merci !", 2)])
        assert subject(first) == "La caisse est gelée"
        assert isinstance(first, Opened)
        assert first.findings is not None
        assert first.findings.severity.value == "S1"
        assert subject(second) == "Merci !"
        (bare,) = await opened.open([mail("La caisse est gelée")], classified=False)
        assert isinstance(bare, Opened)
        assert bare.findings is None
        pid = process_of(opened)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_mail_that_kills_its_reader_is_told_and_its_neighbours_are_read() -> None:
    async with open_room(partial(spawn_stub, told="-")) as opened:
        first, deadly, last = await opened.open([mail("before"), mail("die", 2), mail("after", 3)])
        assert (subject(first), subject(last)) == ("before", "after")
        assert isinstance(deadly, ReadingFault)
        assert deadly.name == room.DIED


async def test_a_reader_that_is_killed_for_another_reason_costs_no_mail(tmp_path: Path) -> None:
    async with open_room(partial(spawn_stub, told=str(tmp_path / "died"))) as opened:
        assert [subject(m) for m in await opened.open([mail("die once")])] == ["die once"]
        os.kill(process_of(opened), 9)
        assert [subject(m) for m in await opened.open([mail("next"), mail("one", 2)])] == ["next", "one"]


async def test_a_mail_that_hangs_its_reader_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_room(partial(spawn_stub, told="-")) as opened:
        await opened.ready()
        monkeypatch.setattr(room, "PATIENCE", 0.05)
        (hung,) = await opened.open([mail("hang")])
        assert isinstance(hung, ReadingFault)
        assert hung.name == room.HUNG


async def test_a_reader_that_takes_nothing_in_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped, with more before it than a socket holds: closing politely would wait for it."""
    async with open_room(partial(spawn_stub, told="-")) as opened:
        await opened.ready()
        stopped = process_of(opened)
        os.kill(stopped, signal.SIGSTOP)
        monkeypatch.setattr(room, "PATIENCE", -4.9)
        large = mail("large " + "x" * 5_000_000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await opened.open([large])
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)


async def test_a_start_that_is_broken_off_leaves_no_process_behind() -> None:
    started: list[int] = []

    def spawn(sock: socket.socket) -> int:
        started.append(spawn_stub(sock, "-"))
        return started[-1]

    for turns in range(4):
        opened = ReadingRoom(SETUP, spawn=spawn)
        opened.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        await opened.close()
    unused = ReadingRoom(SETUP, spawn=spawn)
    unused.start()
    await until(lambda: unused._starting is not None and unused._starting.done())
    await unused.close()
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_masked_copy_is_made_there_and_a_fault_of_ours_makes_none() -> None:
    async with open_room(partial(spawn_stub, told="-")) as opened:
        card = RawMail(uid=1, internaldate=mail("x").internaldate, size=0, data=mail("x").data)
        held = card.data.replace(b"Bonjour.", b"Ma carte: 4111 1111 1111 1111")
        copy = await opened.masked_copy(held, "mark")
        assert copy is not None
        assert b"X-Azimut-Masked: mark" in copy
        assert b"1111 1111 1111" not in copy
        assert await opened.masked_copy(b"\0", "mark") is None


async def test_a_process_that_was_begun_before_is_the_first_one_used() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        begun = Begun(spawn_stub(theirs, "-"), ours)

    def spawn(_: socket.socket) -> int:
        raise OSError("another one")

    opened = ReadingRoom(SETUP, spawn=spawn, begun=begun)
    try:
        (read,) = await opened.open([mail("one")])
        assert subject(read) == "one"
        begun.end()  # whoever began it lets go of it: it is the room's
        (read,) = await opened.open([mail("two")])
        assert subject(read) == "two"
    finally:
        await opened.close()
    with pytest.raises(ProcessLookupError):
        os.kill(begun.pid, 0)


@pytest.mark.parametrize("by_the_room", [True, False])
async def test_a_process_that_was_begun_and_not_used_is_ended(by_the_room: bool) -> None:
    begun = reading_process.begin()
    if by_the_room:
        await ReadingRoom(SETUP, begun=begun).close()
    else:
        begun.end()
    with pytest.raises(ProcessLookupError):
        os.kill(begun.pid, 0)
    begun.end()


async def test_it_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []
    monkeypatch.setenv("AZIMUT_SUPPORT_IMAP__PASSWORD", "geheim")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")

    def spawned(path: str, arguments: list[str], environ: dict[str, str], **_: object) -> int:
        given.append(environ)
        return 1

    monkeypatch.setattr(os, "posix_spawn", spawned)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reading_process.spawn(theirs)
    assert not {"AZIMUT_SUPPORT_IMAP__PASSWORD", "CREDENTIALS_DIRECTORY"} & given[0].keys()
    assert "PATH" in given[0]


async def test_a_model_that_fails_on_a_mail_leaves_it_readable() -> None:
    async with open_room(partial(spawn_stub, told="-")) as opened:
        (read,) = await opened.open([mail("fail")])
        assert subject(read) == "fail"
        assert isinstance(read, Opened)
        assert read.unclassified is not None
        assert read.unclassified.name == "KeyError"
        assert "facet" in read.unclassified.trace


async def test_what_keeps_it_from_starting_is_said() -> None:
    async with open_room(partial(spawn_stub, told="no model")) as opened:
        with pytest.raises(Unavailable, match="FileNotFoundError: classifiers/model") as told:
            await opened.ready()
        assert told.value.service == "reader"

    def refused(_: socket.socket) -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    async with open_room(refused) as opened:
        with pytest.raises(Unavailable, match="Resource temporarily unavailable"):
            await opened.open([mail("any")])


def test_it_ends_with_the_daemon_and_at_no_signal_before() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = spawn_stub(theirs, "-")
        theirs.close()
        write_frame(ours, SETUP)
        assert read_frame(ours) is None
        os.kill(pid, 15)
        os.kill(pid, 2)
        write_frame(ours, ("open", [(mail("still here").data, False, True)]))
        (answer,) = read_frame(ours)
        assert subject(answer) == "still here"
        ours.close()
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

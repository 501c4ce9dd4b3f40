"""`check` looks at what the machine must give: a place to listen, an alarm command, an SMTP server."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.checks.readiness import smtp_remedy
from daemon.checks.surroundings import alarm, http
from daemon.edges.smtp.opening import Unreachable
from daemon.edges.smtp.server import SmtpServer
from daemon.settings.model import Http


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        plug.listen()
        yield f"127.0.0.1:{plug.getsockname()[1]}"


async def test_a_free_place_to_listen_is_well_and_none_too() -> None:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        free = f"127.0.0.1:{plug.getsockname()[1]}"
    assert (await http(Http(listen=free))).level == "ok"
    found = await http(Http(listen=""))
    assert (found.level, "off" in found.text) == ("ok", True)


async def test_a_place_that_another_program_has_is_told(taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.checks.surroundings.PATIENCE", 0.05)
    found = await http(Http(listen=taken))
    assert found.level == "failed"
    assert "another program listens on" in found.text


async def test_our_own_daemon_may_have_the_place() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.0 200 OK\r\n\r\n{"last_poll": null}')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        found = await http(Http(listen=f"127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert (found.level, "a running daemon" in found.text) == ("ok", True)


async def test_an_address_of_another_machine_is_told() -> None:
    found = await http(Http(listen="192.0.2.1:9464"))
    assert found.level == "failed"
    assert "an address of this machine" in found.text


@pytest.mark.parametrize(
    ("command", "level"),
    [
        ("", "warning"),
        ("cat > /dev/null", "ok"),
        ("TO=me cat", "ok"),
        ("$SOMETHING --now", "ok"),
        ("no-such-program --now", "failed"),
        ("/no/such/program", "failed"),
        ("{folder}/no-x-bit", "failed"),
        ("{folder}/may-run", "ok"),
        ("echo 'unfinished", "failed"),
    ],
)
async def test_the_alarm_command_is_looked_for_and_not_run(command: str, level: str, tmp_path: Path) -> None:
    for name, mode in (("no-x-bit", 0o600), ("may-run", 0o700)):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (tmp_path / name).chmod(mode)
    assert (await alarm(command.replace("{folder}", str(tmp_path)))).level == level
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("why", "refused", "cause", "remedy"),
    [
        ("it refuses the login of x: 535 no", 535, None, "username and password_file"),
        ("there is no password for x", None, None, "username and password_file"),
        ("refused", None, ConnectionRefusedError(), "host and port"),
        ("no such name", None, socket.gaierror(), "[smtp] host"),
        ("odd", None, ssl.SSLError(), "tls belong together"),
        ("bad certificate", None, ssl.SSLCertVerificationError(), "renewed"),
        ("421 busy", None, None, "whoever runs that server"),
    ],
)
def test_each_trouble_with_smtp_has_its_remedy(
    why: str, refused: int | None, cause: Exception | None, remedy: str
) -> None:
    server = SmtpServer(host="mail.example", port=465, tls="implicit", username="x", secret=None)
    trouble = Unreachable(server, why, refused=refused)
    trouble.__cause__ = cause
    assert remedy in smtp_remedy(trouble)

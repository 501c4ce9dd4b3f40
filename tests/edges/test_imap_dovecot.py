"""The mailbox on a real Dovecot: every kind of TLS and login, reading, waiting, moving, and its death."""

from __future__ import annotations

import asyncio
import imaplib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daemon.edges.imap import ImapMailbox, ImapServer, open_mailbox
from daemon.ports import Mailbox, Unavailable
from tests.servers.dovecot import REMOTE, UNCERTIFIED, Dovecot, require

LONG = 60.0
"""Seconds that no test waits: what returns before was told to."""

MAIL = b"Subject: caisse\r\n\r\nElle ne s'ouvre plus.\r\n"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    require()
    server = Dovecot.start()
    yield server
    server.stop()


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A mailbox that no other test uses."""
    return f"u{abs(hash(request.node.nodeid)):x}"


def server_for(dovecot: Dovecot, user: str, **changed: Any) -> ImapServer:
    values: dict[str, Any] = {
        "host": dovecot.host,
        "port": dovecot.port,
        "tls": "none",
        "auth": "password",
        "username": user,
        "secret": lambda: dovecot.password,
        "timeout": LONG,
    }
    return ImapServer(**{**values, **changed})


@asynccontextmanager
async def opened(
    dovecot: Dovecot, user: str, folder: str = "INBOX", **changed: Any
) -> AsyncIterator[ImapMailbox]:
    mailbox = await open_mailbox(server_for(dovecot, user, **changed), folder)
    try:
        yield mailbox
    finally:
        await mailbox.close()


async def refused(dovecot: Dovecot, user: str, **changed: Any) -> str:
    with pytest.raises(Unavailable) as caught:
        await open_mailbox(server_for(dovecot, user, **changed), "INBOX")
    assert caught.value.refused
    return str(caught.value)


def put(dovecot: Dovecot, user: str, *mails: bytes, folder: str = "INBOX") -> None:
    """By another client, with another library."""
    with imaplib.IMAP4(dovecot.host, dovecot.port) as client:
        client.login(user, dovecot.password)
        for mail in mails:
            client.append(folder, "", "", mail)


def flags(dovecot: Dovecot, user: str) -> list[bytes]:
    with imaplib.IMAP4(dovecot.host, dovecot.port) as client:
        client.login(user, dovecot.password)
        client.select("INBOX", readonly=True)
        return [line for line in client.fetch("1:*", "(FLAGS)")[1] if isinstance(line, bytes)]


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_a_mail_is_read_over_every_kind_of_connection(dovecot: Dovecot, user: str, tls: str) -> None:
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    async with opened(dovecot, user, tls=tls, port=port, ca_file=dovecot.ca_file) as mailbox:
        secured = mailbox._connection.wire.transport.get_extra_info("ssl_object")
        assert (secured is not None) == (tls != "none")
        assert await mailbox.append("INBOX", MAIL) == 1
        assert [raw.data async for raw in mailbox.fetch(await mailbox.search())] == [MAIL]
        assert "LITERAL+" in mailbox.capabilities


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(
    dovecot: Dovecot, user: str, tls: str
) -> None:
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    text = await refused(dovecot, user, tls=tls, port=port)
    assert "certificate" in text
    assert "Login: user=<" + user not in dovecot.log()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_for_another_name_is_refused(dovecot: Dovecot, user: str, tls: str) -> None:
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    text = await refused(dovecot, user, tls=tls, port=port, host=UNCERTIFIED, ca_file=dovecot.ca_file)
    assert "certificate" in text


async def test_a_ca_file_that_is_none_is_named(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    text = await refused(dovecot, user, tls="implicit", port=dovecot.tls_port, ca_file=missing)
    assert "ca.pem" in text


async def test_a_server_that_takes_logins_over_tls_only_gets_them_so(user: str) -> None:
    """Before STARTTLS it says LOGINDISABLED, after it something else."""
    require()
    dovecot = Dovecot.start("ssl = required\ndisable_plaintext_auth = yes\n")
    try:
        async with opened(dovecot, user, tls="starttls", host=REMOTE, ca_file=dovecot.ca_file) as mailbox:
            assert await mailbox.search() == []
        text = await refused(dovecot, user, tls="none", host=REMOTE)
        assert 'tls = "starttls"' in text
    finally:
        dovecot.stop()


async def test_a_wrong_password_is_a_refusal(dovecot: Dovecot, user: str) -> None:
    text = await refused(dovecot, user, secret=lambda: "no-such-word")
    assert "[imap] username" in text
    assert "no-such-word" not in text


@pytest.mark.parametrize("password", ['a"b\\c{3}', "été-%s-☃"])
async def test_every_password_is_understood(user: str, password: str) -> None:
    require()
    dovecot = Dovecot.start(password=password)
    try:
        async with opened(dovecot, user, secret=lambda: password) as mailbox:
            assert await mailbox.search() == []
    finally:
        dovecot.stop()


async def test_reading_leaves_no_trace_in_the_flags(dovecot: Dovecot, user: str) -> None:
    put(dovecot, user, MAIL, MAIL)
    async with opened(dovecot, user) as mailbox:
        assert len([raw async for raw in mailbox.fetch([1, 2])]) == 2
    assert not [line for line in flags(dovecot, user) if b"Seen" in line]


async def test_every_byte_of_a_large_and_hostile_mail_arrives(dovecot: Dovecot, user: str) -> None:
    mail = (
        b"Subject: \xe9\xff\r\n\r\n"
        + b"* 1 FETCH (UID 9 BODY[] {3}\r\nabc)\r\nA1 OK done\r\n{7}\r\n)\r\n"
        + bytes(n % 251 + 1 for n in range(3_000_000)).replace(b"\r", b"x").replace(b"\n", b"y")
        + b"\r\n"
    )
    put(dovecot, user, MAIL, mail, MAIL)
    async with opened(dovecot, user) as mailbox:
        assert [raw.data async for raw in mailbox.fetch([1, 2, 3])] == [MAIL, mail, MAIL]


async def test_a_mail_over_the_limit_comes_as_its_beginning(dovecot: Dovecot, user: str) -> None:
    put(dovecot, user, MAIL + b"x" * 400_000 + b"\r\n")
    async with opened(dovecot, user, max_size=300_000) as mailbox:
        raw = await anext(mailbox.fetch([1]))
    assert raw.truncated
    assert raw.size == len(MAIL) + 400_002
    assert raw.data == (MAIL + b"x" * 400_000)[:262_144]


async def test_the_servers_time_of_arrival_is_kept(dovecot: Dovecot, user: str) -> None:
    moment = datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC)
    async with opened(dovecot, user) as mailbox:
        uid = await mailbox.append("INBOX", MAIL, moment)
        assert uid is not None
        assert (await anext(mailbox.fetch([uid]))).internaldate == moment


@pytest.mark.parametrize("capabilities", [None, "IMAP4rev1 UIDPLUS", "IMAP4rev1"])
async def test_mails_are_moved_to_a_folder_that_is_made_for_them(user: str, capabilities: str | None) -> None:
    require()
    extra = f"imap_capability = {capabilities}\n" if capabilities else ""
    dovecot = Dovecot.start(extra)
    try:
        put(dovecot, user, *(MAIL + b"%d" % n for n in range(60)))
        async with opened(dovecot, user) as mailbox:
            await mailbox.move([*range(2, 61), 99], 'Traités & "cie"')
            assert await mailbox.search() == [1]
            assert await mailbox.list_folders() == ["INBOX", 'Traités & "cie"']
            counts = await mailbox.counts('Traités & "cie"')
            assert counts is not None
            assert counts.messages == 59
            assert await mailbox.counts("Nowhere") is None
        async with opened(dovecot, user, 'Traités & "cie"') as filed:
            assert [raw.data async for raw in filed.fetch([59])] == [MAIL + b"59"]
    finally:
        dovecot.stop()


async def test_a_mail_that_somebody_else_removed_is_left_out(dovecot: Dovecot, user: str) -> None:
    put(dovecot, user, MAIL, MAIL, MAIL)
    async with opened(dovecot, user) as mailbox:
        uids = await mailbox.search()
        async with opened(dovecot, user) as other:
            await other.move([2], "Elsewhere")
        assert [raw.uid async for raw in mailbox.fetch(uids)] == [1, 3]
        await mailbox.move([2, 3], "Processed")
        assert await mailbox.search() == [1]


async def test_a_new_mail_ends_the_wait_and_is_found(dovecot: Dovecot, user: str) -> None:
    put(dovecot, user, MAIL)
    async with opened(dovecot, user) as mailbox:
        port: Mailbox = mailbox
        assert await port.search() == [1]
        waiting = asyncio.ensure_future(port.wait(LONG))
        await asyncio.to_thread(put, dovecot, user, MAIL)
        async with asyncio.timeout(LONG / 2):
            await waiting
        assert await port.search(2) == [2]


async def test_without_idle_a_new_mail_is_found_after_the_wait(dovecot: Dovecot, user: str) -> None:
    put(dovecot, user, MAIL)
    async with opened(dovecot, user, idle=False) as mailbox:
        assert await mailbox.search() == [1]
        await asyncio.to_thread(put, dovecot, user, MAIL)
        await mailbox.wait(0.01)
        assert await mailbox.search(2) == [2]


async def test_a_server_that_is_killed_is_noticed_at_once_and_found_again(user: str) -> None:
    require()
    dovecot = Dovecot.start()
    try:
        put(dovecot, user, MAIL)
        async with opened(dovecot, user) as mailbox:
            uidvalidity = mailbox.uidvalidity
            waiting = asyncio.ensure_future(mailbox.wait(LONG))
            while not mailbox._connection.wire.pending_sync_command:  # noqa: ASYNC110 - one turn of the loop
                await asyncio.sleep(0)
            dovecot.kill()
            async with asyncio.timeout(LONG / 2):
                with pytest.raises(Unavailable, match="connection"):
                    await waiting
        with pytest.raises(Unavailable, match="cannot connect"):
            await open_mailbox(server_for(dovecot, user), "INBOX")
        dovecot.restart()
        async with opened(dovecot, user) as again:
            assert again.uidvalidity == uidvalidity
            assert await again.search() == [1]
    finally:
        dovecot.stop()


async def test_a_folder_that_is_not_there_is_refused_by_name(dovecot: Dovecot, user: str) -> None:
    with pytest.raises(Unavailable, match="'Envoyés'") as caught:
        await open_mailbox(server_for(dovecot, user), "Envoyés")
    assert caught.value.refused

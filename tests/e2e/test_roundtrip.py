"""`check --roundtrip` between a real Dovecot and an SMTP server that delivers into it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

import pytest

from daemon.checks import roundtrip as module
from daemon.checks.finding import Finding
from daemon.checks.roundtrip import roundtrip
from tests.e2e.desk import Daemons, Desk, until
from tests.servers.smtp_peer import Received, SmtpPeer

MakeDesk = Callable[..., Desk]

AUTHENTICATED = b"Authentication-Results: mx.azimutpos.com; dmarc=pass header.from=azimutpos.com\r\n"


class Delivering(SmtpPeer):
    """Puts what it takes over into the desk's mailbox, under header fields of its own."""

    def __init__(
        self, *, stamp: bytes = b"", plus: bool = True, change: Callable[[bytes], bytes] = bytes
    ) -> None:
        super().__init__(taking=self._deliver)
        self.desk: Desk | None = None
        self._stamp = stamp
        self._plus = plus
        self._change = change

    def _deliver(self, mail: Received) -> None:
        if self.desk is None or ("+" in mail.recipients[0] and not self._plus):
            return
        maildir = self.desk.dovecot.maildir(self.desk.user)
        name = f"{time.monotonic_ns()}.{os.getpid()}.host"
        path = maildir / "tmp" / name
        path.write_bytes(self._stamp + self._change(mail.data))
        owner = maildir.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
        path.rename(maildir / "new" / name)


async def told(desk: Desk, patience: float = 20.0) -> dict[str, Finding]:
    return {finding.name: finding async for finding in roundtrip(desk.settings, patience=patience)}


async def prepared(make: MakeDesk, peer: Delivering, more: str = "") -> Desk:
    desk = make(peer.port, more)
    await asyncio.to_thread(desk.mails_in, "INBOX")  # Dovecot makes the mailbox at the first login
    await asyncio.to_thread(desk.deliver)
    for folder in ("new", "tmp", "cur"):
        assert (desk.dovecot.maildir(desk.user) / folder).is_dir()
    peer.desk = desk
    return desk


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEHIND", 2.0)
    monkeypatch.setattr(module, "PAUSE", 0.05)


async def test_it_tells_what_works_and_what_to_set_and_leaves_nothing_behind(make: MakeDesk) -> None:
    async with Delivering(stamp=AUTHENTICATED) as peer:
        desk = await prepared(make, peer)
        found = await told(desk)
        assert {name: f.level for name, f in found.items()} == {
            "sending": "ok",
            "delivery": "ok",
            "plus address": "ok",
            "headers": "ok",
            "authenticity": "warning",
            "tidying": "ok",
        }
        assert "came back after" in found["delivery"].text
        assert "support+check-" in found["plus address"].text
        assert 'set [imap] trusted_authserv = ["mx.azimutpos.com"]' in found["authenticity"].text
        assert "dmarc=pass" in found["authenticity"].text
        assert found["tidying"].text == "test mails: 2 deleted"
        assert await asyncio.to_thread(desk.mails_in, "INBOX") == 0
        assert not (desk.folder / "data" / "token-key").exists()
        envelopes = {(m.envelope_from, m.recipients[0].partition("+")[0]) for m in peer.received}
        assert {sender for sender, _ in envelopes} == {"support@azimutpos.com"}


async def test_a_trusted_server_is_confirmed(make: MakeDesk) -> None:
    async with Delivering(stamp=AUTHENTICATED) as peer:
        desk = await prepared(make, peer, 'trusted_authserv = ["mx.azimutpos.com"]')
        assert (await told(desk))["authenticity"].level == "ok"


async def test_a_server_without_plus_addresses_is_found_out(make: MakeDesk) -> None:
    async with Delivering(plus=False) as peer:
        desk = await prepared(make, peer)
        found = await told(desk)
        assert found["delivery"].level == "ok"
        assert found["plus address"].level == "failed"
        assert "plus_addressing = false" in found["plus address"].text
        assert "no Authentication-Results" in found["authenticity"].text
        peer.script("RCPT", "", "550 5.1.1 no such user")
        desk.reconfigure("[imap]\n", "plus_addressing = false\n[imap]\n")
        assert (await told(desk))["plus address"].level == "ok"


@pytest.mark.parametrize(
    ("was", "becomes", "told_so"),
    [
        (b"Message-ID: <", b"X-Was: <", "Message-ID of its own"),
        (b"References:", b"X-Refs:", "References did not survive"),
    ],
)
async def test_a_server_that_changes_what_it_carries_is_found_out(
    was: bytes, becomes: bytes, told_so: str, make: MakeDesk
) -> None:
    async with Delivering(change=lambda data: data.replace(was, becomes, 1)) as peer:
        found = await told(await prepared(make, peer))
        assert found["headers"].level == "warning"
        assert told_so in found["headers"].text


async def test_mail_that_does_not_come_back_or_is_not_taken_is_told_with_the_remedy(make: MakeDesk) -> None:
    async with Delivering() as peer:
        desk = await prepared(make, peer)
        peer.desk = None
        found = await told(desk, patience=0.3)
        assert found["delivery"].level == "failed"
        assert "junk folder" in found["delivery"].text
    found = await told(desk, patience=0.3)
    assert found["sending"].level == "failed"
    assert "see the line about smtp" in found["sending"].text


async def test_a_mailbox_that_cannot_be_opened_ends_it_with_the_reason(make: MakeDesk) -> None:
    async with Delivering() as peer:
        desk = await prepared(make, peer)
        (desk.folder / "imap-password").write_text("wrong")
        found = await told(desk)
        assert found["roundtrip"].level == "failed"
        assert "refuses the login" in found["roundtrip"].text
        assert not peer.received


async def test_beside_a_running_daemon_no_ticket_comes_of_it(make: MakeDesk, daemons: Daemons) -> None:
    """Whoever is quicker: the daemon files it as a loop, or the check deletes it first."""
    async with Delivering() as peer:
        desk = await prepared(make, peer)
        pid = await asyncio.to_thread(daemons.start, desk, hurry=True)
        await asyncio.to_thread(until, lambda: desk.events("ready"), "the daemon", desk)
        found = await told(desk)
        assert (found["plus address"].level, found["tidying"].level) == ("ok", "ok")
        assert await asyncio.to_thread(daemons.stop, pid, desk) == 0
        await asyncio.to_thread(desk.deliver, *(mail.data for mail in peer.received))
        assert await asyncio.to_thread(daemons.run_once, desk) == 0, desk.log()
    assert {d for (d,) in desk.rows("SELECT disposition FROM inbound_mail")} <= {"loop", "duplicate"}
    assert desk.rows("SELECT count(*) FROM inbound_mail") >= [(2,)]
    assert desk.rows("SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM outbox)") == [(0, 0)]

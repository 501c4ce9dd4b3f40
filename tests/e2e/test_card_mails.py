"""A mail with a card number on a real Dovecot: its masked copy takes its place, nobody is answered twice, the
count of the mailbox holds, and no folder, no file and no mail of ours has the number."""

from __future__ import annotations

import imaplib
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.command import azimut
from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import Daemons, Desk, accepted, answered
from tests.mail.test_masked_copy import SHAPES, VISA, holds

MakeDesk = Callable[..., Desk]
StartSmtp = Callable[..., SmtpProcess]


def _mails(desk: Desk, folder: str) -> list[bytes]:
    with imaplib.IMAP4("127.0.0.1", desk.dovecot.port) as imap:
        imap.login(desk.user, desk.dovecot.password)
        status, _ = imap.select(folder, readonly=True)
        if status != "OK":
            return []
        _, found = imap.search(None, "ALL")
        mails = []
        for number in found[0].split():
            _, data = imap.fetch(number.decode(), "(INTERNALDATE BODY.PEEK[])")
            mails += [part[0] + b"\n" + part[1] for part in data if isinstance(part, tuple)]
        return mails


def _letters() -> list[bytes]:
    return [
        raw.replace(b"<1@boulangerieroy.example>", b"<%d@boulangerieroy.example>" % number).replace(
            b"marie@boulangerieroy.example", b"client%d@boulangerieroy.example" % number
        )
        for number, raw in enumerate(SHAPES.values())
    ]


def test_the_numbers_are_nowhere_and_everything_is_there_once(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, capsys: pytest.CaptureFixture[str]
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    letters = _letters()
    arrived = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)  # noqa: TID251 - the server's clock
    desk.deliver(*letters, at=arrived)
    for _ in range(2):  # the second start finds nothing left to do
        assert daemons.run_once(desk) == 0, desk.log()
        assert _mails(desk, "INBOX") == []
        processed = _mails(desk, "Processed")
        assert len(processed) == len(letters)
        assert not [mail[:200] for mail in processed if holds(mail.split(b"\n", 1)[1])]
    day = f"{arrived.astimezone().day:2d}-"
    assert all(b'INTERNALDATE "' + day.encode() in mail for mail in processed)
    assert desk.rows("SELECT count(*) FROM inbound_mail WHERE copy_uid > 0 AND moved") == [(len(letters),)]
    assert desk.rows("SELECT count(*) FROM ticket") == [(len(letters),)]
    acks = [mail for mail in answered(smtp.log) if mail["rcpt"][0].startswith("client")]
    assert len(acks) == len(letters)
    told = [mail["message_id"] for mail in accepted(smtp.log) if mail["kind"] == "notification"]
    assert len(told) == len(set(told)) == len(letters)
    for path in (path for path in desk.folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert VISA.encode() not in content, path
        assert b64encode(VISA.encode())[:-4] not in content, path
    status, out, _ = azimut(capsys, "--config", desk.config, "db", "check", "--mailbox", "--json")
    found = json.loads(out)["mailbox"]
    assert (status, found["proven"], found["mails"]) == (0, True, len(letters))
    assert found["gone"] == 0


def test_keep_leaves_the_original(make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons) -> None:
    desk = make(smtp_process().port)
    desk.reconfigure('digest = ""', 'digest = ""\ncard_mails = "keep"')
    desk.deliver(SHAPES["plain"])
    assert daemons.run_once(desk) == 0, desk.log()
    (mail,) = _mails(desk, "Processed")
    assert holds(mail)

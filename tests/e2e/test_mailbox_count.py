"""`db check --mailbox` against a real Dovecot: every mail in the three folders has its ledger row, what has
none is found and taken in, and nobody is answered twice for it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.command import azimut
from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import Daemons, Desk, accepted, customer_mail, until

MakeDesk = Callable[..., Desk]
StartSmtp = Callable[..., SmtpProcess]
Capture = pytest.CaptureFixture[str]


def count(capsys: Capture, desk: Desk) -> tuple[int, dict[str, Any]]:
    status, out, err = azimut(capsys, "--config", desk.config, "db", "check", "--mailbox", "--json")
    assert err == ""
    found: dict[str, Any] = json.loads(out)["mailbox"]
    return status, found


def folder(found: dict[str, Any], name: str) -> dict[str, Any]:
    (one,) = [f for f in found["folders"] if f["name"] == name]
    return {key: value for key, value in one.items() if value and key != "name"}


def forget(desk: Desk, where: str) -> None:
    """The database is older than the mailbox: restored from a backup made before these mails came."""
    with closing(sqlite3.connect(desk.folder / "data" / "desk.sqlite3")) as db, db:
        db.execute(f"DELETE FROM inbound_mail WHERE {where}")
        db.execute(
            "DELETE FROM inbound_content WHERE NOT EXISTS"
            " (SELECT 1 FROM inbound_mail m WHERE m.id = inbound_content.id)"
        )


def acknowledged(smtp: SmtpProcess) -> int:
    return sum(s["kind"] == "ack" for s in accepted(smtp.log))


def notified(smtp: SmtpProcess) -> int:
    return sum(s["kind"] == "notification" for s in accepted(smtp.log))


@pytest.fixture
def served(make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons) -> tuple[Desk, SmtpProcess]:
    """Three mails answered, one of them delivered twice, and one in quarantine."""
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(*(customer_mail(n) for n in range(3)), customer_mail(1), b"Subject: nobody\r\n\r\nx\r\n")
    assert daemons.run_once(desk) == 0, desk.log()
    assert (desk.mails_in("Processed"), desk.mails_in("Quarantine")) == (4, 1)
    return desk, smtp


def test_a_desk_that_lost_nothing_is_proven_whole(served: tuple[Desk, SmtpProcess], capsys: Capture) -> None:
    desk, smtp = served
    status, found = count(capsys, desk)
    assert (status, found["proven"], found["mails"], found["in_ledger"]) == (0, True, 5, 5)
    assert folder(found, "INBOX") == {}
    assert folder(found, "Processed") == {"mails": 4, "known": 4, "doubles": 1}
    assert folder(found, "Quarantine") == {"mails": 1, "known": 1}
    assert (found["rows"], found["gone"], found["daemon_runs"]) == (5, 0, False)
    status, out, _ = azimut(capsys, "--config", desk.config, "db", "check", "--mailbox")
    assert status == 0
    assert "ok       Processed: 4 mails, 4 in the ledger (1 of them doubles)" in out
    assert out.endswith("ok       5 in the mailbox = 5 in the ledger\n")
    assert (acknowledged(smtp), notified(smtp)) == (3, 3)


def test_before_the_first_mail_nothing_is_missing(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, capsys: Capture
) -> None:
    desk = make(smtp_process().port)
    assert daemons.run_once(desk) == 0, desk.log()
    status, found = count(capsys, desk)
    assert (status, found["mails"]) == (0, 0)


def test_what_a_restored_database_does_not_know_becomes_a_ticket_and_nobody_is_answered_again(
    served: tuple[Desk, SmtpProcess], daemons: Daemons, capsys: Capture
) -> None:
    desk, smtp = served
    forget(desk, "sender = 'client2@shop2.example' OR disposition = 'quarantine'")
    status, found = count(capsys, desk)
    assert (status, found["proven"], found["in_ledger"]) == (0, True, 5)
    assert folder(found, "Processed") == {"mails": 4, "known": 3, "doubles": 1, "taken_in": {"ticket": 1}}
    assert folder(found, "Quarantine") == {"mails": 1, "taken_in": {"quarantine": 1}}
    kinds = desk.rows("SELECT mailbox, disposition, reason FROM inbound_mail WHERE mailbox <> 'INBOX'")
    assert ("Processed", "ticket", "found outside the inbox") in kinds
    assert daemons.run_once(desk) == 0, desk.log()
    assert (acknowledged(smtp), notified(smtp)) == (3, 4), "the agent hears of the new ticket, once"
    status, found = count(capsys, desk)
    assert (status, found["proven"], folder(found, "Processed")["known"]) == (0, True, 4)


def test_old_mail_that_is_not_known_is_held_and_released_without_an_answer(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, capsys: Capture
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    now = datetime.now(UTC)  # noqa: TID251 - the server's clock is the real one
    desk.deliver(customer_mail(1), at=now - timedelta(days=2))
    assert daemons.run_once(desk) == 0, desk.log()
    forget(desk, "1 = 1")
    status, found = count(capsys, desk)
    assert (status, folder(found, "Processed")["taken_in"]) == (0, {"held": 1})
    assert daemons.run_once(desk) == 0, desk.log()
    assert desk.rows("SELECT disposition FROM inbound_mail") == [("held",)]
    assert (acknowledged(smtp), notified(smtp)) == (1, 1)
    assert daemons.run_once(desk, resume=True) == 0, desk.log()
    assert desk.rows("SELECT disposition, reason FROM inbound_mail") == [
        ("ticket", "found outside the inbox")
    ]
    assert (acknowledged(smtp), notified(smtp)) == (1, 2)


def test_beside_a_running_daemon_it_looks_and_changes_nothing(
    served: tuple[Desk, SmtpProcess], daemons: Daemons, capsys: Capture
) -> None:
    desk, _ = served
    forget(desk, "sender = 'client2@shop2.example'")
    pid = daemons.start(desk, hurry=True)
    until(lambda: len(desk.events("ready")) == 1, "the daemon", desk)
    status, found = count(capsys, desk)
    assert (status, found["proven"], found["mails"], found["in_ledger"]) == (1, False, 5, 4)
    assert found["daemon_runs"] is True
    (stray,) = found["strays"]
    assert (stray["folder"], stray["sender"], stray["copy"]) == ("Processed", "client2@shop2.example", False)
    status, out, _ = azimut(capsys, "--config", desk.config, "db", "check", "--mailbox")
    assert status == 1
    assert "failed   Processed: 4 mails, 3 in the ledger (1 of them doubles), 1 not" in out
    assert "client2@shop2.example: Imprimante 2" in out
    assert "with the daemon stopped" in out
    assert daemons.stop(pid, desk) == 0
    assert desk.rows("SELECT count(*) FROM inbound_mail") == [(4,)]


def test_mail_that_a_person_deleted_is_told_and_no_fault(
    served: tuple[Desk, SmtpProcess], capsys: Capture
) -> None:
    desk, _ = served
    with desk._imap() as imap:
        imap.select("Processed")
        imap.store("1", "+FLAGS", "\\Deleted")
        imap.expunge()
    status, found = count(capsys, desk)
    assert (status, found["proven"], found["mails"], found["gone"]) == (0, True, 4, 1)
    assert found["gone_shown"][0]["mailbox"] == "INBOX"
    _, out, _ = azimut(capsys, "--config", desk.config, "db", "check", "--mailbox")
    assert "note     1 of 5 ledger rows" in out


def test_a_copy_that_a_person_made_becomes_a_duplicate(
    served: tuple[Desk, SmtpProcess], daemons: Daemons, capsys: Capture
) -> None:
    desk, smtp = served
    with desk._imap() as imap:
        imap.select("Processed")
        imap.copy("1", "Quarantine")
    status, found = count(capsys, desk)
    assert (status, folder(found, "Quarantine")) == (
        0,
        {"mails": 2, "known": 1, "taken_in": {"duplicate": 1}},
    )
    assert daemons.run_once(desk) == 0, desk.log()
    assert (acknowledged(smtp), notified(smtp)) == (3, 3)


def test_mail_that_waits_in_the_inbox_is_taken_in_as_ever(
    served: tuple[Desk, SmtpProcess], daemons: Daemons, capsys: Capture
) -> None:
    desk, smtp = served
    desk.deliver(customer_mail(9))
    status, found = count(capsys, desk)
    assert (status, found["proven"], found["mails"]) == (0, True, 6)
    assert folder(found, "Processed")["known"] == 5
    assert (acknowledged(smtp), notified(smtp)) == (3, 3)  # it sends nothing itself
    assert daemons.run_once(desk) == 0, desk.log()
    assert (acknowledged(smtp), notified(smtp)) == (4, 4)


def test_a_mail_server_that_is_away_proves_nothing(served: tuple[Desk, SmtpProcess], capsys: Capture) -> None:
    desk, _ = served
    desk.config.write_text(re.sub(r"port = \d+", "port = 1", desk.config.read_text(), count=1))
    status, _, err = azimut(capsys, "--config", desk.config, "db", "check", "--mailbox")
    assert status == 1
    assert "imap: IMAP server 127.0.0.1:1" in err

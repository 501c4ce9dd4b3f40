"""What the running daemon does with mailboxes as they are: first starts, replaced mailboxes, folders, bad and
oversize mails, a second daemon, SIGTERM."""

from __future__ import annotations

import email
import email.policy
import imaplib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from daemon.app import GRACE
from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import ADDRESS, ROOT, Daemons, Desk, accepted, answered, customer_mail, until
from tests.servers.tcp_proxy import TcpProxy

MakeDesk = Callable[..., Desk]
StartSmtp = Callable[..., SmtpProcess]

CRASH_BEFORE_MOVE = {"target": "daemon.edges.imap.mailbox:ImapMailbox.move", "when": "before", "nth": 1}


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)  # noqa: TID251 - the server's clock is the real one


def dispositions(desk: Desk) -> dict[str, int]:
    return dict(desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1"))


def acknowledged(smtp: SmtpProcess) -> list[str]:
    return sorted(s["rcpt"][0] for s in accepted(smtp.log) if s["kind"] == "ack")


def notified(desk: Desk, smtp: SmtpProcess) -> list[str]:
    """The requesters of the tickets that the agent was told of: one entry for each mail that the SMTP server
    took over. That of no known row is a failure."""
    told = "SELECT '<' || o.message_id || '>', t.requester FROM outbox o JOIN ticket t ON t.id = o.ticket"
    of = dict(desk.rows(f"{told} WHERE o.kind = 'notification'"))
    return sorted(str(of[s["message_id"]]) for s in accepted(smtp.log) if s["kind"] == "notification")


# -- the first start ------------------------------------------------------------------------------------


def test_at_the_first_start_old_mail_is_recorded_and_not_answered(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_more='answer_newer_than = "72h"')
    desk.deliver(customer_mail(1), at=days_ago(30))
    desk.deliver(customer_mail(2), at=days_ago(2))
    desk.deliver(customer_mail(3))
    assert daemons.run_once(desk) == 0, desk.log()
    assert acknowledged(smtp) == ["client2@shop2.example", "client3@shop3.example"]
    assert notified(desk, smtp) == acknowledged(smtp)
    assert dispositions(desk) == {"recorded": 1, "ticket": 2}
    assert (desk.mails_in("INBOX"), desk.mails_in("Processed")) == (0, 3)


def test_without_that_setting_all_mail_of_the_first_start_is_answered(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(customer_mail(1), at=days_ago(30))
    assert daemons.run_once(desk) == 0, desk.log()
    assert acknowledged(smtp) == notified(desk, smtp) == ["client1@shop1.example"]


# -- a mailbox that was replaced ------------------------------------------------------------------------


def test_a_changed_uidvalidity_neither_doubles_nor_loses(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """Three mails have their tickets and are still in the inbox when it gets new UIDs; one more is new."""
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(*(customer_mail(n) for n in range(3)))
    assert daemons.wait(daemons.start(desk, once=True, crash=CRASH_BEFORE_MOVE)) == -9, desk.log()
    assert dispositions(desk) == {"ticket": 3}
    desk.replace_mailbox()
    desk.deliver(customer_mail(3))
    assert daemons.run_once(desk) == 0, desk.log()
    assert len(desk.events("uidvalidity_changed")) == 1
    assert desk.rows("SELECT count(DISTINCT uidvalidity) FROM inbound_mail") == [(2,)]
    assert dispositions(desk) == {"ticket": 4, "duplicate": 3}
    assert desk.rows("SELECT count(*), count(DISTINCT requester) FROM ticket") == [(4, 4)]
    assert acknowledged(smtp) == notified(desk, smtp) == [f"client{n}@shop{n}.example" for n in range(4)]
    assert (desk.mails_in("INBOX"), desk.mails_in("Processed")) == (0, 7 - 3)
    assert not desk.events("brake")


def test_many_unknown_old_mails_in_a_replaced_mailbox_are_held_until_resume(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """Somebody restored a year of mail into the inbox: nobody must get an answer to it, until a person says
    so. Whoever writes meanwhile is answered."""
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(customer_mail(0))
    assert daemons.run_once(desk) == 0, desk.log()
    desk.replace_mailbox()
    desk.deliver(*(customer_mail(n) for n in range(1, 52)), at=days_ago(3))
    desk.deliver(customer_mail(99))
    pid = daemons.start(desk, hurry=True)
    until(lambda: len(acknowledged(smtp)) == 2, "the new mail to be answered", desk)
    until(lambda: desk.mails_in("INBOX") == 0, "the inbox to be empty", desk)
    desk.deliver(customer_mail(98))
    until(lambda: len(notified(desk, smtp)) == 3, "a mail that comes meanwhile to be answered", desk)
    assert daemons.stop(pid, desk) == 0
    assert acknowledged(smtp) == [f"client{n}@shop{n}.example" for n in (0, 98, 99)]
    assert notified(desk, smtp) == acknowledged(smtp), "nor is the agent told of what is held"
    assert dispositions(desk) == {"held": 51, "ticket": 3}
    assert "run --resume" in desk.events("brake")[0]["remedy"]
    assert desk.rows("SELECT count(*) FROM outbox WHERE cause LIKE 'brake:%' AND state = 'sent'") == [(1,)]
    assert daemons.run_once(desk) == 0, "a start without --resume holds on"
    assert dispositions(desk)["held"] == 51
    assert daemons.run_once(desk, resume=True) == 0, desk.log()
    assert dispositions(desk) == {"ticket": 54}
    assert len(acknowledged(smtp)) == len(set(acknowledged(smtp))) == 54
    assert notified(desk, smtp) == acknowledged(smtp)


def test_fifty_unknown_old_mails_do_not_put_the_brake_on(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(customer_mail(0))
    assert daemons.run_once(desk) == 0, desk.log()
    desk.replace_mailbox()
    desk.deliver(*(customer_mail(n) for n in range(1, 51)), at=days_ago(3))
    assert daemons.run_once(desk) == 0, desk.log()
    assert not desk.events("brake")
    assert len(acknowledged(smtp)) == len(set(acknowledged(smtp))) == 51
    assert notified(desk, smtp) == acknowledged(smtp)


# -- folders --------------------------------------------------------------------------------------------


def test_missing_folders_are_made_also_with_accents_in_their_names(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_more='processed = "Traités"\nquarantine = "Mis de côté & gardés"')
    desk.deliver(customer_mail(1), customer_mail(2, "Avec du poison."))
    assert daemons.run_once(desk, poison="poison") == 0, desk.log()
    assert desk.mails_in("INBOX") == 0
    assert desk.mails_in("Trait&AOk-s") == 1
    assert desk.mails_in('"Mis de c&APQ-t&AOk- &- gard&AOk-s"') == 1
    assert acknowledged(smtp) == ["client1@shop1.example"]


def test_mails_that_cannot_be_moved_are_answered_all_the_same_and_moved_later(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_more='processed = "pas/possible"')  # Dovecot allows no slash in a name
    pid = daemons.start(desk, hurry=True)
    for n in range(3):
        desk.deliver(customer_mail(n))
        until(lambda n=n: len(acknowledged(smtp)) == n + 1, "an answer", desk)  # type: ignore[misc]
    refused = until(lambda: desk.events("move_refused"), "the trouble to be told", desk)
    assert refused[0]["folder"] == "pas/possible"
    assert daemons.stop(pid, desk) == 0
    assert desk.mails_in("INBOX") == 3
    desk.reconfigure("pas/possible", "possible")
    assert daemons.run_once(desk) == 0, desk.log()
    assert (desk.mails_in("INBOX"), desk.mails_in("possible")) == (0, 3)
    assert acknowledged(smtp) == notified(desk, smtp) == [f"client{n}@shop{n}.example" for n in range(3)]
    assert desk.rows("SELECT count(*) FROM inbound_mail WHERE moved") == [(3,)]


# -- single mails ---------------------------------------------------------------------------------------


def test_one_bad_mail_stops_nothing_and_somebody_is_told(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """A fault of ours on every other mail, and rubbish between them: the others are answered as ever."""
    smtp = smtp_process()
    desk = make(smtp.port)
    rubbish = [b"\r\n", b"\x00\xff" * 500, b"From: <<<\r\nSubject: =?utf-8?b?////?=\r\n\r\n\xff", b"x" * 5000]
    for n in range(4):
        desk.deliver(customer_mail(n), customer_mail(10 + n, "Avec du poison."), rubbish[n])
    pid = daemons.start(desk, hurry=True, poison="poison")
    until(lambda: len(acknowledged(smtp)) >= 4, "the good mails to be answered", desk)
    until(lambda: desk.mails_in("INBOX") == 0, "the inbox to be empty", desk)
    desk.deliver(customer_mail(4))
    until(lambda: len(acknowledged(smtp)) >= 5, "the next mail to be answered", desk)
    assert daemons.stop(pid, desk) == 0
    assert acknowledged(smtp) == [f"client{n}@shop{n}.example" for n in range(5)]
    assert dispositions(desk)["ticket"] == 5
    assert sum(dispositions(desk).values()) == 13
    poisoned = desk.rows("SELECT DISTINCT reason FROM inbound_mail WHERE sender LIKE 'client1_@%'")
    assert poisoned == [("ZeroDivisionError while it was handled",)]
    assert [event["outcome"] for event in desk.events("mail_set_aside")] == ["ZeroDivisionError"] * 4
    assert desk.rows("SELECT count(*) FROM outbox WHERE kind = 'notice' AND state = 'sent'")[0][0] >= 4
    assert desk.mails_in("Quarantine") >= 4


def test_an_oversize_mail_is_acknowledged_and_its_sender_told(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_more='max_size = "300kB"')
    desk.deliver(customer_mail(1, "L'imprimante ne marche plus.\r\n\r\n" + "Une longue ligne.\r\n" * 40_000))
    assert daemons.run_once(desk) == 0, desk.log()
    assert acknowledged(smtp) == ["client1@shop1.example"]
    assert desk.rows("SELECT truncated FROM inbound_mail") == [(1,)]
    [(content,)] = desk.rows("SELECT content FROM outbox_content JOIN outbox USING (id) WHERE kind = 'ack'")
    body = email.message_from_bytes(content, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    assert "trop lourd" in body.get_content()


# -- starting and stopping ------------------------------------------------------------------------------


def test_a_second_daemon_on_the_same_store_ends_with_status_2_and_the_first_goes_on(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    pid = daemons.start(desk, hurry=True)
    until(lambda: desk.events("ready"), "the daemon", desk)
    second = subprocess.run(
        [sys.executable, "-m", "daemon", "--config", str(desk.config), "run", "--once"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2, second.stderr
    assert f"process {pid}" in second.stderr
    assert "Traceback" not in second.stderr
    desk.deliver(customer_mail(1))
    until(lambda: acknowledged(smtp), "the first daemon to answer", desk)
    assert daemons.stop(pid, desk) == 0


def test_sigterm_finishes_the_mail_in_hand_and_leaves_the_rest_for_the_next_start(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(*(customer_mail(n) for n in range(40)))
    pid = daemons.start(desk, hurry=True)
    until(lambda: desk.events("mail"), "the first mail to be taken in", desk)
    assert daemons.stop(pid, desk) == 0
    assert desk.events()[-1]["event"] == "stopped"
    assert not desk.events("loop_overdue")
    taken = sum(dispositions(desk).values())
    assert 0 < taken < 40, "it was to be stopped in the middle"
    assert desk.mails_in("Processed") == taken, "what has its ledger row is moved"
    assert desk.rows("SELECT count(*) FROM outbox WHERE state = 'sending'") == [(0,)]
    assert daemons.run_once(desk) == 0, desk.log()
    assert acknowledged(smtp) == sorted(f"client{n}@shop{n}.example" for n in range(40))
    assert notified(desk, smtp) == acknowledged(smtp)


@pytest.mark.parametrize("silent", ["imap", "smtp"])
def test_sigterm_ends_the_daemon_also_while_a_server_is_silent(
    silent: str, make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, proxy: TcpProxy
) -> None:
    """Timeouts are those of the field here: half a minute and more, which systemd would not wait for."""
    smtp = smtp_process(answer_after=3600 if silent == "smtp" else 0)
    desk = make(smtp.port, imap_port=proxy.port)
    if silent == "imap":
        hushed = proxy.hush_after(b"BODY[]", more=100)
    desk.deliver(customer_mail(1))
    pid = daemons.start(desk, grace=GRACE if silent == "smtp" else 1.0)
    if silent == "imap":
        until(hushed.is_set, "the server to go silent", desk)
    else:
        until(lambda: answered(smtp.log), "the mail to be taken over", desk)
    assert daemons.stop(pid, desk) == 0
    assert desk.events("loop_overdue")
    smtp.stop()
    smtp = smtp_process()
    desk.reconfigure(
        f'[smtp]\nhost = "127.0.0.1"\nport = {desk.settings.smtp.port}',
        f'[smtp]\nhost = "127.0.0.1"\nport = {smtp.port}',
    )
    assert daemons.run_once(desk) == 0, desk.log()
    sent = answered(smtp.log)
    assert len(sent) == (2 if silent == "smtp" else 1)
    assert len({s["message_id"] for s in sent}) == 1
    assert set(notified(desk, smtp)) == {"client1@shop1.example"}
    assert len({s["message_id"] for s in accepted(smtp.log)}) == 2
    assert (desk.mails_in("INBOX"), desk.mails_in("Processed")) == (0, 1)


def test_the_daemon_has_set_no_flag_on_any_mail(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(*(customer_mail(n) for n in range(2)))
    assert daemons.run_once(desk) == 0, desk.log()
    with imaplib.IMAP4("127.0.0.1", desk.dovecot.port) as imap:
        imap.login(desk.user, desk.dovecot.password)
        imap.select("Processed", readonly=True)
        assert imap.search(None, "SEEN")[1] == [b""]
        assert ADDRESS.encode() in imap.fetch("1", "(BODY.PEEK[HEADER.FIELDS (TO)])")[1][0][1]  # type: ignore[index,operator]

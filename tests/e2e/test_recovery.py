"""The running daemon and its servers in trouble: it recovers by itself, says so in its log, and nothing is
lost or doubled. Everything is real: Dovecot behind a proxy, an SMTP server, SQLite, the daemon's process."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import Daemons, Desk, accepted, customer_mail, until
from tests.servers.tcp_proxy import TcpProxy

MakeDesk = Callable[..., Desk]
StartSmtp = Callable[..., SmtpProcess]


def serving(desk: Desk, log: Path, mails: int) -> None:
    """Wait until so many mails are answered and out of the inbox."""
    until(lambda: len(recipients(log)) >= mails, f"{mails} acknowledgements", desk)
    until(lambda: desk.mails_in("Processed") >= mails, f"{mails} mails in Processed", desk)


def recipients(log: Path) -> set[str]:
    return {s["rcpt"][0] for s in accepted(log)}


def check_each_answered_once(desk: Desk, log: Path, mails: int) -> None:
    assert desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1") == [("ticket", mails)]
    assert desk.rows("SELECT count(*), count(DISTINCT requester) FROM ticket") == [(mails, mails)]
    assert desk.rows("SELECT kind, state, count(*) FROM outbox GROUP BY 1, 2") == [("ack", "sent", mails)]
    assert sorted(Counter(s["rcpt"][0] for s in accepted(log)).values()) == [1] * mails
    assert (desk.mails_in("INBOX"), desk.mails_in("Processed")) == (0, mails)


# -- the database ---------------------------------------------------------------------------------------


def test_a_locked_database_is_waited_for_and_both_its_ends_are_in_the_log(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    pid = daemons.start(desk, hurry=True)
    until(lambda: desk.events("ready"), "the daemon", desk)
    until(lambda: desk.rows("SELECT 1 FROM mailbox_cursor"), "the first look into the mailbox", desk)
    with closing(sqlite3.connect(desk.folder / "data" / "desk.sqlite3", isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        desk.deliver(*(customer_mail(n) for n in range(3)))
        troubles = until(lambda: desk.events("mailbox_unavailable"), "the trouble to be told", desk)
        assert not accepted(smtp.log)
        rival.execute("ROLLBACK")
    assert troubles[0]["service"] == "store"
    assert "locked by another process" in troubles[0]["reason"]
    serving(desk, smtp.log, 3)
    until(lambda: desk.events("mailbox_back"), "the recovery to be told", desk)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp.log, 3)


def test_a_database_locked_while_a_mail_is_on_its_way_out_delays_it_only_so_long(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """A claimed row must not lie until its claim lapses, and a mail that was sent not go out again."""
    smtp = smtp_process(answer_after=1.0)
    desk = make(smtp.port)
    pid = daemons.start(desk, hurry=True)
    desk.deliver(customer_mail(1))
    until(lambda: accepted(smtp.log), "the mail to be taken over", desk)  # its 250 is still to come
    with closing(sqlite3.connect(desk.folder / "data" / "desk.sqlite3", isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        until(lambda: desk.events("store_unavailable"), "the trouble to be told", desk)
        assert desk.rows("SELECT state FROM outbox") == [("sending",)]
        rival.execute("ROLLBACK")
    until(lambda: desk.events("store_back"), "the recovery to be told", desk)
    serving(desk, smtp.log, 1)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp.log, 1)


# -- SMTP -----------------------------------------------------------------------------------------------


def test_an_smtp_server_that_is_down_gets_everything_once_it_is_back(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    smtp.stop()
    desk = make(smtp.port)
    pid = daemons.start(desk, hurry=True)
    desk.deliver(*(customer_mail(n) for n in range(3)))
    told = until(lambda: desk.events("mail_not_sent"), "the trouble to be told", desk)
    assert told[0]["outcome"] == "unreachable"
    until(lambda: desk.mails_in("Processed") == 3, "intake to go on meanwhile", desk)
    smtp = smtp_process(port=smtp.port)
    serving(desk, smtp.log, 3)
    until(lambda: desk.events("smtp_back"), "the recovery to be told", desk)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp.log, 3)


@pytest.mark.parametrize(
    ("script", "outcome", "copies"),
    [("fail", "deferred", 1), ("drop-before", "unknown", 1), ("drop-after", "unknown", 2)],
)
def test_an_smtp_server_that_fails_at_the_end_of_a_mail_gets_the_same_bytes_again(
    script: str, outcome: str, copies: int, make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process(first=script)
    desk = make(smtp.port)
    pid = daemons.start(desk, hurry=True)
    desk.deliver(customer_mail(1))
    until(lambda: desk.events("mail_sent"), "the mail to be sent", desk)
    assert daemons.stop(pid, desk) == 0
    assert [event["outcome"] for event in desk.events("mail_not_sent")] == [outcome]
    sent = accepted(smtp.log)
    assert len(sent) == copies
    assert len({(s["message_id"], s["sha256"]) for s in sent}) == 1
    assert desk.rows("SELECT kind, state, attempts FROM outbox") == [("ack", "sent", 2)]


# -- IMAP -----------------------------------------------------------------------------------------------


def test_a_connection_cut_in_the_middle_of_a_fetched_mail_is_opened_anew(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, proxy: TcpProxy
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_port=proxy.port)
    desk.deliver(*(customer_mail(n) for n in range(5)))
    cut = proxy.cut_after(b"BODY[]", more=700)
    pid = daemons.start(desk, hurry=True)
    serving(desk, smtp.log, 5)
    assert cut.is_set()
    assert "connection was" in desk.events("mailbox_unavailable")[0]["reason"]
    assert desk.events("mailbox_back")
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp.log, 5)


def test_a_server_silent_in_the_middle_of_a_fetched_mail_is_left(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, proxy: TcpProxy
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_port=proxy.port)
    desk.deliver(*(customer_mail(n) for n in range(2)))
    hushed = proxy.hush_after(b"BODY[]", more=300)
    pid = daemons.start(desk, hurry=True)
    serving(desk, smtp.log, 2)
    assert hushed.is_set()
    assert "no answer to FETCH" in desk.events("mailbox_unavailable")[0]["reason"]
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp.log, 2)


def test_a_server_silent_in_idle_is_noticed_and_the_mail_behind_it_answered(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, proxy: TcpProxy
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_port=proxy.port)
    hushed = proxy.hush_after(b"+ idling\r\n")
    pid = daemons.start(desk, hurry=True)
    until(hushed.is_set, "the daemon to idle", desk)
    desk.deliver(customer_mail(1))
    serving(desk, smtp.log, 1)
    assert "no end of IDLE" in desk.events("mailbox_unavailable")[0]["reason"]
    until(lambda: desk.events("mailbox_back"), "the recovery to be told", desk)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp.log, 1)


def test_an_imap_server_that_goes_away_between_a_move_and_its_answer_doubles_nothing(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, proxy: TcpProxy
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_port=proxy.port)
    desk.deliver(*(customer_mail(n) for n in range(3)))
    cut = proxy.cut_after(b"COPYUID")
    pid = daemons.start(desk, hurry=True)
    serving(desk, smtp.log, 3)
    until(lambda: desk.events("mailbox_back"), "the recovery to be told", desk)
    assert cut.is_set()
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp.log, 3)


def test_an_imap_server_that_is_down_for_a_while_loses_nothing(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, proxy: TcpProxy
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_port=proxy.port)
    proxy.refuse(True)
    pid = daemons.start(desk, hurry=True)
    until(lambda: len(desk.events("mailbox_unavailable")) >= 2, "the daemon to try again", desk)
    desk.deliver(customer_mail(1))
    proxy.refuse(False)
    serving(desk, smtp.log, 1)
    proxy.refuse(True)
    desk.deliver(customer_mail(2))
    until(lambda: len(desk.events("mailbox_unavailable")) >= 4, "the daemon to lose it again", desk)
    proxy.refuse(False)
    serving(desk, smtp.log, 2)
    until(lambda: len(desk.events("mailbox_back")) == 2, "both recoveries to be told", desk)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp.log, 2)


# -- all of it at once ----------------------------------------------------------------------------------

SOAK_MAILS = 40
SOAK_KILLS = 12


def test_forty_mails_a_failing_smtp_server_and_twelve_kills_lose_and_double_nothing(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """SIGKILL comes each time after some more lines in the log, wherever the daemon is then."""
    dice = random.Random(20261104)
    smtp = smtp_process(fail_rate=0.15, drop_before_rate=0.04, drop_after_rate=0.06, seed=7)
    desk = make(smtp.port)
    mails = [customer_mail(n) for n in range(SOAK_MAILS)]
    kills = 0
    while kills < SOAK_KILLS:
        if mails:
            batch = min(len(mails), dice.randint(1, 6))
            desk.deliver(*(mails.pop() for _ in range(batch)))
        lines = len(desk.events()) + dice.randint(2, 9)
        pid = daemons.start(desk, hurry=True)
        until(partial(_moved_on, desk, lines), "some more lines in the log", desk)
        daemons.kill(pid)
        assert daemons.wait(pid) == -9, desk.log()
        kills += 1
    desk.deliver(*mails)
    pid = daemons.start(desk, hurry=True)
    until(lambda: idle(desk) and answered_or_told(desk, smtp.log) == SOAK_MAILS, "all to be answered", desk)
    assert daemons.stop(pid, desk) == 0
    assert desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1") == [("ticket", SOAK_MAILS)]
    assert desk.rows("SELECT count(*), count(DISTINCT requester) FROM ticket") == [(SOAK_MAILS, SOAK_MAILS)]
    assert desk.rows("SELECT count(*) FROM outbox WHERE kind = 'ack'") == [(SOAK_MAILS,)]
    assert (desk.mails_in("INBOX"), desk.mails_in("Processed")) == (0, SOAK_MAILS)
    messages: dict[str, set[tuple[str, str]]] = {}
    for sent in accepted(smtp.log):
        if "client" in sent["rcpt"][0]:
            messages.setdefault(sent["rcpt"][0], set()).add((sent["message_id"], sent["sha256"]))
    assert [address for address, copies in messages.items() if len(copies) != 1] == []


def _moved_on(desk: Desk, lines: int) -> bool:
    """So many lines are in the log, or the daemon is up and there is nothing that more could come of."""
    return len(desk.events()) >= lines or (len(desk.events("ready")) > 0 and idle(desk))


def idle(desk: Desk) -> bool:
    """Nothing waits in the mailbox or in the outbox."""
    return desk.mails_in("INBOX") == 0 and desk.rows("SELECT 1 FROM outbox WHERE due_at IS NOT NULL") == []


def answered_or_told(desk: Desk, log: Path) -> int:
    """Customers who have their acknowledgement, or of whom a manager was told that it may not have arrived:
    a connection lost twice after the whole mail says no more than that."""
    reached = {address for address in recipients(log) if address.startswith("client")}
    told = desk.rows(
        "SELECT DISTINCT a.recipient FROM outbox a"
        " JOIN outbox n ON n.cause LIKE 'undeliverable:' || a.id || ':%'"
        " WHERE a.kind = 'ack' AND a.state = 'failed' AND n.state = 'sent'"
    )
    return len(reached | {address for (address,) in told})

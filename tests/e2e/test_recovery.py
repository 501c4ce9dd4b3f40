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
from tests.e2e.desk import (
    Daemons,
    Desk,
    accepted,
    accepted_as,
    by_kind,
    check_nothing_lost_nothing_doubled,
    customer_mail,
    until,
)
from tests.servers.tcp_proxy import TcpProxy

MakeDesk = Callable[..., Desk]
StartSmtp = Callable[..., SmtpProcess]


def serving(desk: Desk, log: Path, mails: int) -> None:
    """Wait until so many mails are answered, the agent is told of them, and they are out of the inbox."""
    until(lambda: different(desk, log, "ack") >= mails, f"{mails} acknowledgements", desk)
    until(lambda: different(desk, log, "notification") >= mails, f"{mails} notifications", desk)
    until(lambda: desk.mails_in("Processed") >= mails, f"{mails} mails in Processed", desk)


def different(desk: Desk, log: Path, kind: str) -> int:
    """Mails of this kind that the server took over, copies not counted."""
    return len({mail["message_id"] for mail in accepted_as(desk, log, kind)})


def check_each_answered_once(desk: Desk, log: Path, mails: int) -> None:
    copies = check_nothing_lost_nothing_doubled(desk, log, mails)
    assert set(copies.values()) == {1}


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
    until(lambda: len(accepted(smtp.log)) == 2, "both mails to be taken over", desk)  # without a 250 yet
    with closing(sqlite3.connect(desk.folder / "data" / "desk.sqlite3", isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        until(lambda: desk.events("store_unavailable"), "the trouble to be told", desk)
        assert desk.rows("SELECT kind, state FROM outbox ORDER BY 1") == [
            ("ack", "sending"),
            ("notification", "sending"),
        ]
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
    failed = until(lambda: desk.events("mail_not_sent"), "the trouble to be told", desk)
    assert failed[0]["outcome"] == "unreachable"
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
    until(lambda: len(desk.events("mail_sent")) == 2, "both mails to be sent", desk)
    assert daemons.stop(pid, desk) == 0
    (failed,) = desk.events("mail_not_sent")
    assert (failed["outcome"], failed["attempt"]) == (outcome, 1)
    names = dict(desk.rows("SELECT id, message_id FROM outbox"))
    expected = Counter({f"<{name}>": copies if row == failed["row"] else 1 for row, name in names.items()})
    assert check_nothing_lost_nothing_doubled(desk, smtp.log, 1) == expected
    attempts = dict(desk.rows("SELECT id, attempts FROM outbox"))
    assert attempts == {row: 2 if row == failed["row"] else 1 for row in names}


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
    until(lambda: idle(desk) and not unreached(desk, smtp.log), "all to be answered and told", desk)
    assert daemons.stop(pid, desk) == 0
    assert desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1") == [("ticket", SOAK_MAILS)]
    assert desk.rows("SELECT count(*), count(DISTINCT requester) FROM ticket") == [(SOAK_MAILS, SOAK_MAILS)]
    assert desk.rows(
        "SELECT o.kind, count(*), count(DISTINCT t.id), count(DISTINCT o.recipient)"
        " FROM outbox o JOIN ticket t ON t.id = o.ticket"
        " AND o.recipient = CASE o.kind WHEN 'ack' THEN t.requester ELSE 'alex@azimutpos.com' END"
        " WHERE o.kind IN ('ack', 'notification') GROUP BY 1 ORDER BY 1"
    ) == [("ack", SOAK_MAILS, SOAK_MAILS, SOAK_MAILS), ("notification", SOAK_MAILS, SOAK_MAILS, 1)]
    others = (
        "SELECT count(*) FROM outbox WHERE kind NOT IN ('ack', 'notification')"
        " AND cause NOT LIKE 'colleague:%'"  # once a day where an agent's server refuses
    )
    undelivered = "SELECT count(*) FROM outbox WHERE state = 'failed' AND kind = 'ack'"
    assert desk.rows(others) == desk.rows(undelivered)  # one notice of each
    colleague = "SELECT count(*) FROM outbox WHERE cause LIKE 'colleague:%'"
    untold = "SELECT count(*) > 0 FROM outbox WHERE state = 'failed' AND kind = 'notification'"
    assert desk.rows(colleague) <= desk.rows(untold)
    assert (desk.mails_in("INBOX"), desk.mails_in("Processed")) == (0, SOAK_MAILS)
    for mails_of_kind in by_kind(desk, smtp.log).values():
        names = {mail["message_id"] for mail in mails_of_kind}
        assert len({(m["message_id"], *m["rcpt"], m["sha256"]) for m in mails_of_kind}) == len(names)


def _moved_on(desk: Desk, lines: int) -> bool:
    """So many lines are in the log, or the daemon is up and there is nothing that more could come of."""
    return len(desk.events()) >= lines or (len(desk.events("ready")) > 0 and idle(desk))


def idle(desk: Desk) -> bool:
    """Nothing waits in the mailbox or in the outbox."""
    return desk.mails_in("INBOX") == 0 and desk.rows("SELECT 1 FROM outbox WHERE due_at IS NOT NULL") == []


def unreached(desk: Desk, log: Path) -> set[tuple[str, int]]:
    """Which acknowledgements and notifications, by kind and customer's ticket, are still missing: no copy was
    taken over, and no manager was told that it may not have arrived (of a notification that is given up
    nobody is told). A connection that is lost twice after the whole mail says no more than that."""
    taken = {mail["message_id"].strip("<>") for mail in accepted(log)}
    rows = desk.rows("SELECT kind, ticket, message_id FROM outbox WHERE message_id IS NOT NULL")
    reached = {(kind, ticket) for kind, ticket, name in rows if name in taken}
    warned = desk.rows(
        "SELECT DISTINCT a.kind, a.ticket FROM outbox a"
        " JOIN outbox n ON n.cause LIKE 'undeliverable:' || a.id || ':%'"
        " WHERE a.state = 'failed' AND n.state = 'sent'"
    ) + desk.rows("SELECT kind, ticket FROM outbox WHERE state = 'failed' AND kind = 'notification'")
    tickets = [number for (number,) in desk.rows("SELECT id FROM ticket")]
    wanted = {(kind, number) for kind in ("ack", "notification") for number in tickets}
    missing = wanted - reached - set(warned)
    return missing if len(tickets) == SOAK_MAILS else missing | {("ticket", SOAK_MAILS - len(tickets))}

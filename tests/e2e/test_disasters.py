"""What befalls a desk in a year of service, with real servers: each time nothing is lost, nothing doubled,
and the remedy stands in the log."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import ADDRESS, Daemons, Desk, accepted, customer_mail, make_desk, until
from tests.servers.dovecot import Dovecot, require
from tests.servers.tcp_proxy import TcpProxy

MakeDesk = Callable[..., Desk]
StartSmtp = Callable[..., SmtpProcess]

EVERYTHING_ANSWERED = (
    "SELECT kind, state, count(*), count(DISTINCT recipient || ticket) FROM outbox"
    " WHERE kind IN ('ack', 'notification') GROUP BY 1, 2 ORDER BY 1"
)
OVERDUE = frozenset({"alarm", "breach", "escalation", "status-update"})
"""What a ticket may bring of itself once hours have passed; which of them, the hours of the day decide."""


def acknowledged(smtp: SmtpProcess) -> list[str]:
    return sorted(s["rcpt"][0] for s in accepted(smtp.log) if s["kind"] == "ack")


def check_each_answered_once(
    desk: Desk, smtp: SmtpProcess, mails: int, also: frozenset[str] = frozenset()
) -> None:
    """Each customer has one acknowledgement, the agent one notification of each; beside mails of the kinds
    `also`, nothing else. What the SMTP server took over is what the outbox says was sent, each mail once."""
    assert desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1") == [("ticket", mails)]
    assert desk.rows("SELECT count(*), count(DISTINCT requester) FROM ticket") == [(mails, mails)]
    assert desk.rows(EVERYTHING_ANSWERED) == [
        (kind, "sent", mails, mails) for kind in ("ack", "notification")
    ]
    assert sorted(Counter(acknowledged(smtp)).values()) == [1] * mails
    kinds = Counter(kind for (kind,) in desk.rows("SELECT kind FROM outbox") if kind not in also)
    assert kinds == {"ack": mails, "notification": mails}
    sent = desk.rows("SELECT '<' || message_id || '>', recipient FROM outbox WHERE state = 'sent'")
    assert sorted((s["message_id"], *s["rcpt"]) for s in accepted(smtp.log)) == sorted(sent)
    assert desk.rows("SELECT count(*) FROM outbox") == [(len(sent),)]
    assert (desk.mails_in("INBOX"), desk.mails_in("Processed")) == (0, mails)


def served(desk: Desk, smtp: SmtpProcess, mails: int) -> None:
    until(lambda: len(acknowledged(smtp)) >= mails, f"{mails} acknowledgements", desk)
    until(lambda: desk.mails_in("Processed") >= mails, f"{mails} mails in Processed", desk)
    until(lambda: not desk.rows("SELECT 1 FROM outbox WHERE due_at IS NOT NULL"), "the outbox", desk)


# -- the disk -------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes under the desk's data folder."""
    data = tmp_path / "disk"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(data)]
    mounted = subprocess.run(mount, capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield data
    subprocess.run(["umount", "--lazy", str(data)], check=True, capture_output=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as out:
        for size in (65_536, 512, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                continue
    return filler


def test_a_full_disk_marks_no_mail_as_done_and_is_over_when_there_is_room_again(
    small_disk: Path, make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    (desk.folder / "data").rmdir()
    (desk.folder / "data").symlink_to(small_disk)
    pid = daemons.start(desk, hurry=True)
    desk.deliver(customer_mail(0))
    served(desk, smtp, 1)
    filler = fill(small_disk)
    desk.deliver(*(customer_mail(n) for n in range(1, 4)))
    told = until(lambda: desk.events("mailbox_unavailable"), "the trouble to be told", desk)
    assert told[0]["service"] == "store"
    assert "the disk is full; free some space" in told[0]["reason"]
    assert desk.mails_in("INBOX") == 3
    assert len(acknowledged(smtp)) == 1
    filler.unlink()
    served(desk, smtp, 4)
    until(lambda: desk.events("mailbox_back"), "the recovery to be told", desk)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp, 4)


# -- the clock ------------------------------------------------------------------------------------------


def clock_of(cause: str) -> str:
    """The promise that a mail of the ticker is about ("breach:1001:breach:resolution:…"), "" for others."""
    parts = cause.split(":")
    return parts[3] if parts[0] in {"breach", "update"} else ""


def test_a_clock_that_jumps_a_day_and_back_sends_no_burst_and_loses_nothing(
    tmp_path: Path, make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp, off = smtp_process(), tmp_path / "off"
    desk = make(smtp.port)
    off.write_text("0")
    pid = daemons.start(desk, hurry=True, clock=str(off))
    mails = 0
    for seconds in (0, 86_400, 3_600, -86_400, 0):
        aside = off.with_suffix(".new")
        aside.write_text(str(seconds))
        aside.rename(off)
        desk.deliver(customer_mail(mails))
        mails += 1
        served(desk, smtp, mails)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp, mails, OVERDUE)
    told = desk.rows("SELECT ticket, kind, recipient, cause FROM outbox")
    once = Counter((ticket, kind, to, clock_of(cause)) for ticket, kind, to, cause in told)
    assert set(once.values()) == {1}, once
    backwards = (
        "SELECT count(*) FROM ticket t JOIN clock c ON c.ticket_id = t.id WHERE c.due_at < t.opened_at"
    )
    assert desk.rows(backwards) == [(0,)]
    assert not desk.events("mailbox_unavailable")


# -- servers that are away ------------------------------------------------------------------------------


def late(smtp: SmtpProcess, desk: Desk) -> list[bool]:
    """Of each acknowledgement, as it was kept: does it say that it is late?"""
    kept = "SELECT c.content FROM outbox o JOIN outbox_content c ON c.id = o.id WHERE o.kind = 'ack'"
    contents = desk.rows(kept)
    assert len(contents) == len(acknowledged(smtp))
    return [says_late(content) for (content,) in contents]


def says_late(message: bytes) -> bool:
    import email
    import email.policy

    text = email.message_from_bytes(message, policy=email.policy.default).get_body(("plain",))
    assert text is not None
    return "un problème de notre côté" in " ".join(text.get_content().split())


def test_a_mailbox_that_was_out_of_reach_for_hours_is_answered_with_a_word_about_the_delay(
    tmp_path: Path, make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, proxy: TcpProxy
) -> None:
    smtp, off = smtp_process(), tmp_path / "off"
    off.write_text("0")
    desk = make(smtp.port, imap_port=proxy.port)
    proxy.refuse(True)
    desk.deliver(*(customer_mail(n) for n in range(2)))
    pid = daemons.start(desk, hurry=True, clock=str(off))
    until(lambda: len(desk.events("mailbox_unavailable")) >= 2, "the daemon to try", desk)
    off.write_text(str(5 * 3600))
    proxy.refuse(False)
    served(desk, smtp, 2)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp, 2, OVERDUE)
    assert late(smtp, desk) == [True, True]


def test_an_smtp_server_that_was_down_for_hours_gets_words_that_fit_the_hour(
    tmp_path: Path, make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """They were written when the mail came, and had promised an answer for a time that is over."""
    smtp, off = smtp_process(), tmp_path / "off"
    smtp.stop()
    off.write_text("0")
    desk = make(smtp.port)
    pid = daemons.start(desk, hurry=True, clock=str(off))
    desk.deliver(customer_mail(1))
    until(lambda: desk.events("mail_not_sent"), "the first attempt", desk)
    until(lambda: desk.rows("SELECT 1 FROM outbox WHERE message_id IS NOT NULL"), "its bytes", desk)
    off.write_text(str(5 * 3600))
    smtp = smtp_process(port=smtp.port)
    served(desk, smtp, 1)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp, 1, OVERDUE)
    assert late(smtp, desk) == [True]


# -- the mail account -----------------------------------------------------------------------------------


def test_a_changed_password_is_read_at_the_next_login_and_no_restart_is_needed(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, proxy: TcpProxy
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port, imap_port=proxy.port)
    pid = daemons.start(desk, hurry=True)
    desk.deliver(customer_mail(0))
    served(desk, smtp, 1)
    secret = desk.folder / "imap-password"
    right = secret.read_text()
    secret.write_text("the old one")
    proxy.refuse(True)
    desk.deliver(customer_mail(1))
    proxy.refuse(False)

    def refused() -> list[dict[str, object]]:
        return [e for e in desk.events("mailbox_unavailable") if "refuses the login" in str(e["reason"])]

    until(lambda: len(refused()) >= 2, "the refusal to be told", desk)
    assert "check [imap] username and the password in [imap] password_file" in str(refused()[0]["reason"])
    assert {event["retry_in"] for event in refused()} == {0.4}  # the slow ladder: minutes in the field
    assert "the old one" not in desk.log()
    secret.write_text(right)
    served(desk, smtp, 2)
    assert daemons.stop(pid, desk) == 0
    check_each_answered_once(desk, smtp, 2)


QUOTA = """
mail_plugins = $mail_plugins quota
plugin {
  quota = maildir:User quota
  quota_rule = *:messages=6
  quota_grace = 0
}
protocol imap {
  imap_capability = IMAP4rev1 UIDPLUS IDLE
}
"""


def test_people_are_answered_also_when_the_mailbox_is_full(
    tmp_path: Path, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """Over quota, the server lets nothing be copied to Processed; once there is room, it is made up for."""
    require()
    full = Dovecot.start(QUOTA)
    try:
        smtp = smtp_process()
        desk = make_desk(tmp_path, full, "desk", smtp.port)
        with desk._imap() as imap:
            imap.create("Junk")
            for _ in range(3):
                assert imap.append("Junk", "", "", b"Subject: junk\r\n\r\nx\r\n")[0] == "OK"
        desk.deliver(*(customer_mail(n) for n in range(3)))
        pid = daemons.start(desk, hurry=True)
        until(lambda: len(acknowledged(smtp)) == 3, "three answers", desk)
        (refused, *_) = until(lambda: desk.events("move_refused"), "the trouble to be told", desk)
        assert "quota" in refused["reason"].lower()
        assert "free space in the mailbox or raise its quota" in refused["remedy"]
        assert desk.mails_in("INBOX") == 3
        with desk._imap() as imap:
            imap.select("Junk")
            imap.store("1:*", "+FLAGS", "\\Deleted")
            imap.expunge()
        until(lambda: desk.mails_in("Processed") == 3, "the mails to be moved", desk)
        assert daemons.stop(pid, desk) == 0
        check_each_answered_once(desk, smtp, 3)
    finally:
        full.stop()


# -- power ----------------------------------------------------------------------------------------------


def test_power_cuts_that_end_all_servers_at_once_lose_and_double_nothing(
    tmp_path: Path, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    require()
    machine = Dovecot.start()
    try:
        smtp = smtp_process()
        desk = make_desk(tmp_path, machine, "desk", smtp.port)
        mails, cuts = 12, 3
        for cut in range(cuts):
            desk.deliver(*(customer_mail(n) for n in range(cut * 4, cut * 4 + 4)))
            lines = len(desk.events()) + 3 + 2 * cut
            pid = daemons.start(desk, hurry=True)
            until(lambda lines=lines: len(desk.events()) >= lines, "some work to be done", desk)  # type: ignore[misc]
            machine.kill()
            daemons.kill(pid)
            smtp.stop()
            assert daemons.wait(pid) == -9
            machine.restart()
            smtp = smtp_process(port=smtp.port)
        pid = daemons.start(desk, hurry=True)
        until(lambda: len(set(acknowledged(smtp))) == mails, "all to be answered", desk)
        until(lambda: desk.mails_in("Processed") == mails, "all to be moved", desk)
        until(lambda: not desk.rows("SELECT 1 FROM outbox WHERE due_at IS NOT NULL"), "the outbox", desk)
        assert daemons.stop(pid, desk) == 0
        assert desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1") == [("ticket", mails)]
        assert desk.rows(EVERYTHING_ANSWERED) == [
            (kind, "sent", mails, mails) for kind in ("ack", "notification")
        ]
        copies = {(s["message_id"], s["rcpt"][0], s["sha256"]) for s in accepted(smtp.log)}
        assert len(copies) == 2 * mails  # what went out twice is the same mail
        sent = desk.rows("SELECT '<' || message_id || '>', recipient FROM outbox")
        assert sorted(copy[:2] for copy in copies) == sorted(sent)
    finally:
        machine.stop()


# -- single mails ---------------------------------------------------------------------------------------


def heavy_mail(number: int, megabytes: float) -> bytes:
    line = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3\r\n"
    head = (
        f"From: Client {number} <client{number}@shop{number}.example>\r\nTo: {ADDRESS}\r\n"
        f"Subject: Photos {number}\r\nMessage-ID: <heavy{number}@shop{number}.example>\r\n"
        "Date: Wed, 04 Nov 2026 10:00:00 -0500\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        "L'imprimante ne marche plus, photos jointes.\r\n--b\r\nContent-Type: image/jpeg\r\n"
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=p.jpg\r\n\r\n"
    ).encode()
    return head + line * int(megabytes * 1_000_000 / len(line)) + b"--b--\r\n"


def peak(pid: int) -> int:
    """Megabytes that the process ever had in memory."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) // 1024


def test_mails_of_thirty_megabytes_neither_fill_the_memory_nor_hold_up_the_others(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """One just below max_size is kept whole, one above it with its beginning; both are answered."""
    smtp = smtp_process()
    desk = make(smtp.port)
    pid = daemons.start(desk, stalls=True)
    desk.deliver(customer_mail(0))
    served(desk, smtp, 1)
    before = peak(pid)
    desk.deliver(heavy_mail(1, 29), heavy_mail(2, 33), customer_mail(3))
    served(desk, smtp, 4)
    grown = peak(pid) - before
    assert daemons.stop(pid, desk) == 0
    kept = desk.rows("SELECT truncated FROM inbound_mail ORDER BY uid")
    assert [bool(truncated) for (truncated,) in kept] == [False, False, True, False]
    assert acknowledged(smtp) == [f"client{n}@shop{n}.example" for n in range(4)]
    assert grown < 400, f"{grown} MB more than before"  # ten times the mail; the unit allows a gigabyte
    assert max((event["seconds"] for event in desk.events("stall")), default=0.0) < 2.0


def test_a_mail_that_kills_the_daemon_is_set_aside_unread_after_three_starts_and_the_next_mails_flow(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(customer_mail(0), customer_mail(1, "Ce mot tue: DAEMON xyzzy."), customer_mail(2))
    starts = 0
    while (status := daemons.run_once(desk, deadly="xyzzy")) == -9:
        starts += 1
        assert starts <= 3, desk.log()
        desk.deliver(customer_mail(10 + starts))
    assert (status, starts) == (0, 3), desk.log()
    assert acknowledged(smtp) == sorted(f"client{n}@shop{n}.example" for n in (0, 2, 11, 12, 13))
    assert (desk.mails_in("INBOX"), desk.mails_in("Quarantine")) == (0, 1)
    (unread,) = desk.events("mail_set_aside_unread")
    assert unread["reason"] == "the daemon died three times while reading it"
    (reason,) = desk.rows("SELECT reason FROM inbound_mail WHERE disposition = 'quarantine'")
    assert reason == ("the daemon died three times while reading it",)
    told = "SELECT count(*) FROM outbox WHERE cause LIKE 'quarantine:%' AND state = 'sent'"
    assert desk.rows(told) == [(1,)]


def test_a_mail_that_kills_its_reader_is_set_aside_and_the_daemon_lives_on(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(customer_mail(0), customer_mail(1, "Ce mot tue: xyzzy."), customer_mail(2))
    assert daemons.run_once(desk, deadly="xyzzy") == 0, desk.log()
    assert acknowledged(smtp) == [f"client{n}@shop{n}.example" for n in (0, 2)]
    assert (desk.mails_in("INBOX"), desk.mails_in("Quarantine")) == (0, 1)
    assert [event["reason"] for event in desk.events("reader_lost")] == ["the reader died"] * 3
    (why,) = desk.rows("SELECT reason FROM inbound_mail WHERE disposition = 'quarantine'")
    assert why == ("the reader died while it was handled",)
    told = "SELECT count(*) FROM outbox WHERE cause LIKE 'quarantine:%' AND state = 'sent'"
    assert desk.rows(told) == [(1,)]


def test_a_mail_that_goes_in_circles_is_told_to_the_managers_once(
    make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    hops = b"".join(b"Received: from a by b; Wed, 04 Nov 2026 10:00:00 -0500\r\n" for _ in range(60))
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(*(hops + customer_mail(n) for n in range(3)))
    assert daemons.run_once(desk) == 0, desk.log()
    assert [s["rcpt"] for s in accepted(smtp.log)] == [["direction@azimutpos.com"]]
    assert desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1") == [("loop", 3)]


def test_a_mail_from_before_the_first_start_of_a_wrong_clock_is_no_trouble(
    tmp_path: Path, make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons
) -> None:
    """The server's clock is a day ahead of ours: promises run from our now, not from tomorrow."""
    smtp = smtp_process()
    desk = make(smtp.port)
    now = datetime.now(UTC)  # noqa: TID251 - the server's clock is the real one
    desk.deliver(customer_mail(1), at=now + timedelta(days=1))
    assert daemons.run_once(desk) == 0, desk.log()
    check_each_answered_once(desk, smtp, 1)
    (opened,) = desk.rows("SELECT opened_at FROM ticket")
    assert opened[0] <= (now + timedelta(minutes=5)).timestamp() * 1_000_000

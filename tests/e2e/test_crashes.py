"""SIGKILL at every step between fetch and move, and between SMTP's 250 and its record. After a restart every
mail is one ticket, every acknowledgement is delivered, and a repeat has the same Message-ID and bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import Daemons, Desk, accepted, customer_mail

MAILS = 3
IMAP = "daemon.edges.imap.mailbox:ImapMailbox"
STORE = "daemon.store.database:SqlStore"
SMTP = "daemon.edges.smtp.pool:SmtpPool"

# (where, before or after the nth call of it)
STEPS = [
    (f"{IMAP}.search", "after", 1),
    (f"{IMAP}.fetch", "after", 1),
    (f"{IMAP}.fetch", "after", 2),
    ("daemon.edges.reading.room:ReadingRoom.open", "before", 1),
    ("daemon.store.apply:take_snapshot", "after", 2),
    ("daemon.loops.reading:Glasses.read", "after", 1),
    (f"{STORE}.settle", "before", 1),
    ("daemon.store.writers:Writing.flush", "after", 1),
    ("daemon.store.writers:Writing.flush", "after", 3),
    (f"{STORE}.settle", "after", 1),
    (f"{STORE}.apply", "after", 3),
    (f"{IMAP}.move", "before", 1),
    (f"{IMAP}.move", "after", 1),
    (f"{STORE}.mark_moved", "before", 1),
    (f"{STORE}.mark_moved", "after", 1),
    (f"{STORE}.set_mailbox_state", "after", 1),
    (f"{STORE}.set_mailbox_state", "before", 2),
    (f"{STORE}.set_mailbox_state", "after", 2),
    (f"{STORE}.claim_outbox", "before", 1),
    (f"{STORE}.claim_outbox", "after", 1),
    (f"{STORE}.keep_message", "before", 2),
    (f"{STORE}.keep_message", "after", 1),
    (f"{SMTP}.send", "before", 1),
    (f"{SMTP}.send", "after", 1),
    (f"{SMTP}.send", "after", 3),
    ("daemon.loops.outbox:OutboxLoop._record", "before", 1),
    ("daemon.loops.outbox:OutboxLoop._record", "after", 2),
]


def check_nothing_lost_nothing_doubled(desk: Desk, log: Path, mails: int) -> None:
    ledger = desk.rows("SELECT disposition, count(*) FROM inbound_mail GROUP BY 1")
    assert ledger == [("ticket", mails)]
    assert desk.rows("SELECT count(*), count(DISTINCT requester) FROM ticket") == [(mails, mails)]
    assert desk.rows("SELECT kind, state, count(*) FROM outbox GROUP BY 1, 2") == [("ack", "sent", mails)]
    sent = accepted(log)
    by_recipient = Counter(tuple(s["rcpt"]) for s in sent)
    assert len(by_recipient) == mails
    for recipient in by_recipient:
        copies = {(s["message_id"], s["sha256"]) for s in sent if tuple(s["rcpt"]) == recipient}
        assert len(copies) == 1
    assert (desk.mails_in("INBOX"), desk.mails_in("Processed")) == (0, mails)


@pytest.mark.parametrize(
    ("target", "when", "nth"), STEPS, ids=[f"{w}-{t.rpartition(':')[2]}-{n}" for t, w, n in STEPS]
)
def test_a_daemon_killed_at_this_step_loses_and_doubles_nothing(
    target: str,
    when: str,
    nth: int,
    make: Callable[..., Desk],
    smtp_process: Callable[..., SmtpProcess],
    daemons: Daemons,
) -> None:
    smtp = smtp_process()
    desk = make(smtp.port)
    desk.deliver(*(customer_mail(n) for n in range(MAILS)))
    crash = {"target": target, "when": when, "nth": nth}
    assert daemons.wait(daemons.start(desk, once=True, crash=crash)) == -9, desk.log()
    assert daemons.run_once(desk) == 0, desk.log()
    check_nothing_lost_nothing_doubled(desk, smtp.log, MAILS)
    assert len(accepted(smtp.log)) <= MAILS + 8  # at most what was under way is repeated

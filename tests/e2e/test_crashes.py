"""SIGKILL at every step between fetch and move, and between SMTP's 250 and its record. After a restart every
mail is one ticket, every acknowledgement and every notification is delivered, and a repeat has the same
Message-ID and bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import Daemons, Desk, check_nothing_lost_nothing_doubled, customer_mail

MAILS = 3
IMAP = "daemon.edges.imap.mailbox:ImapMailbox"
STORE = "daemon.store.database:SqlStore"
SMTP = "daemon.edges.smtp.pool:SmtpPool"
RECORD = "daemon.loops.outcomes:Outcomes.after"

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
    (f"{SMTP}.send", "after", 6),
    (RECORD, "before", 1),
    (RECORD, "before", 5),
    (RECORD, "after", 2),
    (RECORD, "after", 6),
]


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
    copies = check_nothing_lost_nothing_doubled(desk, smtp.log, MAILS)
    under_way = target.startswith((SMTP, RECORD)) or (target, when, nth) == (f"{STORE}.apply", "after", 3)
    assert max(copies.values()) <= (2 if under_way else 1)  # what was under way is repeated, once

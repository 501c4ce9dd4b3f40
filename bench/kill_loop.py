"""`kill -9` in a loop while mail arrives and the SMTP server fails; then a clean run and a count.

    python bench/kill_loop.py [SECONDS] [SEED]

The daemon is the real one, its pauses shortened to fractions of a second (they grow to hours in the field),
and is killed at random moments, most of them while it works. The exit status is 0 when nothing was lost and
nothing was doubled but under the same Message-ID and bytes.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from tests.e2e.desk import Daemons, Desk, accepted, customer_mail, make_desk
from tests.servers.dovecot import Dovecot

FAILING = ("--fail-rate=0.2", "--drop-before-rate=0.05", "--drop-after-rate=0.1")
LONGEST = 120.0
"""Seconds that the clean run may take."""


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    dovecot, daemons = Dovecot.start(), Daemons()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "accepted.jsonl"
        smtp, port = daemons.start_smtp("--log", str(log), *FAILING, f"--seed={dice.randint(1, 999)}")
        try:
            desk = make_desk(folder, dovecot, "killed", port)
            arrived, kills = killing(desk, daemons, dice, seconds)
            finishing(desk, daemons, arrived)
            return counting(desk, log, arrived, kills)
        finally:
            daemons.kill_all()
            daemons.kill(smtp)
            daemons.wait(smtp)
            daemons.close()
            dovecot.stop()


def killing(desk: Desk, daemons: Daemons, dice: random.Random, seconds: float) -> tuple[int, Counter[str]]:
    """How many mails arrived, and what the daemon had last said when it was killed."""
    arrived = 0
    kills: Counter[str] = Counter()
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        pid = daemons.start(desk, hurry=True)
        begun = len(desk.events())
        deadline = time.monotonic() + dice.uniform(0.3, 1.5)
        wanted = begun + dice.randint(1, 15)
        while time.monotonic() < deadline and len(desk.events()) < wanted:
            batch = dice.randint(0, 2)
            desk.deliver(*(customer_mail(arrived + n) for n in range(batch)))
            arrived += batch
            time.sleep(dice.uniform(0.0, 0.1))
        daemons.kill(pid)
        daemons.wait(pid)
        said = desk.events()[begun:]
        kills[said[-1]["event"] if said else "(nothing yet)"] += 1
    return arrived, kills


def finishing(desk: Desk, daemons: Daemons, arrived: int) -> None:
    """Run until nothing waits any more, at most for `LONGEST`, then stop politely."""
    pid = daemons.start(desk, hurry=True)
    over = time.monotonic() + LONGEST
    while time.monotonic() < over:
        waiting = desk.rows("SELECT 1 FROM outbox WHERE due_at IS NOT NULL LIMIT 1")
        if not waiting and desk.mails_in("INBOX") == 0 and desk.mails_in("Processed") == arrived:
            break
        time.sleep(0.5)
    if status := daemons.stop(pid, desk):
        raise SystemExit(f"the last daemon ended with status {status}:\n{desk.log()[-4000:]}")


def counting(desk: Desk, log: Path, arrived: int, kills: Counter[str]) -> int:
    copies: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for sent in accepted(log):
        if sent["rcpt"][0].startswith("client"):
            copies[sent["rcpt"][0]].append((sent["message_id"], sent["sha256"]))
    told = {
        recipient
        for (recipient,) in desk.rows(
            "SELECT a.recipient FROM outbox a JOIN outbox n ON n.cause LIKE 'undeliverable:' || a.id || ':%'"
            " WHERE a.kind = 'ack' AND a.state = 'failed'"
        )
    }
    [(rows, tickets, requesters)] = desk.rows(
        "SELECT (SELECT count(*) FROM inbound_mail), count(*), count(DISTINCT requester) FROM ticket"
    )
    [(queued,)] = desk.rows("SELECT count(*) FROM outbox WHERE due_at IS NOT NULL")
    silent = arrived - len(set(copies) | told)
    strangers = sum(len(set(found)) > 1 for found in copies.values())
    table = {
        "kills": sum(kills.values()),
        "mails delivered to the mailbox": arrived,
        "ledger rows": rows,
        "tickets": tickets,
        "customers with a ticket": requesters,
        "mails moved to Processed": desk.mails_in("Processed"),
        "mails left in the inbox": desk.mails_in("INBOX"),
        "customers whose acknowledgement the server took": len(copies),
        "  of them more than once, the same bytes": sum(len(found) > 1 for found in copies.values()),
        "  of them more than twice, the same bytes": sum(len(found) > 2 for found in copies.values()),
        "given up as perhaps delivered, agents told": len(told),
        "  of them really not delivered": len(told - set(copies)),
        "still queued": queued,
        "LOST: neither acknowledged nor told": silent,
        "DOUBLED: different messages to one customer": strangers,
    }
    for what, number in table.items():
        print(f"{what:50}{number:6}")
    print("killed after:", ", ".join(f"{event} {times}x" for event, times in kills.most_common()))
    good = rows == tickets == requesters == arrived and not silent and not strangers
    print("good" if good and desk.mails_in("INBOX") == 0 else "BAD")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

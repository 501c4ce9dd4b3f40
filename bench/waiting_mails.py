"""How fast the real daemon works off a mailbox full of waiting mails, and whether its memory stays flat.

    python bench/waiting_mails.py [NUMBER]

Dovecot and SMTP are real and on loopback; the store is SQLite with its usual fsyncs. Mails lie in the maildir
before the daemon starts. Printed every two seconds: mails taken in, acknowledged, and the memory (RSS) of the
daemon and the processes it started; at the end the highest that any of them ever had (VmHWM), summed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.desk import ROOT, Desk, customer_mail, make_desk
from tests.servers.dovecot import Dovecot

TEXTS = (
    "L'imprimante de reçus n'imprime plus, on vend quand même.",
    "Our card reader refuses every card since this morning and we have no other one.",
    "La caisse est gelée depuis ce matin, on ne peut plus rien vendre!",
    "Comment changer le taux de taxe dans le rapport mensuel?",
    "It would be nice to have gift cards in several colours.",
)


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    dovecot = Dovecot.start()
    with tempfile.TemporaryDirectory() as folder:
        smtp = start_smtp(Path(folder))
        try:
            desk = make_desk(Path(folder), dovecot, "waiting", smtp.port)
            lay_down(desk, number)
            measure(desk, number)
        finally:
            smtp.stop()
            dovecot.stop()


def lay_down(desk: Desk, number: int) -> None:
    """As files, for APPEND takes longer than the work that is measured."""
    desk.deliver(customer_mail(0, TEXTS[0]))  # the server makes the maildir
    new = desk.dovecot.maildir(desk.user) / "new"
    for n in range(1, number):
        (new / f"1700000000.M{n:06}P1.waiting").write_bytes(customer_mail(n, TEXTS[n % len(TEXTS)]))


def measure(desk: Desk, number: int) -> None:
    with (desk.folder / "daemon.log").open("wb") as log:
        command = [sys.executable, "-m", "daemon", "--config", str(desk.config), "run", "--log-json"]
        daemon = subprocess.Popen(command, cwd=ROOT, stderr=log)
    while not desk.events("ready"):
        time.sleep(0.1)
    begun = time.monotonic()
    print(f"{'seconds':>8}{'taken in':>10}{'sent':>8}{'RSS MB':>8}")
    taken = sent = 0
    taken_after = 0.0
    while sent < number:
        time.sleep(2)
        seconds = time.monotonic() - begun
        [(taken, sent)] = desk.rows(
            "SELECT (SELECT count(*) FROM inbound_mail),"
            " (SELECT count(*) FROM outbox WHERE state = 'sent' AND kind = 'ack')"
        )
        if taken == number and not taken_after:
            taken_after = seconds
        print(f"{seconds:8.0f}{taken:10}{sent:8}{memory(daemon.pid, 'VmRSS'):8.0f}", flush=True)
    family, peak = len(list(processes(daemon.pid))), memory(daemon.pid, "VmHWM")
    daemon.terminate()
    _, wait_status, cpu = os.wait4(daemon.pid, 0)
    status = daemon.returncode = os.waitstatus_to_exitcode(wait_status)
    print(
        f"{number} mails: taken in after {taken_after:.0f} s, all sent after {seconds:.0f} s = "
        f"{number / seconds:.1f} mails/s = {number / seconds * 3600:.0f} an hour; "
        f"CPU {cpu.ru_utime:.0f} s user, {cpu.ru_stime:.0f} s system; "
        f"peak {peak:.0f} MB in {family} process{'es' * (family > 1)}; exit status {status}"
    )


def memory(pid: int, field: str) -> float:
    """`field` of /proc/<pid>/status, VmRSS or VmHWM, in MB, of the process and all that it started. Pages
    that they share count once for each."""
    total = 0.0
    for each in processes(pid):
        try:
            lines = Path(f"/proc/{each}/status").read_text().splitlines()
        except OSError:  # it ended just now
            continue
        total += sum(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{field}:"))
    return total


def processes(pid: int) -> Iterator[int]:
    """The process, its children and theirs."""
    yield pid
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = listing.read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            yield from processes(child)


class start_smtp:  # noqa: N801 - used like a function
    """An SMTP server in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.log = folder / "accepted.jsonl"
        command = [sys.executable, "-m", "tests.servers.smtp_peer", "--log", str(self.log), *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline()) if self.process.stdout else 0

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


if __name__ == "__main__":
    main()

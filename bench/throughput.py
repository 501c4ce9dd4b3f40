"""Mixed mails waiting in a real Dovecot → the last acknowledgement accepted by a real SMTP server (Postfix's
smtp-sink): the daemon on SQLite (full synchronous writes) and on PostgreSQL, and beside it on the same mails
a straight synchronous loop (imaplib, stdlib parser, two SQLite commits, one reused smtplib connection, no
classification).

    python -m bench.throughput [--mails 2000] [--rounds 3]

60 % alternative, 20 % plain, 15 % with an attachment of 50-200 kB, 5 % replies; seeded; their words are those
of the corpus's held-out mails, which the model was not trained on. Prints mails per second of each round up
to the last acknowledgement and, apart, up to the last of the agents' notifications, which the loop does not
send; the ratios to the loop round by round; and the peak memory of the daemon with its reading process.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import email
import email.policy
import imaplib
import random
import resource
import smtplib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from functools import cache
from pathlib import Path

from bench.sink import Sink
from classifiers.examples import read_corpus, split
from tests.e2e.desk import Desk, make_desk
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parents[1]
WHAT = ("daemon", "postgres", "loop")


@cache
def texts() -> list[str]:
    """What people write, and the model was not trained on: how sure it is decides what reading costs."""
    bodies = (mail.body for mail in split(read_corpus())[1] if mail.severity)
    return ["\r\n".join(body.splitlines()) for body in bodies if body.strip()]


def mixed_mails(count: int, seed: int = 1) -> list[bytes]:
    dice = random.Random(seed)
    return [_mail(number, dice) for number in range(count)]


def _mail(number: int, dice: random.Random) -> bytes:
    text = dice.choice(texts())
    head = (
        f"From: Client {number} <client{number}@shop{number}.example>\r\nTo: support@azimutpos.com\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <b{number}@shop{number}.example>\r\n"
        "Date: Wed, 04 Nov 2026 10:00:00 -0500\r\nMIME-Version: 1.0\r\n"
    )
    kind = dice.random()
    if kind < 0.2:
        return (head + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text).encode()
    if kind < 0.25:
        quoted = "\r\n".join("> " + line for line in text.splitlines())
        reply = f"In-Reply-To: <older{number}@shop{number}.example>\r\n"
        body = f"Voici la suite.\r\n\r\nLe 3 nov. 2026 à 10:00, Soutien a écrit :\r\n{quoted}\r\n"
        return (head + reply + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + body).encode()
    html = "<html><body><p>" + text.replace("\r\n", "</p><p>") + "</p></body></html>"
    alternative = (
        "Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--alt\r\n"
        f"Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--alt--\r\n"
    )
    if kind < 0.85:
        return (head + alternative).encode()
    data = base64.encodebytes(dice.randbytes(dice.randint(50_000, 200_000))).replace(b"\n", b"\r\n")
    mixed = head + "Content-Type: multipart/mixed; boundary=mix\r\n\r\n--mix\r\n" + alternative
    part = (
        "\r\n--mix\r\nContent-Type: image/jpeg; name=photo.jpg\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Disposition: attachment; filename=photo.jpg\r\n\r\n"
    )
    return (mixed + part).encode() + data + b"--mix--\r\n"


def run_daemon(desk: Desk) -> tuple[float, int]:
    """The moment from which on it was ready, in seconds since the epoch, and the peak memory of both
    processes in kB. It returns when everything is sent."""
    from daemon import app

    async def work() -> float:
        async with app.open_desk(desk.settings) as running:
            await running.opener.ready()
            began = time.time()  # noqa: TID251 - files have such times
            serving = asyncio.create_task(app.serve(running))
            expected = desk.mails_in("INBOX")
            while running.intake.progress.done < expected or (await running.store.counts())["outbox"]:
                await asyncio.sleep(0.1)
            running.stop.set()
            await serving
            return began

    began = asyncio.run(work())
    daemon, reader = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return began, daemon.ru_maxrss + reader.ru_maxrss


def run_loop(desk: Desk, smtp_port: int) -> float:
    """The straight loop: what a person would write in an afternoon. The moment at which it began."""
    began = time.time()  # noqa: TID251 - files have such times
    with (
        imaplib.IMAP4("127.0.0.1", desk.dovecot.port) as imap,
        smtplib.SMTP("127.0.0.1", smtp_port) as smtp,
        closing(sqlite3.connect(desk.folder / "loop.sqlite3")) as db,
    ):
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE ticket (id INTEGER PRIMARY KEY, sender, subject, body, acked)")
        imap.login(desk.user, desk.dovecot.password)
        imap.create("Processed")
        imap.select("INBOX")
        for uid in imap.uid("search", "", "ALL")[1][0].split():
            raw = imap.uid("fetch", uid, "(BODY.PEEK[])")[1][0][1]
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            body = mail.get_body(("plain", "html"))
            row = (str(mail["From"]), str(mail["Subject"]), body.get_content() if body else "")
            ticket = db.execute("INSERT INTO ticket (sender, subject, body) VALUES (?, ?, ?)", row).lastrowid
            db.commit()
            reply = email.message.EmailMessage()
            reply["From"], reply["To"] = "support@azimutpos.com", str(mail["From"])
            reply["Subject"] = f"[AZ-{ticket}] {mail['Subject']}"
            reply.set_content(f"Votre message est bien arrivé. Billet AZ-{ticket}.")
            smtp.send_message(reply)
            db.execute("UPDATE ticket SET acked = 1 WHERE id = ?", (ticket,))
            db.commit()
            imap.uid("copy", uid, "Processed")
            imap.uid("store", uid, "+FLAGS", "(\\Deleted)")
        imap.expunge()
    return began


def one_round(number: int, mails: int, what: str) -> tuple[float, float, int]:
    """Seconds to the last acknowledgement, to the last mail, and the peak memory. In a process of its own, so
    that its memory is its own."""
    with tempfile.TemporaryDirectory() as name, Sink() as sink:
        folder = Path(name)
        dovecot = Dovecot.start()
        postgres = Postgres.start(durable=True) if what == "postgres" else None
        try:
            desk = make_desk(folder, dovecot, f"bench{number}", sink.port)
            if postgres is not None:
                desk.reconfigure(f"sqlite:///{folder}/data/desk.sqlite3", postgres.url)
            deliver(desk, mails)
            began, peak = (run_loop(desk, sink.port), 0) if what == "loop" else run_daemon(desk)
            return (*since(began, sink, mails, what), peak)
        finally:
            dovecot.stop()
            if postgres is not None:
                postgres.stop()


def deliver(desk: Desk, count: int, seed: int = 1) -> None:
    """A few at a time: they would count as the daemon's memory."""
    dice = random.Random(seed)
    for start in range(0, count, 50):
        desk.deliver(*(_mail(number, dice) for number in range(start, min(start + 50, count))))


def since(began: float, sink: Sink, mails: int, what: str) -> tuple[float, float]:
    """Seconds to the last acknowledgement and to the last mail. Everybody has one but for a few whom the
    daemon takes for spam."""
    taken = sink.taken()
    acks = [mail for mail in taken if what == "loop" or mail.kind == "ack"]
    if len({mail.recipient for mail in acks}) < mails * 0.99:
        raise SystemExit(f"{what}: {len(acks)} of {mails} answered")
    return acks[-1].at - began, taken[-1].at - began


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mails", type=int, default=2000)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--only", choices=WHAT, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.only:
        print(*one_round(args.rounds, args.mails, args.only))
        return
    ratios: dict[str, list[float]] = {what: [] for what in WHAT[:-1]}
    for number in range(args.rounds):
        rates = {}
        for what in WHAT:
            out = subprocess.run(
                [sys.executable, "-m", "bench.throughput", "--only", what, "--mails", str(args.mails)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()
            rates[what] = args.mails / float(out[0])
            more = (
                f"; with notifications {args.mails / float(out[1]):.1f}, peak {int(out[2]) / 1024:.0f} MB"
                if what != "loop"
                else ""
            )
            print(f"round {number + 1}  {what:8}  {rates[what]:6.1f} mails/s{more}", flush=True)
        for what in WHAT[:-1]:
            ratios[what].append(rates[what] / rates["loop"])
    for what, found in ratios.items():
        middle = statistics.median(found)
        print(f"ratio {what}/loop: min {min(found):.2f}, median {middle:.2f}, max {max(found):.2f}")


if __name__ == "__main__":
    main()

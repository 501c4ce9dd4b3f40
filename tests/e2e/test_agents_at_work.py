"""A ticket's life by mail alone, on the running daemon: the customer writes, the agent takes it and answers,
asks, resolves; the customer answers and comes back. Real Dovecot, real SMTP, real store."""

from __future__ import annotations

import email
import email.policy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import ROOT, Daemons, Desk, customer_mail, until

MakeDesk = Callable[..., Desk]
StartSmtp = Callable[..., SmtpProcess]

ALEX = "alex@azimutpos.com"
MARIE = "client1@shop1.example"


class Life:
    """A desk at work, and the mail programs of those who write to it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._written = 0

    def sent(self, kind: str, to: str) -> list[EmailMessage]:
        """What left so far of this kind, to this address, oldest first."""
        rows = self.desk.rows(
            "SELECT c.content FROM outbox o JOIN outbox_content c ON c.id = o.id"
            f" WHERE o.kind = '{kind}' AND o.recipient = '{to}' AND o.state = 'sent' ORDER BY o.id"
        )
        return [email.message_from_bytes(bytes(row[0]), policy=email.policy.default) for row in rows]

    def gets(self, kind: str, to: str, number: int = 1) -> EmailMessage:
        """Wait until so many have left; the last of them."""
        return until(lambda: self.sent(kind, to)[number - 1 :], f"{kind} number {number} to {to}", self.desk)[
            0
        ]

    def answers(self, mail: EmailMessage, sender: str, words: str) -> None:
        """As a mail program answers: below the words stands what is answered."""
        self._written += 1
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        quoted = "\r\n".join(f"> {line}" for line in text.splitlines())
        answer = (
            f"From: {sender}\r\nTo: {mail['Reply-To'] or mail['From']}\r\nSubject: Re: {mail['Subject']}\r\n"
            f"Message-ID: <answer{self._written}@{sender.rpartition('@')[2]}>\r\n"
            f"In-Reply-To: {mail['Message-ID']}\r\nReferences: {mail['Message-ID']}\r\n"
            "Date: Wed, 04 Nov 2026 10:00:00 -0500\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            f"{words}\r\n\r\nLe mer. 4 nov. 2026 à 10:00, Soutien Azimut POS a écrit :\r\n{quoted}\r\n"
        )
        self.desk.deliver(answer.encode())

    def ticket(self, ref: str = "AZ-1001") -> dict[str, Any]:
        """What the command line says of it, beside the running daemon."""
        command = [sys.executable, "-m", "daemon", "--config", str(self.desk.config), "ticket", ref, "--json"]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(told.stdout)
        return found


FROZEN = "Notre caisse est gelée depuis ce matin, on ne peut plus encaisser."


def words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return "" if body is None else " ".join(body.get_content().split())


@pytest.fixture
def life(make: MakeDesk, smtp_process: StartSmtp, daemons: Daemons, tmp_path: Path) -> Iterator[Life]:
    desk = make(smtp_process().port)
    pid = daemons.start(desk)
    until(lambda: desk.events("ready"), "the daemon to be ready", desk)
    yield Life(desk)
    assert daemons.stop(pid, desk) == 0, desk.log()


def test_a_ticket_lives_by_mail_alone(life: Life) -> None:
    life.desk.deliver(customer_mail(1))
    told = life.gets("notification", ALEX)
    life.gets("ack", MARIE)
    assert "L'imprimante de reçus n'imprime plus" in words(told).replace("’", "'")

    life.answers(told, ALEX, "#prendre\r\n\r\nBonjour Client,\r\n\r\nDébranchez l'imprimante dix secondes.")
    reply = life.gets("reply", MARIE)
    assert "Débranchez l'imprimante dix secondes." in words(reply)
    assert "#prendre" not in words(reply)
    assert ALEX not in reply.as_string()
    ticket = until(
        lambda: (t := life.ticket())["first_response"]["met"] and t, "the first response", life.desk
    )
    assert (ticket["state"], ticket["assignee"]) == ("open", "alex")
    assert ticket["first_response"]["outcome"] == "met"

    life.answers(reply, MARIE, "Rien n'a changé, le voyant reste rouge.")
    told = life.gets("notification", ALEX, 2)
    assert "le voyant reste rouge" in words(told)
    life.answers(told, ALEX, "#attente\r\n\r\nPouvez-vous m'envoyer une photo du voyant?")
    question = life.gets("reply", MARIE, 2)
    waiting = until(lambda: (t := life.ticket())["state"] == "waiting" and t, "the pause", life.desk)
    assert waiting["resolution"]["paused"]
    assert waiting["resolution"]["due"] is None

    life.answers(question, MARIE, "Voici : il clignote trois fois.")
    told = life.gets("notification", ALEX, 3)
    assert life.ticket()["state"] == "open"
    life.answers(told, ALEX, "#résolu\r\n\r\nC'était le papier : la nouvelle bobine règle le problème.")
    resolved = life.gets("resolved", MARIE)
    assert "la nouvelle bobine" in words(resolved)
    done = life.ticket()
    assert (done["state"], done["resolution"]["outcome"]) == ("resolved", "met")

    life.answers(resolved, MARIE, "Ça recommence ce matin, plus rien ne sort.")
    life.gets("notification", ALEX, 4)
    again = life.ticket()
    assert again["state"] == "open"
    assert again["resolution"]["outcome"] is None
    directions = [m["direction"] for m in again["messages"]]
    assert directions.count("in") == 4


def test_a_wrong_command_sends_nothing_and_a_yes_mends_it(life: Life) -> None:
    life.desk.deliver(customer_mail(1))
    told = life.gets("notification", ALEX)
    life.answers(told, ALEX, "#resolut\r\n\r\nBonjour Client, c'est réglé de notre côté.")
    refused = life.gets("transcript", ALEX)
    assert "#resolut" in words(refused)
    assert "c'est réglé de notre côté" in words(refused).replace("’", "'")
    assert life.sent("reply", MARIE) == life.sent("resolved", MARIE) == []
    assert life.ticket()["state"] == "new"

    life.answers(refused, ALEX, "oui")
    assert "c'est réglé de notre côté" in words(life.gets("resolved", MARIE)).replace("’", "'")
    assert life.ticket()["state"] == "resolved"


def test_nobody_else_drives_the_desk(life: Life) -> None:
    """A customer's "#résolu", and a stranger who holds a copy of the agent's mail, change nothing."""
    life.desk.deliver(customer_mail(1))
    told = life.gets("notification", ALEX)
    ack = life.gets("ack", MARIE)
    life.answers(ack, MARIE, "#résolu")
    life.gets("notification", ALEX, 2)
    life.answers(told, "someone@elsewhere.example", f"#résolu\r\n\r\n{FROZEN}")
    until(
        lambda: life.desk.rows("SELECT count(*) FROM ticket") == [(2,)],
        "the stranger's own ticket",
        life.desk,
    )
    assert life.ticket()["state"] in {"new", "open"}
    assert life.sent("reply", MARIE) == life.sent("resolved", MARIE) == []

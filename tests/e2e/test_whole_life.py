"""A ticket's whole life, from the first mail to the statement, driven by mails as people's own programs make
them, on the running daemon; and an agent's answer in the form of each program, French and English."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import ROOT, Daemons, Desk, customer_mail, until
from tests.e2e.programs import Batch, answer, form, one_tap, text_of
from tests.e2e.test_agents_at_work import ALEX, Life, words
from tests.mail.client_replies import REPLIES

MARIE = "marie@boulangerie.example"
AGENT = f"Alex Roy <{ALEX}>"
CUSTOMERS = """account,name,plan,coverage,installs,language,emails,domains,phones,billing_email
A1,Boulangerie Roy,or,premium,,fr,marie@boulangerie.example,,,
"""
FROM_AN_IPHONE = (
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    f"From: Marie Roy <{MARIE}>\r\nMIME-Version: 1.0 (1.0)\r\nDate: Wed, 4 Nov 2026 10:00:00 -0500\r\n"
    "Subject: =?utf-8?Q?Caisse_gel=C3=A9e?=\r\nMessage-Id: <5E4A@boulangerie.example>\r\n"
    "To: support@azimutpos.com\r\nX-Mailer: iPhone Mail (22A3354)\r\n\r\n"
    "Bonjour la caisse est gel=C3=A9e depuis 6 h, on peut plus rien encaisser!\r\n\r\nMarie\r\n"
    "Envoy=C3=A9 de mon iPhone\r\n"
).encode()


@pytest.fixture
def life(
    make: Callable[..., Desk], smtp_process: Callable[..., SmtpProcess], daemons: Daemons, tmp_path: Path
) -> Iterator[Life]:
    desk = make(smtp_process().port)
    customers = tmp_path / "customers.csv"
    customers.write_text(CUSTOMERS)
    command(desk, "db", "upgrade")
    command(desk, "customers", "import", str(customers))
    pid = daemons.start(desk)
    until(lambda: desk.events("ready"), "the daemon to be ready", desk)
    yield Life(desk)
    assert daemons.stop(pid, desk) == 0, desk.log()


def command(desk: Desk, *words: str) -> str:
    run = [sys.executable, "-m", "daemon", "--config", str(desk.config), *words]
    return subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def when(life: Life, what: str, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        ticket = life.ticket()
        return ticket if condition(ticket) else None

    return until(there, what, life.desk)


def test_from_the_first_mail_to_the_statement(life: Life, tmp_path: Path) -> None:
    desk, batch = life.desk, Batch(tmp_path)
    desk.deliver(FROM_AN_IPHONE)
    ack = life.gets("ack", MARIE)
    assert "seule caisse" in words(ack)
    opened = life.ticket()
    assert (opened["priority"], opened["provisional"]) == ("P1", True)

    desk.deliver(answer(ack, f"Marie <{MARIE}>", "1 oui\n2 non", form("android, samsung")))
    when(life, "the confirmed P1", lambda t: t["priority"] == "P1" and not t["provisional"])

    told = life.gets("notification", ALEX)
    to, subject, body = one_tap(told, ".prendre")
    desk.deliver(batch.s_nail(to, subject, AGENT, body))
    when(life, "the assignee", lambda t: t["assignee"] == "alex")

    photo = tmp_path / "bouton.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    desk.deliver(
        batch.neomutt(
            told,
            AGENT,
            ".attente\n\nBonjour Marie,\n\nGardez le bouton du haut enfoncé dix secondes (photo ci-jointe).",
            photo,
        )
    )
    asked = life.gets("reply", MARIE)
    assert "bouton du haut enfoncé dix secondes" in text_of(asked)
    assert ".attente" not in text_of(asked)
    assert [part.get_filename() for part in asked.iter_attachments()] == ["bouton.png"]
    assert ALEX not in asked.as_string()
    when(life, "the pause", lambda t: t["state"] == "waiting")

    desk.deliver(answer(asked, f"Marie <{MARIE}>", "C’est fait, même écran.", form("thunderbird")))
    told = life.gets("notification", ALEX, 3)
    assert "même écran" in words(told).replace("'", "’")
    end = ".appel 12 redémarré ensemble\n.résolu\n\nContent que ça roule!"
    desk.deliver(answer(told, AGENT, end, form("outlook desktop")))
    solved = life.gets("resolved", MARIE)
    assert "Content que ça roule!" in text_of(solved)
    done = when(life, "the end", lambda t: t["state"] == "resolved")
    assert done["resolution"]["outcome"] == "met"

    desk.deliver(answer(solved, f"Marie <{MARIE}>", "Merci beaucoup!", form("gmail")))
    when(life, "the thanks", lambda t: sum(m["direction"] == "in" for m in t["messages"]) == 4)
    assert life.ticket()["state"] == "resolved", "thanks reopen nothing"

    statement = json.loads(command(desk, "report", "--account", "A1", "--json"))
    assert (statement["name"], statement["opened"], statement["resolved"]) == ("Boulangerie Roy", 1, 1)
    assert statement["by_clock"]["resolution"] == {"met": 1, "breached": 0}
    assert statement["usage"]["used"] == 12
    assert "Boulangerie Roy" in command(desk, "report", "--account", "A1")


def test_an_agents_answer_from_every_program_reaches_its_customer_clean(life: Life) -> None:
    numbers = range(1, len(REPLIES) + 1)
    life.desk.deliver(*(customer_mail(number) for number in numbers))
    until(lambda: len(life.sent("notification", ALEX)) == len(REPLIES), "all notifications", life.desk)
    told = {mail["Subject"].rpartition(" ")[2]: mail for mail in life.sent("notification", ALEX)}
    for number, written_in in zip(numbers, REPLIES, strict=True):
        french = written_in.language == "fr"
        said = FRENCH if french else ENGLISH
        life.desk.deliver(answer(told[str(number)], AGENT, said, written_in))

    wanted = {f"client{n}@shop{n}.example": REPLIES[n - 1] for n in numbers}
    answered = "SELECT recipient FROM outbox WHERE kind = 'reply' AND state = 'sent'"
    until(lambda: {row[0] for row in life.desk.rows(answered)} == set(wanted), "all answers", life.desk)
    for address, written_in in wanted.items():
        (mail,) = life.sent("reply", address)
        text = " ".join(text_of(mail).replace("'", "’").split())
        assert ("On regarde l’imprimante" if written_in.language == "fr" else "We are looking at it") in text
        for inner in (
            ".prendre",
            ".take",
            "#P3",
            ".attente",
            ".waiting",
            "↩",
            ALEX,
            "Répondre à ce courriel",
        ):
            assert inner not in text, (written_in.name, inner)
    states = life.desk.rows("SELECT DISTINCT state, priority, assignee FROM ticket")
    assert states == [("waiting", "P3", "alex")]


FRENCH = ".prendre\n#P3\n\nBonjour,\n\nOn regarde l’imprimante. Quel voyant clignote?\n\n.attente"
ENGLISH = ".take\n#P3\n\nHello,\n\nWe are looking at it. Which light blinks?\n\n.waiting"

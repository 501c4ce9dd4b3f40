"""Every command, in French and in English, from an agent's mail programs on the running daemon, each on a
ticket of its own: a credit on one that is long overdue, `pour` with a mail that a customer sent elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from itertools import cycle

import pytest

from daemon.core.commands.showing import EXAMPLES
from daemon.core.commands.values import Verb
from daemon.edges.system.clock import SystemClock
from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import Daemons, Desk, customer_mail, until
from tests.e2e.programs import answer, text_of
from tests.e2e.test_agents_at_work import ALEX, Life
from tests.e2e.test_whole_life import command
from tests.mail.client_replies import REPLIES
from tests.mail.voice import N as NBSP

AGENT = f"Alex Roy <{ALEX}>"
AGENTS = """[[agents]]
name = "Sam Côté"
handle = "sam"
address = "sam@azimutpos.com"
[[agents]]
name = "Alex Roy"
manager = true
"""

DONE: dict[Verb, str] = {
    Verb.TAKE: "SELECT assignee = 'alex' FROM ticket WHERE id = {t}",
    Verb.RELEASE: "SELECT assignee IS NULL FROM ticket WHERE id = {t}",
    Verb.ASSIGN: "SELECT assignee = 'sam' FROM ticket WHERE id = {t}",
    Verb.PRIORITY: "SELECT priority = 'P3' FROM ticket WHERE id = {t}",
    Verb.WAIT: "SELECT state = 'waiting' FROM ticket WHERE id = {t}",
    Verb.RESOLVE: "SELECT state = 'resolved' FROM ticket WHERE id = {t}",
    Verb.CLOSE: "SELECT state = 'closed' FROM ticket WHERE id = {t}",
    Verb.REOPEN: "SELECT state = 'open' FROM ticket WHERE id = {t}",
    Verb.NOTE: "SELECT count(*) = 0 FROM outbox WHERE ticket = {t} AND kind = 'reply'",
    Verb.PUBLIC: "SELECT count(*) FROM history WHERE ticket_id = {t} AND event = 'news'",
    Verb.CALL: "SELECT count(*) FROM history WHERE ticket_id = {t} AND event = 'call'",
    Verb.MERGE: "SELECT merged_into = 1001 FROM ticket WHERE id = {t}",
    Verb.SPLIT: "SELECT count(*) FROM history WHERE ticket_id = {t} AND event = 'split'",
    Verb.LINK: "SELECT count(*) FROM history WHERE ticket_id = {t} AND event = 'linked'",
    Verb.ACCOUNT: "SELECT account = 'A1' FROM ticket WHERE id = {t}",
    Verb.ADD: "SELECT count(*) FROM participant WHERE ticket_id = {t} AND role = 'added'",
    Verb.SPAM: "SELECT state = 'closed' FROM ticket WHERE id = {t}",
    Verb.UNDO: "SELECT priority = 'P2' FROM ticket WHERE id = {t}",
    Verb.HOURS: "SELECT count(*) FROM declared_hours",
    Verb.ERASE: "SELECT count(*) FROM history WHERE ticket_id = {t} AND event = 'erased'",
    **dict.fromkeys(
        (Verb.EXPLAIN, Verb.SHOW, Verb.CUSTOMER, Verb.LIST, Verb.HELP),
        "SELECT count(*) FROM outbox WHERE ticket = {t} AND kind = 'transcript' AND state = 'sent'",
    ),
}
"""What shows that it was done on ticket {t}."""

BEFORE = {Verb.RELEASE: ".prendre", Verb.REOPEN: ".fermer", Verb.UNDO: ".p3", Verb.WAIT: ".appel 1"}
ASKED = {Verb.MERGE, Verb.LINK, Verb.HOURS, Verb.ERASE}
"""A yes is wanted: what reaches beyond the token's ticket, and what managers alone may do."""

SAID: dict[Verb, tuple[str, str]] = {
    Verb.PRIORITY: ("p3", "p3"),
    Verb.WAIT: ("attente\n\nQuel voyant clignote?", "waiting\n\nWhich light blinks?"),
    Verb.NOTE: ("note\n\nCliente difficile.", "note\n\nCaller was upset."),
    Verb.MERGE: ("fusion AZ-1001", "merge AZ-1001"),
    Verb.LINK: ("lier AZ-1001", "link AZ-1001"),
    Verb.SHOW: ("voir", "show"),
}
"""Where the example needs another ticket, or words to go with it."""


@pytest.fixture
def life(
    make: Callable[..., Desk], smtp_process: Callable[..., SmtpProcess], daemons: Daemons
) -> Iterator[Life]:
    desk = make(smtp_process().port)
    desk.reconfigure('[[agents]]\nname = "Alex Roy"\n', AGENTS)
    customers = desk.folder / "customers.csv"
    customers.write_text(
        "account,name,plan,coverage,installs,language,emails,domains,phones,billing_email\n"
        "A1,Boulangerie Roy,or,premium,,fr,marie@boulangerie.example,,,\n"
    )
    command(desk, "db", "upgrade")
    command(desk, "customers", "import", str(customers))
    pid = daemons.start(desk)
    until(lambda: desk.events("ready"), "the daemon to be ready", desk)
    yield Life(desk)
    assert daemons.stop(pid, desk) == 0, desk.log()


def test_every_command_in_both_languages_from_every_program(life: Life) -> None:
    desk = life.desk
    cases = [(verb, language) for verb in DONE for language in ("fr", "en")]
    desk.deliver(*(customer_mail(number) for number in range(1, len(cases) + 2)))
    until(lambda: len(life.sent("notification", ALEX)) == len(cases) + 1, "all notifications", desk)
    told = {mail["Subject"].split()[0]: mail for mail in life.sent("notification", ALEX)}
    programs = {language: cycle(r for r in REPLIES if r.language == language) for language in ("fr", "en")}
    for ticket, (verb, language) in enumerate(cases, 1002):
        mail = told[f"AZ-{ticket}"]
        if verb is Verb.SPLIT:
            client = f"client{ticket - 1000}@shop{ticket - 1000}.example"
            desk.deliver(
                answer(life.gets("ack", client), client, "Autre chose : le tiroir colle.", REPLIES[0])
            )
            life.gets("notification", ALEX, len(cases) + (2 if language == "fr" else 3))
        if verb in BEFORE:
            desk.deliver(answer(mail, AGENT, BEFORE[verb], next(programs[language])))
        said = SAID.get(verb, EXAMPLES[verb])[language == "en"]
        desk.deliver(answer(mail, AGENT, f".{said}", next(programs[language])))
    for ticket, (verb, language) in enumerate(cases, 1002):
        if verb in ASKED:
            asked = until(partial(questions, life, ticket), f"what is asked of {verb.value}", desk)
            assert verb is Verb.HOURS or not is_true(desk, DONE[verb].format(t=ticket)), verb
            yes = "oui" if language == "fr" else "yes"
            desk.deliver(answer(asked[0], AGENT, yes, next(programs[language])))
    for ticket, (verb, language) in enumerate(cases, 1002):
        until(
            partial(is_true, desk, DONE[verb].format(t=ticket)),
            f"{verb.value} ({language}) on AZ-{ticket}",
            desk,
            10,
        )


MARIE = "marie@boulangerie.example"


def from_marie(number: int) -> bytes:
    mail = customer_mail(number).replace(f"client{number}@shop{number}.example".encode(), MARIE.encode())
    return mail.replace(f"mail{number}@".encode(), f"late{number}@".encode())


def test_a_credit_is_decided_in_both_languages(life: Life) -> None:
    desk = life.desk
    desk.deliver(from_marie(1), from_marie(2), at=SystemClock().now() - timedelta(days=20))
    told = life.gets("notification", ALEX, 2), life.gets("notification", ALEX, 1)
    decided = {
        ".crédit accepter 10,00 $": ("accepted", "10.00"),
        ".credit refuse": ("refused", None),
    }
    for (said, (state, amount)), mail, program in zip(decided.items(), told, REPLIES, strict=False):
        ref = mail["Subject"].split()[0]
        number = int(ref.removeprefix("AZ-"))
        desk.deliver(answer(mail, AGENT, ".résolu", program))
        until(partial(is_true, desk, f"SELECT state = 'resolved' FROM ticket WHERE id = {number}"), ref, desk)
        proposals = until(
            lambda ref=ref: [m for m in life.sent("proposal", ALEX) if ref in m["Subject"]], "proposal", desk
        )
        desk.deliver(answer(proposals[-1], AGENT, said, program))
        asked = until(partial(questions, life, number), f"what is asked of {said}", desk)
        desk.deliver(answer(asked[0], AGENT, "oui", program))
        of_it = f"FROM credit WHERE ticket_id = {number} ORDER BY id DESC LIMIT 1"
        until(partial(is_true, desk, f"SELECT state = '{state}' {of_it}"), f"{state} on {ref}", desk)
        if amount is not None:
            assert f"10,00{NBSP}$" in text_of(life.gets("credit", MARIE))
    assert len(life.sent("credit", MARIE)) == 1, "a refused one is not told"


FORWARDED = {
    "fr": (
        "pour",
        "Tr : Terminal",
        "---------- Message transféré ---------\r\nDe : Luc Roy <luc@ailleurs.example>\r\n"
        "Date : lun. 9 nov. 2026 à 10:02\r\nObjet : Terminal\r\nÀ : Alex Roy <alex@azimutpos.com>\r\n\r\n"
        "Le terminal refuse toutes les cartes, on vend au comptant.",
    ),
    "en": (
        "for",
        "FW: Card reader",
        "-----Original Message-----\r\nFrom: Ann Lee <luc@ailleurs.example>\r\n"
        "Sent: Monday, November 9, 2026 10:02 AM\r\nTo: Alex Roy <alex@azimutpos.com>\r\n"
        "Subject: Card reader\r\n\r\nThe reader refuses every card, we sell for cash.",
    ),
}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_mail_that_went_to_an_agent_becomes_its_writers_ticket(life: Life, language: str) -> None:
    desk, (word, subject, body) = life.desk, FORWARDED[language]
    desk.deliver(
        (
            f"From: {AGENT}\r\nTo: support@azimutpos.com\r\nSubject: {subject}\r\n"
            "Message-ID: <fw1@azimutpos.com>\r\nDate: Mon, 09 Nov 2026 10:05:00 -0500\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Transfer-Encoding: 8bit\r\n\r\n.{word} luc@ailleurs.example\r\n\r\n{body}\r\n"
        ).encode()
    )
    asked = life.gets("confirm", ALEX)
    assert not desk.rows("SELECT id FROM ticket"), "anybody may write an agent's address into From"
    desk.deliver(answer(asked, AGENT, "oui" if language == "fr" else "yes", REPLIES[0]))
    told = life.gets("notification", ALEX)
    assert desk.rows("SELECT requester, severity FROM ticket") == [("luc@ailleurs.example", "S2")]
    assert f"↩ Répondre à ce courriel{NBSP}: luc@ailleurs.example" in text_of(told)
    desk.deliver(answer(told, AGENT, "Bonjour, on regarde ça.", REPLIES[0]))
    assert life.gets("reply", "luc@ailleurs.example")["X-Azimut-Ticket"] == "AZ-1001"
    assert not life.sent("ack", "luc@ailleurs.example"), "they wrote to a person, who answers"


def questions(life: Life, ticket: int) -> list[EmailMessage]:
    return [mail for mail in life.sent("confirm", ALEX) if mail["Subject"].startswith(f"AZ-{ticket} ")]


def is_true(desk: Desk, sql: str) -> bool:
    return bool(desk.rows(sql)[0][0])

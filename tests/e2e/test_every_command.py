"""Every command, in French and in English, from an agent's mail programs on the running daemon, each on a
ticket of its own. A credit has to be proposed first, and `pour` forwarded: `sla simulate` and the threats'
mails have those."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from functools import partial
from itertools import cycle

import pytest

from daemon.core.commands.showing import EXAMPLES
from daemon.core.commands.values import Verb
from tests.e2e.conftest import SmtpProcess
from tests.e2e.desk import Daemons, Desk, customer_mail, until
from tests.e2e.programs import answer
from tests.e2e.test_agents_at_work import ALEX, Life
from tests.e2e.test_whole_life import command
from tests.mail.client_replies import REPLIES

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


def questions(life: Life, ticket: int) -> list[EmailMessage]:
    return [mail for mail in life.sent("confirm", ALEX) if mail["Subject"].startswith(f"AZ-{ticket} ")]


def is_true(desk: Desk, sql: str) -> bool:
    return bool(desk.rows(sql)[0][0])

"""Every command, in both languages, in the form that each mail program gives it; and what is no command."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from daemon.core.commands.showing import EXAMPLES
from daemon.core.commands.values import Command, DayHours, Verb, Why
from daemon.core.commands.vocabulary import NAMES, fold
from daemon.core.sla.spans import LocalSpan
from daemon.core.values import Priority
from tests.core.commands.build import read

ARGUMENTS: dict[Verb, str] = {
    Verb.ASSIGN: "sam",
    Verb.PRIORITY: "2",
    Verb.PUBLIC: "La pièce arrive",
    Verb.CALL: "12",
    Verb.MERGE: "AZ-1043",
    Verb.LINK: "1043",
    Verb.FOR: "marie@x.example",
    Verb.ACCOUNT: "Boulangerie Roy",
    Verb.ADD: "luc@x.example",
    Verb.CREDIT: "accepter",
    Verb.HOURS: "2026-12-24 fermé",
}
WORDS = [(verb, word) for verb, languages in NAMES.items() for names in languages for word in names.split()]
CLIENTS = {
    "plain": "{}",
    "upper case": "{upper}",
    "no accents": "{bare}",
    "decomposed accents": "{apart}",
    "capital by autocorrect": "{title}",
    "space by autocorrect": "{spaced}",
    "no-break space": "{nbsp}",
    "full stop": "{}.",
    "colon": "{}\u00a0:",
    "trailing blanks": "{}  \t",
    "quoted in French": "«\u00a0{}\u00a0»",
    "smart quotes": "“{}”",
    "bold in plain text": "*{}*",
    "bold in Markdown": "**{}**",
    "list": "- {}",
    "bullet": "•\u00a0{}",
    "zero width": "\u200b{}\u200b",
    "byte order mark": "\ufeff{}",
    "right to left mark": "\u200f{}",
    "linked": "[{}](https://azimutpos.com/x)",
    "polite": "{} svp",
    "ticked": "{} ✅",
}
WORDY = {Verb.PUBLIC, Verb.NOTE, Verb.CALL, Verb.ACCOUNT, Verb.HOURS}


def shaped(form: str, mark: str, word: str, rest: str) -> str:
    import unicodedata

    said = f"{mark}{word} {rest}".strip()
    return form.format(
        said,
        upper=f"{mark}{word.upper()} {rest}".strip(),
        bare=f"{mark}{fold(word)} {rest}".strip(),
        apart=unicodedata.normalize("NFD", said),
        title=f"{mark}{word.capitalize()} {rest}".strip(),
        spaced=f"{mark} {word} {rest}".strip(),
        nbsp=f"{mark}{word}\u00a0{rest}".strip(),
    )


@pytest.mark.parametrize("mark", ["#", ".", "/"])
@pytest.mark.parametrize("client", CLIENTS)
def test_every_name_in_the_form_of_every_client(client: str, mark: str) -> None:
    for verb, word in WORDS:
        if verb in WORDY and client in {"polite", "ticked"}:
            continue  # what follows are words
        rest = ARGUMENTS.get(verb, "")
        reply = read(f"{shaped(CLIENTS[client], mark, word, rest)}\nBonjour Marie,")
        assert ([c.verb for c in reply.commands], reply.faults) == ([verb], ()), (word, reply)
        assert reply.words == "Bonjour Marie,"


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize(
    "form", ["#{}", ".{}", "/{}", "#P {n}", "«\u00a0#P {n}\u00a0»", ". p{n}", "#p.{n}", "＃ｐ{n}"]
)
def test_priorities(priority: Priority, form: str) -> None:
    reply = read(form.format(priority.value, n=priority.value[1]))
    assert [(c.verb, c.priority) for c in reply.commands] == [(Verb.PRIORITY, priority)]


UNTIL = datetime(2026, 11, 5, 5, 0, tzinfo=UTC)
TAKEN_IN: list[tuple[str, dict[str, Any]]] = [
    (".prendre 1042 1043", {"tickets": (1042, 1043)}),
    (".take AZ-1042, AZ-1043 and 1044", {"tickets": (1042, 1043, 1044)}),
    (".prendre #1042 et [AZ-1043]", {"tickets": (1042, 1043)}),
    (".résolu AZ–1042", {"tickets": (1042,)}),  # an autocorrected dash
    (".résolu 1042 1042", {"tickets": (1042,)}),
    (".p1 1042", {"tickets": (1042,), "priority": Priority.P1}),
    (".priority P3 AZ-1042", {"tickets": (1042,), "priority": Priority.P3}),
    (".assigner sam 1042 1043", {"words": "sam", "tickets": (1042, 1043)}),
    (".assign AZ-1042 to Sam Côté", {"words": "sam", "tickets": (1042,)}),
    (".assigner @Sam", {"words": "sam"}),
    (".assigner sam@azimutpos.com <mailto:sam@azimutpos.com>", {"words": "sam"}),
    (".assigner moi", {"words": "alex"}),
    (".attente", {"until": None}),
    (".attente jeudi", {"until": UNTIL}),
    (".waiting until Thursday", {"until": UNTIL}),
    (".attente 2026-11-05", {"until": UNTIL}),
    (".attente jeudi le 5 novembre 2026", {"until": UNTIL}),
    (".waiting Nov. 5th", {"until": UNTIL}),
    (".attente dans 2 jours", {"until": UNTIL}),
    (".attente 1042 jeudi", {"until": UNTIL, "tickets": (1042,)}),
    (".attente jeudi 1042", {"until": UNTIL, "tickets": (1042,)}),
    (".attente 1042 1043", {"until": None, "tickets": (1042, 1043)}),
    (".attente jeudi à 14 h 30", {"until": datetime(2026, 11, 5, 19, 30, tzinfo=UTC)}),
    (".waiting tomorrow at 2:30 p.m.", {"until": datetime(2026, 11, 4, 19, 30, tzinfo=UTC)}),
    (".appel 12", {"minutes": 12, "words": ""}),
    (".appel 12 min", {"minutes": 12}),
    (".call 12 minutes, went through it", {"minutes": 12, "words": "went through it"}),
    (".appel 12,5 refait la mise à jour", {"minutes": 13, "words": "refait la mise à jour"}),
    (".appel 1 h 30 AZ-1042 vu", {"minutes": 90, "tickets": (1042,), "words": "vu"}),
    (".appel 12 1042", {"minutes": 12, "tickets": (1042,)}),
    (".appel 12 2 caisses refaites", {"minutes": 12, "words": "2 caisses refaites"}),
    (".appel 12 <tel:12> vu", {"minutes": 12, "words": "vu"}),
    (".pour marie@x.example <mailto:marie@x.example>", {"addresses": ("marie@x.example",)}),
    (".for Marie Roy <Marie@X.example>", {"addresses": ("marie@x.example",), "words": "Marie Roy"}),
    (".cc [luc@x.example](mailto:luc@x.example)", {"addresses": ("luc@x.example",)}),
    (".ajouter a@x.example, b@x.example", {"addresses": ("a@x.example", "b@x.example")}),
    (".compte Boulangerie Roy", {"words": "Boulangerie Roy"}),
    (".crédit accepter", {"accept": True, "amount": None}),
    (
        ".crédit accepter AZ-1042 31,25\u00a0$",
        {"accept": True, "amount": Decimal("31.25"), "tickets": (1042,)},
    ),
    (".credit accept $1,250.00", {"accept": True, "amount": Decimal("1250.00")}),
    (".crédit accepter 1 250,5 $", {"accept": True, "amount": Decimal("1250.50")}),
    (".crédit accepter 50 $", {"accept": True, "amount": Decimal(50)}),
    (".credit refuse 1042 1043", {"accept": False, "tickets": (1042, 1043)}),
    (".liste moi", {"words": "me"}),
    (".list late", {"words": "late"}),
    (".liste p1", {"words": "P1"}),
    (".liste sam", {"words": "@sam"}),
    (".note client fâché", {"words": "client fâché"}),
    (".public : La pièce\u00a0arrive.", {"words": "La pièce\u00a0arrive."}),
    (
        ".horaire 2026-12-24 12:00-18:00 fermé",
        {"hours": DayHours(day=date(2026, 12, 24), closed=True, spans=(LocalSpan(start=43200, end=64800),))},
    ),
    (
        ".hours Dec 24 closed Christmas Eve",
        {"hours": DayHours(day=date(2026, 12, 24), closed=True, reason="Christmas Eve")},
    ),
    (
        ".horaire samedi 7 nov. 9 h-12 h, 13 h à 17 h 30 ouvert",
        {
            "hours": DayHours(
                day=date(2026, 11, 7),
                closed=False,
                spans=(LocalSpan(start=32400, end=43200), LocalSpan(start=46800, end=63000)),
            )
        },
    ),
]


@pytest.mark.parametrize(("line", "fields"), TAKEN_IN, ids=[line for line, _ in TAKEN_IN])
def test_arguments(line: str, fields: dict[str, Any]) -> None:
    reply = read(line)
    assert not reply.faults
    assert len(reply.commands) == 1
    assert {name: getattr(reply.commands[0], name) for name in fields} == fields


REFUSED: list[tuple[str, Why, str]] = [
    ("#facture 1234 impayée", Why.UNKNOWN, ""),
    (".resoulu", Why.UNKNOWN, ".résolu"),
    ("/resolvd", Why.UNKNOWN, "/resolved"),
    ("#prndre", Why.UNKNOWN, "#prendre"),
    (".assigner", Why.MISSING, ""),
    (".assigner samm", Why.UNKNOWN_AGENT, ".assigner sam"),
    (".assigner zoé", Why.UNKNOWN_AGENT, ""),
    (".appel", Why.MISSING, ""),
    (".appel douze", Why.BAD_NUMBER, ""),
    (".appel 0", Why.BAD_NUMBER, ""),
    (".appel 481", Why.BAD_NUMBER, ""),
    (".attente hier", Why.BAD_DATE, ""),
    (".attente 2026-11-01", Why.PAST, ""),
    (".attente aujourd’hui à 9 h", Why.PAST, ""),
    (".attente 2026-02-30", Why.BAD_DATE, ""),
    (".attente 2028-01-01", Why.FAR, ""),
    (".attente 03/04", Why.AMBIGUOUS_DATE, ".attente 2027-04-03"),
    (".attente lundi 24 décembre", Why.BAD_DATE, ".attente 2026-12-24"),
    (".attente jeudi si possible", Why.EXTRA, ""),
    (".résolu le pilote est changé", Why.EXTRA, ""),
    (".prendre 99999999999", Why.EXTRA, ""),
    (".prendre 9999999999", Why.UNKNOWN_TICKET, ""),
    (".fusion", Why.MISSING, ""),
    (".priorité 5", Why.BAD_NUMBER, ""),
    (".pour marie", Why.BAD_ADDRESS, ""),
    (".pour", Why.MISSING, ""),
    (".pour a@x.example b@x.example", Why.EXTRA, ""),
    (".ajouter a@x.example pas@une", Why.BAD_ADDRESS, ""),
    (".compte", Why.MISSING, ""),
    (".public", Why.MISSING, ""),
    (".crédit", Why.MISSING, ""),
    (".crédit 31,25 $", Why.MISSING, ""),
    (".crédit accepter 50", Why.AMBIGUOUS_AMOUNT, ""),
    (".crédit accepter 0 $", Why.BAD_NUMBER, ""),
    (".crédit accepter 5 $ 6 $", Why.EXTRA, ""),
    (".crédit refuser 5 $", Why.EXTRA, ""),
    (".horaire", Why.MISSING, ""),
    (".horaire 2026-12-24", Why.MISSING, ""),
    (".horaire 2026-12-24 ouvert", Why.MISSING, ""),
    (".horaire 2026-12-24 18:00-12:00 fermé", Why.BAD_HOURS, ""),
    (".horaire 2026-12-24 9:00-12:00 11:00-13:00 ouvert", Why.BAD_HOURS, ""),
    (".horaire 2026-12-24 peut-être", Why.BAD_HOURS, ""),
    (".liste demain", Why.EXTRA, ""),
    (".prendre " + " ".join(str(n) for n in range(1001, 1060)), Why.TOO_MANY, ""),
]


@pytest.mark.parametrize(("line", "why", "proposal"), REFUSED, ids=[line[:40] for line, _, _ in REFUSED])
def test_what_is_wrong_is_named_with_its_remedy(line: str, why: Why, proposal: str) -> None:
    reply = read(f"{line}\nBonjour Karim,")
    assert [(f.why, f.proposal, f.line) for f in reply.faults] == [(why, proposal, 1)]
    assert not reply.commands


@pytest.mark.parametrize(
    "line",
    [
        "La facture #1234 est payée.",
        "#1 redémarrer la caisse",
        "# 2 caisses",
        "##titre",
        "## appel",
        "#",
        "#.",
        "...",
        "… voir plus bas",
        ".5 % de rabais",
        ".net 4.8 est requis",
        "/etc/hosts est vide",
        "/ad libre",
        "/compte/1234 ne répond pas",
        "//",
        ". Ensuite, redémarrez.",
        "Prendre le câble bleu.",
        "p2",
        "oui",
        "envoyer",
        "- redémarrer",
        "> .prendre",
        "et/ou .zip",
    ],
)
def test_prose_is_no_command(line: str) -> None:
    reply = read(f"{line}\nBonjour")
    assert not reply.commands
    assert not reply.faults
    assert reply.words == f"{line}\nBonjour"


def test_several_in_a_line_each_with_its_prefix() -> None:
    reply = read("#prendre #p2 .appel 12 vu avec elle /attente jeudi")
    assert [c.verb for c in reply.commands] == [Verb.TAKE, Verb.PRIORITY, Verb.CALL, Verb.WAIT]
    assert reply.commands[2].words == "vu avec elle"
    assert reply.commands[3].until == UNTIL


BARE: list[tuple[str, list[Verb]]] = [
    ("oui", [Verb.YES]),
    ("Oui.", [Verb.YES]),
    ("OK!", [Verb.YES]),
    ("« oui »", [Verb.YES]),
    ("yes, please", [Verb.YES]),
    ("non", [Verb.NO]),
    ("envoyer", [Verb.SEND]),
    ("Send", [Verb.SEND]),
    ("prendre 1042 1043", [Verb.TAKE]),
    ("p2 AZ-1042", [Verb.PRIORITY]),
    ("attente jeudi", [Verb.WAIT]),
    (".résolu", [Verb.RESOLVE]),
    ("Bonjour,\n\nprendre\n", [Verb.TAKE]),
]


@pytest.mark.parametrize(("text", "verbs"), BARE, ids=[text for text, _ in BARE])
def test_the_prefix_may_be_left_out_where_nothing_goes_to_a_customer(text: str, verbs: list[Verb]) -> None:
    reply = read(text, bare=True)
    assert [c.verb for c in reply.commands] == verbs
    assert not reply.faults


@pytest.mark.parametrize(
    "text",
    ["Je regarde ça demain", "1042", "pour info, rien", "client fâché", "prendre le câble bleu et le rouge"],
)
def test_prose_without_prefix_stays_prose(text: str) -> None:
    reply = read(text, bare=True)
    assert (reply.commands, reply.faults, reply.words) == ((), (), text)


@pytest.mark.parametrize(("text", "why"), [("attente zorglub", Why.BAD_DATE), ("oui, envoyez ça", Why.EXTRA)])
def test_a_slip_without_prefix_is_told(text: str, why: Why) -> None:
    assert [f.why for f in read(text, bare=True).faults] == [why]


def test_the_examples_of_the_help_are_what_they_say() -> None:
    for verb, examples in EXAMPLES.items():
        for example in examples:
            for mark in ("#", ".", "/"):
                reply = read(f"{mark}{example}")
                assert ([c.verb for c in reply.commands], reply.faults) == ([verb], ())
    assert set(NAMES) - set(EXAMPLES) == {Verb.YES, Verb.NO, Verb.SEND}


def test_a_command_says_where_and_how_it_stood() -> None:
    assert read("Bonjour,\n\n*#appel* 12 vu.").commands == (
        Command(verb=Verb.CALL, minutes=12, words="vu.", line=3, said="#appel 12 vu"),
    )

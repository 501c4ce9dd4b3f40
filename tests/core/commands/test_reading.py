"""Which lines of an agent's mail are commands, which are the customer's, and which hold the mail."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.commands.grammar import read_line
from daemon.core.commands.reading import MOST_FAULTS
from daemon.core.commands.values import Command, Verb, Why
from daemon.core.commands.vocabulary import NAMES, Name, near
from daemon.core.commands.writing import written
from tests.core.commands.build import ZONE, read, setting

WORDS = "Bonjour Marie,\n\nLe pilote est remplacé.\nDites-moi si ça accroche.\n\nAlex"


@pytest.mark.parametrize(
    "text",
    [
        ".résolu\n{}",
        ".résolu\n\n{}",
        "\n\n.résolu\n\n\n{}",
        "{}\n.résolu",
        "{}\n\n.résolu",
        "{}\n\n.résolu\n\n",
        ".prendre\n\n.appel 12\n\n.résolu\n\n{}",  # a program puts an empty line between all paragraphs
        "{}\n\n.prendre\n\n.résolu",
        ".prendre\n{}\n.résolu",
    ],
)
def test_commands_stand_first_or_last(text: str) -> None:
    reply = read(text.format(WORDS))
    assert reply.has(Verb.RESOLVE)
    assert not reply.faults
    assert reply.words == WORDS


@pytest.mark.parametrize(
    "greeting", ["Bonjour Marie,", "Bonjour,", "Hi Marie!", "Good morning,", "Allô Marie", "Madame Roy,"]
)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_and_after_a_greeting(greeting: str, between: str) -> None:
    reply = read(f"{greeting}{between}.résolu{between}C’est fait.\n\nDites-moi.\n\nAlex")
    assert [c.verb for c in reply.commands] == [Verb.RESOLVE]
    assert not reply.faults
    assert reply.words.startswith(greeting)


def test_elsewhere_it_holds_the_mail() -> None:
    reply = read(
        WORDS.replace("Le pilote", ".résolu\nLe pilote").replace("Bonjour Marie,", "Bonjour Marie, voici.")
    )
    assert [(f.why, f.line, f.said, f.proposal) for f in reply.faults] == [
        (Why.ELSEWHERE, 3, ".résolu", ".résolu")
    ]
    assert not reply.commands
    assert reply.mended is not None
    assert [c.verb for c in reply.mended] == [Verb.RESOLVE]
    assert ".résolu" not in reply.words


@pytest.mark.parametrize("line", ["Voyez #résolu merci.", "C’est fait, #résolu", "- ceci : #p2"])
def test_within_a_sentence_it_holds_the_mail_and_stays(line: str) -> None:
    reply = read(f"Bonjour,\n\n{line}\n\nAlex")
    assert [(f.why, f.line) for f in reply.faults] == [(Why.WITHIN_LINE, 3)]
    assert line in reply.words


def test_in_a_note_nothing_can_reach_the_customer() -> None:
    assert not read(".note\nVoir #résolu plus haut.").faults


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (".fermer\n.rouvrir", 2),
        (".p1 .p2", 1),
        (".attente\n.résolu", 2),
        (".prendre\n.assigner sam", 2),
        (".attente jeudi\n.attente vendredi", 2),
        (".spam\n.résolu", 2),
        (".compte A\n.compte B", 2),
    ],
)
def test_two_of_which_one_can_be_meant(text: str, line: int) -> None:
    assert [(f.why, f.line) for f in read(text).faults] == [(Why.CONTRADICTION, line)]


@pytest.mark.parametrize(
    "text",
    [
        ".résolu\n.fermer",
        ".prendre\n.prendre",
        ".p1 1042\n.p2 1043",
        ".appel 12\n.appel 5",
        ".prendre .p2 .appel 3",
    ],
)
def test_what_goes_together(text: str) -> None:
    assert not read(text).faults


def test_too_many_commands_are_a_slip() -> None:
    reply = read("\n".join(f".appel {n}" for n in range(1, 40)))
    assert Why.TOO_MANY in {f.why for f in reply.faults}


SIGNATURES = [
    "Alex Roy\nTechnicien, AzimutPOS\n418 555-0142",
    "Cordialement,\n\nAlex",
    "Alex Roy | AzimutPOS",
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_alone_is_no_answer(signature: str) -> None:
    assert read(f".prendre\n\n{signature}").words == ""
    assert read(f"C’est réglé.\n\n{signature}").words == f"C’est réglé.\n\n{signature}"
    assert read(f".prendre\n\n{signature}", agent="sam").words == signature


def test_a_word_of_thanks_is_an_answer() -> None:
    assert read(".résolu\nMerci!").words == "Merci!"
    assert read(".prendre\nAlex\nJe regarde le pilote et je vous reviens.").words.startswith("Alex")


# Laws

_PIECES = (
    "|\u00a0|Bonjour Marie,|Merci|#|.|/|##|#1234|prendre|#prendre|.résolu|/p2|# p 2|#prndre|.resoulu|"
    "#facture|- |• |*|«|»|appel 12|.appel 12|1042|.attente jeudi|.attente 35|> |Le pilote est remplacé.|"
    "#résolu|.note|.public Texte|\u200b|x@y.example|<mailto:x@y.example>|.pour x@y.example|oui|envoyer|/voir|"
    ".crédit accepter 31,25 $|.client fâché"
)
PIECES = st.sampled_from(_PIECES.split("|"))
LINES = st.lists(st.lists(PIECES, max_size=4).map(" ".join), max_size=12).map("\n".join)
TEXTS = st.one_of(LINES, st.text(max_size=200), st.tuples(LINES, st.text(max_size=40)).map("".join))


def seen(text: str) -> list[str]:
    return [line.rstrip(" \t") for line in text.split("\n") if line.strip()]


@settings(max_examples=300)
@given(text=TEXTS, bare=st.booleans())
def test_any_text_is_read_and_every_line_is_accounted_for(text: str, bare: bool) -> None:
    reply = read(text, bare=bare)
    lines = text.split("\n")
    told = {c.line for c in reply.commands} | {f.line for f in reply.faults}
    left = seen(reply.words)
    rest = [line.rstrip(" \t") for n, line in enumerate(lines, 1) if line.strip() and n not in told]
    if left:
        assert [line for line in left if line in rest or line not in seen(text)] == [
            line for line in rest if line in left
        ]
        missing = [line for line in rest if line not in left]
        assert not missing
    else:
        assert not rest or (len(rest) <= 12 and any("alex" in line.casefold() for line in rest))
    assert all(1 <= n <= len(lines) for n in told)


@settings(max_examples=300)
@given(text=TEXTS)
def test_no_command_reaches_the_customer(text: str) -> None:
    """Whatever is sent, or would be after an "envoyer", holds no line that is a command, or nearly one."""
    reply = read(text)
    for number, line in enumerate(reply.words.split("\n"), 1):
        found = read_line(line, number, setting())
        assert not found.commands
        assert all(fault.why is Why.UNKNOWN and not fault.proposal for fault in found.faults)


@settings(max_examples=200)
@given(text=TEXTS)
def test_reading_what_is_left_finds_nothing_more(text: str) -> None:
    first = read(text)
    again = read(first.words)
    assert not again.commands
    assert again.words == first.words


@given(
    word=st.sampled_from([w for both in NAMES.values() for names in both for w in names.split()]),
    data=st.data(),
)
def test_a_mistyped_command_never_passes_for_words(word: str, data: st.DataObject) -> None:
    """One letter left out of a name with the strict prefix: a command, or a fault, never words to be sent."""
    place = data.draw(st.integers(0, len(word) - 1))
    slip = word[:place] + word[place + 1 :]
    if not re.match(r"[^\W\d_]", slip):
        return
    reply = read(f"#{slip}\nBonjour Marie, je regarde.")
    assert reply.commands or reply.faults


PARTS = st.fixed_dictionaries(
    {
        "tickets": st.lists(st.integers(1001, 9999), max_size=3, unique=True).map(tuple),
        "minutes": st.integers(1, 480),
        "day": st.dates(date(2026, 11, 5), date(2027, 11, 1)),
        "minute": st.integers(0, 23 * 60 + 59),
        "cents": st.integers(1, 999_999),
    }
)


@given(
    parts=PARTS,
    verb=st.sampled_from([Verb.TAKE, Verb.RESOLVE, Verb.WAIT, Verb.CALL, Verb.CREDIT]),
    language=st.sampled_from(["fr", "en"]),
)
def test_what_is_kept_for_a_yes_is_read_as_the_same_command(
    parts: dict[str, object], verb: Verb, language: str
) -> None:
    from decimal import Decimal

    day, minute = parts["day"], parts["minute"]
    assert isinstance(day, date)
    assert isinstance(minute, int)
    at = datetime(day.year, day.month, day.day, tzinfo=ZONE).replace(hour=minute // 60, minute=minute % 60)
    command = Command(
        verb=verb,
        tickets=parts["tickets"],  # type: ignore[arg-type]
        until=at if verb is Verb.WAIT else None,
        minutes=int(str(parts["minutes"])) if verb is Verb.CALL else 0,
        words="vu avec elle" if verb is Verb.CALL else "",
        accept=True if verb is Verb.CREDIT else None,
        amount=Decimal(int(str(parts["cents"]))) / 100 if verb is Verb.CREDIT else None,
    )
    reply = read(written(command, ZONE, language), bare=True)
    assert not reply.faults
    (again,) = reply.commands
    assert (again.verb, again.tickets, again.minutes, again.words) == (
        verb, command.tickets, command.minutes, command.words,
    )  # fmt: skip
    assert again.amount == command.amount
    assert (again.until is None) == (command.until is None)
    if again.until is not None and command.until is not None:
        assert abs(again.until - command.until) <= timedelta(hours=1 if _gap(at) else 0)


def _gap(at: datetime) -> bool:
    """An hour that a wall clock shows twice or never."""
    return at.utcoffset() != at.replace(fold=1).utcoffset()


def test_hostile_lines_are_compared_with_the_names_a_bounded_number_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[str] = []

    def counting(word: str, *, strict: bool = False) -> Name | None:
        compared.append(word)
        return near(word, strict=strict)

    monkeypatch.setattr("daemon.core.commands.grammar.near", counting)
    reply = read("\n".join(["#resoulux mot mot mot"] * 5_000 + ["prose"] * 20_000))
    assert len(compared) <= MOST_FAULTS + 1
    assert reply.faults[-1].why is Why.TOO_MANY
    assert reply.mended is None

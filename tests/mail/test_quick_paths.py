"""What a cheap look lets us skip: nothing is skipped that would have changed anything."""

from __future__ import annotations

import quopri
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.values import Language, Mail, MailClass
from daemon.mail import blocks, headers, samples
from daemon.mail.compose import Composer
from daemon.mail.language import vote
from daemon.mail.parse import parse
from daemon.mail.proof import SAMPLE_DESK
from daemon.mail.sanitize import clean_line, clean_text
from daemon.mail.self_help import SelfHelpShelf
from daemon.mail.template_set import BadTemplate
from daemon.settings.resources import resource

AWKWARD = (
    "ab é\u0301 \u00a0\t\n\r\x0b\x0c\x1b[\x00\x7f\x85\u2028\u2029"
    "\u200b\u200e\u202a\u202e\u2066\u2069\ud800\ufeff"
)
GONE = {*range(9), *range(14, 32), *range(127, 160), 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


@given(st.text(st.sampled_from(AWKWARD.replace("\x1b", "")), max_size=20))
def test_a_text_is_cleaned_as_character_by_character(text: str) -> None:
    for line_end in ("\r\n", *"\r\x0b\x0c\x85\u2028\u2029"):
        text = text.replace(line_end, "\n")
    kept = "".join("\ufffd" if c == "\ud800" else c for c in text if ord(c) not in GONE)
    assert clean_text(text) == "\n".join(unicodedata.normalize("NFC", line) for line in kept.split("\n"))


@given(st.text(st.sampled_from(AWKWARD), max_size=20), st.sampled_from([3, 2_000]))
def test_a_line_is_one_line_with_single_spaces_and_no_direction_marks(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert len(line) <= limit
    assert line == line.strip(" ")
    assert "  " not in line
    assert not set(line) & set("\t\n\r\u200e\u202e")
    assert clean_line(line, limit) == line


def test_runs_of_spaces_in_a_plain_line_are_folded() -> None:
    assert clean_line("  Caisse   gelée  ") == "Caisse gelée"
    assert clean_line("  Till   frozen  ") == "Till frozen"


@pytest.mark.parametrize("line", ["From me", ".", ".x", "From", " From me", "…", "a\n.\nFrom b"])
def test_no_line_on_the_wire_begins_with_a_dot_or_with_from(line: str) -> None:
    _, body = headers.alternative([("plain", f"{line}\n")], "seed")
    lines = body.split(b"\r\n\r\n", 1)[1].split(b"\r\n")
    assert not [wire for wire in lines if wire.startswith((b".", b"From "))]
    assert quopri.decodestring(b"\n".join(lines[:-2])).decode().startswith(line)


def test_a_short_field_and_a_folded_one_are_checked_alike() -> None:
    assert headers.field("X-A", "b") == b"X-A: b\r\n"
    for value in ("é", "a\r\nBcc: x", "a\x7f", "a\x00", "é" * 100):
        with pytest.raises(ValueError, match="printable"):
            headers.field("X-A", value)
    with pytest.raises(ValueError, match="printable"):
        headers.field("X A", "b")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("j'appelle l'employeur qu'arrive", Language.FR),
        ("j’appelle l’employeur", Language.FR),
        ("mañana the\x0bthe THE", Language.EN),
        ("the the https://x.example/le/la/les/un/une a@le.la.les", Language.EN),
        ("ok test pause", None),
    ],
)
def test_a_vote_counts_every_word_as_before(text: str, language: Language | None) -> None:
    assert vote(text) is language
    assert vote(text) is language


def test_a_report_that_only_its_words_betray_is_a_bounce() -> None:
    head = b"From: MAILER-DAEMON@x.example\nSubject: Bonjour\n\n"
    told = parse(head + b"Your mail could not be delivered to marie@y.example.\n")
    assert isinstance(told, Mail)
    assert told.mail_class is MailClass.BOUNCE
    person = parse(head.replace(b"MAILER-DAEMON", b"marie") + b"My order could not be delivered.\n")
    assert isinstance(person, Mail)
    assert person.mail_class is MailClass.MAIL


def test_an_item_begins_with_a_dash_or_a_number_only() -> None:
    found = blocks.read("– un\n- deux\n\n1. trois\n2. quatre\n\n-cinq\n\n20 six\n\n² sept")
    assert [(b.kind, b.lines) for b in found] == [
        ("list", ("un", "deux")),
        ("steps", ("trois", "quatre")),
        ("paragraph", ("-cinq",)),
        ("paragraph", ("20 six",)),
        ("paragraph", ("² sept",)),
    ]


@pytest.mark.parametrize("reach", ["blocks[0].__class__.__mro__", "blocks[0]._x", "desk.__class__.__mro__"])
def test_a_template_of_the_owner_reaches_no_further_than_before(tmp_path: Path, reach: str) -> None:
    folder = tmp_path / "fr" / "ack"
    folder.mkdir(parents=True)
    (folder / "body.html.j2").write_text("{{ " + reach + " }}", encoding="utf-8")
    row = samples.ack()
    with pytest.raises(BadTemplate):
        Composer(SAMPLE_DESK, tmp_path).render(row, row.queued_at)


def test_a_self_help_text_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "aide").mkdir()
    text = tmp_path / "aide" / "caisse-gelee.fr.txt"
    text.write_text("voici comment :\nUn.\n", encoding="utf-8")
    shelf = SelfHelpShelf(resource("config", "aide"), tmp_path)
    first = shelf.find("caisse-gelee", Language.FR)
    text.unlink()
    assert shelf.find("caisse-gelee", Language.FR) == first
    assert first is not None
    assert first.steps == ("Un.",)

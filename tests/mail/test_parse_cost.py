"""Reading costs no more than its size: counted in calls of Python, not in seconds. What the calls cost inside
(regular expressions) is measured by `bench.hostile`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from bench.hostile import shapes
from daemon.core.values import Mail, MailClass
from daemon.mail import html_text, reply, tree
from daemon.mail.html_text import from_html
from daemon.mail.parse import parse
from daemon.mail.reply import new_text

SMALL = 2_400
SLACK = 1_000
"""Calls that a first reading makes once, such as building a table."""


def _calls(raw: bytes) -> int:
    count = 0

    def count_call(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        parse(raw)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(("name", "build"), list(shapes()), ids=lambda v: v if isinstance(v, str) else "")
def test_twice_the_mail_costs_twice_the_calls(name: str, build: Callable[[int], bytes]) -> None:
    parse(build(100))
    once, twice = _calls(build(SMALL)), _calls(build(2 * SMALL))
    assert twice <= 2.2 * once + SLACK


def _mail(raw: bytes) -> Mail:
    mail = parse(raw)
    assert isinstance(mail, Mail)
    return mail


def test_eight_thousand_parts_are_bounded_and_said() -> None:
    part = b"--b\n\nligne\n"
    head = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n"
    mail = _mail(head + part * 8_000 + b"--b--\n")
    assert mail.text.count("ligne") == tree.MAX_PARTS - 1
    assert any("more than 500 parts" in defect for defect in mail.defects)
    unopened = _mail(head + part * 21_000 + b"--b--\n")
    assert any("more than 20000 parts" in defect for defect in unopened.defects)
    assert "ligne" in unopened.text


def test_lines_of_dashes_that_are_no_boundaries_do_not_close_a_mail() -> None:
    mail = _mail(
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nmots\n--b\n"
        b"Content-Disposition: attachment; filename=a.sql\n\n" + b"-- x\n" * 25_000 + b"--b--\n"
    )
    assert mail.text == "mots"
    assert [a.name for a in mail.attachments] == ["a.sql"]


def test_an_endless_header_is_cut_between_fields_and_its_body_is_read() -> None:
    mail = _mail(b"From: a@b.example\nSubject: x\n" + b"X-Filler: yyyyyyyyy\n" * 60_000 + b"\nmots\n")
    assert (mail.subject, mail.text) == ("x", "mots")
    assert any(f"first {tree.MAX_HEADER}" in defect for defect in mail.defects)
    mail = _mail(b"From: a@b.example\nSubject: " + b"s" * 300_000 + b"\n\nmots\n")
    assert (len(mail.subject), mail.text) == (500, "mots")


def test_below_too_many_tags_the_words_are_still_shown() -> None:
    text = from_html("<b></b>" * html_text.MAX_TAGS + "<p>mots &amp; <i>suite</i>")
    assert " ".join(text.split()) == "mots & suite"
    deep = "<b></b>" * (html_text.MAX_TAGS // 2) + "<blockquote>mots</blockquote>"
    assert (from_html(deep[len("<b></b>") :]), from_html(deep).strip()) == ("> mots", "mots")


def test_below_too_many_lines_the_words_stay_and_the_quote_goes() -> None:
    many = [f"ligne {n}" for n in range(reply.LINES_READ + 10)]
    assert new_text("\n".join(many)) == "\n".join(many)
    quote = "Le 9 novembre 2026 09:15, Soutien <s@azimutpos.com> a écrit :\n" + "\n".join(many)
    assert new_text(f"mots\n\n{quote}") == "mots"


def test_a_text_of_nothing_but_beginnings_of_attributions_is_kept() -> None:
    lines = ["mots", *["On Monday 2026 it froze"] * 3_000]
    assert new_text("\n".join(lines)) == "\n".join(lines)
    quote = ["Le 9 novembre 2026 09:15, Soutien <s@azimutpos.com> a écrit :", "vieux"]
    assert new_text("\n".join([*lines[:900], *quote])) == "\n".join(lines[:900])
    assert new_text("\n".join([*lines, *quote])) == "\n".join([*lines, *quote])


def test_many_returned_groups_make_one_report() -> None:
    group = b"Final-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\n\n"
    mail = _mail(
        b"From: MAILER-DAEMON@x.example\nContent-Type: multipart/report; report-type=delivery-status; "
        b"boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n" + group * 3_000 + b"--b--\n"
    )
    assert mail.mail_class is MailClass.BOUNCE
    assert mail.bounce is not None
    assert mail.bounce.status == "5.1.1"

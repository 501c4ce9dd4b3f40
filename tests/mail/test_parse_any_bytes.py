"""Any bytes in: never an exception, always clean and bounded values."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.values import Mail, Unreadable
from daemon.mail import body, tree
from daemon.mail.parse import parse

FIELDS = st.sampled_from(
    [
        b"From: a@b.example\r\n",
        b"From: =?utf-8?b?w6k=?= <c@d.example>\r\n",
        b"From: \xe9ric <c@d.example>\r\n",
        b"To: \xff <x@y.example>, , ;\r\n",
        b"Subject: =?x?q?=ED=A0=80?= 4242 4242 4242 4242\r\n",
        b"Subject: \xe9t\xe9 \x00\r\n",
        b"Date: Mon, 99 Foo 2026\r\n",
        b"Message-ID: <>\r\n",
        b"Return-Path: <>\r\n",
        b"References: <a\r\n b> <<c>\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/alternative\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Type: text/plain; charset=\xff; format=flowed; name*0*=x''%ff\r\n",
        b"Content-Type: text/calendar; method=REPLY\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Disposition: attachment; filename*=utf-16''%00\r\n",
        b'Content-Disposition: inline; filename="../.."\r\n',
    ]
)
PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"\r\n--b\r\n",
            b"\r\n--b--\r\n",
            b"\r\n\r\n",
            b"<p>h\xe9</p><blockquote>",
            b"begin 644 x\nM:\n`\nend\n",
            b"\xed\xa0\x80\xff\x00\x1b[31m",
            b"Le 9 nov. 2026 a \xc3\xa9crit :\n> x\n",
            b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n",
            b" 4242-4242-4242-4242 ",
            b"-- \r\n",
        ]
    ),
    FIELDS,
)
MAILS = st.builds(
    lambda head, pieces: b"".join(head) + b"\r\n" + b"".join(pieces),
    st.lists(FIELDS, max_size=8),
    st.lists(PIECES, max_size=12),
)


def _assert_clean(mail: Mail | Unreadable) -> None:
    one_line = [mail.subject, mail.message_id]
    texts = [mail.text]
    if isinstance(mail, Mail):
        one_line += [mail.from_.name, mail.from_.address, *mail.references, *mail.in_reply_to, *mail.signs]
        one_line += [a.name for a in mail.attachments] + [a.name + a.address for a in mail.to + mail.cc]
        texts.append(mail.new_text)
        assert bool(mail.new_text) is bool(mail.text.strip())
        assert len({a.name.casefold() for a in mail.attachments}) == len(mail.attachments)
    for value in one_line:
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]", value)
    for value in texts:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", value)
    assert "4242 4242 4242 4242" not in mail.subject
    assert "4242-4242-4242-4242" not in mail.text
    assert mail.fingerprint
    assert mail.message_id


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_read(raw: bytes) -> None:
    _assert_clean(parse(raw))


@given(MAILS)
@settings(max_examples=300, deadline=None)
def test_shuffled_pieces_of_mail_are_read_alike_each_time(raw: bytes) -> None:
    mail = parse(raw)
    _assert_clean(mail)
    assert parse(raw) == mail
    assert not (isinstance(mail, Unreadable) and mail.reason.startswith("cannot be read"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\x00" * 1000,
        b"From: a@b.example",
        b"From a@b.example Mon Jan 1 00:00:00 2026\nFrom: a@b.example\n\nx",
        b"From: a@b.example\rSubject: x\r\rcr only",
        b'From: a@b.example\nContent-Type: multipart/mixed; boundary=""\n\n--\n\nx\n----\n',
        b'From: a@b.example\nContent-Type: text/plain; charset="utf-8 ; x"\n\n\xe9',
        b"From: a@b.example\nContent-Type: message/external-body; access-type=x\n\nx",
        b"From: a@b.example\nContent-Type: image/png\nContent-Disposition: attachment\n\n",
    ],
)
def test_a_malformed_mail_is_read(raw: bytes) -> None:
    _assert_clean(parse(raw))


def _nested(levels: int, lines: int) -> bytes:
    head = b"From: a@b.example\r\n"
    for level in range(levels):
        head += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
    return head + b"\r\n" + b"x\r\n" * lines


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(_nested(2_000, 10), id="2000 levels"),
        pytest.param(_nested(200, 200_000), id="200 levels and 200,000 lines"),
        pytest.param(b"From: a@b.example\n" + b"Content-Type: " + b";" * 300_000 + b"\n\nx", id="semicolons"),
        pytest.param(b"From: a@b.example\nContent-Type: text/html\n\n" + b"<div>" * 200_000, id="open divs"),
        pytest.param(b"From: a@b.example\nContent-Type: text/html\n\n" + b'<a "' * 100_000, id="open quotes"),
        pytest.param(
            b"From: a@b.example\nContent-Type: text/html\n\n" + b"<!--" * 100_000, id="open comments"
        ),
        pytest.param(b"From: a@b.example\n\n" + b"1 " * 100_000, id="digits"),
        pytest.param(b"From: a@b.example\n\n" + "e\u0301".encode() * 100_000, id="combining marks"),
        pytest.param(b"From: a@b.example\n\n" + b"From: x\n" * 50_000, id="header blocks"),
        pytest.param(b"From: a@b.example\n\n" + b"On Mon, x wrote\n" * 30_000, id="attributions"),
        pytest.param(b"From: a@b.example\nTo: " + b"<a@b.example>, " * 20_000 + b"\n\nx", id="recipients"),
        pytest.param(b"From: " + b"(" * 50_000 + b"a@b.example\n\nx", id="comments"),
        pytest.param(b"From: a@b.example\n\nbegin 644 x\n" * 20_000, id="unfinished uuencode"),
    ],
)
def test_hostile_size_and_depth_end_in_values(raw: bytes) -> None:
    mail = parse(raw)
    assert mail.fingerprint
    assert not (isinstance(mail, Unreadable) and mail.reason.startswith("cannot be read"))


def test_what_is_over_a_limit_is_cut_and_said() -> None:
    text = b"From: a@b.example\nSubject: " + b"s" * 3_000 + b"\n\n" + b"ligne de texte\n" * 100_000
    mail = parse(text)
    assert isinstance(mail, Mail)
    assert len(mail.text) <= body.MAX_TEXT
    assert len(mail.subject) == 500
    assert any("subject of 3000" in d for d in mail.defects)
    assert any(f"first {body.MAX_TEXT} are kept" in d for d in mail.defects)


def test_more_parts_and_files_than_the_limits_are_cut_and_said() -> None:
    part = b'--b\nContent-Type: image/png; name="a.png"\nContent-Disposition: attachment\n\nx\n'
    head = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n"
    mail = parse(head + part * (tree.MAX_PARTS + 10) + b"--b--\n")
    assert isinstance(mail, Mail)
    assert len(mail.attachments) == 100
    assert sum("kept, all are in the original" in d or "more than 500 parts" in d for d in mail.defects) == 2

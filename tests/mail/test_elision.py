"""Taking base64 out before the parse and putting it back changes nothing but the time."""

from __future__ import annotations

import base64
from email.parser import BytesParser
from email.policy import compat32

from hypothesis import example, given
from hypothesis import strategies as st

from daemon.core.values import Mail
from daemon.mail.elision import elide, restore
from daemon.mail.parse import parse
from daemon.mail.part import Part

LINE = b"QUJD" * 19
PIECES = (
    b"From: a@x.example\r\n",
    b"Content-Type: multipart/mixed; boundary=QUJD\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: message/delivery-status\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"--QUJD\r\n",
    b"--QUJD--\r\n",
    b" " + LINE + b"\r\n",
    (LINE + b"\r\n") * 16,
    (LINE + b"\n") * 40,
    (LINE + b"\r\n") * 15,
    b"QUJD\r\n",
    b"\xe9t\xe9\r\n",
    b"\x1aelided\x1a",
    b"0\x1a\r\n",
)


def shape(part: Part) -> list[object]:
    payload = part.children()
    inside = [shape(child) for child in payload] if payload is not None else part.source()
    defects = [type(defect).__name__ for defect in part.defects]
    return [list(part.raw_items()), part.preamble, part.epilogue, defects, inside]


def parsed(raw: bytes) -> Part:
    top = BytesParser(Part, policy=compat32).parsebytes(raw)
    assert isinstance(top, Part)
    return top


@given(st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join))
@example(PIECES[1] + b"\r\n" + PIECES[11] + PIECES[8] + b"\r\n" + PIECES[12] + PIECES[9] + PIECES[11])
@example(PIECES[0] + PIECES[11] + b"\r\n" + b"\xe9" + PIECES[12])
def test_the_tree_is_the_one_of_the_mail_as_it_came(raw: bytes) -> None:
    elided = elide(raw)
    top = parsed(elided.raw)
    restore(top, elided.runs)
    assert shape(top) == shape(parsed(raw))


def test_a_long_run_becomes_one_line_and_keeps_its_last_line_end() -> None:
    run = (LINE + b"\r\n") * 100
    elided = elide(b"A: b\r\n\r\n" + run + b"--x--\r\n")
    assert elided.raw == b"A: b\r\n\r\n\x1aelided\x1a0\x1a\r\n--x--\r\n"
    assert elided.runs == (run[:-2].decode(),)


def test_a_mail_that_holds_the_sign_itself_is_left_as_it_is() -> None:
    raw = b"A: b\r\n\r\n\x1aelided\x1a7\x1a\r\n" + (LINE + b"\r\n") * 100
    assert elide(raw).raw == raw


def test_an_attachment_comes_out_as_it_went_in() -> None:
    content = bytes(range(256)) * 400
    body = base64.encodebytes(content).replace(b"\n", b"\r\n")
    mail = parse(
        b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nBonjour\r\n--b\r\n"
        b"Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + body
        + b"--b--\r\n"
    )
    assert isinstance(mail, Mail)
    assert [a.content for a in mail.attachments] == [content]
    assert mail.text == "Bonjour"


def test_a_mail_attached_to_a_mail_keeps_its_own_attachment() -> None:
    body = base64.encodebytes(bytes(range(256)) * 400)
    inner = b"From: b@x.example\nSubject: dedans\nContent-Transfer-Encoding: base64\n\n" + body
    mail = parse(b"From: a@x.example\nContent-Type: message/rfc822\n\n" + inner)
    assert isinstance(mail, Mail)
    assert mail.attachments[0].content == inner

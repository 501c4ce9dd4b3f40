"""Mails made of MIME structure and HTML, then damaged: always a value, the same at each reading, without a
card number, its new words taken from its text."""

from __future__ import annotations

import base64
import quopri
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.values import Mail, Unreadable
from daemon.mail import tree
from daemon.mail.html_text import from_html
from daemon.mail.parse import parse

SPELLINGS = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "4242\u00a04242\u202f4242 4242",
    "42\u200b42424242424242",
    "4242 4242\n4242 4242",
]
HTML_SPELLINGS = [
    *SPELLINGS[:4],
    "4242<b>4242</b><!-- x -->4242<i></i>4242",
    "&#52;242 4242&nbsp;4242 4242",
    "<span>4242</span> <span>4242</span> <span>4242</span> <span>4242</span>",
    "4242&shy;4242&#8203;4242&zwnj;4242",
    "<td>4242 4242 4242 4242</td>",
]
WORDS = [
    "Bonjour, la caisse 2 fige.",
    "The till froze again.",
    "Le 9 nov. 2026 à 09:15, Soutien <support@azimutpos.com> a écrit :",
    "> Quel modèle?",
    "De : Soutien <support@azimutpos.com>\nEnvoyé : 9 novembre 2026\nObjet : x\n",
    "-- \nLuc",
    "Envoyé de mon iPhone",
    "550 5.1.1 user unknown",
    "begin 644 x\nM:\n`\nend",
    "",
]
TAGS = [
    "<p>",
    "</p>",
    "<div style='display:none'>",
    "</div>",
    "<blockquote type=cite>",
    "</blockquote>",
    "<br>",
    "<table><tr><td>",
    "</table>",
    '<a href="https://x.example/?a=1&amp;b">',
    "</a>",
    "<style>p{}",
    "</style>",
    "<script>alert(1)</script>",
    "<!--",
    "-->",
    "<![CDATA[",
    "<img alt='x' src=cid:1",
    "<hr>",
    "<pre>",
    '<p title="',
    "<",
    "&amp",
    "&#x110000;",
    "&#0;",
    "<textarea>",
    "<p hidden>",
]
HTML = st.lists(
    st.sampled_from(TAGS + WORDS + [f"carte {c} merci" for c in HTML_SPELLINGS]), max_size=14
).map("".join)
PLAIN = st.lists(st.sampled_from(WORDS + [f"carte {c} merci" for c in SPELLINGS]), max_size=8).map("\n".join)


def _encoded(text: str, encoding: str, charset: str) -> bytes:
    raw = text.encode(charset, "replace")
    if encoding == "base64":
        return base64.encodebytes(raw)
    return quopri.encodestring(raw) if encoding == "quoted-printable" else raw


@st.composite
def leaves(draw: st.DrawFn) -> bytes:
    html = draw(st.booleans())
    charset = draw(st.sampled_from(["utf-8", "iso-8859-1", "utf-16"]))
    label = draw(st.sampled_from([charset, charset, '"' + charset, "x-none"]))
    encoding = draw(st.sampled_from(["8bit", "base64", "quoted-printable", "BASE64", "x-uuencode"]))
    kind = "html" if html else draw(st.sampled_from(["plain", "plain", "calendar", "csv", "rfc822-headers"]))
    content = _encoded(draw(HTML if html else PLAIN), encoding.lower(), charset)
    head = f"Content-Type: text/{kind}; charset={label}{draw(st.sampled_from(['', '; format=flowed']))}\r\n"
    if draw(st.booleans()):
        head += f"Content-Transfer-Encoding: {encoding}\r\n"
    head += draw(
        st.sampled_from(
            ["", "", "Content-Disposition: attachment; filename=a.txt\r\n", 'X: "\r\n', "bad\r\n"]
        )
    )
    return head.encode() + b"\r\n" + content


@st.composite
def branches(draw: st.DrawFn, inner: st.SearchStrategy[bytes]) -> bytes:
    parts = draw(st.lists(inner, max_size=4))
    if draw(st.integers(0, 5)) == 0:
        return b"Content-Type: message/rfc822\r\n\r\nSubject: dedans\r\n" + (parts[0] if parts else b"")
    kind = draw(
        st.sampled_from(["mixed", "alternative", "related", "report; report-type=delivery-status", "x"])
    )
    real = draw(st.sampled_from(["b", "bb", "b=1", "--b", ""]))
    said = draw(st.sampled_from([real, real, real, "other", ""]))
    head = (
        f'Content-Type: multipart/{kind}; boundary="{said}"\r\n'
        if said
        else f"Content-Type: multipart/{kind}\r\n"
    )
    line = b"\r\n--" + real.encode()
    body = b"".join(line + b"\r\n" + part for part in parts)
    return head.encode() + b"\r\n" + body + draw(st.sampled_from([line + b"--\r\n", b"", line]))


STRUCTURES = st.recursive(leaves(), branches, max_leaves=6)
TOPS = st.sampled_from(
    [
        b"From: luc@x.example\r\nSubject: Caisse\r\n",
        b"From: luc@x.example\r\nSubject: 4242 4242 4242 4242\r\n",
        b"From: luc@x.example\r\nSubject: =?utf-8?q?4242=204242?= =?utf-8?b?IDQyNDIgNDI0Mg==?=\r\n",
        b"From: MAILER-DAEMON@x.example\r\nReturn-Path: <>\r\nSubject: Undelivered\r\n",
        b"From: 4242424242424242 <luc@x.example>\r\nSubject: TR : x\r\n",
    ]
)
DAMAGE = st.lists(
    st.tuples(st.sampled_from(["drop", "twice", "cut", "lf"]), st.integers(0, 2_000)), max_size=3
)


def _damaged(raw: bytes, damage: list[tuple[str, int]]) -> bytes:
    for how, where in damage:
        lines = raw.split(b"\r\n")
        at = where % len(lines)
        if how == "drop":
            del lines[at]
        elif how == "twice":
            lines.insert(at, lines[at])
        raw = b"\r\n".join(lines)
        if how == "cut":
            raw = raw[: len(raw) - where % 200]
        elif how == "lf":
            raw = raw.replace(b"\r\n", b"\n")
    return raw


def _holds_card(text: str) -> bool:
    """The planted number, in one piece or in four groups; characters that nobody sees do not part it."""
    seen = re.sub(r"[\u200b-\u200d\u2060\ufeff\u00ad]", "", text)
    return re.search(r"(?<!\d)4242(?:[\s.\-\u00a0\u202f]?4242){3}(?!\d)", seen) is not None


def _assert_sound(mail: Mail | Unreadable) -> None:
    assert not (isinstance(mail, Unreadable) and mail.reason.startswith("cannot be read"))
    shown = [mail.subject, mail.text]
    if isinstance(mail, Mail):
        shown += [mail.new_text, *(a.name for a in mail.senders), *(a.name for a in mail.attachments)]
        files = [a.content for a in mail.attachments if a.media_type == "text/csv"]
        assert not any(_holds_card(content.decode("utf-8", "replace")) for content in files)
        letters = iter(c for c in mail.text if not c.isspace())
        assert all(c in letters for c in mail.new_text if not c.isspace())
        assert bool(mail.new_text) is bool(mail.text.strip())
        assert len(mail.attachments) <= tree.MAX_PARTS
    for text in shown:
        assert not _holds_card(text)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)


@given(TOPS, STRUCTURES, DAMAGE)
@settings(max_examples=150)
def test_any_structure_however_damaged_is_read_alike_and_holds_no_card(
    top: bytes, structure: bytes, damage: list[tuple[str, int]]
) -> None:
    raw = _damaged(top + structure, damage)
    mail = parse(raw)
    _assert_sound(mail)
    assert parse(raw) == mail


@given(
    HTML,
    st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["<", ">", '"', "", "&", "\x00"])), max_size=3),
)
@settings(max_examples=150)
def test_damaged_html_gives_text_without_markup_or_card(source: str, changes: list[tuple[int, str]]) -> None:
    for where, put in changes:
        at = where % (len(source) + 1)
        source = source[:at] + put + source[at + 1 :]
    text = from_html(source)
    assert from_html(source) == text
    mail = parse(b"From: a@x.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + source.encode())
    if not changes:
        _assert_sound(mail)

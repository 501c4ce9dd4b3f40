"""The copy that takes the place of a mail with card numbers: the same mail, and no number in any spelling."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.values import Mail
from daemon.mail.masked_copy import MARK, copy_mark, masked_copy
from daemon.mail.parse import parse
from daemon.mail.tokens import TokenKey
from tests.mail import threat_mails

VISA, AMEX = "4242424242424242", "378282246310005"
SPACED = "4242 4242 4242 4242"


def read(raw: bytes, truncated: bool = False) -> Mail:
    mail = parse(raw, truncated=truncated)
    assert isinstance(mail, Mail)
    return mail


def made(raw: bytes) -> bytes:
    copy = masked_copy(raw, "7.11", lambda data, truncated: parse(data, truncated=truncated))
    assert copy is not None
    return copy


def holds(raw: bytes, number: str = VISA) -> bool:
    """The number anywhere: as it is, with separators, in quoted-printable, base64, HTML, encoded-words."""
    seen = [raw, quopri.decodestring(raw)]
    for part in message_from_bytes(raw).walk():
        content = part.get_payload(decode=True)
        seen += [content] if isinstance(content, bytes) else []
    for word in re.findall(rb"=\?[^?]+\?[bB]\?([^?]+)\?=", raw):
        seen.append(base64.b64decode(word + b"=="))
    digits = [re.sub(rb"[^0-9]", b"", re.sub(rb"<[^>]*>|&#?\w+;", b"", piece)) for piece in seen]
    return any(number.encode() in found for found in digits)


def letter(body: str, *fields: str, subject: str = "Carte") -> bytes:
    head = [
        "From: Marie Roy <marie@boulangerieroy.example>",
        "To: support@azimutpos.com",
        f"Subject: {subject}",
        "Date: Tue, 03 Nov 2026 10:30:00 -0500",
        "Message-ID: <1@boulangerieroy.example>",
        "MIME-Version: 1.0",
        *fields,
    ]
    return ("\r\n".join([*head, "", body]) + "\r\n").encode()


def multipart(*parts: tuple[str, str], kind: str = "mixed") -> bytes:
    body = "".join(f"--b\r\n{head}\r\n\r\n{text}\r\n" for head, text in parts) + "--b--"
    return letter(body, f"Content-Type: multipart/{kind}; boundary=b")


PLAIN = "Content-Type: text/plain; charset=utf-8"
HTML = "Content-Type: text/html; charset=utf-8"
QP = quopri.encodestring(f"Ma carte est {VISA[:8]}".encode()).decode() + f"=\r\n{VISA[8:]}, merci é.".replace(
    "é", "=C3=A9"
)
B64 = base64.encodebytes(f"Carte : {SPACED} à débiter".encode()).decode().replace("\n", "\r\n")
CSV = base64.encodebytes(f"nom;carte\nRoy;{VISA}\n".encode()).decode().replace("\n", "\r\n")
UU = binascii.b2a_uu(f"carte {VISA}\n".encode()).decode().replace("\n", "\r\n")
NESTED = f"From: a@b.example\r\nSubject: Re {VISA}\r\nMessage-ID: <n@b>\r\n\r\nNuméro {SPACED}"

SHAPES = {
    "plain": letter(f"Ma carte : {SPACED}.", PLAIN),
    "no MIME at all": letter(f"Ma carte : {VISA}."),
    "quoted-printable, split by a soft break": letter(
        QP, PLAIN, "Content-Transfer-Encoding: quoted-printable"
    ),
    "base64": letter(B64, PLAIN, "Content-Transfer-Encoding: base64"),
    "latin-1": letter("", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: 8bit")
    + f"Carte débitée : {VISA}\r\n".encode("latin-1"),
    "html alone": letter(f"<p>Ma carte&nbsp;: <b>{SPACED}</b></p>", HTML),
    "html, split by tags": letter("<p>4242<b>4242</b>4242<i>4242</i></p>", HTML),
    "html, split by entities": letter(f"<p>{'&#52;&#50;' * 8}</p>", HTML),
    "alternative": multipart((PLAIN, f"Carte {VISA}"), (HTML, f"<p>Carte {SPACED}</p>"), kind="alternative"),
    "alternative, in the HTML alone": multipart(
        (PLAIN, f"Carte {SPACED}, et voici beaucoup de mots."),
        (HTML, "<p>Carte <u>4242</u> 4242 4242 4242</p>"),
        kind="alternative",
    ),
    "subject": letter("Voir l'objet.", PLAIN, subject=f"Remboursez {SPACED} svp"),
    "encoded subject": letter(
        "Voir.", PLAIN, subject=f"=?utf-8?B?{base64.b64encode(f'Débit {VISA}'.encode()).decode()}?="
    ),
    "text file": multipart(
        (PLAIN, "Ci-joint."),
        ('Content-Type: text/csv; name="clients.csv"\r\nContent-Transfer-Encoding: base64', CSV),
    ),
    "name of a file": multipart(
        (PLAIN, "Ci-joint."),
        (f'Content-Type: image/png\r\nContent-Disposition: attachment; filename="carte {VISA}.png"', "PNG"),
    ),
    "attached mail": multipart((PLAIN, "Ci-joint."), ("Content-Type: message/rfc822", NESTED)),
    "uuencoded": letter(f"Voici.\r\n\r\nbegin 644 carte.txt\r\n{UU}`\r\nend", PLAIN),
    "preamble": letter(f"Numéro {VISA}\r\n--b\r\n{PLAIN}\r\n\r\nCarte {VISA}\r\n--b--\r\nfin {VISA}",
                       "Content-Type: multipart/mixed; boundary=b"),
    "format=flowed": letter(f"Ma carte est la \r\n{SPACED} \r\nmerci.", f"{PLAIN}; format=flowed"),
    "a comment field": letter(f"Carte {VISA}", PLAIN, f"Comments: {SPACED}", f"X-Note: {VISA}"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_no_number_is_left_and_it_is_the_same_mail(shape: str) -> None:
    raw = SHAPES[shape]
    before = read(raw)
    assert before.masked
    copy = made(raw)
    after = read(copy)
    assert not holds(copy)
    assert after.masked == 0
    for name in ("message_id", "from_", "to", "subject", "date", "in_reply_to", "references", "text"):
        assert getattr(after, name) == getattr(before, name), name
    assert [a.name for a in after.attachments] == [a.name for a in before.attachments]
    assert [a.sha256 for a in after.attachments] == [a.sha256 for a in before.attachments]
    assert after.fingerprint == before.fingerprint  # the ledger knows it again
    assert b"\n" not in copy.replace(b"\r\n", b"")
    assert message_from_bytes(copy)[MARK] == "7.11"


def test_what_holds_no_number_is_left_as_it_is() -> None:
    picture = base64.encodebytes(bytes(range(256)) * 20).decode().replace("\n", "\r\n")
    png = 'Content-Type: image/png; name="écran.png"\r\nContent-Transfer-Encoding: base64'
    raw = multipart((PLAIN, f"Carte {VISA}"), (HTML, "<p style='color:red'>Bonjour</p>"), (png, picture))
    copy = made(raw)
    assert b"<p style='color:red'>Bonjour</p>" in copy
    before, after = read(raw), read(copy)
    assert [a.sha256 for a in after.attachments] == [a.sha256 for a in before.attachments]


def test_ids_and_routes_are_never_touched() -> None:
    fields = [
        f"References: <{VISA}@x.example>\r\n <2@x.example>",
        f"In-Reply-To: <{VISA}@x.example>",
        "Received: from a (b [192.0.2.1]) by c; Tue, 03 Nov 2026 10:30:00 -0500",
    ]
    copy = message_from_bytes(made(letter(f"Carte {SPACED}", PLAIN, *fields)))
    assert copy["References"].split() == [f"<{VISA}@x.example>", "<2@x.example>"]
    assert copy["In-Reply-To"] == f"<{VISA}@x.example>"
    assert "192.0.2.1" in copy["Received"]


def test_a_mail_without_an_id_keeps_the_one_that_was_made_for_it() -> None:
    raw = re.sub(rb"Message-ID: [^\r]*\r\n", b"", letter(f"Carte {VISA}", PLAIN))
    before = read(raw)
    assert before.synthetic_id
    after = read(made(raw))
    assert after.message_id == before.message_id
    assert after.fingerprint == before.fingerprint


def test_a_copy_is_its_own_copy() -> None:
    once = made(letter(f"Carte {VISA}", PLAIN))
    assert made(once) == once


def test_what_would_lose_something_is_not_replaced() -> None:
    many = multipart(*[(PLAIN, f"Carte {VISA}")] * 600)
    assert masked_copy(many, "7.11", lambda data, truncated: parse(data, truncated=truncated)) is None
    assert masked_copy(b"", "7.11", lambda data, truncated: parse(data, truncated=truncated)) is None


@pytest.mark.parametrize("name", [n for n in threat_mails.names() if n.startswith(("049", "051"))])
def test_the_threat_mails_with_cards_have_copies_without(name: str) -> None:
    raw, spec = threat_mails.load(name)
    copy = made(raw)
    for number in spec["checks"]["forbid_digits_anywhere"]:
        assert not holds(copy, number)


_words = st.text(alphabet=st.sampled_from("abé <>&=;\n.,:-0123456789\u00a0"), max_size=60)


@given(before=_words, after=_words, number=st.sampled_from([VISA, SPACED, AMEX, "5555-5555-5555-4444"]),
       kind=st.sampled_from([PLAIN, HTML]))  # fmt: skip
def test_whatever_stands_around_a_number_the_copy_holds_none(
    before: str, after: str, number: str, kind: str
) -> None:
    raw = letter(f"{before} {number} {after}", kind)
    mail = read(raw)
    copy = masked_copy(raw, "1.1", lambda data, truncated: parse(data, truncated=truncated))
    if mail.masked:
        assert copy is not None
        again = read(copy)
        assert again.masked == 0
        assert again.text == mail.text


@given(st.binary(max_size=400))
def test_any_bytes_give_a_copy_or_nothing(raw: bytes) -> None:
    masked_copy(raw, "1.1", lambda data, truncated: parse(data, truncated=truncated))


def test_a_mark_is_the_desks_own_and_no_part_of_another() -> None:
    key = TokenKey(b"k" * 32)
    marks = {copy_mark(key, "INBOX", 7, uid) for uid in range(1, 2000)}
    assert len(marks) == 1999
    assert {len(mark) for mark in marks} == {32}
    assert copy_mark(TokenKey(b"x" * 32), "INBOX", 7, 1) not in marks
    assert copy_mark(key, "Support", 7, 1) not in marks

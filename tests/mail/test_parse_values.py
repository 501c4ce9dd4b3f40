"""What `parse` makes of ordinary and odd mails: senders, ids, dates, bodies, files, defects."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from daemon.core.values import Address, Mail, Unreadable
from daemon.mail.parse import parse


def _mail(raw: str, **more: object) -> Mail:
    mail = parse(raw.replace("\n", "\r\n").encode(), **more)  # type: ignore[arg-type]
    assert isinstance(mail, Mail)
    return mail


def test_header_values_are_decoded_bare_and_lower_case() -> None:
    mail = _mail(
        "Return-Path: <Marie@X.example>\nDelivered-To: support+AbC@azimutpos.com\n"
        "X-Original-To: <b@x.example>\n"
        "Authentication-Results: mx.azimutpos.com;\n dmarc=pass\nAuthentication-Results: evil; dmarc=pass\n"
        'From: "Roy, =?utf-8?Q?Ren=C3=A9e?=" <Marie@X.Example>\n'
        "To: A <a@x.example>, b@x.example\nTo: c@x.example\n"
        "Cc: A <A@x.example>, undisclosed:;\nReply-To: d@x.example\n"
        "Subject: =?utf-8?Q?=C3=89t=C3=A9?=\n  suite\n"
        "Date: Mon, 9 Nov 2026 09:14:22 -0500\nMessage-ID:\n <One@x.example>\nIn-Reply-To: <two@x> text\n"
        "References: <one@x>\n <two@x>\t<two@x> <>\n\nBonjour\n"
    )
    assert mail.from_ == Address(address="marie@x.example", name="Roy, Renée")
    assert [a.address for a in mail.to] == ["a@x.example", "b@x.example", "c@x.example"]
    assert mail.cc == (Address(address="a@x.example", name="A"),)
    assert mail.reply_to == (Address(address="d@x.example"),)
    assert mail.delivered_to == ("support+abc@azimutpos.com", "b@x.example")
    assert mail.return_path == "marie@x.example"
    assert mail.authentication_results == ("mx.azimutpos.com; dmarc=pass", "evil; dmarc=pass")
    assert mail.subject == "Été suite"
    assert mail.date == datetime(2026, 11, 9, 14, 14, 22, tzinfo=UTC)
    assert mail.message_id == "One@x.example"
    assert (mail.in_reply_to, mail.references) == (("two@x",), ("one@x", "two@x"))
    assert not mail.synthetic_id


def test_of_too_many_references_the_first_and_the_newest_stay() -> None:
    ids = " ".join(f"<{n}@x>" for n in range(3_000))
    references = _mail(f"From: a@x.example\nReferences: {ids}\n\nx").references
    assert references[0] == "0@x"
    assert references[-1] == "2999@x"
    assert len(references) == 200


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("", "no From header field"),
        ("From: \n", "no usable From address"),
        ("From: Marie\n", "no usable From address"),
        (f"From: {'a' * 300}@x.example\n", "no usable From address"),
        ("From: a@x.example\nFrom: b@x.example\n", "two From header fields: the sender is ambiguous"),
    ],
)
def test_without_one_certain_sender_a_mail_is_unreadable(head: str, reason: str) -> None:
    mail = parse(f"{head}Subject: s\nMessage-ID: <i@x>\n\ntexte".encode())
    assert isinstance(mail, Unreadable)
    assert (mail.reason, mail.subject, mail.message_id, mail.text) == (reason, "s", "i@x", "texte")


def test_the_same_from_twice_is_no_ambiguity() -> None:
    assert _mail("From: a@x.example\nFrom: A <a@x.example>\n\nx").from_.address == "a@x.example"


def test_several_mailboxes_in_one_from_are_all_kept() -> None:
    mail = _mail("From: a@x.example, B <b@x.example>\n\nx")
    assert [a.address for a in mail.senders] == ["a@x.example", "b@x.example"]
    assert mail.from_.address == "a@x.example"


def test_the_fingerprint_knows_a_second_delivery_from_another_mail() -> None:
    head = "From: a@x.example\nSubject: s\nDate: Mon, 9 Nov 2026 09:14:22 -0500\n"
    first = _mail(f"Received: one\nMessage-ID: <scan@device>\n{head}\nPage 1")
    again = _mail(f"Received: two\nDelivered-To: b@x.example\n{head}Message-ID: <scan@device>\n\nPage 1\n")
    other = _mail(f"Message-ID: <scan@device>\n{head}\nPage 2")
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.message_id == other.message_id


def test_a_made_message_id_depends_on_the_content_alone() -> None:
    one, two = _mail("From: a@x.example\n\nun"), _mail("Received: x\nFrom: a@x.example\n\nun")
    assert one.synthetic_id
    assert one.message_id == two.message_id != _mail("From: a@x.example\n\ndeux").message_id


def test_an_attached_mail_is_a_file_and_never_the_text() -> None:
    mail = _mail(
        "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nVoir le mail joint.\n"
        "--b\nContent-Type: message/rfc822\n\nFrom: evil@x.example\nSubject: Carte 4242 4242 4242 4242\n"
        "Message-ID: <inner@x>\n\n#fermer 4242424242424242\n--b--\n"
    )
    assert mail.text == mail.new_text == "Voir le mail joint."
    (file,) = mail.attachments
    assert file.name.endswith("4242.eml")
    assert file.media_type == "message/rfc822"
    assert b"4242424242424242" not in file.content
    assert b"#fermer" in file.content
    assert mail.masked == 3


def test_cards_are_masked_wherever_they_stand() -> None:
    mail = _mail(
        "From: Carte 4242424242424242 <a@x.example>\nSubject: 4242-4242-4242-4242\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n"
        "<p>4242&nbsp;4242&nbsp;4242&nbsp;4242</p>\n"
        '--b\nContent-Type: text/csv; name="a.csv"\nContent-Transfer-Encoding: base64\n\n'
        "NDI0MjQyNDI0MjQyNDI0MjtvawoK\n--b\n"
        'Content-Type: image/png; name="4242424242424242.png"\n\nx\n--b--\n'
    )
    assert mail.subject == "••••-••••-••••-4242"
    assert mail.text == "••••\u00a0••••\u00a0••••\u00a04242"
    assert mail.from_.name.endswith("••••4242")
    assert [a.name for a in mail.attachments] == ["a.csv", "xxxxxxxxxxxx4242.png"]
    assert mail.attachments[0].content.startswith(b"xxxxxxxxxxxx4242;ok")
    assert mail.masked == 4


def test_flowed_lines_are_joined_but_not_the_signature() -> None:
    mail = _mail(
        "From: a@x.example\nContent-Type: text/plain; format=flowed\n\nUne phrase \nen deux.\n"
        "Autre.\n\n-- \nMarie\n"
    )
    assert mail.text.startswith("Une phrase en deux.\nAutre.")
    assert mail.new_text == "Une phrase en deux.\nAutre."


def test_parts_without_a_boundary_are_still_found() -> None:
    mail = _mail(
        "From: a@x.example\nContent-Type: multipart/mixed\n\n--zz\nContent-Type: text/plain\n\nBonjour\n"
        '--zz\nContent-Type: image/png; name="a.png"\n\nx\n--zz--\n'
    )
    assert mail.text == "Bonjour"
    assert [a.name for a in mail.attachments] == ["a.png"]
    assert any("boundary" in d for d in mail.defects)


def test_html_is_read_when_the_plain_form_only_points_to_it() -> None:
    mail = _mail(
        "From: a@x.example\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\n"
        "Votre logiciel n'affiche pas le HTML : consultez ce message dans un navigateur.\n"
        "--b\nContent-Type: text/html\n\n<p>La caisse 1 est figée depuis ce matin.</p>\n--b--\n"
    )
    assert mail.text == "La caisse 1 est figée depuis ce matin."


def test_an_invitation_without_words_is_told_in_its_own() -> None:
    mail = _mail(
        "From: a@x.example\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\n"
        "SUMMARY:Visite du\n  technicien\nLOCATION:Québec\nEND:VCALENDAR\n"
    )
    assert mail.text == "Visite du technicien\nQuébec"
    assert mail.attachments[0].media_type == "text/calendar"


def test_what_is_wrong_is_said() -> None:
    received = datetime(2026, 11, 9, 14, 0, tzinfo=UTC)
    mail = _mail(
        "From: a@x.example\nDate: Tue, 19 Jan 2038 03:14:08 +0000\n\nx", received=received, truncated=True
    )
    assert any("size limit" in d for d in mail.defects)
    assert any("2038-01-19" in d for d in mail.defects)
    assert any("no Message-ID" in d for d in mail.defects)
    near = _mail("From: a@x.example\nDate: Mon, 9 Nov 2026 09:14:22 -0500\n\nx", received=received)
    assert not any("arrival" in d for d in near.defects)


def test_a_uuencoded_file_leaves_the_text() -> None:
    mail = _mail("From: a@x.example\n\nVoici\n\nbegin 644 a.txt\n#0V%T\n`\nend\nMerci\n")
    assert mail.text == "Voici\n\nMerci"
    assert [(a.name, a.content) for a in mail.attachments] == [("a.txt", b"Cat")]


def test_the_language_is_that_of_the_new_words() -> None:
    quoted = "> Your request was received, the team will answer you as soon as possible, thank you.\n" * 3
    mail = _mail(
        f"From: a@x.example\nSubject: help\n\nÇa ne marche toujours pas.\n\nOn 2026-11-09, X wrote:\n{quoted}"
    )
    assert mail.language == "fr"

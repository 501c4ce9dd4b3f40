"""Of several codes in a report the one that tells most is taken, and encoded or wrapped reports are read."""

from __future__ import annotations

import base64
import quopri

import pytest

from daemon.core.values import BounceReport, Mail, MailClass
from daemon.mail.bounce_codes import address_in, reply_code_in, status_in, status_of
from daemon.mail.parse import parse


@pytest.mark.parametrize(
    ("stated", "diagnostic", "status"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", "5.1.1"),
        ("5.0.0", "smtp; 550 5.7.1 Access denied", "5.7.1"),
        ("5.0.0", "smtp; 550-5.7.1 Access denied 550 5.2.1 x", "5.7.1"),
        ("5.0.0", "smtp; 550 #5.1.0 Address rejected", "5.1.0"),
        ("5.0.0", "smtp; 501 not accepted: 5.7.1 blocked", "5.7.1"),
        ("5.1.1", "smtp; 550 5.7.1 your server is listed", "5.7.1"),  # it is us, not the address
        ("5.1.1", "smtp; 552 5.2.2 Over quota", "5.2.2"),
        ("4.5.0", "smtp; 550 5.5.0 refused", "5.5.0"),
        ("4.4.7", "smtp; 450 4.7.1 lookup failed", "4.7.1"),
        ("4.4.7", "smtp; 554 4.4.7 expired <421 4.4.2 timed out>", "4.4.2"),
        ("4.4.7", "smtp; 554 4.4.7 expired", "4.4.7"),
        ("5.1.10", "smtp; 450 5.7.1 the classes differ", "5.1.10"),
        ("", "smtp; 550 5.1.1 unknown", "5.1.1"),
        ("", "smtp; 550 unknown", None),
        ("5.0.0", "smtp; 550 see 10.5.1.1 and 5.1.1.2", "5.0.0"),
        ("", "", None),
    ],
)
def test_the_other_servers_word_counts_most(stated: str, diagnostic: str, status: str | None) -> None:
    assert status_of(stated, diagnostic, None, "") == status


def test_the_prose_is_asked_last_about_the_recipient_first_and_for_the_stated_class() -> None:
    words = "a@x.example: 552 5.2.2 full\nb@x.example: 550 5.1.1 unknown\nlater: 4.2.1"
    assert status_of("5.0.0", "", "b@x.example", words) == "5.1.1"
    assert status_of("5.0.0", "", None, words) == "5.2.2"
    assert status_of("4.0.0", "", "b@x.example", words) == "4.2.1"
    assert status_of("", "", "b@x.example", words) is None
    assert status_of("5.3.0", "", "b@x.example", words) == "5.3.0"


def test_codes_and_addresses_are_told_from_other_numbers() -> None:
    assert status_in("version 14.5.1.1, 5.1.1a, 192.5.1.1") is None
    assert status_in("5.0.0 then 5.1.1") == "5.1.1"
    assert reply_code_in("port 550, 550 5.1.1") == "550"
    assert reply_code_in("550 boxes") == "550"
    assert reply_code_in("2026-11-550") is None
    assert address_in("rfc822; A.B@x.example") == "a.b@x.example"
    assert address_in("rfc822;") is None


GROUPS = (
    "Reporting-MTA: dns; mx.example\n\n"
    "Final-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.0.0\n"
    "Diagnostic-Code: smtp; 550 5.2.1 mailbox disabled\n"
)
SERVER = "From: MAILER-DAEMON@mx.example\nTo: support@azimutpos.com\nSubject: Rapport\nMIME-Version: 1.0\n"


def _report(raw: str) -> BounceReport | None:
    mail = parse(raw.replace("\n", "\r\n").encode())
    assert isinstance(mail, Mail)
    assert (mail.mail_class is MailClass.BOUNCE) is (mail.bounce is not None)
    return mail.bounce


def _mixed(part: str, sender: str = SERVER) -> str:
    return f"{sender}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nVoir.\n--b\n{part}\n--b--\n"


@pytest.mark.parametrize(
    ("encoding", "payload"),
    [
        ("7bit", GROUPS),
        ("quoted-printable", quopri.encodestring(GROUPS.encode()).decode().replace("550 5", "55=\n0 5")),
        ("base64", base64.encodebytes(GROUPS.encode()).decode()),
    ],
)
def test_an_encoded_report_is_read(encoding: str, payload: str) -> None:
    part = f"Content-Type: message/delivery-status\nContent-Transfer-Encoding: {encoding}\n\n{payload}"
    report = _report(_mixed(part))
    assert report is not None
    assert (report.recipient, report.action, report.status) == ("a@x.example", "failed", "5.2.1")


def test_a_report_in_broken_base64_ends_in_the_prose() -> None:
    part = "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\nA"
    report = _report(_mixed(part).replace("Voir.", "a@x.example could not be delivered"))
    assert report is not None
    assert report.recipient == "a@x.example"


WRAPPED = (
    "Content-Type: message/rfc822\n\n"
    + SERVER
    + "Content-Type: multipart/report; report-type=delivery-status; "
    f"boundary=c\n\n--c\nContent-Type: message/delivery-status\n\n{GROUPS}\n--c--\n"
)


def test_a_gateways_covering_note_is_opened_and_a_persons_is_not() -> None:
    report = _report(_mixed(WRAPPED))
    assert report is not None
    assert (report.recipient, report.status) == ("a@x.example", "5.2.1")
    assert _report(_mixed(WRAPPED, SERVER.replace("MAILER-DAEMON@mx", "marie@y"))) is None


def test_an_empty_from_is_a_servers() -> None:
    part = f"Content-Type: message/delivery-status\n\n{GROUPS}"
    report = _report(_mixed(part, SERVER.replace("MAILER-DAEMON@mx.example", "<>")))
    assert report is not None
    assert report.recipient == "a@x.example"


@pytest.mark.parametrize(
    ("sender", "subject", "words"),
    [
        ("postmaster@x.example", "Non remis : Demande", "La remise a échoué pour a@x.example."),
        (
            "mailer-daemon@x.example",
            "Bonjour",
            "Votre message n'a pas été remis à a@x.example : adresse introuvable.",
        ),
        ("mailer-daemon@x.example", "Avis", "Le courriel pour a@x.example n’a pas pu être distribué."),
        ("post_master@x.example", "Re: Demande", "a@x.example : utilisateur inconnu"),
        ("postmaster@x.example", "Retour à l'expéditeur", "a@x.example"),
        ("postmaster@x.example", "Avis", "La boîte aux lettres de a@x.example est pleine."),
        ("mailer-daemon@x.example", "Mail failure - malformed address", "a@x.example: malformed"),
        ("MAILER-DAEMON@x.example", "mail failed, returning to sender", "a@x.example ... unknown host"),
    ],
)
def test_prose_in_both_languages_is_recognised(sender: str, subject: str, words: str) -> None:
    raw = f"From: {sender}\nTo: support@azimutpos.com\nSubject: {subject}\n"
    raw += f"Content-Type: text/plain; charset=utf-8\n\n{words}\n"
    report = _report(raw)
    assert report is not None
    assert report.recipient == "a@x.example"
    assert _report(raw.replace(sender, "marie@x.example")) is None


def test_a_report_of_too_many_groups_is_not_opened_and_says_so() -> None:
    raw = SERVER + "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
    raw += "Content-Type: message/delivery-status\n" + "\n" * 12_000 + GROUPS + "--b--\n"
    mail = parse(raw.encode())
    assert isinstance(mail, Mail)
    assert any("5000 groups" in defect for defect in mail.defects)

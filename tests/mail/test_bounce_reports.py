"""Delivery reports of every form are read, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from daemon.core.values import BounceReport, Mail, MailClass
from daemon.mail.parse import parse

RETURNED = "Message-ID: <az.1.ack.x@azimutpos.com>\nSubject: [AZ-1] x\nFrom: support@azimutpos.com\n"


def _bounce(raw: str) -> BounceReport | None:
    mail = parse(raw.replace("\n", "\r\n").encode())
    assert isinstance(mail, Mail)
    assert (mail.mail_class is MailClass.BOUNCE) is (mail.bounce is not None)
    return mail.bounce


def _dsn(group: str, returned: str = f"Content-Type: message/rfc822\n\n{RETURNED}\nbonjour\n") -> str:
    return (
        "From: MAILER-DAEMON\nTo: support@azimutpos.com\nSubject: Rapport\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nx\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{group}\n"
        f"--b\n{returned}\n--b--\n"
    )


@pytest.mark.parametrize(
    ("group", "recipient", "action", "status"),
    [
        (
            "Final-Recipient: rfc822; A@x.example\nAction: failed\nStatus: 5.1.1\n",
            "a@x.example",
            "failed",
            "5.1.1",
        ),
        (
            "Final-Recipient: rfc822;<a@x.example>\nAction: delayed\nStatus: 4.4.1\n",
            "a@x.example",
            "delayed",
            "4.4.1",
        ),
        (
            "Original-Recipient: rfc822; a@x.example\nAction: relayed\nStatus: 2.0.0\n",
            "a@x.example",
            "relayed",
            "2.0.0",
        ),
        ("Final-Recipient: rfc822; a@x.example\nStatus: 4.2.2\n", "a@x.example", "delayed", "4.2.2"),
        ("Final-Recipient: rfc822; a@x.example\nAction: FAILURE (x)\n", "a@x.example", "failed", None),
        (
            "Final-Recipient: rfc822; a@x.example\nAction: delivered\nStatus: 2.1.5\n\n"
            "Final-Recipient: rfc822; b@x.example\nAction: failed\nStatus: 5.2.2\n",
            "b@x.example",
            "failed",
            "5.2.2",
        ),
    ],
)
def test_a_structured_report_is_read(group: str, recipient: str, action: str, status: str | None) -> None:
    report = _bounce(_dsn(group))
    assert report is not None
    assert (report.recipient, report.action, report.status) == (recipient, action, status)
    assert report.original_message_id == "az.1.ack.x@azimutpos.com"


def test_returned_headers_alone_name_our_mail() -> None:
    report = _bounce(
        _dsn(
            "Final-Recipient: rfc822; a@x.example\nAction: failed\n",
            f"Content-Type: text/rfc822-headers\n\n{RETURNED}",
        )
    )
    assert report is not None
    assert report.original_message_id == "az.1.ack.x@azimutpos.com"


EXIM = (
    "From: Mail Delivery System <Mailer-Daemon@mx.example>\nTo: support@azimutpos.com\nReturn-Path: <>\n"
    "X-Failed-Recipients: a@x.example\nSubject: Mail delivery failed: returning message to sender\n\n"
    "A message that you sent could not be delivered.\n\n  a@x.example\n    550 5.1.1 User unknown\n\n"
    f"------ This is a copy of the message ------\n\n{RETURNED}\n"
)
QMAIL = (
    "From: MAILER-DAEMON@mx.example\nTo: support@azimutpos.com\nSubject: failure notice\n\n"
    "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message.\n\n"
    "<a@x.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 no such user\n\n"
    f"--- Below this line is a copy of the message.\n\n{RETURNED}\n"
)
WARNING = (
    "From: MAILER-DAEMON@mx.example\nTo: support@azimutpos.com\nSubject: Warning: could not send message\n\n"
    "Your message to <a@x.example> has been delayed.\nYou do not need to resend it.\n"
)


@pytest.mark.parametrize(
    ("raw", "action", "status"),
    [(EXIM, "failed", "5.1.1"), (QMAIL, "failed", "5.0.0"), (WARNING, "delayed", None)],
)
def test_a_report_in_prose_is_recognised(raw: str, action: str, status: str | None) -> None:
    report = _bounce(raw)
    assert report is not None
    assert (report.recipient, report.action, report.status) == ("a@x.example", action, status)
    wanted = None if raw is WARNING else "az.1.ack.x@azimutpos.com"
    assert report.original_message_id == wanted


@pytest.mark.parametrize(
    "raw",
    [
        "From: marie@x.example\nSubject: Mon courriel est rejected\n\n550 5.1.1 user unknown, que faire?\n",
        f"From: marie@x.example\nSubject: TR : Undelivered Mail\n\nVoici\n\n{RETURNED}\nuser unknown\n",
        "From: marie@x.example\nReturn-Path: <>\nSubject: Réponse automatique : x\n\n"
        "Je suis absente, 418 555-0142.\n",
        "From: postmaster@x.example\nSubject: Caisse 2\n\nBonjour, la caisse 2 est lente.\n",
        # a person shows a report that they got, and a shop with an unlucky name writes
        "From: marie@x.example\nSubject: TR: x\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\n\nNos reçus ne partent plus, voyez.\n--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.x.example\n\nFinal-Recipient: rfc822; p@y.example\nAction: failed\n\n--b--\n",
        "From: Fun <info@bouncehouse.example>\nSubject: Receipts\n\nThe till says mailbox is full.\n",
        "From: a@x.example\nContent-Type: multipart/report; report-type=disposition-notification; "
        "boundary=b\n\n"
        "--b\n\nlu\n--b\nContent-Type: message/disposition-notification\n\n"
        "Disposition: manual; displayed\n\n--b--\n",
    ],
)
def test_what_is_no_report_is_none(raw: str) -> None:
    assert _bounce(raw) is None

"""Each sign of mail.md gives its class; a person is never taken for a machine."""

from __future__ import annotations

import pytest

from daemon.core.values import Mail, MailClass
from daemon.mail.parse import parse

AUTO, LIST, LOOP, MAIL = MailClass.AUTO_REPLY, MailClass.LIST, MailClass.LOOP, MailClass.MAIL


def _class(
    *fields: str, sender: str = "a@x.example", body: str = "Bonjour"
) -> tuple[MailClass, tuple[str, ...]]:
    raw = "\r\n".join([f"From: {sender}", *fields, "", body]).encode()
    mail = parse(raw, desk_address="support@azimutpos.com", voicemail_senders=("@phones.example",))
    assert isinstance(mail, Mail)
    return mail.mail_class, mail.signs


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["Auto-Submitted: auto-replied"], (AUTO, ("auto-submitted:auto-replied",))),
        (["Auto-Submitted: Auto-Replied; x=y"], (AUTO, ("auto-submitted:auto-replied",))),
        (["Auto-Submitted: auto-generated (cron)"], (AUTO, ("auto-submitted:auto-generated",))),
        (["Return-Path: <>"], (AUTO, ("null-return-path",))),
        (["X-Spam-Flag: YES"], (AUTO, ("spam-flag",))),
        (["X-Auto-Response-Suppress: DR, OOF"], (AUTO, ("auto-response-suppress",))),
        (["List-Id: <l.x.example>"], (LIST, ("list-id",))),
        (["Precedence: bulk"], (LIST, ("precedence:bulk",))),
        (["Precedence: bulk", "Auto-Submitted: auto-generated"], (LIST, ("precedence:bulk",))),
        (["X-Autoreply: yes"], (AUTO, ("x-autoreply",))),
        (
            ["Content-Type: multipart/report; report-type=disposition-notification; boundary=b"],
            (AUTO, ("mdn",)),
        ),
        (["Content-Type: text/calendar; method=REPLY"], (AUTO, ("calendar-reply",))),
        (["Subject: Absence du bureau : x", "In-Reply-To: <a@b>"], (AUTO, ("ooo-subject",))),
        (["Subject: Automatic reply: x", "References: <a@b>"], (AUTO, ("ooo-subject",))),
        (
            ["Subject: =?utf-8?q?R=C3=A9ponse_automatique=C2=A0:_x?=", "In-Reply-To: <a@b>"],
            (AUTO, ("ooo-subject",)),
        ),
        (["Delivered-To: support@azimutpos.com"] * 3, (LOOP, ("delivered-to-loop",))),
        (["Received: by mx.example; Mon, 9 Nov 2026 09:14:22 -0500"] * 51, (LOOP, ("received-loop",))),
    ],
)
def test_a_sign_gives_its_class(fields: list[str], expected: tuple[MailClass, tuple[str, ...]]) -> None:
    assert _class(*fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        [],
        ["Auto-Submitted: no"],
        ["Auto-Submitted: No (a person)"],
        ["X-Auto-Response-Suppress: DR, RN, NRN"],
        ["Precedence: normal"],
        ["X-Spam-Flag: NO"],
        ["X-Autoreply: no"],
        ["Subject: Absence du bureau demain"],
        ["Subject: Automatic reply does not work"],
        ["Subject: Vacances : comment fermer la caisse?"],
        ["Subject: Absences au rapport de paie", "Return-Path: <a@x.example>"],
        ["Delivered-To: support@azimutpos.com"] * 2,
        ["Received: by mx.example; Mon, 9 Nov 2026 09:14:22 -0500"] * 30,
        ["Content-Type: text/calendar; method=REQUEST"],
    ],
)
def test_a_person_stays_a_person(fields: list[str]) -> None:
    assert _class(*fields) == (MAIL, ())


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@x.example",
        "noreply@x.example",
        "ne-pas-repondre@x.example",
        "nepasrepondre@x.example",
        "mailer-daemon@x.example",
        "postmaster@x.example",
        "owner-liste@x.example",
        "liste-request@x.example",
        "notifications-noreply@x.example",
    ],
)
def test_an_address_that_nobody_reads_is_a_robots(sender: str) -> None:
    assert _class(sender=sender) == (AUTO, ("no-reply-sender",))


@pytest.mark.parametrize(
    "sender", ["norma@x.example", "reply@x.example", "owner@x.example", "norep@x.example"]
)
def test_a_name_that_only_looks_like_it_is_a_persons(sender: str) -> None:
    assert _class(sender=sender)[0] is MAIL


def test_our_own_address_is_a_loop_with_a_plus_part_too() -> None:
    assert _class(sender="Support@AzimutPOS.com") == (LOOP, ("desk-address",))
    assert _class(sender="support+abc@azimutpos.com") == (LOOP, ("desk-address",))


def test_the_phone_system_is_known_by_address_or_domain() -> None:
    assert _class("Auto-Submitted: auto-generated", sender="vm@phones.example")[0] is MailClass.VOICEMAIL


def test_a_robots_signs_stand_beside_those_of_an_answer() -> None:
    found = _class("Auto-Submitted: auto-replied", "Return-Path: <>", "X-Auto-Response-Suppress: All")
    assert found == (AUTO, ("auto-submitted:auto-replied", "null-return-path", "auto-response-suppress"))


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("Équipe <equipe.boulangerieroy.example>", "boulangerieroy.example"),
        ("<Equipe.Lists.BoulangerieRoy.example>", "lists.boulangerieroy.example"),
        ("equipe.boulangerieroy.example", "boulangerieroy.example"),
        ("<localhost>", ""),
        ("<a.localhost>", ""),
        ("just some words", ""),
        ("", ""),
    ],
)
def test_a_list_names_the_domain_that_it_lives_in(value: str, domain: str) -> None:
    field = f"List-Id: {value}\r\n".encode() if value else b""
    found = parse(b"From: luc@x.example\r\nSubject: x\r\n" + field + b"\r\nBonjour\r\n")
    assert isinstance(found, Mail)
    assert found.list_domain == domain

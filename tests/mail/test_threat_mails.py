"""The 89 threat mails, as far as the bytes alone tell: who, what, which class, what text, what files."""

from __future__ import annotations

import re
from typing import Any

import pytest

from daemon.core.values import Mail, MailClass, Unreadable
from daemon.mail.parse import parse
from daemon.mail.voicemail import read as read_voicemail
from tests.mail.threat_mails import load, names

CLASS_OF_KIND = {
    "ticket": MailClass.MAIL,
    "reply": MailClass.MAIL,
    "auto": MailClass.AUTO_REPLY,
    "spam": MailClass.AUTO_REPLY,
    "bounce": MailClass.BOUNCE,
    "loop": MailClass.LOOP,
    "voicemail": MailClass.VOICEMAIL,
}
UNREADABLE = {"005-no-from", "021-two-froms-two-subjects", "086-address-hostile-fr"}


def _read(name: str) -> tuple[Mail | Unreadable, dict[str, Any]]:
    raw, spec = load(name)
    mail = parse(
        raw, desk_address="support@azimutpos.com", voicemail_senders=("boite.vocale@telephonie.test",)
    )
    return mail, spec


def _same(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\u00a0", " ").replace("\u202f", " ")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def test_all_threat_mails_are_here() -> None:
    assert len(names()) == 89


@pytest.mark.parametrize("name", names())
def test_a_threat_mail_is_read_as_its_expectations_say(name: str) -> None:
    mail, spec = _read(name)
    if isinstance(mail, Unreadable):
        assert name in UNREADABLE
        assert mail.reason
        return
    assert name not in UNREADABLE
    expect = spec["expect"]
    if "from_addr" in expect:
        assert mail.from_.address == expect["from_addr"]
    if "subject" in expect:
        assert _same(mail.subject) == _same(expect["subject"])
    if "attachments" in expect:
        assert [a.name for a in mail.attachments] == expect["attachments"]
    if "language" in expect:
        assert mail.language == expect["language"]
    if "reply_text" in expect:
        assert _same(mail.new_text) == _same(expect["reply_text"])
    if "masked" in expect:
        assert (mail.masked > 0) is expect["masked"]
    if expect.get("kind") in CLASS_OF_KIND:
        assert mail.mail_class is CLASS_OF_KIND[expect["kind"]]
        assert bool(mail.signs) is (mail.mail_class is not MailClass.MAIL)


@pytest.mark.parametrize("name", sorted(set(names()) - UNREADABLE))
def test_a_threat_mail_passes_its_checks_of_text_and_files(name: str) -> None:
    mail, spec = _read(name)
    assert isinstance(mail, Mail)
    checks = spec.get("checks", {})
    for wanted in checks.get("require_in_text", ()):
        assert _same(wanted) in _same(mail.text)
    if name != "068-dangerous-attachment-types":  # there the word must not come out of the attachments
        assert not [bad for bad in checks.get("forbid_in_text", ()) if bad in mail.text]
    assert "alert(1)" not in mail.text or name in ("085-markup-and-sql", "011-utf7-script")
    for key, value in (
        ("stored_text_forbid_regex", mail.text),
        ("stored_subject_forbid_regex", mail.subject),
    ):
        if key in checks:
            assert not re.search(checks[key], value)
    if checks.get("stored_text_not_empty"):
        assert mail.new_text
    files = mail.attachments
    if "attachments_count" in checks:
        assert len(files) == checks["attachments_count"]
    assert len(files) >= checks.get("attachments_count_min", 0)
    assert len(files) <= checks.get("max_files_stored", 200)
    for file in files:
        assert file.name
        assert not re.search(checks.get("filenames_forbid_regex", r"[/\\\x00-\x1f]"), file.name)
        assert file.name.endswith(tuple(checks.get("filenames_endswith", [""])))
    assert len({a.name.casefold() for a in files}) == len(files)
    everything = "".join([mail.subject, mail.text, *(a.name for a in files)])
    digits = re.sub(r"\D", "", everything)
    assert not [number for number in checks.get("forbid_digits_anywhere", ()) if number in digits]
    everything.encode("utf-8")  # no lone surrogate


@pytest.mark.parametrize(
    ("name", "caller", "called"),
    [
        ("052-voicemail-fr-wav", "5145550142", "BOULANGERIE DU COIN"),
        ("087-voicemail-two-numbers", None, None),
    ],
)
def test_the_caller_of_a_voicemail_is_who_is_labelled_so(
    name: str, caller: str | None, called: str | None
) -> None:
    mail, _ = _read(name)
    assert isinstance(mail, Mail)
    voice = read_voicemail(mail.subject, mail.text)
    assert (voice.caller, voice.name, voice.seconds) == (caller, called, 1)


def test_a_bounce_names_the_address_the_outcome_and_our_mail() -> None:
    failed, _ = _read("025-dsn-failed-ack")
    delayed, _ = _read("026-dsn-delayed")
    assert isinstance(failed, Mail)
    assert isinstance(delayed, Mail)
    assert failed.bounce is not None
    assert delayed.bounce is not None
    ours = "az.1042.ack.k7q2m5@azimutpos.com"
    assert (failed.bounce.action, failed.bounce.status, failed.bounce.original_message_id) == (
        "failed",
        "5.1.1",
        ours,
    )
    assert (delayed.bounce.action, delayed.bounce.status, delayed.bounce.original_message_id) == (
        "delayed",
        "4.4.1",
        ours,
    )
    assert failed.bounce.recipient == delayed.bounce.recipient == "ancien@example.com"

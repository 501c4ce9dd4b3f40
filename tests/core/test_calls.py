"""A voice message: whose ticket it is, how grave it may be, and who is answered."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core.actions import AddHistory, AddMessage, AddParticipant, OpenTicket, RememberContact
from daemon.core.call import Call
from daemon.core.matching import lookup
from daemon.core.values import (
    Attachment,
    Claim,
    ClaimKind,
    Coverage,
    Intent,
    Language,
    Mail,
    MailClass,
    Priority,
)
from tests.core.build import MARIE, T0, account, findings, mail, snapshot, ticket
from tests.core.test_decide import answer, answers, decide, desk, of, one

PHONES = "voix@telephonie.example"
WAV = Attachment(name="msg.wav", media_type="audio/wav", size=4, sha256="ab")
RULES = desk(voicemail_senders=(PHONES,))


def notice(transcript: str = "", **changes: Any) -> Mail:
    given: dict[str, Any] = {
        "subject": "Nouveau message vocal de 418-555-0142",
        "mail_class": MailClass.VOICEMAIL,
        "signs": ("voicemail-sender",),
        "call": Call(caller="4185550142", name="BOULANGERIE ROY", seconds=21, transcript=transcript),
        "new_text": transcript or "Vous avez un nouveau message vocal.",
        "attachments": (WAV,),
        "language": Language.FR,
    }
    return mail(PHONES, **{**given, **changes})


def take(letter: Mail | None = None, known: Any = None, **how: Any) -> Any:
    return decide(
        letter or notice(), known or snapshot(account=account()), rules=how.pop("rules", RULES), **how
    )


def test_the_ticket_is_the_accounts_and_the_account_is_answered_never_the_phone_system() -> None:
    decision = take()
    opened = one(OpenTicket, decision)
    assert (opened.account, opened.requester.address, opened.rule) == ("roy", MARIE, "voicemail")
    ack = answer(decision)
    assert (ack.kind, ack.recipient) == ("ack", MARIE)
    assert one(AddParticipant, decision).address == MARIE
    assert one(AddMessage, decision).attachments == (WAV,)
    assert one(AddMessage, decision).sender.address == PHONES
    assert of(RememberContact, decision) == []
    (heard,) = [h.detail for h in of(AddHistory, decision) if h.event == "voicemail"]
    assert heard == {"caller": "4185550142", "name": "BOULANGERIE ROY", "seconds": 21, "transcript": False}


def test_the_answer_stands_alone_for_its_reader_has_not_seen_the_notice() -> None:
    context = answer(take()).context
    assert (context["in_reply_to"], context["references"], context["given_name"]) == ("", [], "")
    assert context["rule"] == "voicemail"
    assert context["missing"] == []


def test_an_unknown_caller_has_a_ticket_with_clocks_and_nobody_is_answered() -> None:
    decision = take(known=snapshot())
    opened = one(OpenTicket, decision)
    assert (opened.account, opened.priority) == (None, Priority.P2)
    assert answers(decision) == []
    assert of(AddParticipant, decision) == []


def test_an_account_without_an_address_is_not_answered() -> None:
    decision = take(known=snapshot(account=account(emails=())))
    assert one(OpenTicket, decision).account == "roy"
    assert answers(decision) == []


@pytest.mark.parametrize(
    ("changes", "switch", "priority"),
    [
        ({"installs": 1}, True, Priority.P1),
        ({"installs": None}, True, Priority.P1),
        ({"installs": 3}, True, Priority.P2),
        ({"installs": 1, "coverage": Coverage.STANDARD}, True, Priority.P2),
        ({"installs": 1}, False, Priority.P2),
    ],
    ids=["one install", "unknown installs", "several", "standard coverage", "voicemail_p1 = false"],
)
def test_a_call_that_nobody_heard_may_be_an_emergency(
    changes: dict[str, Any], switch: bool, priority: Priority
) -> None:
    rules = desk(voicemail_senders=(PHONES,), voicemail_p1=switch)
    opened = one(OpenTicket, take(known=snapshot(account=account(**changes)), rules=rules))
    assert (opened.priority, opened.rule) == (priority, "voicemail")
    assert opened.provisional is (priority is Priority.P1)
    assert opened.to_verify


def test_what_the_model_thinks_of_the_phone_systems_words_does_not_count() -> None:
    spam = findings("S4", intent=Intent.SPAM, intent_confidence=1.0)
    assert one(OpenTicket, take(known=snapshot(), found=spam)).priority is Priority.P2
    thanks = findings("S4", intent=Intent.THANKS, intent_confidence=1.0)
    assert one(OpenTicket, take(found=thanks)).priority is Priority.P1


def test_with_a_transcript_the_callers_words_decide() -> None:
    heard = notice("Bonjour, le rapport de taxes ne s'ouvre pas.")
    opened = one(OpenTicket, take(heard, found=findings("S3")))
    assert (opened.priority, opened.rule) == (Priority.P3, "severity")
    gone = one(OpenTicket, take(notice("La caisse est gelée."), found=findings("S1", other_means="no")))
    assert (gone.priority, gone.rule) == (Priority.P1, "P1-single")


def test_each_call_is_a_ticket_of_its_own() -> None:
    open_p1 = ticket(priority=Priority.P1)
    claim = Claim(kind=ClaimKind.SUBJECT, ticket=1042)
    known = snapshot(account=account(), tickets=(open_p1,), open_p1=open_p1, newest_ticket=open_p1,
                     tickets_last_hour=99)  # fmt: skip
    assert one(OpenTicket, take(known=known, claims=[claim]))
    assert one(OpenTicket, take(known=known))


def test_the_accounts_language_is_spoken_not_the_phone_systems() -> None:
    known = snapshot(account=account(language=Language.EN))
    assert one(OpenTicket, take(known=known, found=findings(language=Language.FR))).language is Language.EN


def test_the_number_leads_to_the_account_and_the_sender_to_nothing() -> None:
    asked = lookup(notice(), [], T0)
    assert (asked.caller, asked.sender) == ("4185550142", "")
    assert lookup(notice(call=Call()), [], T0).caller == ""
    assert lookup(mail(), [], T0).caller == ""


def test_a_phone_system_that_its_domain_denies_answers_nobody() -> None:
    forged = notice(authentication_results=("mx.azimutpos.com; dmarc=fail header.from=telephonie.example",))
    rules = desk(voicemail_senders=(PHONES,), trusted_authserv=("mx.azimutpos.com",))
    decision = take(forged, rules=rules)
    assert one(OpenTicket, decision)
    assert answers(decision) == []

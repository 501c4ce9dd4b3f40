"""The one door: an arrived mail goes in, a complete decision comes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from daemon.core.actions import (
    NEW,
    AddHistory,
    AddMessage,
    AddParticipant,
    BounceMail,
    Decision,
    OpenTicket,
    QueueMail,
    RecordMail,
    ReleaseAddress,
    SetState,
    SuppressAddress,
    WriteClocks,
)
from daemon.core.decide import Inbound, needs_findings, on_mail, set_aside
from daemon.core.policy import Intake, Limits, Policy
from daemon.core.sla.cycles import Cycle
from daemon.core.values import (
    BounceReport,
    Claim,
    ClaimKind,
    ClockName,
    Coverage,
    Disposition,
    Intent,
    Language,
    MailClass,
    OutboxRow,
    Plan,
    Priority,
    SendState,
    State,
    Unreadable,
)
from daemon.settings.sla import load_sla
from tests.core.build import MARIE, T0, account, arrival, findings, mail, policy, snapshot, ticket

SLA = load_sla(Path(__file__).parents[2] / "config" / "sla.toml")
A = TypeVar("A")
TOKEN = Claim(kind=ClaimKind.TOKEN, ticket=1042, purpose="customer", for_sender=True)


def desk(**changes: Any) -> Policy:
    return policy(sla=SLA, **changes)


def decide(
    letter: Any = None,
    known: Any = None,
    *,
    found: Any = None,
    claims: Sequence[Claim] = (),
    intake: Intake | None = None,
    rules: Policy | None = None,
    now: Any = T0,
    **arrived: Any,
) -> Decision:
    inbound = Inbound(
        arrival=arrival(**arrived),
        mail=letter or mail(),
        claims=claims,
        findings=found or findings(),
        raw=b"raw",
    )
    return on_mail(inbound, known or snapshot(account=account()), rules or desk(), intake or Intake(), now)


def of(kind: type[A], decision: Decision) -> list[A]:
    return [a for a in decision.actions if isinstance(a, kind)]


def one(kind: type[A], decision: Decision) -> A:
    (found,) = of(kind, decision)
    return found


def answers(decision: Decision) -> list[QueueMail]:
    """Every mail but the agents' notifications."""
    return [m for m in of(QueueMail, decision) if m.kind != "notification"]


def answer(decision: Decision) -> QueueMail:
    (found,) = answers(decision)
    return found


def clocks(decision: Decision) -> dict[ClockName, Cycle]:
    return {cycle.clock: cycle for cycle in one(WriteClocks, decision).cycles}


def test_a_customers_first_mail_opens_a_ticket_with_clocks_and_one_acknowledgement() -> None:
    decision = decide(found=findings("S1", other_means="no"))
    opened = one(OpenTicket, decision)
    assert (opened.priority, opened.rule, opened.provisional) == (Priority.P1, "P1-single", False)
    assert (opened.plan, opened.coverage, opened.account) == (Plan.OR, Coverage.PREMIUM, "roy")
    running = clocks(decision)
    assert running[ClockName.FIRST_RESPONSE].due == T0 + timedelta(hours=1)
    assert running[ClockName.RESOLUTION].due == T0 + timedelta(hours=4)
    assert running[ClockName.STATUS_UPDATE].due == T0 + timedelta(hours=1)
    assert one(WriteClocks, decision).wake_at == T0, "the alarm is due at once"
    ack = answer(decision)
    assert (ack.kind, ack.recipient, ack.ticket, ack.rank) == ("ack", MARIE, NEW, 1)
    assert one(RecordMail, decision).disposition is Disposition.TICKET
    assert one(AddMessage, decision).text == "La caisse est gelée."


def test_the_acknowledgement_holds_every_fact_as_plain_data() -> None:
    facts = answer(decide(found=findings("S1", other_means="no"))).context
    assert json.loads(json.dumps(facts)) == facts
    assert facts["given_name"] == "Marie"
    assert facts["subject"] == "Caisse gelée"
    assert facts["in_reply_to"] == "m1@client.example"
    assert facts["open_now"] is True
    assert facts["late"] is False


def test_nothing_of_a_stranger_goes_back_to_them() -> None:
    letter = mail("victime@example.com", subject="GAGNEZ sur gain.evil.test")
    facts = answer(decide(letter, snapshot())).context
    assert facts["known"] is False
    assert "evil" not in json.dumps(
        {k: v for k, v in facts.items() if k not in {"in_reply_to", "references"}}
    )
    assert facts["given_name"] == ""


def test_an_unknown_sender_is_gratuit() -> None:
    opened = one(OpenTicket, decide(mail("x@example.com"), snapshot()))
    assert (opened.plan, opened.coverage, opened.account) == (Plan.GRATUIT, Coverage.STANDARD, None)


def test_the_arrival_starts_the_clocks_even_after_an_outage_and_the_answer_says_it_is_late() -> None:
    decision = decide(now=T0 + timedelta(hours=3))
    assert {cycle.start for cycle in clocks(decision).values()} == {T0}
    assert answer(decision).context["late"] is True


def test_an_arrival_in_the_future_counts_as_now() -> None:
    decision = decide(internaldate=T0 + timedelta(days=2))
    assert one(OpenTicket, decision).at == T0


@pytest.mark.parametrize(
    ("letter", "disposition"),
    [
        (mail(mail_class=MailClass.AUTO_REPLY, signs=("ooo-subject",)), Disposition.RECORDED),
        (mail(mail_class=MailClass.LIST, signs=("list-id",), from_=mail("l@x.test").from_), None),
        (mail("support@azimutpos.com"), Disposition.LOOP),
        (mail(mail_class=MailClass.BOUNCE), Disposition.BOUNCE),
    ],
)
def test_automatic_mail_is_never_answered(letter: Any, disposition: Disposition | None) -> None:
    decision = decide(letter)
    assert answers(decision) == []
    if disposition is not None:
        assert one(RecordMail, decision).disposition is disposition


def test_a_duplicate_leaves_one_trace_and_nothing_else() -> None:
    decision = decide(known=snapshot(duplicate=True, account=account()))
    assert [type(a) for a in decision.actions] == [RecordMail]
    assert one(RecordMail, decision).disposition is Disposition.DUPLICATE


def test_mail_from_before_the_first_start_is_recorded_only() -> None:
    decision = decide(intake=Intake(answer_since=T0 + timedelta(seconds=1)))
    assert [type(a) for a in decision.actions] == [RecordMail]


def test_an_answer_joins_its_ticket_without_a_second_acknowledgement() -> None:
    waiting = ticket(state=State.WAITING)
    decision = decide(claims=[TOKEN], known=snapshot(account=account(), tickets=(waiting,)))
    assert of(OpenTicket, decision) == []
    assert answers(decision) == []
    assert one(SetState, decision).state is State.OPEN
    assert one(RecordMail, decision).ticket == 1042
    assert decision.reads == {1042: 3}


def test_a_new_ticket_stays_new_when_its_customer_adds_something() -> None:
    decision = decide(claims=[TOKEN], known=snapshot(account=account(), tickets=(ticket(),)))
    assert of(SetState, decision) == []
    assert one(AddMessage, decision).ticket == 1042


@pytest.mark.parametrize("intent", [Intent.THANKS, Intent.RESOLVED])
def test_thanks_reopen_nothing_but_only_when_the_model_is_sure(intent: Intent) -> None:
    known = snapshot(account=account(), tickets=(ticket(state=State.RESOLVED),))
    sure = decide(claims=[TOKEN], known=known, found=findings(intent=intent, intent_confidence=0.95))
    assert of(SetState, sure) == []
    doubtful = decide(claims=[TOKEN], known=known, found=findings(intent=intent, intent_confidence=0.94))
    assert one(SetState, doubtful).state is State.OPEN


def test_a_ticket_closed_for_more_than_thirty_days_is_followed_by_a_linked_one() -> None:
    closed = ticket(state=State.CLOSED, closed_at=T0 - timedelta(days=31))
    decision = decide(claims=[TOKEN], known=snapshot(account=account(), tickets=(closed,)))
    assert one(OpenTicket, decision).related_to == 1042


def test_a_strangers_copied_evidence_is_told_to_agents_only() -> None:
    known = snapshot(tickets=(ticket(),))
    decision = decide(mail("mallory@evil.test"), known, claims=[TOKEN])
    assert one(OpenTicket, decision).related_to == 1042
    assert decision.reads == {}
    assert "1042" not in json.dumps(answer(decision).context)
    assert any(h.event == "possibly_related" for h in of(AddHistory, decision))


def test_an_out_of_office_is_a_remark_on_its_ticket_and_moves_nothing() -> None:
    letter = mail(mail_class=MailClass.AUTO_REPLY, signs=("ooo-subject",))
    known = snapshot(account=account(), tickets=(ticket(state=State.RESOLVED),))
    decision = decide(letter, known, claims=[TOKEN])
    assert of(SetState, decision) == []
    assert one(AddMessage, decision).role == "automatic"


def test_a_proven_colleague_becomes_a_participant() -> None:
    field = "mx.azimutpos.com; dmarc=pass header.from=boulangerieroy.example"
    letter = mail("paul@boulangerieroy.example", authentication_results=(field,))
    known = snapshot(account=account(), tickets=(ticket(),))
    rules = desk(trusted_authserv=("mx.azimutpos.com",))
    assert one(AddParticipant, decide(letter, known, claims=[TOKEN], rules=rules)).role == "colleague"


def test_a_mail_that_its_own_domain_denies_opens_a_ticket_and_is_not_answered() -> None:
    letter = mail(authentication_results=("mx.azimutpos.com; dmarc=fail",))
    decision = decide(letter, rules=desk(trusted_authserv=("mx.azimutpos.com",)))
    assert one(OpenTicket, decision)
    assert answers(decision) == []


def test_spam_of_a_stranger_is_a_silent_p4_and_of_a_customer_a_ticket_like_any() -> None:
    spam = findings("S1", intent=Intent.SPAM, intent_confidence=0.99)
    stranger = decide(mail("x@spam.test"), snapshot(), found=spam)
    assert one(OpenTicket, stranger).priority is Priority.P4
    assert answers(stranger) == []
    customer = decide(found=spam)
    assert one(OpenTicket, customer).priority is Priority.P1
    assert len(answers(customer)) == 1


def test_the_acknowledgements_of_one_address_are_limited_and_managers_told_once_an_hour() -> None:
    known = snapshot(account=account(), acks_last_hour=10)
    decision = decide(known=known)
    assert one(OpenTicket, decision)
    assert {(q.kind, q.recipient) for q in answers(decision)} == {
        ("notice", "sam@azimutpos.com"),
        ("notice", "direction@azimutpos.com"),
    }
    later = decide(known=known, uid=12)
    assert {q.cause for q in answers(later)} == {q.cause for q in answers(decision)}
    unlimited = decide(known=known, rules=desk(limits=Limits(acks_per_address=0)))
    assert answer(unlimited).kind == "ack"


def test_the_third_mail_with_the_same_words_is_a_ticket_that_nobody_answers() -> None:
    letter = mail(new_text="Merci! Nous avons reçu  votre message, dossier 4711.")
    before = ("merci! nous avons reçu votre message,\ndossier 12.",) * 2
    decision = decide(letter, snapshot(account=account(), recent_texts=before))
    assert one(OpenTicket, decision)
    assert {q.kind for q in answers(decision)} == {"notice"}
    assert {q.context["reason"] for q in answers(decision)} == {"same_text_per_address"}
    history = [h for h in of(AddHistory, decision) if h.event == "not_acknowledged"]
    assert [h.detail for h in history] == [{"reason": "same_text_per_address"}]
    for answered in (
        decide(letter, snapshot(account=account(), recent_texts=before[:1])),
        decide(letter, snapshot(account=account(), recent_texts=("autre chose",) * 9)),
        decide(
            letter,
            snapshot(account=account(), recent_texts=before),
            rules=desk(limits=Limits(same_text_per_address=0)),
        ),
        decide(mail(text="", new_text=""), snapshot(account=account(), recent_texts=("", "", ""))),
    ):
        assert answer(answered).kind == "ack"


@pytest.mark.parametrize(
    ("letter", "kept"),
    [
        (mail(), b"raw"),
        (mail(masked=1), b""),
        (Unreadable(reason="x", message_id="y"), b""),
    ],
)
def test_the_bytes_are_kept_unless_a_card_number_may_stand_in_them(letter: Any, kept: bytes) -> None:
    assert one(RecordMail, decide(letter)).raw == kept


def test_the_brake_opens_a_silent_ticket_for_a_mail_whose_bytes_may_not_be_kept() -> None:
    braked = Intake(braked=T0 + timedelta(seconds=1))
    assert one(RecordMail, decide(intake=braked)).disposition is Disposition.HELD
    decision = decide(mail(masked=1), intake=braked)
    assert one(OpenTicket, decision)
    assert answers(decision) == []


RESOLVED_TICKET = snapshot(account=account(), tickets=(ticket(state=State.RESOLVED),))
STRANGERS_TICKET = snapshot(tickets=(ticket(state=State.RESOLVED),))


@pytest.mark.parametrize(
    ("mail_class", "signs", "known", "reopens"),
    [
        (MailClass.AUTO_REPLY, ("null-return-path",), RESOLVED_TICKET, False),
        (MailClass.AUTO_REPLY, ("auto-submitted:auto-generated",), RESOLVED_TICKET, True),  # their helpdesk
        (MailClass.AUTO_REPLY, ("auto-submitted:auto-generated",), STRANGERS_TICKET, False),
        (MailClass.AUTO_REPLY, ("spam-flag",), STRANGERS_TICKET, True),
        (MailClass.AUTO_REPLY, ("ooo-subject", "spam-flag"), RESOLVED_TICKET, False),
        (MailClass.LIST, ("list-id",), STRANGERS_TICKET, True),
        (MailClass.LIST, ("list-id",), RESOLVED_TICKET, True),
    ],
)
def test_a_participants_own_words_reopen_and_a_responders_do_not(
    mail_class: MailClass, signs: tuple[str, ...], known: Any, reopens: bool
) -> None:
    decision = decide(mail(mail_class=mail_class, signs=signs), known, claims=[TOKEN])
    assert bool(of(SetState, decision)) is reopens
    assert one(AddMessage, decision).role == ("requester" if reopens else "automatic")
    assert {m.kind for m in of(QueueMail, decision)} == (
        {"notification", "status-update"} if reopens else set()
    )


def test_a_list_mail_neither_reopens_a_long_closed_ticket_nor_opens_another() -> None:
    closed = ticket(state=State.CLOSED, closed_at=T0 - timedelta(days=31))
    letter = mail(mail_class=MailClass.LIST, signs=("list-id",))
    decision = decide(letter, snapshot(tickets=(closed,)), claims=[TOKEN])
    assert one(RecordMail, decision).disposition is Disposition.RECORDED


def test_a_first_mail_of_thanks_is_recorded_but_never_hides_a_known_customers_problem() -> None:
    thanks = findings("S4", intent=Intent.THANKS, intent_confidence=0.99)
    assert one(RecordMail, decide(found=thanks)).disposition is Disposition.RECORDED
    grave = findings("S1", intent=Intent.RESOLVED, intent_confidence=0.99)
    assert one(OpenTicket, decide(found=grave))


def test_an_unreadable_mail_is_quarantined_with_a_stub_that_runs_a_clock() -> None:
    decision = decide(Unreadable(reason="no From", message_id="u@x", fingerprint="f"))
    assert one(RecordMail, decision).disposition is Disposition.QUARANTINE
    opened = one(OpenTicket, decision)
    assert (opened.priority, opened.rule) == (Priority.P2, "stub")
    assert len(clocks(decision)) == 3
    assert {q.kind for q in answers(decision)} == {"notice"}


def test_quarantine_never_writes_to_the_sender_that_caused_it() -> None:
    letter = mail("alex@azimutpos.com")
    inbound = Inbound(arrival=arrival(), mail=letter, claims=(), findings=None, raw=b"")
    decision = set_aside(inbound, "KeyError while it was handled", desk(), T0)
    assert "alex@azimutpos.com" not in {q.recipient for q in answers(decision)}


def test_the_language_is_that_of_the_mail_else_of_the_person_else_of_the_account_else_french() -> None:
    silent = findings(language=None)
    from daemon.core.values import Contact

    person = Contact(address=MARIE, language=Language.EN)
    spoken = {
        "mail": decide(found=findings(language=Language.EN)),
        "person": decide(found=silent, known=snapshot(contact=person, account=account(language=Language.FR))),
        "account": decide(found=silent, known=snapshot(account=account(language=Language.EN))),
    }
    for decision in spoken.values():
        assert one(OpenTicket, decision).language is Language.EN
    unsure = decide(found=silent, known=snapshot())
    assert one(OpenTicket, unsure).language is Language.FR
    assert answer(unsure).context["uncertain_language"] is True


def row(**changes: Any) -> OutboxRow:
    given: dict[str, Any] = {
        "id": 5,
        "version": 2,
        "kind": "ack",
        "ticket": 1042,
        "recipient": MARIE,
        "cause": "ack:x",
        "context": {},
        "rank": 2,
        "state": SendState.SENT,
        "attempts": 1,
        "queued_at": T0,
        "due_at": None,
    }
    return OutboxRow(**{**given, **changes})


def bounce(action: str = "failed", status: str | None = "5.1.1", **changes: Any) -> Decision:
    report = BounceReport(recipient=MARIE, action=action, status=status, original_message_id="az.1@x")
    letter = mail("mailer-daemon@x.test", mail_class=MailClass.BOUNCE, bounce=report)
    known = snapshot(bounced_rows=(row(**changes),), tickets=(ticket(),))
    return decide(letter, known)


def test_a_hard_bounce_is_tied_to_its_row_suppresses_the_address_and_tells_the_agents_once() -> None:
    decision = bounce()
    assert one(BounceMail, decision).hard is True
    assert one(SuppressAddress, decision).address == MARIE
    causes = [q.cause for q in answers(decision)]
    assert causes == ["bounce:5:alex@azimutpos.com", "bounce:5:sam@azimutpos.com"]
    assert one(RecordMail, decision).ticket == 1042


@pytest.mark.parametrize(
    ("action", "status"), [("delayed", "4.4.7"), ("relayed", "2.0.0"), ("failed", "4.2.2")]
)
def test_a_delay_a_relay_and_a_soft_failure_suppress_nobody(action: str, status: str) -> None:
    decision = bounce(action, status)
    assert of(SuppressAddress, decision) == []
    assert answers(decision) == []
    assert one(BounceMail, decision).hard is False


def test_an_agents_address_is_never_suppressed_nor_told_of_its_own_failure() -> None:
    decision = bounce(kind="notice", recipient="alex@azimutpos.com")
    assert of(SuppressAddress, decision) == []
    assert [q.recipient for q in answers(decision)] == ["sam@azimutpos.com"]


def test_an_agents_failing_mailbox_is_told_once_a_day_however_many_mails_it_returns() -> None:
    causes = [
        {q.cause for q in answers(bounce(id=number, kind="notice", recipient="alex@azimutpos.com"))}
        for number in (5, 6)
    ]
    assert causes[0] == causes[1] == {"bounce:alex@azimutpos.com:2026-11-03:sam@azimutpos.com"}


@pytest.mark.parametrize("what", ["bounce", "undeliverable"])
def test_two_full_mailboxes_do_not_tell_each_other_for_ever(what: str) -> None:
    decision = bounce(kind="notice", recipient="sam@azimutpos.com", context={"what": what})
    assert answers(decision) == []
    assert one(AddHistory, decision).event == "bounce"


def test_a_report_about_nobodys_mail_is_filed_and_changes_nothing() -> None:
    report = BounceReport(recipient="x@y", action="failed", status="5.0.0")
    decision = decide(mail("mailer-daemon@x.test", mail_class=MailClass.BOUNCE, bounce=report), snapshot())
    assert [type(a) for a in decision.actions] == [RecordMail]


def test_a_report_that_merely_names_an_address_is_told_to_agents_and_takes_nothing_back() -> None:
    report = BounceReport(recipient=MARIE, action="failed", status="5.1.1")
    letter = mail("mailer-daemon@x.test", mail_class=MailClass.BOUNCE, bounce=report)
    known = snapshot(bounced_perhaps=row(), tickets=(ticket(),))
    decision = decide(letter, known)
    assert of(BounceMail, decision) == []
    assert of(SuppressAddress, decision) == []
    assert {q.context["what"] for q in answers(decision)} == {"bounce_perhaps"}
    assert [q.cause for q in answers(decision)] == [
        "bounce:5:alex@azimutpos.com",
        "bounce:5:sam@azimutpos.com",
    ]
    assert one(AddHistory, decision).detail["proven"] is False
    assert one(RecordMail, decision).ticket == 1042
    soft = BounceReport(recipient=MARIE, action="failed", status="4.2.2")
    quiet = decide(mail("mailer-daemon@x.test", mail_class=MailClass.BOUNCE, bounce=soft), known)
    assert answers(quiet) == []


def test_the_person_on_call_is_never_suppressed() -> None:
    report = BounceReport(
        recipient="garde@x.test", action="failed", status="5.1.1", original_message_id="az.1@x"
    )
    letter = mail("mailer-daemon@x.test", mail_class=MailClass.BOUNCE, bounce=report)
    known = snapshot(bounced_rows=(row(kind="alarm", recipient="garde@x.test"),), tickets=(ticket(),))
    assert of(SuppressAddress, decide(letter, known, rules=desk(oncall=("garde@x.test",)))) == []
    assert one(SuppressAddress, decide(letter, known))


def test_a_person_who_writes_from_a_suppressed_address_releases_it() -> None:
    decision = decide(known=snapshot(account=account(), suppressed=True))
    assert one(ReleaseAddress, decision).address == MARIE


def test_every_decision_gives_its_mail_exactly_one_disposition() -> None:
    for letter in (mail(), mail(mail_class=MailClass.LIST), Unreadable(reason="x", message_id="y")):
        assert len(of(RecordMail, decide(letter))) == 1


def test_reports_and_loops_are_not_classified() -> None:
    assert needs_findings(mail())
    assert not needs_findings(mail(mail_class=MailClass.BOUNCE))
    assert not needs_findings(Unreadable(reason="x", message_id="y"))


@pytest.mark.parametrize("sign", ["received-loop", "delivered-to-loop"])
def test_a_mail_that_goes_in_circles_is_kept_and_managers_are_told_once_a_day(sign: str) -> None:
    letter = mail(mail_class=MailClass.LOOP, signs=(sign,))
    decision = decide(letter)
    assert one(RecordMail, decision).disposition is Disposition.LOOP
    told = answers(decision)
    assert {(m.kind, m.context["what"]) for m in told} == {("notice", "loop")}
    assert [m.recipient for m in told] == list(desk().managers)
    again = decide(mail(mail_class=MailClass.LOOP, signs=(sign,), message_id="m2@client.example"))
    assert [m.cause for m in answers(again)] == [m.cause for m in told]


def test_a_mail_of_ours_that_merely_came_back_is_no_news() -> None:
    decision = decide(mail("support@azimutpos.com", mail_class=MailClass.LOOP, signs=("desk-address",)))
    assert answers(decision) == []


@pytest.mark.parametrize(("known", "disposition"), [(True, "ticket"), (False, "recorded")])
def test_a_list_of_a_customers_own_domain_is_a_customers_mail(known: bool, disposition: str) -> None:
    """A shop's address may be a group."""
    letter = mail("luc@elsewhere.example", mail_class=MailClass.LIST, signs=("list-id",))
    decision = decide(letter, snapshot(account=None, list_known=known))
    assert one(RecordMail, decision).disposition == disposition
    assert [m for m in answers(decision) if m.kind == "ack"] == []


def test_mail_that_is_found_outside_the_inbox_becomes_a_ticket_and_answers_nobody() -> None:
    decision = decide(intake=Intake(quiet=True))
    assert one(RecordMail, decision).reason == "found outside the inbox"
    assert one(OpenTicket, decision)
    assert answers(decision) == []


@pytest.mark.parametrize(
    ("result", "vouched"),
    [("pass", True), ("fail", False), (None, False)],
    ids=["dmarc passes", "dmarc fails", "nothing is said"],
)
def test_the_history_tells_whether_our_server_vouched_for_the_opening(
    result: str | None, vouched: bool
) -> None:
    """Whom that mail copied reads agents' answers only then (`store.dossiers`)."""
    said = f"mx.azimutpos.com; dmarc={result} header.from={MARIE.partition('@')[2]}"
    letter = mail(authentication_results=(said,) if result else ())
    decision = decide(letter, rules=desk(trusted_authserv=("mx.azimutpos.com",)))
    (opened,) = (a for a in decision.actions if isinstance(a, AddHistory) and a.event == "opened")
    assert opened.detail["vouched"] is vouched

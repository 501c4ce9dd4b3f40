"""The agents' door: whose mail it is and how that is proven, which ticket it belongs to, what is refused,
held, asked, recorded; mail that was not meant for the desk; agents who are away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.agency.standings import standing_of
from daemon.core.agents import on_agent_away, on_agent_mail
from daemon.core.dossier import AgentsAnswer
from daemon.core.facts import Listed, RecordedMessage, Snapshot
from daemon.core.inbound import Inbound
from daemon.core.policy import Limits
from daemon.core.sla import events as ev
from daemon.core.values import (
    Address,
    Attachment,
    Claim,
    ClaimKind,
    Disposition,
    MailClass,
    Participant,
    Priority,
    State,
)
from tests.core.build import MARIE, account, arrival, mail
from tests.core.commands.build import LUC, NOW
from tests.core.commands.desk import (
    SENT,
    Desk,
    asked_by,
    desk_policy,
    dossier,
    events,
    held_by,
    mails,
    of,
    row,
    told,
    vouched,
)

ALIAS = "aroy@azimutpos.com"
MANAGER = "sam@azimutpos.com"
BOSS = "direction@azimutpos.com"
SPOKEN = "#prendre\nBonjour Marie, je regarde."


def why(found: act.Decision) -> list[str]:
    return [fault["why"] for fault in told(found)["faults"]]


def recorded(found: act.Decision) -> tuple[Disposition, int | None]:
    (record,) = of(found, act.RecordMail)
    return record.disposition, record.ticket


def note(found: act.Decision) -> Any:
    (one,) = of(found, act.AddMessage)
    return one


# whose mail it is


def test_an_alias_is_the_same_agent_and_the_answer_goes_to_the_first_address() -> None:
    found = Desk().says(SPOKEN, by=ALIAS)
    assert mails(found) == [("reply", MARIE), ("transcript", "alex@azimutpos.com")]
    assert [a.assignee for a in of(found, act.SetAssignee)] == ["alex"]


@pytest.mark.parametrize(
    "claims",
    [
        (),
        (Desk().token(for_sender=False),),
        (Desk().token(ticket=1043),),
        (Desk().token(purpose="customer"),),
    ],
    ids=["no token", "somebody else's", "of another ticket", "a customer's"],
)
def test_a_mail_without_proof_says_and_does_nothing(claims: tuple[Claim, ...]) -> None:
    subject = Claim(kind=ClaimKind.SUBJECT, ticket=1042)
    found = Desk().says(SPOKEN, claims=(*claims, subject), by=ALIAS)
    assert why(found) == ["not_proven"]
    assert mails(found) == [("transcript", "alex@azimutpos.com")], "never to the address in From"
    assert (events(found), of(found, act.HoldMail)) == ([], [])
    assert (note(found).role, recorded(found)) == ("unverified", (Disposition.MESSAGE, 1042))


def test_the_receiving_servers_word_is_proof_without_a_token() -> None:
    found = Desk().says(SPOKEN, claims=(), authentication_results=vouched())
    assert ("reply", MARIE) in mails(found)


@pytest.mark.parametrize("result", ["fail", "pass"])
def test_a_mail_that_its_own_domain_denies_does_nothing_whatever_token_it_holds(result: str) -> None:
    found = Desk().says(SPOKEN, authentication_results=vouched(result=result))
    if result == "pass":
        assert ("reply", MARIE) in mails(found)
        return
    assert why(found) == ["not_proven"]
    assert (events(found), note(found).role) == ([], "unverified")


def test_two_writers_are_no_proof() -> None:
    """RFC 5322 section 3.6.2: whose mail it is cannot be told."""
    both = (Address(address="alex@azimutpos.com"), Address(address="eve@evil.example"))
    assert why(Desk().says(SPOKEN, senders=both, authentication_results=vouched())) == ["not_proven"]


def test_a_token_proves_nothing_sixty_days_after_its_ticket_closed() -> None:
    def found(days: int) -> act.Decision:
        closed = dossier(state=State.CLOSED, closed_at=NOW - timedelta(days=days))
        return Desk({1042: closed}).says("#rouvrir")

    assert events(found(59)) == [(1042, "Reopened")]
    assert why(found(61)) == ["not_proven"]


def test_an_escalation_address_is_a_manager() -> None:
    desk = Desk(answered=row("digest", None, recipient=BOSS), listing=())
    found = desk.says("liste", by=BOSS)
    assert mails(found) == [("transcript", BOSS)]
    assert told(found)["what"] == "shown"


def test_nobody_else_comes_through_this_door() -> None:
    inbound = Inbound(arrival=arrival(), mail=mail(MARIE), claims=(), findings=None, raw=b"")
    for door in (on_agent_mail, on_agent_away):
        with pytest.raises(ValueError, match="no agent"):
            door(inbound, Snapshot(), desk_policy(), NOW)


# which ticket it belongs to


def test_a_token_of_a_merged_ticket_leads_to_the_survivor_and_proves_as_before() -> None:
    gone = dossier(1043, state=State.CLOSED, merged_into=1042)
    desk = Desk({1042: dossier(), 1043: gone}, answered=row(number=1043))
    found = desk.says("#prendre")
    assert events(found) == [(1042, "Taken")]
    assert recorded(found) == (Disposition.MESSAGE, 1042)


@pytest.mark.parametrize("kind", [ClaimKind.SIGNED_ID, ClaimKind.BODY_TOKEN, ClaimKind.SUBJECT])
def test_weaker_evidence_names_a_ticket_for_whoever_is_proven(kind: ClaimKind) -> None:
    desk = Desk(answered=None)
    found = desk.says("#prendre", claims=(Claim(kind=kind, ticket=1042),), authentication_results=vouched())
    assert events(found) == [(1042, "Taken")]


def test_an_answer_to_a_mail_about_the_desk_belongs_to_no_ticket_whatever_it_quotes() -> None:
    desk = Desk(answered=row("digest", None))
    quoted = Claim(kind=ClaimKind.SUBJECT, ticket=1042)
    found = desk.says("prendre", claims=(desk.token(), quoted))
    assert why(found) == ["no_ticket"]
    assert recorded(found) == (Disposition.RECORDED, None)


def test_the_prefix_may_be_left_out_where_no_notification_is_answered() -> None:
    desk = Desk({1042: dossier(), 1043: dossier(1043)}, answered=row("digest", None))
    assert events(desk.says("prendre 1043")) == [(1043, "Taken")]
    spoken = Desk().says("prendre\nBonjour Marie.")
    assert told(spoken, "reply")["text"] == "prendre\nBonjour Marie.", "in a notification it is a word"


def test_where_in_reply_to_was_lost_the_token_tells_what_is_answered() -> None:
    desk = replace(Desk(), answered=None)
    found = desk.says(SPOKEN, claims=(Desk().token(),))
    assert ("reply", MARIE) in mails(found)


@pytest.mark.parametrize("text", ["Bonjour, ma caisse est gelée.", "#note\nÀ suivre.", "merci"])
def test_a_mail_that_belongs_to_no_ticket_opens_none_and_comes_back(text: str) -> None:
    found = Desk(answered=None).says(text, authentication_results=vouched())
    assert recorded(found) == (Disposition.RECORDED, None)
    assert of(found, act.OpenTicket) == []
    assert why(found) == ["no_ticket"]
    assert told(found)["text"] == text.removeprefix("#note\n")


def test_two_programs_that_answer_each_other_stop() -> None:
    desk = Desk(answered=None, acks=3, policy=desk_policy(limits=Limits(acks_per_address=3)))
    found = desk.says("Votre message est bien arrivé.")
    assert (recorded(found), mails(found)) == ((Disposition.RECORDED, None), [])


# what is held, and what settles it


def test_a_slip_brings_the_text_back_and_a_yes_suffices_once() -> None:
    desk = Desk()
    file = Attachment(name="guide.pdf", media_type="application/pdf", size=9, sha256="ab")
    refused = desk.says("#prendr\nBonjour Marie, voici.", attachments=(file,))
    assert (events(refused), [k for k, _ in mails(refused)]) == ([], ["transcript"])
    context = told(refused)
    assert (context["what"], context["text"]) == ("refused", "Bonjour Marie, voici.")
    assert context["held"] == held_by(refused).cause
    assert note(refused).text == "#prendr\nBonjour Marie, voici.", "nobody got it, so all of it is internal"
    answer = asked_by(desk, refused, "transcript")
    done = answer.says("oui")
    assert told(done, "reply")["text"] == "Bonjour Marie, voici."
    assert [f["sha256"] for f in told(done, "reply")["attachments"]] == ["ab"]
    assert answer.held is not None
    again = replace(answer, held=replace(answer.held, settled=True)).says("oui")
    assert why(again) == ["settled"]
    assert [kind for kind, _ in mails(again)] == ["transcript"]


def test_a_yes_with_a_notifications_token_settles_nothing() -> None:
    """Whoever holds that has not been asked."""
    desk = Desk()
    answer = asked_by(desk, desk.says("#prendr\nBonjour Marie."), "transcript")
    found = answer.says("oui", claims=(Desk().token(),))
    assert why(found) == ["not_proven"]


def test_only_who_was_asked_may_say_yes() -> None:
    desk = Desk()
    answer = asked_by(desk, desk.says("#prendr\nBonjour Marie."), "transcript")
    found = answer.says("oui", by=MANAGER)
    assert why(found) == ["not_allowed"]


def test_what_a_held_mail_names_is_asked_of_the_store_when_it_is_answered() -> None:
    desk = Desk({1042: dossier(), 1043: dossier(1043)})
    asked = desk.says("#lier 1043")  # with the token of 1042 alone, another ticket takes a yes
    answer = asked_by(desk, asked, "confirm")
    done = answer.says("oui")
    assert [(a.ticket, a.other) for a in of(done, act.LinkTickets)] == [(1042, 1043)]
    assert [lookup.tickets for lookup in answer.asked] == [(1042,), (1042, 1043)]


def collided(by: str, at: timedelta) -> Desk:
    answer = AgentsAnswer(reply="reply:x", by=by, words="C’est réglé.", queued_at=SENT + at)
    return Desk({1042: dossier(answer=answer)})


def test_a_collision_holds_the_words_until_they_are_sent_all_the_same() -> None:
    desk = collided("sam", timedelta(minutes=5))
    held = desk.says("Bonjour Marie, je regarde.")
    assert why(held) == ["collision"]
    fault = told(held)["faults"][0]
    assert (fault["detail"], fault["said"]) == ("Sam Côté", "C’est réglé.")
    assert fault["at"] == (SENT + timedelta(minutes=5)).isoformat()
    sent = asked_by(desk, held, "transcript").says("envoyer")
    assert ("reply", MARIE) in mails(sent)


@pytest.mark.parametrize(
    ("by", "at"), [("sam", timedelta(minutes=-5)), ("alex", timedelta(minutes=5))], ids=["before", "own"]
)
def test_no_collision_where_the_agent_has_seen_it(by: str, at: timedelta) -> None:
    assert ("reply", MARIE) in mails(collided(by, at).says("Bonjour Marie, je regarde."))


def test_a_collision_where_the_answered_mail_is_not_known() -> None:
    desk = replace(collided("sam", timedelta(minutes=-5)), answered=None)
    assert why(desk.says("Bonjour Marie.", claims=(Desk().token(),))) == ["collision"]


def test_another_customers_address_in_the_words_is_asked_about() -> None:
    other = account(key="resto", emails=(LUC,))
    desk = Desk(accounts=(account(), other))
    assert why(desk.says(f"Bonjour Marie, écrivez à {LUC}.")) == ["other_address"]
    assert ("reply", MARIE) in mails(desk.says(f"Bonjour Marie, est-ce {MARIE}?"))
    shop = "caisse@boulangerieroy.example"
    of_the_same = Desk(accounts=(account(emails=(MARIE, shop)),))
    assert ("reply", MARIE) in mails(of_the_same.says(f"Bonjour Marie, est-ce {shop}?"))


def test_a_doubtful_cut_is_asked_about() -> None:
    assert why(Desk().says("Je regarde.\n> Note interne", doubts=("> Note interne",))) == ["doubtful_cut"]


def test_words_to_a_customer_whom_no_mail_reaches_come_back() -> None:
    found = Desk({1042: dossier(suppressed=frozenset({MARIE}))}).says("Bonjour Marie.")
    assert why(found) == ["unreachable"]


def test_an_answer_waits_as_long_as_the_owner_said() -> None:
    found = Desk(policy=desk_policy(hold=120.0)).says("Bonjour Marie.")
    (sent,) = [m for m in of(found, act.QueueMail) if m.kind == "reply"]
    assert sent.at == NOW + timedelta(seconds=122)


def test_whom_the_customer_copied_reads_the_answer_too() -> None:
    copied = (LUC, "support@azimutpos.com")
    found = Desk({1042: dossier(copied=copied)}).says("Bonjour Marie.")
    assert [to for kind, to in mails(found) if kind == "reply"] == [MARIE, LUC]
    forged = Desk({1042: dossier(copied=copied, silenced=True)}).says("Bonjour Marie.")
    assert [to for kind, to in mails(forged) if kind == "reply"] == [MARIE]


# one tap, and what was asked


def test_one_tap_is_a_new_mail_with_a_command_and_never_speaks() -> None:
    tap = replace(Desk(), answered=None)
    token = Desk().token(purpose="command")
    taken = tap.says("prendre", claims=(token,))
    assert (events(taken), mails(taken)) == ([(1042, "Taken")], [])
    signed = tap.says("résolu\n\nAlex Roy\nEnvoyé de mon téléphone", claims=(token,))
    assert told(signed, "resolved")["text"] == ""
    prose = tap.says("Bonjour Marie, je regarde.", claims=(token,))
    assert (mails(prose), note(prose).text) == ([], "Bonjour Marie, je regarde.")


@pytest.mark.parametrize("text", ["ok", "oui", "ok, j'arrive", "prendre", "yes"])
def test_an_alarm_is_taken_in_a_word(text: str) -> None:
    found = Desk(answered=row("alarm")).says(text)
    assert events(found) == [(1042, "Taken")]


@pytest.mark.parametrize("text", ["oui", "yes"])
def test_a_yes_to_the_customers_own_it_works_resolves_at_their_instant(text: str) -> None:
    works = ev.Wrote(at=NOW - timedelta(hours=3), word=ev.Word.WORKS)
    desk = Desk({1042: dossier(events=(works,))}, answered=row("confirm", context={"about": "works"}))
    found = desk.says(text)
    (resolved,) = [a.event for a in of(found, act.AddEvent) if isinstance(a.event, ev.Resolved)]
    assert resolved.confirms
    clocks = {c.clock.value: c for w in of(found, act.WriteClocks) for c in w.cycles}
    assert clocks["resolution"].met == works.at


def test_the_line_that_was_asked_for_before_an_update_is_its_news() -> None:
    desk = Desk(answered=row("confirm", context={"about": "update"}))
    found = desk.says("La pièce arrive demain.")
    assert [a.text for a in of(found, act.SaveNews)] == ["La pièce arrive demain."]
    assert mails(found) == []


@pytest.mark.parametrize(
    ("earlier", "at"),
    [(timedelta(milliseconds=700), NOW + timedelta(milliseconds=700)), (timedelta(seconds=1), NOW)],
    ids=["within the second", "another clock"],
)
def test_an_answer_comes_after_what_it_answers_within_the_second(earlier: timedelta, at: Any) -> None:
    """INTERNALDATE has whole seconds: the customer's message would reopen what this resolves."""
    desk = replace(Desk(), answered=row(queued_at=NOW + earlier))
    found = desk.says("#résolu\nBonjour Marie, c'est remplacé.")
    assert {a.event.at for a in of(found, act.AddEvent) if isinstance(a.event, ev.Taken)} == {at}


# mail that was not meant for the desk

BESIDE: dict[str, Any] = {
    "to": (Address(address=MARIE),),
    "cc": (Address(address="support@azimutpos.com"),),
    "in_reply_to": ("m1042@client.example",),
}
DIRECT = "Bonjour Marie, je vous appelle dans dix minutes."


@pytest.mark.parametrize("us", ["cc", "bcc"])
def test_a_proven_mail_to_the_customer_is_a_reply_at_its_arrival(us: str) -> None:
    beside = BESIDE if us == "cc" else {**BESIDE, "cc": ()}
    claims = (Claim(kind=ClaimKind.SUBJECT, ticket=1042),)
    found = replace(Desk(), answered=None).says(
        DIRECT, claims=claims, authentication_results=vouched(), **beside
    )
    assert mails(found) == [], "they have read it already"
    assert events(found) == [(1042, "Taken"), (1042, "Replied")]
    (replied,) = [a.event for a in of(found, act.AddEvent) if isinstance(a.event, ev.Replied)]
    assert replied.at == NOW
    assert (note(found).direction, note(found).text, note(found).to) == ("out", DIRECT, (MARIE,))
    first = next(c for w in of(found, act.WriteClocks) for c in w.cycles if c.clock.value == "first_response")
    assert first.met == NOW


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"authentication_results": vouched(result="fail")},
        {"answered": row(), "claims": (Desk().token(),)},
    ],
    ids=["none", "denied", "a token"],
)
def test_without_the_servers_word_it_is_a_note(proof: dict[str, Any]) -> None:
    desk = replace(Desk(), answered=proof.pop("answered", None))
    claims = proof.pop("claims", (Claim(kind=ClaimKind.SUBJECT, ticket=1042),))
    found = desk.says(DIRECT, claims=claims, **{**BESIDE, **proof})
    assert (mails(found), events(found)) == ([], [])
    assert note(found).direction == "note"


def test_commands_in_it_are_heeded_with_their_prefix() -> None:
    desk = replace(Desk(), answered=None)
    claims = (Claim(kind=ClaimKind.SUBJECT, ticket=1042),)
    found = desk.says(f"#p3\n{DIRECT}", claims=claims, authentication_results=vouched(), **BESIDE)
    assert [name for _, name in events(found)] == ["Reprioritised", "Taken", "Replied"]
    assert note(found).text == DIRECT
    plain = desk.says(f"prendre\n{DIRECT}", claims=claims, authentication_results=vouched(), **BESIDE)
    assert note(plain).text == f"prendre\n{DIRECT}"


def test_a_mail_to_a_colleague_with_the_desk_in_copy_never_reaches_the_customer() -> None:
    beside = {"to": (Address(address=MANAGER),), "cc": (Address(address="support+x@azimutpos.com"),)}
    found = Desk().says("Sam, cette cliente est pénible.", authentication_results=vouched(), **beside)
    assert (mails(found), events(found), note(found).direction) == ([], [], "note")


def test_the_desk_under_another_domain_is_the_desk() -> None:
    found = Desk().says(SPOKEN, to=(Address(address="Support+token@mx.provider.example"),))
    assert ("reply", MARIE) in mails(found)


def test_a_third_party_who_is_written_to_is_no_customer() -> None:
    people = (Participant(address=MARIE), Participant(address=LUC, role="third_party"))
    desk = replace(Desk({1042: dossier(participants=people)}), answered=None)
    claims = (Claim(kind=ClaimKind.SUBJECT, ticket=1042),)
    beside = {**BESIDE, "to": (Address(address=LUC),)}
    found = desk.says(DIRECT, claims=claims, authentication_results=vouched(), **beside)
    assert (events(found), note(found).direction) == ([], "note")


# away

OOO: dict[str, Any] = {
    "mail_class": MailClass.AUTO_REPLY,
    "signs": ("auto-submitted:auto-replied", "ooo-subject"),
    "subject": "Réponse automatique : AZ-1042 Caisse gelée",
}


def away_desk(**changes: Any) -> Desk:
    mine = {n: dossier(n, assignee="alex") for n in (1042, 1050)}
    waits = {1051: dossier(1051, assignee="alex", state=State.WAITING)}
    sams = {1052: dossier(1052, assignee="sam")}
    every = {**mine, **waits, **sams}
    listing = tuple(
        Listed(ticket=d.ticket, account="Roy", clock="", due=None, breached=False) for d in every.values()
    )
    return Desk(every, listing=listing, **changes)


def test_an_absence_gives_every_ticket_back_and_reaches_no_customer() -> None:
    desk = away_desk()
    found = desk.says("Je suis en vacances.", **OOO)
    assert mails(found) == []
    assert [(a.ticket, a.assignee) for a in of(found, act.SetAssignee)] == [
        (1042, None),
        (1050, None),
        (1051, None),
    ]
    assert events(found) == [(1042, "Released"), (1050, "Released"), (1051, "Released")]
    assert (note(found).role, note(found).direction, recorded(found)) == (
        "automatic", "in", (Disposition.MESSAGE, 1042),
    )  # fmt: skip
    given_back = [h for h in of(found, act.AddHistory) if h.event == "assignee"]
    assert {(h.by, h.detail["reason"]) for h in given_back} == {("desk", "away")}
    assert [lookup.tickets for lookup in desk.asked] == [(1042,), (1042, 1050, 1051)]


@pytest.mark.parametrize(
    "unlike",
    [
        {"policy": desk_policy(away_on_autoreply=False)},
        {"signs": ("auto-submitted:auto-replied", "mdn")},
        {"signs": ("calendar-reply",)},
        {"authentication_results": vouched(result="fail")},
        {"answered": None},
        {"answered": row(recipient=MANAGER), "claims": ()},
    ],
    ids=["switched off", "read receipt", "calendar", "denied", "answers nothing", "not sent to them"],
)
def test_nothing_else_gives_tickets_back(unlike: dict[str, Any]) -> None:
    of_desk = {k: unlike.pop(k) for k in ("policy", "answered") if k in unlike}
    found = away_desk(**of_desk).says("…", **{**OOO, **unlike})
    assert (events(found), of(found, act.SetAssignee), mails(found)) == ([], [], [])


def test_a_persons_mail_with_a_providers_mark_is_theirs() -> None:
    found = Desk().says(SPOKEN, mail_class=MailClass.AUTO_REPLY, signs=("spam-flag",))
    assert ("reply", MARIE) in mails(found)


# the ticket as commands see it


def test_a_p1_keeps_its_rank_and_recorded_evidence_names_a_ticket() -> None:
    grave = Desk({1042: dossier(priority=Priority.P1)}, answered=None)
    asked = grave.snapshot
    by_message = RecordedMessage(message_id="m1042@client.example", ticket=1042, people=(MARIE,))

    def snapshot(lookup: Any) -> Snapshot:
        return replace(asked(replace(lookup, tickets=(1042,))), recorded=(by_message,))

    grave.snapshot = snapshot  # type: ignore[method-assign]
    found = grave.says(
        "#appel 5", claims=(), in_reply_to=("m1042@client.example",), authentication_results=vouched()
    )
    assert (1042, "Called") in events(found)


def test_the_standing_of_a_ticket() -> None:
    found = standing_of(dossier(), desk_policy(), NOW)
    assert (found.question, found.works, found.answered, found.offered) == ("", False, None, None)
    assert found.course is not None
    assert (found.minutes_left, found.charged) == (45, True)

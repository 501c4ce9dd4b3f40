"""Whom a customer's mail is told to, and what they are told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from daemon.core.actions import NEW, Decision, QueueMail
from daemon.core.commands.queueing import ROOM, SMALL_ROOM
from daemon.core.policy import Intake, Policy
from daemon.core.similar import Past, archive_of, words_of
from daemon.core.sla.declaring import Declared
from daemon.core.sla.minutes import LoggedCall
from daemon.core.values import (
    Attachment,
    Claim,
    ClaimKind,
    Coverage,
    Evidence,
    Intent,
    Participant,
    Plan,
    Priority,
    State,
)
from tests.core.build import MARIE, T0, account, findings, mail, snapshot, ticket
from tests.core.dossiers import dossier
from tests.core.test_decide import answer, decide, desk, of

TOKEN = Claim(kind=ClaimKind.TOKEN, ticket=1042, purpose="customer", for_sender=True)
ALEX, SAM = "alex@azimutpos.com", "sam@azimutpos.com"
PHOTO = Attachment(name="écran.jpg", media_type="image/jpeg", size=9, sha256="ab")


def told(decision: Decision, kind: str = "notification") -> list[QueueMail]:
    return [m for m in of(QueueMail, decision) if m.kind == kind]


def on_ticket(letter: Any = None, found: Any = None, *, the: Any = None, **changes: Any) -> Decision:
    """Marie answers a mail of ours on her ticket."""
    one = the or ticket(**{"state": State.OPEN, **changes})
    return decide(letter, snapshot(account=account(), tickets=(one,)), claims=[TOKEN], found=found)


@pytest.mark.parametrize(("severity", "priority"), [("S1", "P1"), ("S2", "P2"), ("S3", "P3"), ("S4", "P4")])
def test_every_agent_is_told_of_a_new_ticket_after_all_that_customers_wait_for(
    severity: str, priority: str
) -> None:
    mails = told(decide(mail(attachments=(PHOTO,)), found=findings(severity, other_means="no")))
    assert [(m.recipient, m.cause, m.ticket, m.rank) for m in mails] == [
        (ALEX, f"notification:INBOX/7/11:{ALEX}", NEW, 5),
        (SAM, f"notification:INBOX/7/11:{SAM}", NEW, 5),
    ]
    facts = mails[0].context
    assert json.loads(json.dumps(facts)) == facts
    assert facts["what"] == "new"
    assert facts["display"] == f"{priority} · Boulangerie Roy"
    assert facts["text"] == "La caisse est gelée."
    assert facts["readers"] == ["Marie Roy"]
    assert facts["takes"] is True
    assert [a["sha256"] for a in facts["attachments"]] == ["ab"]  # type: ignore[attr-defined]


def test_past_tickets_like_it_are_told_with_how_they_were_solved() -> None:
    words = words_of(["Caisse gelée, impossible de vendre"])
    past = Past(
        ticket=871, at=T0 - timedelta(days=90), subject="Caisse gelée", words=words, how="Redémarrez."
    )
    known = snapshot(account=account(), archive=archive_of([past]))
    letter = mail(subject="Impossible de vendre: caisse gelée!")
    (first, _) = told(decide(letter, known, found=findings("S1", other_means="no")))
    assert first.context["similar"] == [
        {"ticket": 871, "at": past.at.isoformat(), "subject": "Caisse gelée", "how": "Redémarrez."}
    ]
    (other, _) = told(decide(mail(subject="Un rapport incomplet"), known))
    assert other.context["similar"] == []


def test_what_is_due_is_told_as_it_is_now() -> None:
    facts = told(decide(found=findings("S1", other_means="no"), now=T0 + timedelta(hours=2)))[0].context
    first = facts["first"]
    assert isinstance(first, dict)
    assert first["clock"] == "first_response"
    assert first["breached"] is True, "we were down, and the time has passed"


def test_hours_that_were_declared_before_count_for_a_new_ticket() -> None:
    closed = Declared(at=T0 - timedelta(days=1), day=T0.date(), closed=True, reason="inventaire")
    known = snapshot(account=account(), declared=(closed,))
    usual, declared = (
        told(decide(known=k, found=findings("S3")))[0].context for k in (snapshot(account=account()), known)
    )
    assert usual["first"] != declared["first"]


def test_the_minutes_that_are_left_are_those_of_this_month() -> None:
    """To the agent and to the customer the same."""
    calls = (
        LoggedCall(at=T0 - timedelta(days=1), minutes=7),
        LoggedCall(at=T0 - timedelta(days=20), minutes=9),
    )
    before, after = (
        decide(known=snapshot(account=account(), calls=c), found=findings("S3")) for c in ((), calls)
    )
    for which in (answer, lambda d: told(d)[0]):
        included, left = (which(d).context["minutes_left"] for d in (before, after))
        assert isinstance(included, int)
        assert left == included - 7


def test_the_two_questions_are_told_to_have_gone_out_only_where_they_have() -> None:
    grave = findings("S1")
    asked = decide(known=snapshot(account=account(installs=None)), found=grave)
    assert told(asked)[0].context["asked_two"] is True
    silent = decide(known=snapshot(account=account(installs=None), acks_last_hour=99), found=grave)
    assert told(silent)[0].context["provisional"] is True
    assert told(silent)[0].context["asked_two"] is False


def test_a_strangers_spam_is_told_to_agents_and_rings_nobody() -> None:
    spam = findings("S1", intent=Intent.SPAM, intent_confidence=0.99)
    decision = decide(mail("x@spam.test"), snapshot(), found=spam)
    assert {(m.kind, m.rank) for m in of(QueueMail, decision)} == {("notification", 5)}


def test_what_is_found_outside_the_inbox_is_told_to_agents_though_nobody_is_answered() -> None:
    decision = decide(intake=Intake(quiet=True))
    assert {m.kind for m in of(QueueMail, decision)} == {"notification"}


@pytest.mark.parametrize(
    ("rules", "severity", "rings"),
    [
        ({"oncall": ("garde@azimutpos.com",)}, "S1", True),
        ({"oncall": ("garde@azimutpos.com",)}, "S2", False),
        ({}, "S1", False),
    ],
)
def test_the_acknowledgement_says_that_somebody_was_alerted_only_where_somebody_is(
    rules: dict[str, Any], severity: str, rings: bool
) -> None:
    decision = decide(found=findings(severity, other_means="no"), rules=desk(**rules))
    assert answer(decision).context["oncall"] is rings


def test_at_night_nobody_is_alerted_for_who_has_no_premium_coverage() -> None:
    night = T0 + timedelta(hours=12)
    rules = desk(oncall=("garde@azimutpos.com",))
    grave = findings("S1", other_means="no")
    plain = snapshot(account=account(plan=Plan.BASE, coverage=Coverage.STANDARD))
    told_plain = decide(known=plain, found=grave, rules=rules, now=night, internaldate=night)
    assert answer(told_plain).context["oncall"] is False
    premium = decide(found=grave, rules=rules, now=night, internaldate=night)
    assert answer(premium).context["oncall"] is True


def test_an_answer_is_told_to_whoever_has_the_ticket_else_to_all() -> None:
    assert [m.recipient for m in told(on_ticket(assignee="sam"))] == [SAM]
    mails = told(on_ticket())
    assert [m.recipient for m in mails] == [ALEX, SAM]
    facts = mails[0].context
    assert (facts["what"], facts["state"], facts["others"]) == ("answer", "open", 0)


def test_whoever_watches_a_ticket_is_told_beside_the_one_who_has_it() -> None:
    def answered(*watchers: str) -> list[str]:
        people = (Participant(address=MARIE), *(Participant(address=a, role="watcher") for a in watchers))
        return [m.recipient for m in told(on_ticket(assignee="alex", participants=people))]

    assert answered(SAM) == [ALEX, SAM]
    assert answered("gone@azimutpos.com") == [ALEX], "who is no agent any more reads nothing"


def test_large_files_go_to_whoever_has_the_ticket_and_to_an_only_agent() -> None:
    def rooms(rules: Policy | None = None, **changes: Any) -> dict[str, object]:
        people = (Participant(address=MARIE), Participant(address=SAM, role="watcher"))
        one = ticket(state=State.OPEN, participants=people, **changes)
        found = decide(
            None, snapshot(account=account(), tickets=(one,)), claims=[TOKEN], rules=rules or desk()
        )
        return {mail.recipient: mail.context["room"] for mail in told(found)}

    assert rooms(assignee="alex") == {ALEX: ROOM, SAM: SMALL_ROOM}
    assert rooms() == {ALEX: SMALL_ROOM, SAM: SMALL_ROOM}
    assert rooms(desk(agents=desk().agents[:1])) == {ALEX: ROOM}


def test_what_an_answer_changes_is_told_as_changed() -> None:
    mails = told(on_ticket(found=findings("S1", other_means="no"), priority=Priority.P3, state=State.WAITING))
    assert {m.rank for m in mails} == {5}
    facts = mails[0].context
    assert (facts["state"], facts["priority"], facts["rule"]) == ("open", "P1", "P1-single")


def test_the_words_that_decided_are_those_that_decide_now() -> None:
    was = Evidence(facet="severity", text="le rapport", weight=1.0)
    means = Evidence(facet="other_means", text="à la main", weight=1.0)
    one = ticket(state=State.OPEN, priority=Priority.P3)
    known = snapshot(
        account=account(),
        tickets=(one,),
        dossiers={1042: dossier(one, rule="severity", evidence=(was, means))},
    )
    calm = told(decide(None, known, claims=[TOKEN], found=findings("S3")))[0].context
    assert (calm["rule"], calm["evidence"]) == ("severity", ["le rapport"])
    grave = findings(
        "S1", other_means="no", evidence=(Evidence(facet="severity", text="plus rien", weight=2.0),)
    )
    raised = told(decide(None, known, claims=[TOKEN], found=grave))[0].context
    assert (raised["rule"], raised["evidence"]) == ("P1-single", ["plus rien"])
    fresh = told(decide(found=findings("S3", evidence=(was, means))))[0].context
    assert fresh["evidence"] == ["le rapport"]


def test_a_third_party_is_told_and_moves_nothing() -> None:
    letter = mail("fournisseur@terminal.example", in_reply_to=("m0@client.example",))
    one = ticket(state=State.WAITING, assignee="alex")
    from daemon.core.facts import RecordedMessage

    recorded = RecordedMessage(message_id="m0@client.example", ticket=1042, people=(letter.from_.address,))
    known = snapshot(tickets=(one,), recorded=(recorded,))
    decision = decide(letter, known)
    assert [(m.recipient, m.context["what"]) for m in told(decision)] == [(ALEX, "third_party")]
    assert [type(a).__name__ for a in decision.actions] == [
        "RecordMail",
        "AddMessage",
        "AddHistory",
        "QueueMail",
    ]


def test_who_can_be_reached_is_told_with_the_sender_who_has_just_written() -> None:
    """An address that bounced and now writes works again."""
    one = ticket(state=State.OPEN, participants=(Participant(address=MARIE, name="Marie Roy"),))
    known = snapshot(
        account=account(),
        tickets=(one,),
        dossiers={1042: dossier(one, suppressed=frozenset({MARIE}))},
        suppressed=True,
    )
    decision = decide(None, known, claims=[TOKEN])
    assert told(decision)[0].context["readers"] == ["Marie Roy"]


def test_it_works_is_asked_of_the_agents_in_place_of_a_notification() -> None:
    works = findings("S4", intent=Intent.RESOLVED, intent_confidence=0.99)
    decision = on_ticket(mail(new_text="Ça marche, merci!"), works, assignee="sam")
    (asked,) = of(QueueMail, decision)
    assert (asked.kind, asked.recipient, asked.cause) == ("confirm", SAM, f"confirm:INBOX/7/11:{SAM}")
    facts = asked.context
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["what"], facts["about"], facts["words"]) == ("asked", "works", "Ça marche, merci!")
    assert [m.recipient for m in told(on_ticket(None, works), "confirm")] == [ALEX, SAM]


def test_there_is_nothing_to_resolve_where_it_is_resolved() -> None:
    works = findings("S4", intent=Intent.RESOLVED, intent_confidence=0.99)
    decision = on_ticket(None, works, state=State.RESOLVED, assignee="sam")
    assert [(m.kind, m.recipient) for m in of(QueueMail, decision)] == [("notification", SAM)]

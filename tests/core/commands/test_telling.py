"""The facts that mails to agents are made of, and what the acceptance of a reply brings about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from daemon.core import actions as act
from daemon.core.commands.notifying import Occasion, Said, Similar, Situation, listed, notification
from daemon.core.commands.replying import accepted
from daemon.core.commands.showing import explained, helped
from daemon.core.sla import events as ev
from daemon.core.sla.replay import extend, replay
from daemon.core.values import (
    Address,
    Attachment,
    Contact,
    Coverage,
    Language,
    Participant,
    Plan,
    Priority,
    State,
)
from tests.core.build import account, policy, ticket
from tests.core.commands.build import ALEX, LUC, MARIE, NOW, SAM, course, of, ruling, standing
from tests.core.sla_cases import shipped

SATURDAY = datetime(2026, 11, 7, 10, 30, tzinfo=UTC)  # 5:30 in Montréal


def situation(**changes: object) -> Situation:
    """The night of voice.md, section 6."""
    one = ticket(priority=Priority.P1, provisional=True, opened_at=SATURDAY, plan=Plan.PLATINE)
    opening = ev.Opening(
        at=SATURDAY, plan=Plan.PLATINE, coverage=Coverage.PREMIUM, priority=Priority.P1, provisional=True
    )
    given: dict[str, object] = {
        "ticket": one,
        "course": replay(opening, (), shipped(), SATURDAY),
        "occasion": Occasion.NEW,
        "said": Said(
            direction="in",
            author=Address(address=MARIE, name="Marie Roy"),
            at=SATURDAY,
            text="Bonjour, la caisse est gelée.",
            attachments=(Attachment(name="ecran.jpg", media_type="image/jpeg", size=412_000, sha256="ab"),),
        ),
        "rule": "P1-provisional",
        "evidence": ("gelée", "je peux rien encaisser"),
        "asked_two": True,
        "account": account(installs=None, phones=("4185550199",)),
        "contact": Contact(address=MARIE, language=Language.FR),
        "minutes_left": 52,
        "similar": (
            Similar(ticket=871, at=SATURDAY - timedelta(days=240), subject="Caisse gelée", how="Redémarré"),
        ),
    }
    return Situation(**{**given, **changes})  # type: ignore[arg-type]


def test_the_notification_of_the_night() -> None:
    told = notification(situation(), policy())
    assert told["display"] == "P1 · Boulangerie Roy"
    assert told["first"] == {
        "clock": "first_response",
        "due": (SATURDAY + timedelta(hours=1)).isoformat(),
        "breached": False,
    }
    assert (told["holder"], told["takes"], told["readers"]) == ("", True, ["Marie Roy"])
    assert (told["installs_unknown"], told["asked_two"], told["continuous"]) == (True, True, True)
    assert (told["plan"], told["minutes_left"], told["others"], told["writes_in"]) == ("platine", 52, 0, "fr")
    assert [c["clock"] for c in told["clocks"]] == ["first_response", "status_update", "resolution"]  # type: ignore[attr-defined]
    assert told["commands"] == ["prendre", "appel", "attente", "résolu", "note", "voir", "aide"]
    assert json.loads(json.dumps(told)) == told


def test_who_has_it_and_in_english() -> None:
    mine = situation(ticket=replace(situation().ticket, assignee="alex"))
    told = notification(mine, policy(language=Language.EN))
    assert (told["holder"], told["takes"]) == ("Alex Roy", False)
    assert told["commands"] == ["take", "call", "waiting", "resolved", "note", "show", "help"]


def test_whoever_reads_the_answer_is_named_and_only_they() -> None:
    people = (
        Participant(address=MARIE, name="Marie Roy"),
        Participant(address=LUC, role="added"),
        Participant(address="v@x.example", role="third_party"),
    )
    told = notification(situation(ticket=ticket(participants=people)), policy())
    assert told["readers"] == ["Marie Roy", LUC]
    silent = notification(situation(suppressed={MARIE}), policy())
    assert (silent["readers"], silent["unreachable"]) == ([], True)
    internal = notification(situation(), policy(), may_reply=False)
    assert (internal["readers"], internal["takes"], internal["unreachable"]) == ([], False, False)


def test_a_stranger_has_no_account() -> None:
    told = notification(situation(account=None, contact=None), policy())
    assert (told["display"], told["account"], told["phones"]) == ("P1 · Marie Roy", "", [])


def test_a_long_message_is_shortened_and_says_so() -> None:
    said = replace(situation().said, text="x" * 30_000)
    told = notification(situation(said=said), policy())
    assert (len(str(told["text"])), told["shortened"]) == (20_000, True)


def test_a_list_is_in_the_order_in_which_it_is_due() -> None:
    def one(number: int, priority: Priority, *events: ev.TicketEvent) -> tuple[object, object]:
        opening = ev.Opening(at=NOW, plan=Plan.BASE, coverage=Coverage.STANDARD, priority=priority)
        made = replay(opening, events, shipped(), NOW)
        return ticket(number, priority=priority, state=made.state), made

    rows = listed(
        [
            one(1001, Priority.P4),
            one(1002, Priority.P1, ev.Resolved(at=NOW)),
            one(1003, Priority.P2),
            one(1004, Priority.P1),
        ],  # type: ignore[list-item]
        policy(),
    )
    assert [row["ref"] for row in rows] == ["AZ-1004", "AZ-1003", "AZ-1001", "AZ-1002"]
    assert rows[-1]["first"] is None


def test_explain_tells_every_interval() -> None:
    own = course(standing())
    assert own.course is not None
    waited = extend(own.course, ev.Waited(at=NOW, mail="m"))
    told = explained(extend(waited, ev.Wrote(at=NOW + timedelta(hours=1))))
    resolution = next(c for c in told if c["clock"] == "resolution")
    kinds = [(i["kind"], i["reason"]) for i in resolution["intervals"]]  # type: ignore[attr-defined]
    assert ("paused", "waiting") in kinds
    assert json.loads(json.dumps(told)) == told


def test_an_explanation_says_until_when_a_change_holds_a_promise_back() -> None:
    """P2 at 10:00, P1 at 11:50: its answer would have been due at 11:00, and is an hour after the change. Its
    resolution keeps 14:00, four hours after the opening."""
    at = datetime(2026, 11, 3, 15, tzinfo=UTC)  # 10:00 in Montréal
    opening = ev.Opening(at=at, plan=Plan.BASE, coverage=Coverage.STANDARD, priority=Priority.P2)
    changed = at + timedelta(hours=1, minutes=50)
    graver = ev.Reprioritised(at=changed, priority=Priority.P1, by=ev.By.AGENT)
    told = [c for c in explained(replay(opening, [graver], shipped(), changed)) if c["outcome"] is None]
    held = {str(c["clock"]): c["held_until"] for c in told}
    assert datetime.fromisoformat(str(held["first_response"])) == changed + timedelta(hours=1)
    assert held["resolution"] is None
    assert datetime.fromisoformat(str(told[0]["begun"])) == changed


def test_help_shows_an_agent_what_they_may_do() -> None:
    names = {h["verb"] for h in helped("fr", manager=False)}
    assert "take" in names
    assert not names & {"credit", "hours", "erase"}
    assert {h["verb"] for h in helped("en", manager=True)} == names | {"credit", "hours", "erase"}
    assert {h["name"]: h["other"] for h in helped("en", manager=False)}["resolved"] == "résolu"


# What a 250 brings about


def reply_to(text: str, **changes: object) -> tuple[act.QueueMail, ...]:
    return tuple(m for m in of(ruling(text, **changes), act.QueueMail) if m.kind in {"reply", "resolved"})


def test_the_first_acceptance_meets_the_clocks_and_the_others_nothing() -> None:
    (mail,) = reply_to("Je regarde.")
    own = standing().ticket
    (added,) = accepted(own, mail.context, NOW, first=True)
    assert added == act.AddEvent(ticket=1042, event=ev.Replied(at=NOW, mail="reply:INBOX/7/11:1042"))
    assert accepted(own, mail.context, NOW, first=False) == ()


@pytest.mark.parametrize("state", [State.NEW, State.OPEN, State.WAITING])
def test_a_question_that_was_accepted_begins_the_wait(state: State) -> None:
    (mail,) = reply_to(".attente jeudi\n\nQuelles dates?")
    found = accepted(standing(state=state).ticket, mail.context, NOW, first=True)
    assert [a.event for a in of(found, act.AddEvent)] == [
        ev.Replied(at=NOW, mail="reply:INBOX/7/11:1042"),
        ev.Waited(at=NOW, mail="reply:INBOX/7/11:1042", until=datetime(2026, 11, 5, 5, 0, tzinfo=UTC)),
    ]
    assert [a.state for a in of(found, act.SetState)] == ([] if state is State.WAITING else [State.WAITING])


def test_a_ticket_that_was_resolved_meanwhile_does_not_wait() -> None:
    (mail,) = reply_to(".attente\n\nQuelles dates?")
    found = accepted(standing(state=State.RESOLVED).ticket, mail.context, NOW, first=True)
    assert [type(a.event) for a in of(found, act.AddEvent)] == [ev.Replied]
    assert [a.event for a in of(found, act.AddHistory)] == ["not_waiting"]


def test_a_resolution_without_a_word_answers_nothing_by_itself() -> None:
    (mail,) = reply_to(".résolu")
    assert accepted(standing(state=State.RESOLVED).ticket, mail.context, NOW, first=True) == ()


def test_a_mail_of_another_kind_brings_nothing_about() -> None:
    assert accepted(standing().ticket, {"text": "x"}, NOW, first=True) == ()


def test_every_context_is_json() -> None:
    texts = [".p1\n\nJe regarde.", ".resoulu", ".fermer", ".appel 500", ".crédit accepter"]
    for text in texts:
        for mail in of(ruling(text, standing=course(standing(plan=Plan.GRATUIT))), act.QueueMail):
            assert json.loads(json.dumps(mail.context)) == mail.context
    assert (ALEX.manager, SAM.manager) == (False, True)

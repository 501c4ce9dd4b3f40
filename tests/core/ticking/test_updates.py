"""Status updates at their cadence: true at the moment they are written; none where nothing is to be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.actions import AddHistory, QueueMail
from daemon.core.sla.steps import StepKind, schedule
from daemon.core.ticking.scene import scene_of
from daemon.core.values import Participant
from tests.core.build import MARIE
from tests.core.ticking.build import (
    ALEX,
    BOSS,
    P1,
    P2,
    P3,
    SAM,
    answer,
    at,
    desk,
    dossier,
    local,
    of,
    of_kind,
    one_mail,
    tick,
    to_customer,
    written,
)

ANSWERED = ("2026-11-03T11:15-05:00 reply m1",)
DUE = "2026-11-03 15:15"  # 4 working hours after the answer


def update(now: str, *happened: str, **changes: object) -> dict[str, object]:
    return one_mail(tick(now, dossier(P2, *happened, **changes)), "status-update")


def test_nothing_new_says_who_has_it_what_was_said_and_when_the_next_one_comes() -> None:
    words = "Je regarde le pilote et je vous reviens."
    said = answer(at("2026-11-03 11:15"), words)
    context = update(DUE, *ANSWERED, assignee="alex", answer=said)
    assert local(context.pop("said_at")) == "2026-11-03 11:15"
    assert local(context.pop("next_at")) == "2026-11-04 10:15"
    assert local(context.pop("resolution_due")) == "2026-11-04 10:30"
    assert context == {
        "language": "fr",
        "known": True,
        "given_name": "Marie",
        "subject": "Caisse gelée",
        "in_reply_to": "m1042@client.example",
        "references": ["m0@client.example"],
        "what": "update",
        "holder": "Alex",
        "said_by": "Alex",
        "said": words,
        "news": "",
        "response_due": None,
        "priority": "P2",
        "was": "",
        "why": "",
        "provisional": False,
        "questions": False,
        "late": False,
        "sorry": True,
        "premium": False,
        "rarer": False,
    }


def test_it_goes_to_the_requester_alone_and_a_newer_one_takes_its_place() -> None:
    colleague = Participant(address="luc@boulangerieroy.example", name="Luc Roy", role="colleague")
    people = (Participant(address=MARIE, name="Marie Roy"), colleague)
    (mail,) = of_kind(tick(DUE, dossier(P2, *ANSWERED, participants=people)), "status-update")
    assert (mail.kind, mail.recipient, mail.supersede_key) == (
        "status-update",
        MARIE,
        f"status-update:1042:{MARIE}",
    )
    assert mail.cause.startswith("update:1042:update:status_update:")
    assert mail.cause.endswith(f":{MARIE}")


def test_an_answer_that_no_server_took_was_not_said() -> None:
    context = update("2026-11-03 14:30", answer=answer(None))
    assert (context["said_at"], context["said_by"], context["said"]) == (None, "", "")
    assert context["holder"] == ""


def test_words_that_wait_are_the_news_and_the_cadence_starts_afresh() -> None:
    news = ("2026-11-03T14:00-05:00 news",)
    context = update(DUE, *ANSWERED, *news, news="Le pilote est remplacé.")
    assert context["news"] == "Le pilote est remplacé."


def test_past_the_promised_time_it_says_so() -> None:
    context = update("2026-11-04 15:15", *ANSWERED, "2026-11-04T11:15-05:00 update u1")
    assert context["late"] is True
    assert local(context["resolution_due"]) == "2026-11-04 10:30"
    assert context["sorry"] is False, "said at 11:15"
    first = update("2026-11-04 10:45", *ANSWERED, "2026-11-03T15:15-05:00 update u1")
    assert (first["late"], first["sorry"]) == (True, True)
    missed_answer = update("2026-11-03 14:30")
    assert (missed_answer["late"], missed_answer["sorry"]) == (True, True)
    assert local(missed_answer["response_due"]) == "2026-11-03 12:30"


def test_without_news_the_next_one_comes_later_and_it_says_so() -> None:
    quiet = (*ANSWERED, "2026-11-03T15:15-05:00 update u1")
    context = update("2026-11-04 10:15", *quiet)
    assert context["rarer"] is True
    assert local(context["next_at"]) == "2026-11-05 09:15"  # 8 hours instead of 4, at most a day
    at_most = update("2026-11-05 10:15", *quiet, "2026-11-04T10:15-05:00 update u2")
    assert at_most["rarer"] is True  # 9 hours, the most there is
    later = update("2026-11-06 10:15", *quiet, *(f"2026-11-0{d}T10:15-05:00 update u{d}" for d in (4, 5)))
    assert later["rarer"] is False
    lively = update("2026-11-04 10:15", *quiet, "2026-11-04T09:30-05:00 news", news="Presque fini.")
    assert lively["rarer"] is False


def test_who_wants_news_only_is_told_of_no_next_update() -> None:
    happened = (*ANSWERED, "2026-11-03T12:00-05:00 less")
    assert to_customer(tick(DUE, dossier(P2, *happened))) == []
    context = update("2026-11-03 16:15", *happened, "2026-11-03T13:00-05:00 news", news="Réparé demain.")
    assert context["next_at"] is None


@pytest.mark.parametrize(
    "last",
    ["wait m1", "resolve", "spam", "close", "merged", "unreachable", "works", "less"],
)
def test_never_to_a_ticket_that_waits_is_over_or_is_none(last: str) -> None:
    still = dossier(P2, *ANSWERED, f"2026-11-03T12:00-05:00 {last}")
    assert to_customer(tick("2026-11-03 17:30", still)) == []


def test_an_answer_that_is_about_to_leave_is_the_news() -> None:
    assert to_customer(tick(DUE, dossier(P2, *ANSWERED, unsent=((7, 1),)))) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"suppressed": frozenset({MARIE})}, "unreachable"), ({"silenced": True}, "silenced")],
)
def test_whom_nothing_reaches_gets_nothing_and_history_says_so_once(
    changes: dict[str, object], why: str
) -> None:
    lost = dossier(P2, **changes)
    decision = tick("2026-11-03 14:30", lost)
    assert to_customer(decision) == []
    told = [a.detail for a in of(decision, AddHistory) if a.event == "not_told"]
    assert told == [{"kind": "status-update", "reason": why}]
    again = tick("2026-11-03 16:00", written(lost, decision))
    assert not [a for a in of(again, AddHistory) if a.event == "not_told"]


def test_who_was_not_answered_at_the_opening_is_told_once_one_of_us_has_written() -> None:
    lost = dossier(P2, *ANSWERED, silenced=True, answer=answer(at("2026-11-03 11:15")))
    assert to_customer(tick(DUE, lost)) == ["status-update"]


def test_a_stranger_gets_none_of_their_own_words() -> None:
    stranger = dossier(P2, account=None, known=False, assignee="alex")
    stranger = replace(stranger, ticket=replace(stranger.ticket, account=None))
    context = one_mail(tick("2026-11-03 14:30", stranger), "status-update")
    assert (context["known"], context["subject"], context["given_name"]) == (False, "", "")
    assert context["references"] == []


def test_an_update_taken_back_while_the_ticket_waited_comes_when_it_goes_on() -> None:
    """The mail was queued, then taken back before it was sent: the ticket had begun to wait."""
    one = dossier(P2, *ANSWERED)
    queued = tick(DUE, one)
    waits = ("2026-11-03T15:16-05:00 wait m1", "2026-11-03T16:00-05:00 wrote")
    on = replace(dossier(P2, *ANSWERED, *waits), done=written(one, queued).done)
    assert to_customer(tick("2026-11-03 16:01", on)) == ["status-update"]


# The question before an update


def test_the_assignee_is_asked_for_news_in_time() -> None:
    policy = desk(ask_before_update=900)
    mine = dossier(P2, *ANSWERED, assignee="alex", answer=answer(at("2026-11-03 11:15")))
    decision = tick("2026-11-03 15:00", mine, desk_policy=policy)
    (mail,) = of_kind(decision, "confirm")
    assert mail.recipient == ALEX
    context = mail.context
    assert (context["what"], context["about"], context["customer"]) == ("asked", "update", "Marie")
    assert local(context["next_at"]) == "2026-11-03 15:15"
    assert context["last"] == mine.answer.words if mine.answer else ""
    assert (context["yes"], context["send"], context["held"]) == (None, None, None)
    assert of_kind(tick("2026-11-03 15:00", mine), "confirm") == []  # ask_before_update = 0


def test_words_given_already_are_not_asked_for() -> None:
    policy = desk(ask_before_update=900)
    given = dossier(P2, *ANSWERED, "2026-11-03T14:00-05:00 news", assignee="alex", news="Bientôt.")
    assert of_kind(tick("2026-11-03 15:00", given, desk_policy=policy), "confirm") == []


def test_news_is_not_asked_for_while_an_answer_is_on_its_way() -> None:
    """Begun or not: the update will not come then, for the answer begins a new step."""
    policy = desk(ask_before_update=900)
    leaving = dossier(P2, *ANSWERED, assignee="alex", answer=answer(None))
    assert of_kind(tick("2026-11-03 15:00", leaving, desk_policy=policy), "confirm") == []


def test_a_question_that_was_missed_gives_way_to_the_update() -> None:
    policy = desk(ask_before_update=900)
    decision = tick(DUE, dossier(P2, *ANSWERED, assignee="alex"), desk_policy=policy)
    assert to_customer(decision) == ["status-update"]
    assert of_kind(decision, "confirm") == []


# Silence


def test_managers_hear_once_of_a_ticket_without_news() -> None:
    quiet = dossier(
        P1, "2026-11-07T06:30-05:00 update u1", "2026-11-07T07:30-05:00 update u2", assignee="alex"
    )
    decision = tick("2026-11-07 07:30", quiet)
    found = [m for m in of(decision, QueueMail) if m.context.get("what") == "quiet"]
    assert [m.recipient for m in found] == [SAM, BOSS]
    (line,) = found[0].context["lines"]  # type: ignore[misc]
    assert (line["percent"], line["clock"]) == (2, "status_update")
    again = tick("2026-11-07 07:31", written(quiet, decision))
    assert not [m for m in of(again, QueueMail) if m.context.get("what") == "quiet"]


def test_the_key_of_an_update_is_that_of_its_cycle_until_it_has_stood_still() -> None:
    def key(*happened: str) -> str:
        scene = scene_of(dossier(P3, *happened), desk(), at("2026-11-03 16:00"))
        return next(s.key for s in schedule(scene.course) if s.kind is StepKind.UPDATE)

    plain = key("2026-11-03T11:15-05:00 reply m1")
    assert plain == "update:status_update:2026-11-03T16:15:00+00:00"
    held = ("2026-11-03T11:15-05:00 reply m1", "2026-11-03T12:00-05:00 less", "2026-11-03T13:00-05:00 news")
    assert key(*held) == f"{plain}:2026-11-03T18:00:00+00:00"

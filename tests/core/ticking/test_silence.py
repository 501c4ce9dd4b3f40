"""Reminders to a customer who does not answer, and the closing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core.actions import AddEvent, AddHistory, QueueMail, SetState
from daemon.core.dossier import Dossier
from daemon.core.sla.events import Lapsed
from daemon.core.ticking.silence import LONGEST_QUESTION, question
from daemon.core.values import State
from tests.core.build import MARIE
from tests.core.ticking.build import (
    ASKED,
    answer,
    at,
    dossier,
    local,
    mails,
    of,
    one_mail,
    tick,
    to_customer,
    wake,
    written,
)

P2 = "2026-11-05T10:00-05:00 argent P2"
WAITS = ("2026-11-05T10:05-05:00 reply m1", "2026-11-05T10:05-05:00 wait m1")
FIRST, SECOND, CLOSED = "2026-11-09 10:05", "2026-11-11 10:05", "2026-11-16 10:05"


def waiting(*more: str, **changes: object) -> Dossier:
    given = {"assignee": "alex", "answer": answer(at("2026-11-05 10:05"))}
    return dossier(P2, *WAITS, *more, **{**given, **changes})


def test_a_reminder_repeats_the_question_and_says_when_the_ticket_closes() -> None:
    decision = tick(FIRST, waiting())
    context = one_mail(decision, "reminder")
    assert (context["number"], context["last"], context["asked_by"]) == (1, False, "Alex")
    assert context["question"] == "Quelle version voyez-vous?"
    assert local(context["asked_at"]) == "2026-11-05 10:05"
    assert local(context["closes_at"]) == CLOSED
    assert (context["known"], context["given_name"]) == (True, "Marie")
    assert wake(decision) == at(SECOND)


def test_two_reminders_then_the_closing_each_once() -> None:
    one, now, told = waiting(), at("2026-11-05 10:05"), []
    while now <= at("2026-11-17 18:00"):
        decision = tick(now, one)
        told += [(kind, f"{now:%m-%d %H:%M}") for kind in to_customer(decision)]
        one = written(one, decision)
        now += timedelta(minutes=5)
    assert told == [("reminder", "11-09 10:05"), ("reminder", "11-11 10:05"), ("closed", "11-16 10:05")]


def test_the_last_reminder_says_that_it_is_the_last() -> None:
    one = waiting()
    one = written(one, tick(FIRST, one))
    assert one_mail(tick(SECOND, one), "reminder")["last"] is True


def test_after_downtime_there_is_one_reminder_or_the_closing() -> None:
    one = waiting()
    decision = tick("2026-11-12 09:30", one)
    assert one_mail(decision, "reminder")["number"] == 2
    assert to_customer(tick("2026-11-12 09:35", written(one, decision))) == []
    late = tick("2026-11-20 09:30", waiting())
    assert to_customer(late) == ["closed"]


def test_closing_a_ticket_that_waits_is_told_and_can_be_taken_back_for_thirty_days() -> None:
    decision = tick(CLOSED, waiting())
    context = one_mail(decision, "closed")
    assert local(context["closed_at"]) == CLOSED
    assert local(context["reopen_until"]) == "2026-12-16 10:05"
    assert (context["asked_by"], local(context["asked_at"])) == ("Alex", "2026-11-05 10:05")
    assert [a.event for a in of(decision, AddEvent)] == [Lapsed(at=at(CLOSED))]
    assert [(a.state, a.by) for a in of(decision, SetState)] == [(State.CLOSED, "desk")]
    states = [a.detail for a in of(decision, AddHistory) if a.event == "state"]
    assert states == [{"from": "waiting", "to": "closed"}]


def test_what_arrived_before_the_closing_is_not_lost_on_a_closed_ticket() -> None:
    """The daemon was down; the tick closes the ticket now, not when it would have been closed."""
    decision = tick("2026-11-17 09:30", waiting())
    assert [a.event.at for a in of(decision, AddEvent)] == [at("2026-11-17 09:30")]


def test_a_resolved_ticket_closes_without_a_word() -> None:
    solved = dossier(P2, "2026-11-05T11:00-05:00 reply m1", "2026-11-05T12:00-05:00 resolve")
    decision = tick("2026-11-16 12:00", solved)
    assert mails(decision) == []
    assert [a.state for a in of(decision, SetState)] == [State.CLOSED]
    assert wake(decision) is None


@pytest.mark.parametrize("spoken", ["wrote", "works", "later until=2026-11-30T00:00-05:00"])
def test_who_has_answered_is_not_reminded(spoken: str) -> None:
    one = waiting(f"2026-11-06T09:00-05:00 {spoken}")
    assert "reminder" not in to_customer(tick(FIRST, one))


def test_nobody_to_remind_is_noted_and_done() -> None:
    lost = waiting(suppressed=frozenset({MARIE}))
    decision = tick(FIRST, lost)
    assert mails(decision) == []
    assert [a.detail["reason"] for a in of(decision, AddHistory)] == ["unreachable"]
    closing = tick(CLOSED, written(lost, decision))
    assert mails(closing) == []
    assert [a.state for a in of(closing, SetState)] == [State.CLOSED]


def test_the_closing_takes_the_place_of_a_reminder_that_was_not_sent() -> None:
    keys = {m.supersede_key for when in (FIRST, CLOSED) for m in of(tick(when, waiting()), QueueMail)}
    assert keys == {f"reminder:1042:{MARIE}"}


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (ASKED, "Quelle version voyez-vous?"),
        (
            "Merci. Est-ce la seule caisse? Depuis quand? Je regarde.\nAlex",
            "Est-ce la seule caisse? Depuis quand?",
        ),
        ("Envoyez-moi une capture d'écran.", "Envoyez-moi une capture d'écran."),
        ("Ça va? Je regarde. Quelle heure est-il ?", "Quelle heure est-il ?"),
        ("", ""),
    ],
)
def test_the_question_of_an_answer(words: str, asked: str) -> None:
    assert question(words) == asked


def test_a_long_question_is_cut_and_as_many_as_fit_are_told() -> None:
    long = question("Pourriez-vous " + "me dire encore " * 60 + "?")
    assert len(long) <= LONGEST_QUESTION
    assert long.endswith("…")
    many = question(" ".join(f"Quelle est la valeur numéro {n}?" for n in range(40)))
    assert len(many) <= LONGEST_QUESTION
    assert many.endswith("numéro 39?")
    assert not many.endswith("…")

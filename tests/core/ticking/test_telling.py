"""The one status update that a moved promise owes the customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from daemon.core.actions import QueueMail, StepsDone
from daemon.core.dossier import Dossier, course_of
from daemon.core.sla.declaring import Declared
from daemon.core.sla.events import By, Reprioritised, TicketEvent
from daemon.core.ticking.desk import statement_due
from daemon.core.ticking.telling import moved_mail
from daemon.core.values import Priority
from tests.core.build import MARIE
from tests.core.ticking.build import P2, answer, at, desk, dossier, local, of, tick, to_customer, written
from tests.sla.casefile import event

NOW = at("2026-11-03 11:00")


def moved(before: Dossier, *happened: str | TicketEvent, why: str = "agent") -> tuple[QueueMail, ...]:
    events = [event(e) if isinstance(e, str) else e for e in happened]
    first, then = course_of(before, desk(), NOW), course_of(before, desk(), NOW, events)
    return moved_mail(first, then, before, desk(), NOW, why, "INBOX/7/11")


def test_a_lowered_priority_is_told_with_its_new_times() -> None:
    (mail,) = moved(dossier(P2, assignee="sam"), "2026-11-03T11:00-05:00 P3 by=agent")
    assert (mail.kind, mail.recipient, mail.supersede_key) == (
        "status-update",
        MARIE,
        f"status-update:1042:{MARIE}",
    )
    assert mail.cause == f"INBOX/7/11:priority:{MARIE}"
    context = mail.context
    assert {k: context[k] for k in ("what", "why", "was", "priority", "holder", "questions")} == {
        "what": "priority",
        "why": "agent",
        "was": "P2",
        "priority": "P3",
        "holder": "Sam",
        "questions": False,
    }
    assert local(context["response_due"]) == "2026-11-03 15:00"  # the change + 4 h
    assert local(context["resolution_due"]) == "2026-11-05 10:30"
    assert local(context["next_at"]) == "2026-11-04 11:00"


def test_promises_that_come_sooner_are_not_told() -> None:
    assert moved(dossier(P2.replace("P2", "P3")), "2026-11-03T11:00-05:00 P2 by=agent") == ()


@pytest.mark.parametrize("by", [By.MESSAGE, By.URGENT])
def test_a_late_emergency_gets_its_two_questions(by: By) -> None:
    change = Reprioritised(at=NOW, priority=Priority.P1, by=by, provisional=True)
    (mail,) = moved(dossier(P2.replace("argent", "platine")), change, why=by.value)
    assert (mail.context["questions"], mail.context["provisional"]) == (True, True)
    assert (mail.context["was"], mail.context["why"], mail.rank) == ("P2", by.value, 1)


def test_the_questions_are_asked_once() -> None:
    asked = dossier(P2.replace("argent P2", "platine P1 provisional"))
    assert moved(asked, "2026-11-03T10:40-05:00 take") == ()


def test_a_reopened_ticket_is_told_what_holds_now() -> None:
    solved = dossier(P2, "2026-11-03T10:40-05:00 reply m1", "2026-11-03T10:45-05:00 resolve")
    (mail,) = moved(solved, "2026-11-03T10:50-05:00 wrote", why="message")
    assert (mail.context["what"], mail.context["was"]) == ("reopened", "")
    assert local(mail.context["resolution_due"]) == "2026-11-04 10:35"


@pytest.mark.parametrize(
    "ending",
    ["wait m1", "resolve", "spam", "close", "unreachable"],
)
def test_never_to_a_ticket_that_waits_is_over_or_is_none(ending: str) -> None:
    before = dossier(P2, "2026-11-03T10:40-05:00 reply m1")
    assert moved(before, "2026-11-03T10:50-05:00 P3 by=agent", f"2026-11-03T10:55-05:00 {ending}") == ()


def test_an_account_may_move_a_promise() -> None:
    """Around the clock ended at once; business hours start on Monday."""
    saturday = at("2026-11-07 06:00")
    before = dossier("2026-11-07T05:30-05:00 platine P1")
    change = event("2026-11-07T06:00-05:00 attach plan=argent coverage=standard")
    first, then = course_of(before, desk(), saturday), course_of(before, desk(), saturday, [change])
    (mail,) = moved_mail(first, then, before, desk(), saturday, "account", "a1")
    assert (mail.context["what"], mail.context["why"]) == ("moved", "account")
    assert local(mail.context["response_due"]) == "2026-11-09 10:00"


# Declared hours


def closed(day: str, at_: str) -> Declared:
    return Declared(at=at(at_), day=datetime.fromisoformat(day).date(), closed=True, reason="Tempête")


def test_a_closure_that_moves_a_promise_is_told_once_to_each() -> None:
    one = dossier(
        P2,
        "2026-11-03T11:00-05:00 reply m1",
        declared=(closed("2026-11-04", "2026-11-03 14:00"),),
        answer=answer(at("2026-11-03 11:00")),
    )
    decision = tick("2026-11-03 14:00", one)
    (mail,) = [m for m in of(decision, QueueMail) if m.recipient == MARIE]
    assert (mail.context["what"], mail.context["why"]) == ("moved", "hours")
    assert local(mail.context["resolution_due"]) == "2026-11-05 10:30"
    assert to_customer(tick("2026-11-03 14:05", written(one, decision))) == []


def test_a_closure_that_moves_nothing_is_looked_at_once() -> None:
    one = dossier(P2, declared=(closed("2026-12-24", "2026-11-03 14:00"),))
    decision = tick("2026-11-03 14:00", one)
    assert to_customer(decision) == []
    assert any(key.startswith("hours:") for a in of(decision, StepsDone) for key in a.keys)


def test_a_closure_told_before_the_opening_is_no_news() -> None:
    one = dossier(P2, declared=(closed("2026-11-04", "2026-11-02 14:00"),))
    assert of(tick("2026-11-03 10:30", one), StepsDone) == []


def test_a_moved_promise_told_at_the_time_of_an_update_is_that_update() -> None:
    one = dossier(P2, declared=(closed("2026-11-04", "2026-11-03 14:30"),))
    decision = tick("2026-11-03 14:30", one)
    assert to_customer(decision) == ["status-update"]
    assert to_customer(tick("2026-11-03 14:31", written(one, decision))) == []


def test_the_dossier_is_told_as_the_change_leaves_it() -> None:
    before = dossier(P2)
    taken = replace(before, ticket=replace(before.ticket, assignee="alex"))
    (mail,) = moved(taken, "2026-11-03T11:00-05:00 P3 by=agent")
    assert mail.context["holder"] == "Alex"


# What the desk does by the month


@pytest.mark.parametrize(
    ("now", "month", "following"),
    [
        ("2026-11-03 10:30", "2026-10", "2026-12-01 09:00"),
        ("2026-11-02 08:59", "2026-09", "2026-11-02 09:00"),  # 1 November is a Sunday
        ("2026-11-02 09:00", "2026-10", "2026-12-01 09:00"),
        ("2027-01-03 12:00", "2026-11", "2027-01-04 09:00"),  # New Year's Day, then a week-end
        ("2027-01-04 09:00", "2026-12", "2027-02-01 09:00"),
    ],
)
def test_the_statement_of_a_month_is_due_on_the_first_working_day(
    now: str, month: str, following: str
) -> None:
    due = statement_due(desk(), at(now))
    assert (due.month, due.key) == (month, f"statement:{month}")
    assert local(due.following.isoformat()) == following
    assert due.at <= at(now) < due.following

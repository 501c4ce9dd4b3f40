"""Later messages that change a priority, and which promises move later by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.sla import events as ev
from daemon.core.sla.raising import Objection, asks_again, graver, moved_later, objection, taken_back
from daemon.core.sla.replay import extend, fold
from daemon.core.sla.rules import Rules
from daemon.core.values import ClockName, Coverage, Priority
from tests.core.sla_cases import shipped
from tests.sla.casefile import event, instant, opening

P1, P2, P3 = Priority.P1, Priority.P2, Priority.P3


@pytest.mark.parametrize(
    ("current", "found", "confidence", "expected"),
    [(P3, P2, 0.7, P2), (P3, P1, 0.9, P1), (P3, P2, 0.69, None), (P2, P2, 1.0, None), (P1, P3, 1.0, None)],
)
def test_a_later_message_raises_and_never_lowers(
    current: Priority, found: Priority, confidence: float, expected: Priority | None
) -> None:
    assert graver(current, found, confidence, Rules()) is expected


def test_the_owner_says_how_sure_one_must_be() -> None:
    assert graver(P3, P2, 0.8, replace(Rules(), raise_confidence=0.9)) is None


def test_urgent_is_an_objection_once() -> None:
    premium, standard = Coverage.PREMIUM, Coverage.STANDARD
    assert objection(premium, P2, said_before=False) is Objection.RAISE
    assert objection(standard, P2, said_before=False) is Objection.TELL
    assert objection(premium, P2, said_before=True) is Objection.NOTHING
    assert objection(premium, P1, said_before=False) is Objection.NOTHING


def test_a_late_provisional_p1_asks_its_questions_in_an_update() -> None:
    raised = ev.Reprioritised(
        at=instant("2026-11-03T11:00-05:00"), priority=P1, by=ev.By.URGENT, provisional=True
    )
    assert asks_again(raised)
    assert not asks_again(replace(raised, provisional=False))
    assert not asks_again(replace(raised, by=ev.By.AGENT))
    assert not asks_again(replace(raised, priority=P2))


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ("2026-11-03T11:00-05:00 P3 by=agent", {"first_response", "status_update", "resolution"}),
        ("2026-11-03T10:31-05:00 P1 by=agent", set()),
        ("2026-11-03T12:00-05:00 P1 by=agent", {"first_response"}),
    ],
)
def test_which_promises_move_later(change: str, moved: set[str]) -> None:
    before = fold(opening("2026-11-03T10:30-05:00 argent P2"), [], shipped())
    after = extend(before, event(change))
    assert {clock.value for clock in moved_later(before, after)} == moved


def test_a_longer_pause_of_a_lowered_ticket_is_later_too() -> None:
    waiting = fold(
        opening("2026-11-03T10:30-05:00 argent P2"),
        [event("2026-11-03T11:00-05:00 reply m1"), event("2026-11-03T11:00-05:00 wait m1")],
        shipped(),
    )
    after = extend(waiting, event("2026-11-03T12:00-05:00 P3 by=agent"))
    assert moved_later(waiting, after) == (ClockName.STATUS_UPDATE, ClockName.RESOLUTION)


def test_a_bounce_tells_what_it_took_back() -> None:
    before = fold(
        opening("2026-11-03T10:30-05:00 argent P2"), [event("2026-11-03T11:00-05:00 reply m1")], shipped()
    )
    after = extend(before, event("2026-11-03T11:30-05:00 bounce m1"))
    assert taken_back(before, after) == (ClockName.FIRST_RESPONSE, ClockName.STATUS_UPDATE)
    assert taken_back(after, after) == ()


@pytest.mark.parametrize(
    ("by", "provisional", "after"),
    [
        (ev.By.AGENT, False, P3),
        (ev.By.ANSWER, True, P3),
        (ev.By.ANSWER, False, P1),
        (ev.By.MESSAGE, True, P1),
        (ev.By.URGENT, True, P1),
        (ev.By.MERGE, True, P1),
    ],
)
def test_only_an_agent_or_a_provisional_p1s_answer_lowers(
    by: ev.By, provisional: bool, after: Priority
) -> None:
    start = replace(opening("2026-11-03T10:30-05:00 argent P1"), provisional=provisional)
    change = ev.Reprioritised(at=instant("2026-11-03T10:40-05:00"), priority=P3, by=by)
    course = extend(fold(start, [], shipped()), change)
    assert course.priority is after
    assert course.provisional == (provisional and after is P1)


@pytest.mark.parametrize(
    ("by", "provisional"), [(ev.By.ANSWER, False), (ev.By.AGENT, False), (ev.By.URGENT, True)]
)
def test_confirming_settles_and_an_objection_does_not_unsettle(by: ev.By, provisional: bool) -> None:
    start = replace(opening("2026-11-03T10:30-05:00 argent P1"), provisional=by is not ev.By.URGENT)
    change = ev.Reprioritised(
        at=instant("2026-11-03T10:40-05:00"), priority=P1, by=by, provisional=provisional
    )
    course = extend(fold(start, [], shipped()), change)
    assert (course.priority, course.provisional) == (P1, False)

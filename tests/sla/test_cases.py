"""Every hand-worked case of `cases.toml`: each clock's chain of cycles, and the state, steps and credit that
the case is about."""

from __future__ import annotations

import pytest

from daemon.core.sla.replay import extend, fold, look
from daemon.core.sla.steps import schedule
from daemon.core.values import ClockName
from tests.sla.casefile import (
    Case,
    cases,
    expected_cycle,
    expected_step,
    instant,
    opening,
    shown,
    told_cycle,
    told_step,
)

CHAINS = {
    "first": ClockName.FIRST_RESPONSE,
    "next": ClockName.NEXT_RESPONSE,
    "update": ClockName.STATUS_UPDATE,
    "resolution": ClockName.RESOLUTION,
}
ALWAYS = ("", "due", "met", "breached", "left")
"""What a case must say of a cycle where it holds: leaving it out says that it is not there."""


@pytest.mark.parametrize("name", list(cases()))
def test_case(name: str) -> None:
    case = cases()[name]
    course = case.course()
    for key, clock in CHAINS.items():
        compare(case, key, [told_cycle(cycle) for cycle in course.chain(clock)])
    if case.state:
        assert course.state.value == case.state
    if case.priority:
        assert course.priority.value == case.priority
    refused = [f"{shown(e.at)} {type(e).__name__.lower()}" for e in course.refused]
    expected = [f"{shown(instant(r.split()[0]))} waited" for r in case.refused or ()]
    assert refused == expected
    if case.steps is not None:
        assert [told_step(s) for s in schedule(course)] == [expected_step(s) for s in case.steps]


def compare(case: Case, key: str, told: list[dict[str, str]]) -> None:
    written: tuple[str, ...] = getattr(case, key)
    if written == ("*",):
        return
    assert len(told) == len(written), (key, told)
    for found, line in zip(told, written, strict=True):
        if line == "*":
            continue
        expected = expected_cycle(line)
        asked = {k: v for k, v in found.items() if k in expected or k in ALWAYS}
        if "left" not in expected and found[""] != "paused":
            asked.pop("left", None)
        assert asked == expected, (key, line)


@pytest.mark.parametrize("name", list(cases()))
def test_event_by_event_comes_to_the_same(name: str) -> None:
    case = cases()[name]
    course = fold(opening(case.opened), [], case.version)
    for happened in case.happened():
        course = extend(course, happened)
    assert look(course, instant(case.now)) == case.course()


def test_there_are_enough_of_them_and_each_is_worked_out() -> None:
    assert len(cases()) >= 60

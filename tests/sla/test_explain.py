"""Every counted interval can be told back, and what is told adds up."""

from __future__ import annotations

from itertools import pairwise

from daemon.core.sla.course import Course
from daemon.core.sla.cycles import left, worked
from daemon.core.sla.explain import Told, explain
from daemon.core.sla.replay import replay
from daemon.core.values import ClockName
from tests.sla.casefile import cases, event, instant, opening, shown, with_rules


def resolution(name: str) -> tuple[Course, tuple[Told, ...]]:
    course = cases()[name].course()
    return course, explain(course, course.chain(ClockName.RESOLUTION)[-1])


def lines(told: tuple[Told, ...]) -> list[tuple[str, str, str, int, str]]:
    return [
        (t.kind, str(shown(t.since))[5:16], str(shown(t.until))[5:16], round(t.seconds / 60), t.reason)
        for t in told
    ]


def test_a_pause_is_told_with_its_reason_and_the_hours_around_it() -> None:
    course, told = resolution("the clocks go on with the time left when the answer arrived")
    assert lines(told) == [
        ("running", "11-03T10:30", "11-03T11:12", 42, ""),
        ("paused", "11-03T11:12", "11-04T07:00", 408, "waiting"),
    ]
    cycle = course.chain(ClockName.RESOLUTION)[-1]
    forecast = explain(course, cycle, cycle.promised)
    assert lines(forecast)[2:] == [("running", "11-04T09:00", "11-04T17:18", 498, "")]
    assert sum(t.seconds for t in forecast if t.kind == "running") == cycle.target


def test_each_interval_names_the_version_that_counted() -> None:
    course, told = resolution("an afternoon is closed by #horaire while a promise runs")
    assert [(t.version, str(shown(t.since))[5:16], round(t.seconds / 60)) for t in told] == [
        ("2026-01", "11-05T16:00", 120),
        ("2026-01", "11-06T09:00", 60),
        ("2026-01+1", "11-06T10:00", 120),
    ]
    assert {t.calendar for t in told} == {"standard"}
    assert course.refused == ()


def test_a_pause_that_began_before_the_cycle_is_told_from_its_start() -> None:
    course = replay(
        opening("2026-11-03T10:30-05:00 argent P3"),
        [
            event(e)
            for e in (
                "2026-11-03T11:00-05:00 reply m1",
                "2026-11-03T11:00-05:00 wait m1",
                "2026-11-03T14:00-05:00 P2 by=message",
                "2026-11-03T15:00-05:00 wrote",
            )
        ],
        with_rules({}),
        instant("2026-11-03T16:00-05:00"),
    )
    told = explain(course, course.chain(ClockName.RESOLUTION)[-1])
    assert lines(told) == [
        ("paused", "11-03T14:00", "11-03T15:00", 60, "waiting"),
        ("running", "11-03T15:00", "11-03T16:00", 60, ""),
    ]


def test_what_is_told_of_every_case_adds_up() -> None:
    told_of = 0
    for case in cases().values():
        course = case.course()
        for cycle in course.cycles:
            until = cycle.ended or max(course.seen, cycle.start)
            told = explain(course, cycle, until)
            running = sum(t.seconds for t in told if t.kind == "running")
            assert abs(running - worked(cycle, until, course.hours_of(cycle))) < 1e-6, case.name
            assert all(t.since < t.until or t.kind == "paused" for t in told)
            assert all(a.until <= b.since for a, b in pairwise(told))
            told_of += len(told)
            open_left = left(cycle, course.seen, course.hours_of(cycle))
            assert (open_left is None) == (cycle.ended is not None)
    assert told_of > len(cases())

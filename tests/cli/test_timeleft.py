"""What is left of a promise, worked out by hand in business hours (Monday to Friday, 9:00 to 18:00)."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.cli.timeleft import left_in
from daemon.core.sla.promises import SlaVersion
from daemon.core.values import ClockName
from daemon.settings.sla import load_sla
from daemon.store.clocks import ClockRow, Span
from tests.cli.desk import REPOSITORY

TORONTO = ZoneInfo("America/Toronto")
HOUR = 3600


@cache
def versions(path: Path = REPOSITORY / "config" / "sla.toml") -> tuple[SlaVersion, ...]:
    return load_sla(path)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026; the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=TORONTO)


def clock(
    due: datetime | None,
    *,
    paused_at: datetime | None = None,
    spans: tuple[Span, ...] = (),
    calendar: str = "standard",
    version: str = "2026-01",
) -> ClockRow:
    return ClockRow(
        ticket=1001,
        name=ClockName.RESOLUTION,
        start=at(3, 10, 30),
        due=due,
        target=9 * HOUR,
        calendar=calendar,
        sla_version=version,
        source="sla",
        met=None,
        breached=None,
        paused_at=paused_at,
        ended_at=None,
        outcome=None,
        spans=spans,
    )


@pytest.mark.parametrize(
    ("now", "calendar", "left"),
    [
        (at(3, 17), "standard", 2 * HOUR + 1800),
        (at(3, 22), "standard", HOUR + 1800),
        (at(4, 10, 30), "standard", 0),
        (at(4, 11), "standard", -1800),
        (at(5, 9, 30), "standard", -8 * HOUR),
        (at(3, 22), "continuous", 12 * HOUR + 1800),
    ],
)
def test_what_is_left_counts_only_hours_of_the_clocks_own_calendar(
    now: datetime, calendar: str, left: int
) -> None:
    assert left_in(versions())(clock(at(4, 10, 30), calendar=calendar), now) == left


def test_a_part_of_a_second_overdue_is_overdue() -> None:
    now = at(4, 10, 30).replace(microsecond=1)
    assert left_in(versions())(clock(at(4, 10, 30)), now) == -1


def test_a_paused_clock_keeps_what_it_had_when_it_stopped() -> None:
    """Opened Tuesday 10:30 with nine hours; paused Tuesday 12:30 to 14:30, and again since 16:30."""
    spans = (
        Span(kind="running", since=at(3, 10, 30), until=at(3, 12, 30)),
        Span(kind="paused", since=at(3, 12, 30), until=at(3, 14, 30)),
        Span(kind="running", since=at(3, 14, 30), until=at(3, 16, 30)),
        Span(kind="paused", since=at(3, 16, 30), until=None),
    )
    for now in (at(3, 17), at(9, 9)):
        assert left_in(versions())(clock(None, paused_at=at(3, 16, 30), spans=spans), now) == 5 * HOUR


def test_a_clock_of_a_version_or_calendar_that_is_gone_has_no_answer() -> None:
    left = left_in(versions())
    assert left(clock(at(4, 10, 30), version="2019-01"), at(3, 11)) is None
    assert left(clock(at(4, 10, 30), calendar="lunar"), at(3, 11)) is None

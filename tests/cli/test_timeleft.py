"""What is left of a promise, worked out by hand in business hours (Monday to Friday, 9:00 to 18:00)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daemon.cli.timeleft import left_in
from daemon.core.sla.declaring import Declared
from daemon.core.sla.promises import SlaVersion
from daemon.core.sla.spans import Closure, LocalSpan
from daemon.core.values import ClockName
from daemon.settings.sla import load_sla
from daemon.store.clocks import ClockRow
from tests.cli.desk import REPOSITORY

TORONTO = ZoneInfo("America/Toronto")
HOUR = 3600


@cache
def versions(path: Path = REPOSITORY / "config" / "sla.toml") -> tuple[SlaVersion, ...]:
    return load_sla(path)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026; the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=TORONTO)


def clock(due: datetime | None, **changes: Any) -> ClockRow:
    values: dict[str, Any] = {
        "ticket": 1001,
        "name": ClockName.RESOLUTION,
        "opened_at": at(3, 10, 30),
        "due": due,
        "calendar": "standard",
        "sla_version": "2026-01",
        "source": "sla",
        "met": None,
        "breached": None,
        "paused": due is None,
        "left": None,
        "outcome": None,
    }
    return ClockRow(**(values | changes))


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
    for now in (at(3, 17), at(9, 9)):
        assert left_in(versions())(clock(None, left=5 * HOUR + 0.5), now) == 5 * HOUR
        assert left_in(versions())(clock(None), now) is None


def test_hours_that_were_declared_count_from_then_on() -> None:
    """On Tuesday at 11:00 the afternoon of Wednesday is closed; what was over by then stays as it was."""
    afternoon = (LocalSpan(start=13 * HOUR, end=18 * HOUR),)
    closed = Declared(at=at(3, 11), day=date(2026, 11, 4), closed=True, spans=afternoon)
    too_late = Declared(at=at(5, 8), day=date(2026, 11, 4), closed=True)
    before = Declared(at=at(3, 10), day=date(2026, 11, 4), closed=True)
    left = left_in(versions())
    assert left(clock(at(5, 10)), at(4, 9)) == 10 * HOUR
    assert left(clock(at(5, 10), declared=(closed,)), at(4, 9)) == 5 * HOUR
    assert left(clock(at(5, 10), declared=(closed, too_late)), at(4, 9)) == 5 * HOUR
    assert left(clock(at(5, 10), declared=(before,)), at(4, 9)) == 10 * HOUR, "its own hours know of it"


def test_a_clock_counts_in_the_hours_that_its_ticket_was_opened_under() -> None:
    closed = replace(versions()[0].standard, closed={date(2026, 11, 4): Closure()})
    assert left_in(versions())(clock(at(5, 10), standard=closed), at(4, 9)) == HOUR


def test_a_clock_of_a_version_or_calendar_that_is_gone_has_no_answer() -> None:
    left = left_in(versions())
    assert left(clock(at(4, 10, 30), sla_version="2019-01"), at(3, 11)) is None
    assert left(clock(at(4, 10, 30), calendar="lunar"), at(3, 11)) is None

"""Promises worked out by hand from the published conditions, with the agreement as it is shipped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from daemon.core.sla.promises import calendar_for, coverage_for, promise, version_at
from daemon.core.values import ClockName, Coverage, Plan, Priority
from tests.core.sla_cases import MONTREAL, at, local, shipped

BY_HAND = """
# opened, plan (+ coverage of its own), priority | first response, who decided | status update | resolution
# voice.md: the Saturday till on platine, and the same Saturday on gratuit
2026-11-07 05:30  platine          P1  | Sat 11-07 06:30 sla  | Sat 11-07 06:30 | Sat 11-07 09:30
2026-11-07 05:30  gratuit          P1  | Mon 11-09 10:00 sla  | Mon 11-09 10:00 | Mon 11-09 13:00
# voice.md: the sales report, the printer, the wish
2026-11-04 16:20  argent           P3  | Thu 11-05 11:20 sla  | Thu 11-05 16:20 | Fri 11-06 16:20
2026-11-03 10:30  or               P2  | Tue 11-03 12:30 sla  | Tue 11-03 14:30 | Wed 11-04 10:30
2026-11-09 16:20  gratuit          P4  | Tue 11-10 16:20 sla  | Thu 11-12 16:20 | Mon 11-16 16:20
# an account's own coverage turns both Saturdays around
2026-11-07 05:30  gratuit+premium  P1  | Sat 11-07 06:30 sla  | Sat 11-07 06:30 | Sat 11-07 09:30
2026-11-07 05:30  platine+standard P1  | Mon 11-09 10:00 sla  | Mon 11-09 10:00 | Mon 11-09 13:00
# premium is for P1 only
2026-11-07 05:30  platine          P2  | Mon 11-09 11:00 sla  | Mon 11-09 13:00 | Mon 11-09 18:00
# where the plan answers sooner than the priority asks
2026-11-04 16:20  or               P4  | Thu 11-05 13:20 plan | Mon 11-09 16:20 | Wed 11-11 16:20
2026-11-04 16:20  platine          P4  | Thu 11-05 09:20 plan | Mon 11-09 16:20 | Wed 11-11 16:20
2026-11-04 16:20  platine          P3  | Thu 11-05 09:20 plan | Thu 11-05 16:20 | Fri 11-06 16:20
# a tie is the agreement's; slower plans take nothing away
2026-11-04 16:20  platine          P2  | Thu 11-05 09:20 sla  | Thu 11-05 11:20 | Thu 11-05 16:20
2026-11-04 16:20  bronze           P4  | Thu 11-05 16:20 sla  | Mon 11-09 16:20 | Wed 11-11 16:20
2026-11-04 16:20  argent           P4  | Thu 11-05 16:20 sla  | Mon 11-09 16:20 | Wed 11-11 16:20
# around closing and opening
2026-11-06 18:00  argent           P2  | Mon 11-09 11:00 sla  | Mon 11-09 13:00 | Mon 11-09 18:00
2026-11-06 17:00  argent           P2  | Mon 11-09 10:00 sla  | Mon 11-09 12:00 | Mon 11-09 17:00
2026-11-06 16:00  base             P2  | Fri 11-06 18:00 sla  | Mon 11-09 11:00 | Mon 11-09 16:00
2026-11-03 06:00  bronze           P2  | Tue 11-03 11:00 sla  | Tue 11-03 13:00 | Tue 11-03 18:00
# holidays: Christmas, New Year, Good Friday, Patriotes, Saint-Jean, Canada, Labour, Christmas in lieu
2026-12-24 17:30  argent           P1  | Mon 12-28 09:30 sla  | Mon 12-28 09:30 | Mon 12-28 12:30
2026-12-31 16:00  bronze           P3  | Mon 01-04 11:00 sla  | Mon 01-04 16:00 | Tue 01-05 16:00
2026-04-02 14:00  base             P3  | Thu 04-02 18:00 sla  | Mon 04-06 14:00 | Tue 04-07 14:00
2026-05-15 18:00  or               P4  | Tue 05-19 15:00 plan | Thu 05-21 18:00 | Mon 05-25 18:00
2026-06-23 17:00  or               P2  | Thu 06-25 10:00 sla  | Thu 06-25 12:00 | Thu 06-25 17:00
2026-07-01 12:00  argent           P4  | Thu 07-02 18:00 sla  | Mon 07-06 18:00 | Wed 07-08 18:00
2026-09-04 17:30  argent           P3  | Tue 09-08 12:30 sla  | Tue 09-08 17:30 | Wed 09-09 17:30
2027-12-24 16:00  base             P2  | Fri 12-24 18:00 sla  | Tue 12-28 11:00 | Tue 12-28 16:00
# holidays do not touch the continuous calendar; a year ends for both
2026-12-25 08:00  or               P1  | Fri 12-25 09:00 sla  | Fri 12-25 09:00 | Fri 12-25 12:00
2026-12-31 23:30  or               P1  | Fri 01-01 00:30 sla  | Fri 01-01 00:30 | Fri 01-01 03:30
# clock changes: 1 November 2026 back, 8 March 2026 forward
2026-10-31 23:30  or               P1  | Sun 11-01 00:30 sla  | Sun 11-01 00:30 | Sun 11-01 02:30
2026-03-08 01:30  platine          P1  | Sun 03-08 03:30 sla  | Sun 03-08 03:30 | Sun 03-08 06:30
2026-10-30 17:00  argent           P1  | Fri 10-30 18:00 sla  | Fri 10-30 18:00 | Mon 11-02 12:00
2026-03-06 17:00  argent           P2  | Mon 03-09 10:00 sla  | Mon 03-09 12:00 | Mon 03-09 17:00
# a leap day
2028-02-29 15:00  argent           P3  | Wed 03-01 10:00 sla  | Wed 03-01 15:00 | Thu 03-02 15:00
"""


def cases() -> list[list[str]]:
    lines = [line for line in BY_HAND.splitlines() if line and not line.startswith("#")]
    return [line.split() for line in lines]


@pytest.mark.parametrize("case", cases(), ids=" ".join)
def test_a_promise_is_what_a_person_works_out(case: list[str]) -> None:
    day, hour, who, priority, *expected = [part for part in case if part != "|"]
    plan, _, own = who.partition("+")
    coverage = coverage_for(shipped(), Plan(plan), Coverage(own) if own else None)
    made = promise(shipped(), Plan(plan), coverage, Priority(priority), at(f"{day} {hour}"))
    dues = [
        local(p.due).replace(f" {p.due.astimezone(MONTREAL).year}-", " ")[:-6].split()
        for p in (made.first_response, made.status_update, made.resolution)
    ]
    assert expected == [*dues[0], made.first_response.source, *dues[1], *dues[2]]


def test_the_second_hour_that_the_clock_repeats_is_later_than_the_first() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 1:30 EDT
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 1:30 EST
    dues = [
        promise(shipped(), Plan.OR, Coverage.PREMIUM, Priority.P1, s).resolution.due for s in (first, second)
    ]
    assert [local(due) for due in dues] == ["Sun 2026-11-01 04:30 -0500", "Sun 2026-11-01 05:30 -0500"]


def test_seconds_and_their_parts_are_kept() -> None:
    made = promise(shipped(), Plan.BASE, Coverage.STANDARD, Priority.P2, at("2026-11-03 17:59:59.250000"))
    assert made.first_response.due == at("2026-11-04 10:59:59.250000")
    assert made.resolution.due == at("2026-11-04 17:59:59.250000")


def test_a_promise_tells_its_clock_start_target_and_calendar() -> None:
    opened = at("2026-11-03 10:30")
    made = promise(shipped(), Plan.OR, Coverage.PREMIUM, Priority.P1, opened)
    told = [
        (p.clock, p.start, p.target_seconds, p.calendar_name, p.source)
        for p in (made.first_response, made.status_update, made.resolution)
    ]
    assert told == [
        (ClockName.FIRST_RESPONSE, opened, 3600, "continuous", "sla"),
        (ClockName.STATUS_UPDATE, opened, 3600, "continuous", "sla"),
        (ClockName.RESOLUTION, opened, 4 * 3600, "continuous", "sla"),
    ]
    assert (
        promise(shipped(), Plan.OR, Coverage.STANDARD, Priority.P1, opened).resolution.calendar_name
        == "standard"
    )


def test_the_zone_that_an_instant_is_written_in_does_not_matter() -> None:
    here, utc = at("2026-11-03 10:30"), datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
    made = [promise(shipped(), Plan.OR, Coverage.PREMIUM, Priority.P2, opened) for opened in (here, utc)]
    assert made[0].resolution.due == made[1].resolution.due


@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize("coverage", list(Coverage))
def test_only_p1_on_premium_runs_around_the_clock(priority: Priority, coverage: Coverage) -> None:
    around_the_clock = priority is Priority.P1 and coverage is Coverage.PREMIUM
    assert calendar_for(shipped(), priority, coverage).continuous is around_the_clock


def test_coverage_comes_with_the_plan_unless_the_account_has_its_own() -> None:
    by_plan = {plan.value: coverage_for(shipped(), plan, None).value for plan in Plan}
    assert by_plan == {
        "gratuit": "standard",
        "base": "standard",
        "bronze": "standard",
        "argent": "standard",
        "or": "premium",
        "platine": "premium",
    }
    assert coverage_for(shipped(), Plan.OR, Coverage.STANDARD) is Coverage.STANDARD


def test_a_version_holds_from_its_first_local_minute_and_the_first_one_for_all_before() -> None:
    first = shipped()
    second = replace(first, name="2027-03", effective=date(2027, 3, 1))
    versions = (first, second)
    assert version_at(versions, at("2027-02-28 23:59")).name == "2026-01"
    assert version_at(versions, at("2027-03-01 00:00")).name == "2027-03"
    assert version_at(versions, datetime(2027, 3, 1, 4, 59, tzinfo=UTC)).name == "2026-01"
    assert version_at(versions, at("2019-07-01 00:00")).name == "2026-01"
    with pytest.raises(ValueError, match="no SLA version"):
        version_at((), at("2027-03-01 00:00"))

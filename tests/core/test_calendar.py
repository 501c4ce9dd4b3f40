"""Working time by hand-worked cases: hours, exceptions, clock changes, equal instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from daemon.core.sla.calendar import Calendar, NoReachableTarget, continuous
from daemon.core.sla.spans import Closure, LocalSpan
from tests.core.sla_cases import BUSINESS, at, business, hours, local, shipped

HOUR = 3600
ALWAYS = continuous("continuous", "test")


@pytest.mark.parametrize(
    ("start", "worked", "due"),
    [
        ("2026-11-03 10:30", 9, "Wed 2026-11-04 10:30 -0500"),
        ("2026-11-03 10:30", 7.5, "Tue 2026-11-03 18:00 -0500"),
        ("2026-11-03 06:00", 1, "Tue 2026-11-03 10:00 -0500"),
        ("2026-11-03 20:00", 1, "Wed 2026-11-04 10:00 -0500"),
        ("2026-11-07 12:00", 9, "Mon 2026-11-09 18:00 -0500"),
        ("2026-11-06 18:00", 2, "Mon 2026-11-09 11:00 -0500"),
        ("2026-11-06 17:59", 1, "Mon 2026-11-09 09:59 -0500"),
    ],
)
def test_work_is_counted_in_business_hours_only(start: str, worked: float, due: str) -> None:
    assert local(business().add_working(at(start), worked * HOUR)) == due


def test_of_two_instants_equal_in_working_time_the_earlier_is_promised() -> None:
    lunch = business(week=(hours((9, 12), (13, 18)),) * 5 + ((),) * 2)
    assert local(lunch.add_working(at("2026-11-03 11:30"), HOUR / 2)) == "Tue 2026-11-03 12:00 -0500"
    assert local(lunch.add_working(at("2026-11-03 11:30"), HOUR)) == "Tue 2026-11-03 13:30 -0500"


def test_no_time_at_all_is_due_at_once_even_in_the_night() -> None:
    start = at("2026-11-03 23:00")
    assert business().add_working(start, 0) == start


def test_microseconds_are_kept() -> None:
    start = at("2026-11-03 17:59:59.250001")
    due = business().add_working(start, 1)
    assert due == at("2026-11-04 09:00:00.250001")
    assert business().working_seconds(start, due) == 1.0


def test_a_saturday_opening_counts() -> None:
    calendar = business(week=(BUSINESS,) * 5 + (hours((10, 14)), ()))
    assert local(calendar.add_working(at("2026-11-06 17:00"), 3 * HOUR)) == "Sat 2026-11-07 12:00 -0500"
    assert local(calendar.add_working(at("2026-11-07 13:00"), 2 * HOUR)) == "Mon 2026-11-09 10:00 -0500"


def test_a_closed_date_does_not_count_and_an_extra_day_does() -> None:
    calendar = business(
        closed={date(2026, 11, 4): Closure()},
        replaced={date(2026, 11, 7): hours((10, 12)), date(2026, 11, 5): hours((9, 10))},
    )
    # Tuesday 1 h, Wednesday closed, Thursday shortened to 1 h, Friday 9 h, Saturday 2 h.
    assert local(calendar.add_working(at("2026-11-03 17:00"), 13 * HOUR)) == "Sat 2026-11-07 12:00 -0500"


def test_hours_given_to_a_date_win_over_its_holiday() -> None:
    day = date(2026, 12, 25)
    calendar = business(closed={day: Closure()}, replaced={day: hours((9, 12))})
    assert calendar.is_open(at("2026-12-25 10:00"))


def test_a_span_to_midnight_goes_on_in_the_next_day() -> None:
    calendar = business(week=(hours((22, 24)), hours((0, 2)), (), (), (), (), ()))
    assert local(calendar.add_working(at("2026-11-02 23:00"), 2 * HOUR)) == "Tue 2026-11-03 01:00 -0500"


@pytest.mark.parametrize(
    ("day", "seconds"),
    [(date(2026, 3, 8), 5 * HOUR), (date(2026, 11, 1), 7 * HOUR), (date(2026, 11, 8), 6 * HOUR)],
)
def test_a_night_with_a_clock_change_lasts_as_long_as_it_lasts(day: date, seconds: int) -> None:
    calendar = business(week=((),) * 6 + (hours((0, 6)),))
    assert sum(span.seconds for span in calendar.spans_on(day)) == seconds


def test_a_time_that_the_clock_skips_moves_to_the_first_valid_one() -> None:
    sunday = business(week=((),) * 6 + (hours((2.5, 6)),))
    (span,) = sunday.spans_on(date(2026, 3, 8))
    assert (local(span.start), span.seconds) == ("Sun 2026-03-08 03:00 -0400", 3 * HOUR)
    assert span.start == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_a_span_that_the_clock_skips_wholly_does_not_exist() -> None:
    assert business(week=((),) * 6 + (hours((2, 3)),)).spans_on(date(2026, 3, 8)) == ()


def test_spans_that_meet_in_the_repeated_hour_do_not_overlap() -> None:
    calendar = business(week=((),) * 6 + (hours((0, 1.5), (1.5, 6)),))
    first, second = calendar.spans_on(date(2026, 11, 1))
    assert first.end == second.start
    assert first.seconds + second.seconds == 7 * HOUR


def test_a_midnight_that_does_not_exist_starts_the_day_at_one() -> None:
    calendar = business(zone="America/Santiago", week=(hours((0, 24)),) * 7)
    (span,) = calendar.spans_on(date(2026, 9, 6))
    assert (span.start, span.seconds) == (datetime(2026, 9, 6, 4, tzinfo=UTC), 23 * HOUR)


def test_a_date_that_a_country_skipped_has_no_hours() -> None:
    assert business(zone="Pacific/Apia", week=(BUSINESS,) * 7).spans_on(date(2011, 12, 30)) == ()


def test_business_hours_are_not_longer_for_a_clock_change_in_the_night() -> None:
    # Friday 17:00 EDT to Monday 12:00 EST: one hour and three.
    start = at("2026-10-30 17:00")
    assert business().add_working(start, 4 * HOUR) == datetime(2026, 11, 2, 17, tzinfo=UTC)
    # Friday 17:00 EST to Monday 12:00 EDT.
    start = at("2026-03-06 17:00")
    assert business().add_working(start, 4 * HOUR) == datetime(2026, 3, 9, 16, tzinfo=UTC)


def test_around_the_clock_every_instant_counts_across_both_clock_changes() -> None:
    assert local(ALWAYS.add_working(at("2026-10-31 23:30"), 4 * HOUR)) == "Sun 2026-11-01 02:30 -0500"
    assert local(ALWAYS.add_working(at("2026-03-08 01:30"), 4 * HOUR)) == "Sun 2026-03-08 06:30 -0400"
    assert ALWAYS.is_open(at("2026-12-25 03:00"))
    assert ALWAYS.next_opening(at("2026-12-25 03:00")) == at("2026-12-25 03:00")


def test_working_time_spans_years_and_runs_backwards_as_negative() -> None:
    # 30 and 31 December 2026, 4 and 5 January 2027; the holiday of 1 January is not in this calendar.
    start, end = at("2026-12-30 09:00"), at("2027-01-05 18:00")
    assert business().working_seconds(start, end) == 5 * 9 * HOUR
    assert business().working_seconds(end, start) == -5 * 9 * HOUR
    assert shipped().standard.working_seconds(start, end) == 4 * 9 * HOUR
    assert shipped().standard.business_days(start, end) == 4


def test_the_instant_of_opening_is_open_and_that_of_closing_is_not() -> None:
    calendar = business()
    assert calendar.is_open(at("2026-11-03 09:00"))
    assert calendar.is_open(at("2026-11-03 17:59:59.999999"))
    assert not calendar.is_open(at("2026-11-03 18:00"))
    assert not calendar.is_open(at("2026-11-03 08:59:59.999999"))


def test_the_next_opening_is_now_while_open_and_else_the_next_span() -> None:
    calendar = shipped().standard
    assert calendar.next_opening(at("2026-11-03 12:34")) == at("2026-11-03 12:34")
    assert local(calendar.next_opening(at("2026-12-24 18:00"))) == "Mon 2026-12-28 09:00 -0500"
    assert local(calendar.next_opening(at("2026-11-07 05:30"))) == "Mon 2026-11-09 09:00 -0500"


def test_the_counted_intervals_tell_a_promise_back() -> None:
    calendar = shipped().standard
    told = calendar.intervals(at("2026-12-24 16:00"), at("2026-12-28 10:00"))
    assert [(local(i.start), local(i.end)) for i in told] == [
        ("Thu 2026-12-24 16:00 -0500", "Thu 2026-12-24 18:00 -0500"),
        ("Mon 2026-12-28 09:00 -0500", "Mon 2026-12-28 10:00 -0500"),
    ]
    assert calendar.intervals(at("2026-12-28 10:00"), at("2026-12-24 16:00")) == ()


def test_what_no_calendar_reaches_within_400_days_is_refused() -> None:
    start = at("2026-01-05 09:00")
    with pytest.raises(NoReachableTarget):
        business(week=((),) * 7).add_working(start, 1)
    with pytest.raises(NoReachableTarget):
        business(week=((),) * 7).next_opening(start)
    with pytest.raises(NoReachableTarget):
        ALWAYS.add_working(start, 400 * 86_400 + 1)
    assert ALWAYS.add_working(start, 400 * 86_400) == start + timedelta(days=400)
    once = business(week=((),) * 7, replaced={date(2027, 2, 9): hours((8, 10))})  # 400 days later
    assert once.add_working(start, HOUR) == at("2027-02-09 09:00")
    with pytest.raises(NoReachableTarget):
        once.add_working(start, HOUR + 1)
    with pytest.raises(NoReachableTarget):
        business(week=((),) * 7, replaced={date(2027, 2, 10): BUSINESS}).add_working(start, 60)


def test_the_400_days_may_touch_three_years() -> None:
    late = business(week=((),) * 7, replaced={date(2028, 1, 4): BUSINESS})
    assert late.add_working(at("2026-12-01 09:00"), HOUR) == at("2028-01-04 10:00")


def test_a_negative_target_and_an_instant_without_offset_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        business().add_working(at("2026-11-03 09:00"), -1)
    with pytest.raises(ValueError, match="offset"):
        business().add_working(datetime(2026, 11, 3, 9), 1)  # noqa: DTZ001 - the naive one is the case


def test_overlapping_spans_and_spans_beyond_a_day_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        business(week=(hours((9, 13), (12, 18)),) + ((),) * 6)
    with pytest.raises(ValueError, match="no span"):
        LocalSpan(start=3600, end=3600)
    with pytest.raises(ValueError, match="no span"):
        LocalSpan(start=0, end=86_401)


def test_two_calendars_are_equal_when_they_decide_the_same() -> None:
    named = business(closed={date(2026, 12, 25): Closure(fr="Noël", en="Christmas")})
    bare = business(closed={date(2026, 12, 25): Closure()}, version="another")
    assert named == bare
    assert hash(named) == hash(bare)
    for other in (business(), business(zone="America/Vancouver"), ALWAYS, business(week=(BUSINESS,) * 7)):
        assert named.digest != other.digest
        assert named != other


@pytest.mark.parametrize(
    ("instant", "french", "english"),
    [
        ("2026-06-24 10:00", "Fête nationale du Québec", "Saint Jean Baptiste Day"),
        ("2026-06-23 19:00", "Fête nationale du Québec", "Saint Jean Baptiste Day"),
        ("2026-12-25 22:00", None, None),
        ("2027-12-27 12:00", "Jour de Noël", "Christmas Day"),
        ("2026-12-31 18:30", "Jour de l’an", "New Year's Day"),
        ("2026-11-03 12:00", None, None),
        ("2026-11-03 20:00", None, None),
        ("2026-11-07 12:00", None, None),
    ],
)
def test_the_holiday_that_keeps_us_closed_is_named(
    instant: str, french: str | None, english: str | None
) -> None:
    calendar = shipped().standard
    assert calendar.closed_why(at(instant), "fr") == french
    assert calendar.closed_why(at(instant), "en") == english


def test_a_closure_without_a_name_is_not_named() -> None:
    calendar: Calendar = business(closed={date(2026, 11, 3): Closure()})
    assert calendar.closed_why(at("2026-11-03 12:00"), "fr") is None
    assert ALWAYS.closed_why(at("2026-12-25 12:00"), "fr") is None

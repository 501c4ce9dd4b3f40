"""Working time against a counter that shares no code with it, and the laws that any calendar keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.sla.calendar import Calendar, NoReachableTarget
from daemon.core.sla.spans import Closure, LocalSpan

STEP = timedelta(minutes=5)
ZONES = ("America/Toronto", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
FIRST, LAST = date(2026, 1, 1), date(2028, 12, 31)

slots = st.integers(min_value=7, max_value=48)  # half hours; from 3:30 on, after every zone's clock change
days_of_spans = st.lists(slots, max_size=4, unique=True).map(
    lambda ends: tuple(
        LocalSpan(start=a * 1800, end=b * 1800)
        for a, b in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False)
    )
)
dates = st.dates(FIRST, LAST)
calendars = st.builds(
    Calendar,
    name=st.just("any"),
    version=st.just("any"),
    zone=st.sampled_from(ZONES),
    week=st.tuples(*[days_of_spans] * 7),
    closed=st.dictionaries(dates, st.just(Closure()), max_size=8),
    replaced=st.dictionaries(dates, days_of_spans, max_size=4),
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
seconds = st.integers(min_value=1, max_value=60 * 3600)


def counted(calendar: Calendar, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the five minutes from `at` on count: by looking at a wall clock, as a person would."""
    wall = at.astimezone(zone)
    second = wall.hour * 3600 + wall.minute * 60
    if wall.date() in calendar.replaced:
        spans = calendar.replaced[wall.date()]
    elif wall.date() in calendar.closed:
        return False
    else:
        spans = calendar.week[wall.weekday()]
    return any(span.start <= second < span.end for span in spans)


@settings(max_examples=60, deadline=None)
@given(calendars, instants, st.integers(min_value=1, max_value=30 * 12))
def test_a_due_instant_is_where_a_person_counting_minutes_stops(
    calendar: Calendar, start: datetime, steps: int
) -> None:
    zone = ZoneInfo(calendar.zone)
    at = start.replace(minute=start.minute // 5 * 5, second=0, microsecond=0)
    begun, left = at, steps
    for _ in range(16 * 288):
        left -= counted(calendar, at, zone)
        at += STEP
        if not left:
            assert calendar.add_working(begun, steps * 300) == at
            return
    assert calendar.working_seconds(begun, at) == (steps - left) * 300


@settings(max_examples=150, deadline=None)
@given(calendars, instants, seconds, seconds)
def test_what_was_added_is_what_is_measured_and_adding_twice_is_adding_the_sum(
    calendar: Calendar, start: datetime, one: int, two: int
) -> None:
    try:
        whole = calendar.add_working(start, one + two)
    except NoReachableTarget:
        return
    first = calendar.add_working(start, one)
    assert calendar.working_seconds(start, first) == one
    assert calendar.working_seconds(start, whole) == one + two
    assert calendar.add_working(first, two) == whole
    assert start < first < whole
    assert calendar.is_open(first - timedelta(microseconds=1))
    assert sum(interval.seconds for interval in calendar.intervals(start, whole)) == one + two


@settings(max_examples=150, deadline=None)
@given(calendars, instants, instants, instants)
def test_working_time_adds_up_over_any_point_between(
    calendar: Calendar, a: datetime, b: datetime, c: datetime
) -> None:
    whole = calendar.working_seconds(a, c)
    assert round((calendar.working_seconds(a, b) + calendar.working_seconds(b, c) - whole) * 1_000_000) == 0
    assert abs(whole) <= abs((c - a).total_seconds())


@settings(max_examples=100, deadline=None)
@given(calendars, instants)
def test_the_next_opening_is_open_and_nothing_is_worked_before_it(calendar: Calendar, at: datetime) -> None:
    try:
        opening = calendar.next_opening(at)
    except NoReachableTarget:
        assert not calendar.is_open(at)
        return
    assert opening >= at
    assert calendar.is_open(opening)
    assert calendar.working_seconds(at, opening) == 0
    assert calendar.is_open(at) == (opening == at)

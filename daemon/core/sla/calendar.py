"""Working time: which instants count, and where a number of counted seconds after an instant falls.

A calendar is a set of half-open local spans per date in an IANA zone, made into UTC date by date and summed
in UTC, so that a clock change neither adds nor removes elapsed time. It knows no plan, no holiday library and
no clock: the closed dates are handed in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.sla.duration import BUSINESS_DAY
from daemon.core.sla.spans import MICROSECOND, Closure, Interval, LocalSpan, instant, instant_of, micros

REACH: Final = timedelta(days=400)
"""How far ahead a due instant or an opening is looked for (sla.md, "Calendars and working time")."""

_DAY: Final = timedelta(days=1)
_SECOND: Final = 1_000_000


class NoReachableTarget(Exception):
    """The calendar does not hold that much working time in the 400 days after the start."""


@dataclass(frozen=True, slots=True)
class _Year:
    """The spans of one local year in microseconds of the epoch; `before[i]` is worked before span i."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.before[-1]

    def worked(self, at: int) -> int:
        """Microseconds worked in this year before `at`."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return self.before[index] + min(at, self.ends[index]) - self.starts[index]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """An immutable version of working hours.

    week      seven tuples of spans, Monday first, each in order and without overlap
    closed    dates without work, whatever the weekday
    replaced  dates with exactly these spans: a shortened or an extra day; it wins over `closed`
    digest    SHA-256 of all that decides over time: two calendars are equal when theirs are
    """

    name: str
    version: str
    zone: str = "UTC"
    week: tuple[tuple[LocalSpan, ...], ...] = ((),) * 7
    closed: Mapping[date, Closure] = field(default_factory=dict)
    replaced: Mapping[date, tuple[LocalSpan, ...]] = field(default_factory=dict)
    continuous: bool = False
    digest: str = field(init=False)
    _tz: ZoneInfo = field(init=False, repr=False)
    _years: dict[int, _Year] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for spans in (*self.week, *self.replaced.values()):
            if any(later.start < earlier.end for earlier, later in pairwise(spans)):
                raise ValueError(f"calendar {self.name}: spans of one day overlap or are out of order")
        object.__setattr__(self, "digest", _digest(self))
        object.__setattr__(self, "_tz", ZoneInfo(self.zone))
        object.__setattr__(self, "_years", {})  # filled year by year: what is in it follows from the fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def version_at(self, at: datetime) -> str:  # noqa: ARG002 - `Hours` asks so
        """The name of the version that counts at an instant: always its own (`hours.Spliced` has several)."""
        return self.version

    def local_spans(self, day: date) -> tuple[LocalSpan, ...]:
        """The wall-clock spans of a date. A continuous calendar has the whole day."""
        if self.continuous:
            return (LocalSpan(start=0, end=86_400),)
        if day in self.replaced:
            return self.replaced[day]
        return () if day in self.closed else self.week[day.weekday()]

    def spans_on(self, day: date) -> tuple[Interval, ...]:
        """The spans of a local date in UTC, in order. What a clock change swallows whole is left out."""
        ends = (
            (instant(self._tz, day, s.start), instant(self._tz, day, s.end)) for s in self.local_spans(day)
        )
        return tuple(Interval(start=start, end=end) for start, end in ends if start < end)

    def add_working(self, start: datetime, seconds: float) -> datetime:
        """The earliest instant, in UTC, with so many working seconds between `start` and it.

        Raises NoReachableTarget beyond 400 days, ValueError for a negative number or a naive instant.
        """
        if seconds < 0:
            raise ValueError("a target is never negative")
        first = micros(start)
        wanted = round(seconds * _SECOND)
        plain = self.continuous or not wanted
        due = first + wanted if plain else self._after(start, first, wanted)
        if due - first > REACH // MICROSECOND:
            raise NoReachableTarget(f"{self.name} {self.version}: no {seconds:g} s within {REACH.days} days")
        return instant_of(due)

    def working_seconds(self, start: datetime, end: datetime) -> float:
        """Seconds worked from `start` to `end`, to the microsecond; negative when `end` comes first."""
        first, last = micros(start), micros(end)
        if first > last:
            return -self.working_seconds(end, start)
        if self.continuous:
            return (last - first) / _SECOND
        from_year, to_year = self._local(start).year, self._local(end).year
        whole = sum(self._year(year).total for year in range(from_year, to_year))
        return (whole + self._year(to_year).worked(last) - self._year(from_year).worked(first)) / _SECOND

    def business_days(self, start: datetime, end: datetime) -> float:
        """Working time in business days of nine hours."""
        return self.working_seconds(start, end) / BUSINESS_DAY

    def is_open(self, at: datetime) -> bool:
        """Whether `at` counts. The instant of closing does not."""
        return self.continuous or any(s.start <= at < s.end for s in self.spans_on(self._local(at).date()))

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself when it counts, else the start of the next span, in UTC. Raises NoReachableTarget."""
        micros(at)
        if self.continuous:
            return at.astimezone(UTC)
        day = self._local(at).date()
        for _ in range(REACH.days + 1):
            for span in self.spans_on(day):
                if at < span.end:
                    return max(at.astimezone(UTC), span.start)
            day += _DAY
        raise NoReachableTarget(f"{self.name} {self.version}: never open within {REACH.days} days")

    def intervals(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        """The counted intervals from `start` to `end`: what a promise can be told back with."""
        first, last = start.astimezone(UTC), end.astimezone(UTC)
        if first >= last:
            return ()
        if self.continuous:
            return (Interval(start=first, end=last),)
        found: list[Interval] = []
        day, stop = self._local(first).date(), self._local(last).date()
        while day <= stop:
            for span in self.spans_on(day):
                opened, closed = max(span.start, first), min(span.end, last)
                if opened < closed:
                    found.append(Interval(start=opened, end=closed))
            day += _DAY
        return tuple(found)

    def closed_why(self, at: datetime, language: str) -> str | None:
        """The name ("fr" or "en") of the holiday or closure that keeps us closed between `at` and the next
        opening; None while open, and when it is only the night or the week-end."""
        if self.is_open(at):
            return None
        day, opening = self._local(at).date(), self._local(self.next_opening(at)).date()
        while day < opening:
            closure = None if day in self.replaced else self.closed.get(day)
            usual = self.week[day.weekday()]
            if closure is not None and usual and at < instant(self._tz, day, usual[-1].end):
                return (closure.fr if language == "fr" else closure.en) or None
            day += _DAY
        return None

    def _after(self, start: datetime, first: int, wanted: int) -> int:
        year = self._local(start).year
        left = wanted + self._year(year).worked(first)
        for number in range(year, year + 3):  # 400 days touch three years at most
            table = self._year(number)
            if left <= table.total:
                # The earlier of two equal instants: the span that is full at `left`, not the one that begins.
                index = bisect_right(table.before, left - 1) - 1
                return table.starts[index] + left - table.before[index]
            left -= table.total
        raise NoReachableTarget(
            f"{self.name} {self.version}: no {wanted / _SECOND:g} s within {REACH.days} days"
        )

    def _year(self, number: int) -> _Year:
        known = self._years.get(number)
        if known is None:
            first = date(number, 1, 1)
            length = date(number, 12, 31).toordinal() - first.toordinal() + 1
            days = (first + timedelta(days=offset) for offset in range(length))
            spans = [(micros(s.start), micros(s.end)) for day in days for s in self.spans_on(day)]
            known = self._years[number] = _Year(
                starts=tuple(start for start, _ in spans),
                ends=tuple(end for _, end in spans),
                before=tuple(accumulate((end - start for start, end in spans), initial=0)),
            )
        return known

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._tz)


def continuous(name: str, version: str) -> Calendar:
    """Every instant counts."""
    return Calendar(name=name, version=version, continuous=True)


def _digest(calendar: Calendar) -> str:
    if calendar.continuous:
        return sha256(b"continuous").hexdigest()
    lines = [
        calendar.zone,
        *(_spans_text(spans) for spans in calendar.week),
        *(day.isoformat() for day in sorted(calendar.closed)),
        *(f"{day.isoformat()} {_spans_text(calendar.replaced[day])}" for day in sorted(calendar.replaced)),
    ]
    return sha256("\n".join(lines).encode()).hexdigest()


def _spans_text(spans: tuple[LocalSpan, ...]) -> str:
    return ",".join(f"{span.start}-{span.end}" for span in spans)

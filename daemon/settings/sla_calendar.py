"""[version.calendar] of `sla.toml`: from days, hours and exceptions to the version's standard calendar."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, TypeVar

from daemon.core.sla.calendar import Calendar
from daemon.core.sla.spans import Closure, LocalSpan
from daemon.settings import sla_fields as fields
from daemon.settings.sla_holidays import Easter, quebec
from daemon.settings.sla_table import Table

_T = TypeVar("_T")
_Spans = tuple[LocalSpan, ...]

STANDARD: Final = "standard"
KEYS: Final = ("days", "hours", "timezone", "easter", "closed", "extra", "removed")

FIRST_YEAR: Final = 2000
YEARS_AHEAD: Final = 40
"""Holidays are worked out from 2000 to so many years after the version takes effect."""

_DAYS: Final[tuple[str, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_BUSINESS_HOURS: Final[_Spans] = (LocalSpan(start=9 * 3600, end=18 * 3600),)
_WEEK: Final = 'expected days such as ["mon", "tue", "wed", "thu", "fri"]'
_CLOSED: Final = (
    'expected dates such as [2026-12-24, "2026-12-28..2026-12-31", '
    '{ date = 2026-12-24, until = 2027-01-03, fr = "congé des Fêtes", en = "holiday break" }]'
)
_EXTRA: Final = 'expected dates with their hours such as [{ date = 2026-11-28, hours = ["10:00-14:00"] }]'
_REMOVED: Final = "expected dates of public holidays on which you work, such as [2026-06-24]"


def standard_calendar(table: Table, version: str, effective: date) -> Calendar:
    """The calendar of business hours. Faults go to the table."""
    table.only(KEYS)
    usual, week = _week(table)
    easter = table.read("easter", fields.choice(Easter), Easter.GOOD_FRIDAY)
    own: dict[date, Closure] = table.read("closed", _closures, {})
    extra: dict[date, _Spans] = table.read("extra", _extra_days(usual), {})
    none: tuple[date, ...] = ()
    closed = quebec(range(FIRST_YEAR, effective.year + YEARS_AHEAD + 1), easter)
    for day in table.read("removed", _removed(closed), none):
        del closed[day]
    for day in sorted(own.keys() & extra.keys()):
        table.fault("extra", str(day), "expected a date that does not stand under `closed` too")
    return Calendar(
        name=STANDARD,
        version=version,
        zone=table.read("timezone", _zone, "America/Toronto"),
        week=week,
        closed=MappingProxyType(closed | own),
        replaced=MappingProxyType(extra),
    )


def _week(table: Table) -> tuple[_Spans, tuple[_Spans, ...]]:
    """The usual hours of a day, and the week. Hours may also be given day by day: { mon = …, sat = … }."""
    hours = table.data.get("hours")
    if isinstance(hours, dict):
        if "days" in table.data:
            table.fault("days", table.data["days"], "expected no `days` beside hours that name their days")
        by_day = table.table("hours")
        by_day.only(_DAYS, "day")
        closed: _Spans = ()
        return closed, tuple(by_day.read(day, fields.spans, closed) for day in _DAYS)
    usual = table.read("hours", fields.spans, _BUSINESS_HOURS)
    days = table.read("days", _days, _DAYS[:5])
    return usual, tuple(usual if day in days else () for day in _DAYS)


def _days(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(_WEEK)
    found = [item.strip().lower()[:3] if isinstance(item, str) else "" for item in value]
    wrong = [item for item, day in zip(value, found, strict=True) if day not in _DAYS]
    if wrong:
        raise ValueError(f"{_WEEK}, but {wrong[0]!r} stands in it")
    return tuple(found)


def _zone(value: object) -> str:
    name = value if isinstance(value, str) else ""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as trouble:
        near = get_close_matches(name, zoneinfo.available_timezones(), 1) or ["America/Toronto"]
        raise ValueError(f'expected a time zone of the IANA list such as "{near[0]}"') from trouble
    return name


def _closures(value: object) -> dict[date, Closure]:
    found: dict[date, Closure] = {}
    for item in _items(value, _CLOSED):
        for day, closure in _told(item, _closure, _CLOSED).items():
            if day in found:
                raise ValueError(f"expected every date once, but {day} stands twice in it")
            found[day] = closure
    return found


def _closure(item: object) -> dict[date, Closure]:
    if not isinstance(item, dict):
        first, _, last = item.partition("..") if isinstance(item, str) else (item, "", "")
        days = fields.days_between(fields.day(first), fields.day(last or first))
        return dict.fromkeys(days, Closure())
    if not {"date"} <= set(item) <= {"date", "until", "fr", "en"}:
        raise ValueError(_CLOSED)
    days = fields.days_between(fields.day(item["date"]), fields.day(item.get("until", item["date"])))
    names = {language: fields.words(item[language]) for language in ("fr", "en") if language in item}
    return dict.fromkeys(days, Closure(**names))


def _extra_days(usual: _Spans) -> Callable[[object], dict[date, _Spans]]:
    def one(item: object) -> tuple[date, _Spans]:
        if not isinstance(item, dict):
            day, hours = fields.day(item), usual
        elif not {"date"} <= set(item) <= {"date", "hours"}:
            raise ValueError(_EXTRA)
        else:
            day = fields.day(item["date"])
            hours = fields.spans(item["hours"]) if "hours" in item else usual
        if not hours:
            raise ValueError(_EXTRA)
        return day, hours

    def read(value: object) -> dict[date, _Spans]:
        found: dict[date, _Spans] = {}
        for item in _items(value, _EXTRA):
            day, hours = _told(item, one, _EXTRA)
            if day in found:
                raise ValueError(f"expected every date once, but {day} stands twice in it")
            found[day] = hours
        return found

    return read


def _removed(holidays: dict[date, Closure]) -> Callable[[object], tuple[date, ...]]:
    def read(value: object) -> tuple[date, ...]:
        days = {_told(item, fields.day, _REMOVED) for item in _items(value, _REMOVED)}
        for day in sorted(days - holidays.keys()):
            near = min(holidays, key=lambda holiday: abs((holiday - day).days))
            raise ValueError(f"{_REMOVED}, but {day} is none; the nearest is {near}, {holidays[near].en}")
        return tuple(sorted(days))

    return read


def _items(value: object, expected: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(expected)  # noqa: TRY004 - the table collects ValueError only
    return value


def _told(item: object, reader: Callable[[object], _T], expected: str) -> _T:
    try:
        return reader(item)
    except ValueError as wrong:
        raise ValueError(f"{expected}, but {item!s} stands in it: {wrong}") from wrong

"""Dates and hours as people write them in French and English Canada: "jeudi", "24 déc.", "in 3 days",
"2026-12-24 à 14 h 30".

Numbers alone are read only where they leave no doubt: 03/04 is March to one and April to the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from daemon.core.commands.values import Why
from daemon.core.commands.vocabulary import fold

FARTHEST: Final = timedelta(days=400)
"""As far as any calendar is looked into (sla.md, "Calendars and working time")."""


class BadDate(Exception):
    """`proposal`: what may have been meant, "" where nothing is near."""

    def __init__(self, why: Why, proposal: str = "") -> None:
        super().__init__(why.value)
        self.why = why
        self.proposal = proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A date that was read, seconds after its midnight where an hour stood there too, and what follows."""

    day: date
    seconds: int | None
    rest: str


_MONTHS: Final = {
    word: number
    for number, words in enumerate(
        (
            "janvier janv jan january",
            "fevrier fevr fev february feb",
            "mars mar march",
            "avril avr april apr",
            "mai may",
            "juin jun june",
            "juillet juil july jul",
            "aout aug august",
            "septembre sept sep september",
            "octobre oct october",
            "novembre nov november",
            "decembre dec december",
        ),
        start=1,
    )
    for word in words.split()
}
_WEEKDAYS: Final = {
    word: number
    for number, words in enumerate(
        (
            "lundi lun monday mon",
            "mardi mar tuesday tue tues",
            "mercredi mer wednesday wed",
            "jeudi jeu thursday thu thur thurs",
            "vendredi ven friday fri",
            "samedi sam saturday sat",
            "dimanche dim sunday sun",
        )
    )
    for word in words.split()
}
_AHEAD: Final = {"aujourd'hui": 0, "today": 0, "demain": 1, "tomorrow": 1}
_WORD: Final = r"([^\W\d_]+)\.?"
_END: Final = r"(?=$|[\s,;:.)])"
_LEAD: Final = re.compile(
    r"^[\s,]*(?:(?:jusqu['’](?:a|à|au)|until|till|on|le|au|the)\s+){0,2}", re.IGNORECASE
)
_ISO: Final = re.compile(rf"(\d{{4}})[-‐‑/.](\d{{1,2}})[-‐‑/.](\d{{1,2}}){_END}")
_NUMBERS: Final = re.compile(rf"(\d{{1,2}})[-‐‑/](\d{{1,2}})(?:[-‐‑/](\d{{4}}))?{_END}")
_DAY_MONTH: Final = re.compile(
    rf"(\d{{1,2}})(?:er|e|st|nd|rd|th)?\s+(?:de\s+|of\s+)?{_WORD}(?:,?\s+(20\d\d))?{_END}"
)
_MONTH_DAY: Final = re.compile(rf"{_WORD}\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(20\d\d))?{_END}")
_SPAN: Final = re.compile(
    rf"(?:dans|in|d'ici)?\s*(\d{{1,3}})\s+(jours?|days?|semaines?|weeks?){_END}", re.IGNORECASE
)
_AHEAD_WORD: Final = re.compile(rf"(aujourd['’]hui|demain|today|tomorrow){_END}", re.IGNORECASE)
_DAY_NAME: Final = re.compile(rf"(next\s+)?{_WORD}(\s+prochain)?(?=$|[\s,;:)])", re.IGNORECASE)
_NEXT_WEEK: Final = re.compile(rf"(?:la\s+)?semaine\s+prochaine{_END}|next\s+week{_END}", re.IGNORECASE)
_HOUR: Final = re.compile(
    r"[\s,]*(?:(?:à|a|at|@|vers)\s*)?(?:(midi|noon)|(\d{1,2})\s?(?:[:h]\s?(\d{2})?)\s?([ap]\.?m\.?)?"
    r"|(\d{1,2})\s?([ap]\.?m\b\.?))(?=$|[\s,;.)])",
    re.IGNORECASE,
)


def read_day(text: str, today: date) -> Day:
    """The date at the beginning of `text`, and an hour after it. Raises BadDate; a date before `today` is
    PAST, one beyond 400 days FAR."""
    rest = text[_lead(text) :]
    for read in _READERS:
        found = read(rest, today)
        if found is not None:
            day, end = found
            if day < today:
                raise BadDate(Why.PAST)
            if day - today > FARTHEST:
                raise BadDate(Why.FAR)
            seconds, end = _hour(rest, end)
            return Day(day=day, seconds=seconds, rest=rest[end:].strip(" \u00a0\u202f,;."))
    raise BadDate(Why.BAD_DATE)


def _lead(text: str) -> int:
    found = _LEAD.match(text)
    return found.end() if found else 0


_Read = tuple[date, int] | None


def _iso(text: str, _today: date) -> _Read:
    found = _ISO.match(text)
    return (_made(int(found[1]), int(found[2]), int(found[3])), found.end()) if found else None


def _numbers(text: str, today: date) -> _Read:
    found = _NUMBERS.match(text)
    if found is None:
        return None
    one, other = int(found[1]), int(found[2])
    year = int(found[3]) if found[3] else None
    readings = {(d, m) for d, m in ((one, other), (other, one)) if 1 <= m <= 12}
    if len(readings) > 1:
        raise BadDate(Why.AMBIGUOUS_DATE, _next(one, other, year, today).isoformat())
    if not readings:
        raise BadDate(Why.BAD_DATE)
    day, month = readings.pop()
    return _next(day, month, year, today), found.end()


def _named(text: str, today: date) -> _Read:
    """ "jeudi 24 décembre 2026", "December 24th": a weekday before it must be that date's."""
    weekday, start = None, 0
    lead = _DAY_NAME.match(text)
    if lead and not lead[1] and fold(lead[2]) in _WEEKDAYS:
        weekday = _WEEKDAYS[fold(lead[2])]
        start = lead.end() + _lead(text[lead.end() :])
    forms = [(_DAY_MONTH, start, 1, 2), (_MONTH_DAY, start, 2, 1), (_MONTH_DAY, 0, 2, 1)]
    for pattern, at, day_at, month_at in forms:
        found = pattern.match(text, at)
        month = _MONTHS.get(fold(found[month_at])) if found else None
        if found is None or month is None:
            continue
        day = _next(int(found[day_at]), month, int(found[3]) if found[3] else None, today)
        if weekday is not None and not at and not found[3]:
            raise BadDate(Why.AMBIGUOUS_DATE, day.isoformat())  # "mar 10": March 10, or Tuesday the 10th
        if weekday is not None and at and day.weekday() != weekday:
            raise BadDate(Why.BAD_DATE, day.isoformat())
        return day, found.end()
    return None


def _ahead(text: str, today: date) -> _Read:
    found = _AHEAD_WORD.match(text)
    if found:
        return today + timedelta(days=_AHEAD[found[1].casefold().replace("’", "'")]), found.end()
    found = _SPAN.match(text)
    if found:
        days = int(found[1]) * (7 if found[2][0].casefold() in "sw" else 1)
        return today + timedelta(days=days), found.end()
    found = _NEXT_WEEK.match(text)
    if found:
        return today + timedelta(days=7 - today.weekday()), found.end()
    return None


def _weekday(text: str, today: date) -> _Read:
    """The next one; the same weekday as today is that of next week."""
    found = _DAY_NAME.match(text)
    number = _WEEKDAYS.get(fold(found[2])) if found else None
    if found is None or number is None:
        return None
    return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1), found.end()


_READERS: Final[tuple[Callable[[str, date], _Read], ...]] = (_iso, _numbers, _named, _ahead, _weekday)


def _next(day: int, month: int, year: int | None, today: date) -> date:
    """Without a year it is the next such date."""
    if year is not None:
        return _made(year, month, day)
    found = _made(today.year, month, day, leap=True)
    return found if found >= today else _made(today.year + 1, month, day, leap=True)


def _made(year: int, month: int, day: int, *, leap: bool = False) -> date:
    try:
        return date(year, month, day)
    except ValueError as trouble:
        if leap and (month, day) == (2, 29):
            return _made(year + 1, month, day) if year % 4 == 3 else date(year, 3, 1)
        raise BadDate(Why.BAD_DATE) from trouble


def _hour(text: str, end: int) -> tuple[int | None, int]:
    found = _HOUR.match(text, end)
    if found is None:
        return None, end
    if found[1]:
        return 12 * 3600, found.end()
    hour, minute = int(found[2] or found[5]), int(found[3] or 0)
    half = (found[4] or found[6] or "").casefold()[:1]
    if minute > 59 or hour > (12 if half else 23):
        raise BadDate(Why.BAD_DATE)
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 3600 + minute * 60, found.end()

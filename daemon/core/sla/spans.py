"""Spans of time on a wall clock and in UTC, and the way from one to the other. It knows no calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MICROSECOND: Final = timedelta(microseconds=1)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LocalSpan:
    """Wall-clock seconds after local midnight, `start` included and `end` not; 86400 is the next midnight."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= 86_400:
            raise ValueError(f"{self.start}-{self.end} is no span of a day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A date without work. The names are for people and may be empty; they are no part of the calendar's
    digest."""

    fr: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Two instants in UTC, half-open."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / timedelta(seconds=1)


def instant(zone: ZoneInfo, day: date, seconds: int) -> datetime:
    """The instant, in UTC, at which a wall clock first shows that many seconds after midnight of `day`; a
    time that it never shows moves to the first valid one."""
    wall = datetime.combine(day, time(), zone) + timedelta(seconds=seconds)
    before, after = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    at = wall.astimezone(UTC)
    if before is None or after is None or after <= before:
        return at
    low, high = at - (after - before), at  # a gap (PEP 495): the change lies between the two readings
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def micros(at: datetime) -> int:
    """Microseconds since 1970. Raises ValueError for a naive instant."""
    if at.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return (at - _EPOCH) // MICROSECOND


def instant_of(microseconds: int) -> datetime:
    return _EPOCH + microseconds * MICROSECOND

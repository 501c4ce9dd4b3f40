"""What counts as working time when the hours were changed on the way: an earlier calendar until an instant, a
later one from there on.

`#horaire` declares a closure or an extra day at any time; it touches only time that has not yet elapsed
(sla.md, "Calendars and working time"). A spliced calendar answers what a plain one does, so that clocks need
not know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from daemon.core.sla.spans import Interval


class Hours(Protocol):
    """Working time and its inverse; `Calendar` and `Spliced` are such. Errors are those of `Calendar`."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def add_working(self, start: datetime, seconds: float) -> datetime: ...

    def working_seconds(self, start: datetime, end: datetime) -> float: ...

    def is_open(self, at: datetime) -> bool: ...

    def next_opening(self, at: datetime) -> datetime: ...

    def intervals(self, start: datetime, end: datetime) -> tuple[Interval, ...]: ...

    def version_at(self, at: datetime) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Spliced:
    """`before` counts up to `at`, `after` from `at` on."""

    before: Hours
    after: Hours
    at: datetime

    @property
    def name(self) -> str:
        return self.after.name

    @property
    def version(self) -> str:
        return self.after.version

    def version_at(self, at: datetime) -> str:
        """The name of the version that counts at an instant."""
        return self.after.version_at(at) if at >= self.at else self.before.version_at(at)

    def add_working(self, start: datetime, seconds: float) -> datetime:
        """As `Calendar.add_working`: the earliest instant with so much working time after `start`."""
        if start >= self.at:
            return self.after.add_working(start, seconds)
        first = self.before.working_seconds(start, self.at)
        if seconds <= first:
            return self.before.add_working(start, seconds)
        return self.after.add_working(self.at, seconds - first)

    def working_seconds(self, start: datetime, end: datetime) -> float:
        """As `Calendar.working_seconds`: negative when `end` comes first."""
        if start > end:
            return -self.working_seconds(end, start)
        if end <= self.at:
            return self.before.working_seconds(start, end)
        if start >= self.at:
            return self.after.working_seconds(start, end)
        return self.before.working_seconds(start, self.at) + self.after.working_seconds(self.at, end)

    def is_open(self, at: datetime) -> bool:
        return (self.after if at >= self.at else self.before).is_open(at)

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself when it counts, else the next instant that does, in UTC."""
        if at < self.at:
            opening = self.before.next_opening(at)
            if opening < self.at:
                return opening
        return self.after.next_opening(max(at, self.at)).astimezone(UTC)

    def intervals(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        """The counted intervals from `start` to `end`; one that spans the change comes in two parts."""
        return (
            *self.before.intervals(start, min(end, self.at)),
            *self.after.intervals(max(start, self.at), end),
        )

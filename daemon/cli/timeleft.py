"""How much working time an open clock has left, counted in the calendar it was promised in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.core.sla.calendar import Calendar
    from daemon.core.sla.promises import SlaVersion
    from daemon.store.clocks import ClockRow, Left


def left_in(versions: Sequence[SlaVersion]) -> Left:
    """The function that the store's views ask: seconds of working time left at an instant, negative when
    overdue; None when the clock's version or calendar is no longer in `sla.toml`."""
    calendars: dict[tuple[str, str], Calendar] = {
        (version.name, calendar.name): calendar
        for version in versions
        for calendar in (version.standard, version.continuous)
    }

    def left(clock: ClockRow, now: datetime) -> int | None:
        calendar = calendars.get((clock.sla_version, clock.calendar))
        if calendar is None:
            return None
        if clock.due is None:
            return _left_when_paused(clock, calendar)
        if clock.due >= now:
            return floor(calendar.working_seconds(now, clock.due))
        return floor(-calendar.working_seconds(clock.due, now))

    return left


def _left_when_paused(clock: ClockRow, calendar: Calendar) -> int | None:
    """The target less what was worked until the pause; earlier pauses do not count as work."""
    if clock.paused_at is None:
        return None
    worked = calendar.working_seconds(clock.start, clock.paused_at)
    for span in clock.spans:
        if span.kind == "paused" and span.until is not None:
            worked -= calendar.working_seconds(span.since, span.until)
    return floor(clock.target - worked)

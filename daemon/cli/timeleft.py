"""How much working time an open clock has left, counted in the calendar it was promised in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import floor
from typing import TYPE_CHECKING

from daemon.core.sla.declaring import changes
from daemon.core.sla.hours import Spliced

if TYPE_CHECKING:
    from daemon.core.sla.hours import Hours
    from daemon.core.sla.promises import SlaVersion
    from daemon.store.clocks import ClockRow, Left


def left_in(versions: Sequence[SlaVersion]) -> Left:
    """The function that the store's views ask: seconds of working time left at an instant, negative when
    overdue; None when the clock's version or calendar is no longer in `sla.toml`."""
    named = {version.name: version for version in versions}

    def left(clock: ClockRow, now: datetime) -> int | None:
        if clock.due is None:
            return None if clock.left is None else floor(clock.left)
        hours = _hours(clock, named.get(clock.sla_version))
        return None if hours is None else floor(hours.working_seconds(now, clock.due))

    return left


def _hours(clock: ClockRow, version: SlaVersion | None) -> Hours | None:
    if version is None:
        return None
    if clock.calendar == version.continuous.name:
        return version.continuous
    if clock.calendar != version.standard.name:
        return None
    standard = clock.standard or version.standard
    hours: Hours = standard
    for change in changes(standard, clock.declared, clock.opened_at):
        hours = Spliced(before=hours, after=change.standard, at=change.at)
    return hours

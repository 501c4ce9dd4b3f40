"""Hours that were declared at some instant (`#horaire`): a closure or an extra day, for everything not yet
elapsed then (sla.md, "Calendars and working time").

A ticket that was open keeps its earlier hours up to the declaration; one opened later has the new ones from
its start. Both follow from the list of declarations, so nothing has to be written on any ticket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from daemon.core.sla.calendar import Calendar
from daemon.core.sla.events import HoursChanged
from daemon.core.sla.spans import Closure, LocalSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """From `at` on, `day` is closed on these spans (none: all day), or open on exactly these."""

    at: datetime
    day: date
    closed: bool
    spans: tuple[LocalSpan, ...] = ()
    reason: str = ""


def in_force(standard: Calendar, declared: Iterable[Declared], at: datetime) -> Calendar:
    """Business hours as they are known at `at`."""
    for one in sorted((d for d in declared if d.at <= at), key=lambda d: d.at):
        standard = changed(standard, one)
    return standard


def changes(standard: Calendar, declared: Sequence[Declared], since: datetime) -> tuple[HoursChanged, ...]:
    """What happened to a ticket that was opened at `since` under `standard`, in order."""
    events = []
    for one in sorted((d for d in declared if d.at > since), key=lambda d: d.at):
        standard = changed(standard, one)
        events.append(HoursChanged(at=one.at, standard=standard))
    return tuple(events)


@lru_cache(maxsize=256)
def changed(standard: Calendar, one: Declared) -> Calendar:
    """The calendar with one day declared; the same objects, so that what a calendar has counted is kept."""
    version = f"{standard.version.partition(' + ')[0]} + {one.at:%Y-%m-%d}"
    if one.closed and not one.spans:
        replaced = {day: spans for day, spans in standard.replaced.items() if day != one.day}
        closed = {**standard.closed, one.day: Closure(fr=one.reason, en=one.reason)}
        return replace(standard, version=version, closed=closed, replaced=replaced)
    spans = _without(standard.local_spans(one.day), one.spans) if one.closed else one.spans
    return replace(standard, version=version, replaced={**standard.replaced, one.day: spans})


def _without(spans: Iterable[LocalSpan], gone: Iterable[LocalSpan]) -> tuple[LocalSpan, ...]:
    left = list(spans)
    for cut in gone:
        parts = [(s, max(s.start, cut.start), min(s.end, cut.end)) for s in left]
        left = [
            piece for s, start, end in parts for piece in ([s] if start >= end else _around(s, start, end))
        ]
    return tuple(left)


def _around(span: LocalSpan, start: int, end: int) -> list[LocalSpan]:
    before = [LocalSpan(start=span.start, end=start)] if span.start < start else []
    after = [LocalSpan(start=end, end=span.end)] if end < span.end else []
    return [*before, *after]

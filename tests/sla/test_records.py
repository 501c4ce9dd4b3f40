"""Events survive being written down: what is worked out from the records is what was worked out before."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from daemon.core.sla import events as ev
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.hours import Spliced
from daemon.core.sla.records import from_record, to_record
from daemon.core.sla.replay import replay
from tests.core.sla_cases import shipped
from tests.sla.casefile import cases, event, instant, opening

AT = instant("2026-11-03T12:00-05:00")


def stored(events: list[ev.TicketEvent]) -> list[ev.TicketEvent]:
    calendars = {
        e.standard.digest: e.standard
        for e in events
        if isinstance(e, ev.HoursChanged) and isinstance(e.standard, Calendar)
    }
    return [from_record(json.loads(json.dumps(to_record(e))), calendars) for e in events]


@pytest.mark.parametrize("name", list(cases()))
def test_a_course_from_records_is_the_same(name: str) -> None:
    case = cases()[name]
    events = case.happened()
    assert stored(events) == events
    again = replay(opening(case.opened), stored(events), case.version, instant(case.now))
    assert again == case.course()


def test_the_cases_use_every_kind_of_event() -> None:
    used = {type(e) for case in cases().values() for e in case.happened()}
    assert set(get_args(ev.TicketEvent)) - used == {ev.Released}
    assert stored([ev.Released(at=AT)]) == [ev.Released(at=AT)]


def test_what_is_as_usual_is_left_out() -> None:
    told = to_record(event("2026-11-03T12:00-05:00 wrote"))
    assert told == {"event": "wrote", "at": "2026-11-03T17:00:00+00:00"}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, "no event is called None"),
        ({"event": "vanished"}, "no event is called 'vanished'"),
        ({"event": "wrote"}, "wrote cannot be made of this"),
        ({"event": "wrote", "at": "soon"}, "Invalid isoformat"),
        ({"event": "wrote", "at": 3}, "wrote cannot be made of this"),
        ({"event": "wrote", "at": AT.isoformat(), "word": "shouts"}, "shouts"),
        ({"event": "wrote", "at": AT.isoformat(), "colour": 1}, "says nothing like 'colour'"),
        ({"event": "hourschanged", "at": AT.isoformat(), "standard": "unknown"}, "cannot be made of this"),
    ],
)
def test_a_record_that_says_something_else_is_refused(record: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        from_record(record, {})


def test_spliced_hours_are_no_record() -> None:
    spliced = Spliced(before=shipped().standard, after=shipped().standard, at=AT)
    with pytest.raises(ValueError, match="Spliced is nothing"):
        to_record(ev.HoursChanged(at=AT, standard=spliced))

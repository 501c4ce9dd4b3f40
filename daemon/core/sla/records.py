"""Events as JSON-ready records and back: what the store keeps of a ticket's course is what it is worked out
from.

A record says everything, so that a course can be worked out again years later; only a calendar is named by
its digest, for it is large and many tickets share it. Instants are ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, get_args, get_type_hints

from daemon.core.sla import cycles, events
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.events import TicketEvent
from daemon.core.sla.hours import Hours

_KINDS: Final[dict[str, type]] = {kind.__name__.lower(): kind for kind in get_args(TicketEvent)}
_NAMES: Final = {"Cycle": cycles.Cycle, "Hours": Hours}


def to_record(event: TicketEvent) -> dict[str, object]:
    """`{"event": kind, "at": …}` and what else it says; what is as usual is left out.

    Raises ValueError for a change of hours to anything but a calendar: what it was spliced from is known.
    """
    return {"event": type(event).__name__.lower(), **_told(event)}


def from_record(record: Mapping[str, object], calendars: Mapping[str, Calendar]) -> TicketEvent:
    """The event of a record; `calendars` by digest. Raises ValueError that says what is wrong with it."""
    kind = _KINDS.get(str(record.get("event")))
    if kind is None:
        raise ValueError(f"no event is called {record.get('event')!r}")
    said = {key: value for key, value in record.items() if key != "event"}
    event: TicketEvent = _made(kind, said, calendars)
    return event


def _told(value: Any) -> dict[str, object]:
    said = ((field, getattr(value, field.name)) for field in fields(value))
    return {field.name: _plain(one) for field, one in said if one != _usual(field)}


def _usual(field: Field[Any]) -> object:
    return field.default if field.default is not MISSING else object()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Calendar):
        return value.digest
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        if not isinstance(value, cycles.Cycle | cycles.Pause):
            raise ValueError(f"{type(value).__name__} is nothing that a record says")
        return _told(value)
    return value


def _made(kind: type, said: Mapping[str, object], calendars: Mapping[str, Calendar]) -> Any:
    hints = _hints(kind)
    unknown = said.keys() - hints.keys()
    if unknown:
        raise ValueError(f"{kind.__name__.lower()} says nothing like {min(unknown)!r}")
    try:
        return kind(**{key: _read(hints[key], value, calendars) for key, value in said.items()})
    except (TypeError, KeyError) as wrong:
        raise ValueError(f"{kind.__name__.lower()} cannot be made of this: {wrong}") from wrong


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Reading them compiles every annotation anew, which costs more than all the rest of a record."""
    return get_type_hints(kind, vars(events) | vars(cycles) | _NAMES)


def _read(hint: Any, value: Any, calendars: Mapping[str, Calendar]) -> object:
    """A plain value as the type that a field asks for."""
    options = [option for option in get_args(hint) if option not in (type(None), Ellipsis)]
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_made(options[0], one, calendars) for one in value)
    wanted = hint if isinstance(hint, type) and not options else options[0]
    if wanted is datetime:
        return datetime.fromisoformat(value)
    if wanted is Hours:
        return calendars[value]
    return wanted(value) if issubclass(wanted, StrEnum | float) else value

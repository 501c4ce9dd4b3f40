"""A timeline for people: one line for each thing that happened, under its day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from daemon.simulation.timeline import Entry


def told(entries: Iterable[Entry], zone: ZoneInfo) -> Iterator[str]:
    """Lines of text. Instants are those of `zone`."""
    day = ""
    for entry in entries:
        at = entry.at.astimezone(zone)
        if at.strftime("%F") != day:
            if day:
                yield ""
            day = at.strftime("%F")
            yield at.strftime("%a %Y-%m-%d")
        yield f"  {_hour(at)}  {entry.ticket or '-':<8}  {sentence(entry, zone)}"


def sentence(entry: Entry, zone: ZoneInfo) -> str:
    """What happened, in a few words."""
    detail = entry.detail or {}
    match entry.event:
        case "sent":
            return f"{entry.kind} to {entry.to}: {entry.subject}"
        case "state" | "priority":
            return f"{entry.event}: {detail['from']} to {detail['to']}, by {detail['by']}"
        case "breach":
            due = detail["due"]
            when = due.astimezone(zone).strftime("%F %H:%M") if isinstance(due, datetime) else due
            return f"breach: {str(detail['clock']).replace('_', ' ')}, due {when}"
        case "credit":
            return f"credit {detail['state']}: ${detail['amount']}"
        case _:
            return f"quarantined: {entry.subject} ({detail.get('reason', '')})"


def _hour(at: datetime) -> str:
    return at.strftime("%H:%M:%S" if at.second else "%H:%M   ")

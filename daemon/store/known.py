"""What is asked for with every mail and seldom changes: business hours, solved tickets; read once and then
kept in memory. One daemon writes a store, so what it wrote itself is all that can be new.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from daemon.core.similar import Archive
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.declaring import Declared
from daemon.core.sla.spans import Closure, LocalSpan
from daemon.store import past
from daemon.store.connection import Client, Row, rows
from daemon.store.readings import moment

_OF: Final = 20
"""The archive is read anew once one in so many of its tickets was solved or reopened since."""


class Known:
    """Of one open store."""

    def __init__(self) -> None:
        self._calendars: dict[str, Calendar] = {}
        self._digests: dict[tuple[str, str], str] = {}
        self._declared: tuple[Declared, ...] | None = None
        self._archive: Archive | None = None
        self._solved_since = 0

    async def declared(self, client: Client) -> tuple[Declared, ...]:
        """Every change of hours, in the order of its declaration."""
        if self._declared is None:
            found = await rows(client, "SELECT * FROM declared_hours ORDER BY at, id")
            self._declared = tuple(read_declared(row) for row in found)
        return self._declared

    def forget_declared(self) -> None:
        """More were declared, or what was declared has been taken back."""
        self._declared = None

    async def archive(self, client: Client) -> Archive:
        """The solved tickets that a new one is compared with, but perhaps for the last few."""
        if self._archive is None:
            self._archive, self._solved_since = await past.archive(client), 0
        return self._archive

    def solved(self, tickets: int) -> None:
        """So many were solved or reopened. Reading hundreds anew for each would cost more than the mail that
        asks for them."""
        self._solved_since += tickets
        if self._archive is not None and self._solved_since * _OF > len(self._archive.tickets):
            self._archive = None

    def forget_archive(self) -> None:
        """A ticket was erased, or what was written is taken back."""
        self._archive = None

    async def calendars(self, client: Client, digests: Iterable[str]) -> Mapping[str, Calendar]:
        """Those of these digests, and perhaps others."""
        missing = sorted({digest for digest in digests if digest not in self._calendars})
        if missing:
            places = ", ".join("?" * len(missing))
            sql = f"SELECT digest, record FROM calendar WHERE digest IN ({places})"  # noqa: S608 - placeholders only
            for row in await rows(client, sql, missing):
                self._calendars[row["digest"]] = read_calendar(json.loads(row["record"]))
        return self._calendars

    def digest(self, calendar: Calendar) -> str:
        """The name of a calendar in the store: of all that it says, its version's name too, while
        `Calendar.digest` is of its hours alone."""
        key = (calendar.digest, calendar.version)
        if key not in self._digests:
            told = json.dumps(record_of(calendar), sort_keys=True)
            self._digests[key] = hashlib.sha256(told.encode()).hexdigest()
        return self._digests[key]

    def holds(self, digest: str) -> bool:
        """Whether the store is known to hold it."""
        return digest in self._calendars

    def keep(self, calendar: Calendar) -> None:
        """It is committed."""
        self._calendars[self.digest(calendar)] = calendar


def record_of(calendar: Calendar) -> dict[str, Any]:
    """All that a calendar says, JSON-ready; spans are pairs of seconds after midnight."""
    return {
        "name": calendar.name,
        "version": calendar.version,
        "zone": calendar.zone,
        "continuous": calendar.continuous,
        "week": [_pairs(spans) for spans in calendar.week],
        "closed": {day.isoformat(): [why.fr, why.en] for day, why in sorted(calendar.closed.items())},
        "replaced": {day.isoformat(): _pairs(spans) for day, spans in sorted(calendar.replaced.items())},
    }


def read_calendar(record: Mapping[str, Any]) -> Calendar:
    return Calendar(
        name=record["name"],
        version=record["version"],
        zone=record["zone"],
        continuous=record["continuous"],
        week=tuple(read_spans(spans) for spans in record["week"]),
        closed={date.fromisoformat(d): Closure(fr=fr, en=en) for d, (fr, en) in record["closed"].items()},
        replaced={date.fromisoformat(d): read_spans(spans) for d, spans in record["replaced"].items()},
    )


def read_declared(row: Row) -> Declared:
    return Declared(
        at=moment(row["at"]),
        day=date.fromisoformat(row["day"]),
        closed=bool(row["closed"]),
        spans=read_spans(json.loads(row["spans"])),
        reason=row["reason"],
    )


def read_spans(pairs: Iterable[tuple[int, int]]) -> tuple[LocalSpan, ...]:
    return tuple(LocalSpan(start=start, end=end) for start, end in pairs)


def _pairs(spans: Iterable[LocalSpan]) -> list[list[int]]:
    return [[span.start, span.end] for span in spans]

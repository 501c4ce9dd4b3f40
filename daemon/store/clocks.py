"""The clocks of tickets as they were written: each one's newest cycle with its spans. What time is left on
one is for the caller to say, who knows the calendars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from daemon.core.values import ClockName
from daemon.store.connection import Client, Row, rows
from daemon.store.readings import instant, moment

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """`kind`: running or paused. `until` None: it goes on."""

    kind: str
    since: datetime
    until: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """The newest cycle of one clock. `due` is None while it is paused; `target` is seconds of working time in
    `calendar` of `sla_version`."""

    ticket: int
    name: ClockName
    start: datetime
    due: datetime | None
    target: int
    calendar: str
    sla_version: str
    source: str
    met: datetime | None
    breached: datetime | None
    paused_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    spans: tuple[Span, ...] = ()


Left: TypeAlias = Callable[[ClockRow, datetime], int | None]
"""Seconds of working time left at an instant, negative when overdue. Only asked for open cycles."""


async def newest_cycles(client: Client, tickets: Sequence[int]) -> dict[tuple[int, str], ClockRow]:
    """By ticket and clock."""
    found: dict[tuple[int, str], Row] = {}
    for start in range(0, len(tickets), _CHUNK):
        chunk = tickets[start : start + _CHUNK]
        places = ", ".join("?" * len(chunk))
        sql = f"SELECT * FROM clock WHERE ticket_id IN ({places}) ORDER BY id"  # noqa: S608 - placeholders only
        for row in await rows(client, sql, chunk):
            found[row["ticket_id"], row["name"]] = row
    spans = await _spans(client, [row["id"] for row in found.values()])
    return {key: _clock_row(row, spans.get(row["id"], [])) for key, row in found.items()}


async def _spans(client: Client, clocks: Sequence[int]) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {}
    for start in range(0, len(clocks), _CHUNK):
        chunk = clocks[start : start + _CHUNK]
        places = ", ".join("?" * len(chunk))
        sql = f"SELECT * FROM clock_interval WHERE clock_id IN ({places}) ORDER BY since, id"  # noqa: S608
        for row in await rows(client, sql, chunk):
            span = Span(
                kind=row["kind"],
                since=moment(row["since"]),
                until=instant(row["until"]),
                reason=row["reason"],
            )
            found.setdefault(row["clock_id"], []).append(span)
    return found


def _clock_row(row: Row, spans: Sequence[Span]) -> ClockRow:
    return ClockRow(
        ticket=row["ticket_id"],
        name=ClockName(row["name"]),
        start=moment(row["started_at"]),
        due=instant(row["due_at"]),
        target=row["target"],
        calendar=row["calendar"],
        sla_version=row["sla_version"],
        source=row["source"],
        met=instant(row["met_at"]),
        breached=instant(row["breached_at"]),
        paused_at=instant(row["paused_at"]),
        ended_at=instant(row["ended_at"]),
        outcome=row["outcome"],
        spans=tuple(spans),
    )

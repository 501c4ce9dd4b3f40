"""The clocks of tickets as their last decisions left them: each one's newest cycle. What time is left on one
is for the caller to say, who knows the agreement's calendars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from daemon.core.sla.calendar import Calendar
from daemon.core.sla.cycles import BREACHABLE
from daemon.core.sla.declaring import Declared
from daemon.core.values import ClockName
from daemon.store.connection import Client, Row, rows
from daemon.store.known import Known
from daemon.store.readings import instant, moment

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """The newest cycle of one clock. `due` is None while it is paused, and `left` is then seconds of working
    time. It counts in `calendar` of `sla_version`: for business hours those of `standard` (None: that
    version's own), with what was `declared` after the ticket was opened."""

    ticket: int
    name: ClockName
    opened_at: datetime
    due: datetime | None
    calendar: str
    sla_version: str
    source: str
    met: datetime | None
    breached: datetime | None
    paused: bool
    left: float | None
    outcome: str | None
    standard: Calendar | None = None
    declared: tuple[Declared, ...] = ()

    def breached_at(self, now: datetime) -> datetime | None:
        """A breach is true from its instant on, whether somebody has looked since or not."""
        if self.breached is not None or self.outcome is not None or self.due is None:
            return self.breached
        return self.due if self.name in BREACHABLE and self.due <= now else None


Left: TypeAlias = Callable[[ClockRow, datetime], int | None]
"""Seconds of working time left at an instant, negative when overdue. Only asked for open cycles."""


async def newest_cycles(
    client: Client, known: Known, tickets: Sequence[int]
) -> dict[tuple[int, str], ClockRow]:
    """By ticket and clock."""
    found: dict[tuple[int, str], Row] = {}
    for start in range(0, len(tickets), _CHUNK):
        chunk = tickets[start : start + _CHUNK]
        sql = (
            "SELECT c.*, t.opened_at, t.sla_version AS agreed, t.calendar_digest FROM clock c"  # noqa: S608
            f" JOIN ticket t ON t.id = c.ticket_id WHERE c.ticket_id IN ({', '.join('?' * len(chunk))})"
            " ORDER BY c.id"
        )
        for row in await rows(client, sql, chunk):
            found[row["ticket_id"], row["name"]] = row
    if not found:
        return {}
    calendars = await known.calendars(client, {row["calendar_digest"] for row in found.values()} - {None})
    declared = await known.declared(client)
    return {
        key: _clock_row(row, calendars[name] if (name := row["calendar_digest"]) else None, declared)
        for key, row in found.items()
    }


def _clock_row(row: Row, standard: Calendar | None, declared: tuple[Declared, ...]) -> ClockRow:
    return ClockRow(
        ticket=row["ticket_id"],
        name=ClockName(row["name"]),
        opened_at=moment(row["opened_at"]),
        due=instant(row["due_at"]),
        calendar=row["calendar"],
        sla_version=row["agreed"],
        source=row["source"],
        met=instant(row["met_at"]),
        breached=instant(row["breached_at"]),
        paused=row["paused_at"] is not None,
        left=row["left_seconds"],
        outcome=row["outcome"],
        standard=standard,
        declared=declared,
    )

"""The mails that the outbox has tried and not brought to an end, in memory: how many, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from daemon.core.actions import Decision, RetryMail
from daemon.core.values import OutboxRow
from daemon.loops.progress import Progress


class Unsettled:
    """It is told of every claim and every decision, asks nobody, and keeps `progress` true to it."""

    def __init__(self, progress: Progress) -> None:
        self._rows: dict[int, tuple[datetime, datetime]] = {}
        self._progress = progress

    def claimed(self, rows: Iterable[OutboxRow], until: datetime) -> None:
        for row in rows:
            self._rows[row.id] = (row.queued_at, until)
        self._show()

    def decided(self, row: OutboxRow, decision: Decision) -> None:
        """The row waits for its next attempt, or it is over."""
        for action in decision.actions:
            if isinstance(action, RetryMail) and action.row == row.id:
                self._rows[row.id] = (row.queued_at, action.due_at)
                return
        self.over(row)

    def over(self, row: OutboxRow) -> None:
        self._rows.pop(row.id, None)
        self._show()

    def none_due(self, now: datetime, leeway: timedelta) -> None:
        """Nothing more could be claimed: what should have been due was superseded behind our back."""
        gone = [number for number, (_, due) in self._rows.items() if due < now - leeway]
        for number in gone:
            del self._rows[number]
        self._show()

    def _show(self) -> None:
        self._progress.waiting = len(self._rows)
        self._progress.oldest = min((queued_at for queued_at, _ in self._rows.values()), default=None)

"""What every loop last did, kept in memory for health, status lines and the watchdog."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Progress:
    """Mutable on purpose: one writer (its loop), many readers. `trouble` is the present one, or ""."""

    name: str
    last: datetime | None = None
    done: int = 0
    trouble: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def step(self, now: datetime) -> None:
        """The loop turned once without trouble."""
        self.last = now
        self.trouble = ""

    def count(self, what: str) -> None:
        self.done += 1
        self.counts[what] = self.counts.get(what, 0) + 1

"""What every loop last did, kept in memory for health, status lines and the watchdog."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

WORKING: Final = timedelta(minutes=5)
"""How long a loop may be busy between two signs of life, beyond the wait that it announces: one mail, one
connection with all its time limits, one database that is locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What does not work, in the words of whoever met it last. `since` the first of an unbroken row of
    failures; `refused`: the server answered, and said no to our login."""

    text: str
    since: datetime
    refused: bool = False


@dataclass(slots=True)
class Progress:
    """Mutable on purpose: one writer (its loop), many readers.

    noun      what `done` counts
    last      when the loop last turned once without trouble
    expected  by when it gives its next sign of life, unless it hangs; None: it has not begun
    troubles  what does not work now, by service: imap, smtp, store, move
    waiting   mails that are known and not dealt with yet; `oldest`: since when the oldest waits
    """

    name: str
    noun: str = "mails"
    last: datetime | None = None
    done: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    expected: datetime | None = None
    troubles: dict[str, Trouble] = field(default_factory=dict)
    waiting: int = 0
    oldest: datetime | None = None

    @property
    def trouble(self) -> str:
        """The present troubles in one line, or ""."""
        return "; ".join(trouble.text for trouble in self.troubles.values())

    def step(self, now: datetime, *works: str) -> None:
        """The loop turned once; the services it used for that work."""
        self.last = now
        self.alive(now)
        for service in works:
            self.heal(service)

    def alive(self, now: datetime, wait: float = 0.0) -> None:
        """A sign of life. `wait` seconds of silence may follow, then work again."""
        self.expected = now + timedelta(seconds=wait) + WORKING

    def fail(self, service: str, text: str, now: datetime, *, refused: bool = False) -> None:
        known = self.troubles.get(service)
        self.troubles[service] = Trouble(text=text, since=known.since if known else now, refused=refused)

    def heal(self, service: str) -> None:
        self.troubles.pop(service, None)

    def count(self, what: str) -> None:
        self.done += 1
        self.counts[what] = self.counts.get(what, 0) + 1

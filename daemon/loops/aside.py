"""Tickets that the ticker leaves alone for a while because something failed on them: in memory, by number.

After a restart each is tried once more, which is what a restart is for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

PUT_OFF: Final = timedelta(minutes=1)
"""A ticket that others keep changing is tried again after this."""

FAULTY: Final = timedelta(hours=1)
"""One on which the program fails: only after this, unless its state changes."""

LOOK: Final = timedelta(minutes=1)
"""How often its state is looked at meanwhile."""

TOLD: Final = 3
"""Tickets of which managers are told in a day: a fault that all have is one fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """`version` None: unknown, so that only time brings it back."""

    until: datetime
    version: int | None
    look_at: datetime


class Aside(Collection[int]):
    """Remembers which tickets are left alone, why they come back, and of which managers were told."""

    pause: Final = timedelta(seconds=5)
    """How long to sleep while the store names only tickets that are left alone."""

    def __init__(self) -> None:
        self._left: dict[int, _Left] = {}
        self._told: dict[int, datetime] = {}

    def __len__(self) -> int:
        return len(self._left)

    def __contains__(self, number: object) -> bool:
        return number in self._left

    def __iter__(self) -> Iterator[int]:
        return iter(self._left)

    def put_off(self, number: int, now: datetime) -> None:
        self._left[number] = _Left(until=now + PUT_OFF, version=None, look_at=now + PUT_OFF)

    def fault(self, number: int, version: int | None, now: datetime) -> bool:
        """Leave it alone; whether managers are to be told."""
        self._left[number] = _Left(until=now + FAULTY, version=version, look_at=now + LOOK)
        lately = [at for at in self._told.values() if now - at < timedelta(days=1)]
        if number in self._told or len(lately) >= TOLD:
            return False
        self._told[number] = now
        return True

    def to_look_at(self, now: datetime) -> list[int]:
        """Those whose time is over come back here; of the others, those whose state is to be looked at."""
        self._left = {number: left for number, left in self._left.items() if now < left.until}
        return [n for n, left in self._left.items() if left.version is not None and now >= left.look_at]

    def seen(self, number: int, version: int | None, now: datetime) -> None:
        """What its state is now: another one brings it back."""
        left = self._left[number]
        if version is not None and version != left.version:
            del self._left[number]
        else:
            self._left[number] = _Left(until=left.until, version=left.version, look_at=now + LOOK)

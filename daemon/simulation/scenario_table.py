"""One table of a scenario while it is read: every value is judged, every fault is kept under the name of its
key, and reading goes on. It knows no key by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from daemon.settings.faults import Fault
from daemon.settings.judging import MISSING, Location, Source, proposal

_T = TypeVar("_T")


@dataclass(slots=True)
class Faults:
    """What is wrong in one file so far."""

    source: Source
    found: list[Fault] = field(default_factory=list)

    def add(self, where: Location, value: object, expected: str) -> None:
        self.found.append(self.source.fault(where, value, expected))


class Table:
    """A TOML table at `where`; what is no table is a fault and then read as an empty one."""

    def __init__(self, data: object, where: Location, faults: Faults) -> None:
        self.where = where
        self.faults = faults
        self.data: dict[str, object] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            faults.add(where, data, "expected a table")

    def has(self, key: str) -> bool:
        return key in self.data

    def read(self, key: str, reader: Callable[[object], _T], default: _T) -> _T:
        """The value of a key that may be left out."""
        return self._judged(key, self.data[key], reader, default) if key in self.data else default

    def need(self, key: str, reader: Callable[[object], _T], stand_in: _T) -> _T:
        """The value of a key that must be there; `stand_in` lets the reading go on after a fault."""
        return self._judged(key, self.data.get(key, MISSING), reader, stand_in)

    def tables(self, key: str) -> list[Table]:
        """The tables under [[key]], in their order; none when it is not there."""
        found = self.data.get(key, [])
        if not isinstance(found, list):
            self.fault(key, found, f"expected [[{key}]], a table for each")
            return []
        return [Table(one, (*self.where, key, number), self.faults) for number, one in enumerate(found)]

    def fault(self, key: str, value: object, expected: str) -> None:
        self.faults.add((*self.where, key), value, expected)

    def only(self, known: Iterable[str]) -> None:
        """Fault every key that is not known, with the nearest one that is."""
        names = list(known)
        for key, value in self.data.items():
            if key not in names:
                near = proposal(key, names)
                hint = f"did you mean {near!r}?" if near else f"known keys are {', '.join(names)}"
                self.fault(key, value, f"is no key: {hint}")

    def _judged(self, key: str, value: object, reader: Callable[[object], _T], stand_in: _T) -> _T:
        try:
            return reader(value)
        except ValueError as wrong:
            self.fault(key, value, str(wrong))
            return stand_in

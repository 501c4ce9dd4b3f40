"""One table of `sla.toml` while it is read: every value is judged, every fault is kept with the line it
stands on, and reading goes on. It knows no key by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from daemon.settings.faults import Fault
from daemon.settings.judging import MISSING, proposal, shown

_T = TypeVar("_T")
_HEADER: Final = re.compile(r"\s*\[+\s*([\w.\- \"']+?)\s*\]+\s*(?:#.*)?")
_KEY: Final = re.compile(r"\s*[\"']?([\w.-]+)[\"']?\s*=")

Place = tuple[int, str, str]
"""The number of the version (from 0), the table as its header names it, the key ("" for the header)."""


@dataclass(slots=True)
class Faults:
    """What is wrong in one file so far."""

    file: str
    lines: Mapping[Place, int] = field(default_factory=dict)
    found: list[Fault] = field(default_factory=list)

    def add(self, place: Place, value: object, expected: str) -> None:
        """Keep the fault of a key, or of a table when the key is empty."""
        version, table, key = place
        named = " ".join(part for part in (f"[{table}]" if table else "", key) if part)
        likely: tuple[Place, ...] = (place, (version, f"{table}.{key}", ""), (version, table, ""))
        line = next((self.lines[p] for p in likely if p in self.lines), None)
        where = f"{named} (line {line})" if line else named
        self.found.append(Fault(file=self.file, key=where, holds=shown(value), expected=expected))


class Table:
    """A TOML table; what is no table is a fault and then read as an empty one."""

    def __init__(self, data: object, name: str, version: int, faults: Faults) -> None:
        self._name = name
        self._version = version
        self._faults = faults
        if not isinstance(data, dict):
            self.fault("", data, f"expected a table [{name}]")
        self.data: dict[str, object] = data if isinstance(data, dict) else {}

    def read(self, key: str, reader: Callable[[object], _T], default: _T) -> _T:
        """The value of a key that may be left out."""
        return self._judged(key, reader, default) if key in self.data else default

    def need(self, key: str, reader: Callable[[object], _T], stand_in: _T) -> _T:
        """The value of a key that must be there; `stand_in` lets the reading go on after a fault."""
        if key in self.data:
            return self._judged(key, reader, stand_in)
        self.fault(key, MISSING, _expected(reader))
        return stand_in

    def table(self, key: str) -> Table:
        """A table below, empty when it is not there."""
        return Table(self.data.get(key, {}), f"{self._name}.{key}", self._version, self._faults)

    def fault(self, key: str, value: object, expected: str) -> None:
        self._faults.add((self._version, self._name, key), value, expected)

    def only(self, known: Iterable[str], what: str = "key") -> None:
        """Fault every key that is not known, with the nearest one that is."""
        names = list(known)
        for key, value in self.data.items():
            if key not in names:
                near = proposal(key, names)
                hint = f'did you mean "{near}"?' if near else f"known are {', '.join(names)}"
                self.fault(key, value, f"is no {what}: {hint}")

    def _judged(self, key: str, reader: Callable[[object], _T], stand_in: _T) -> _T:
        value = self.data[key]
        try:
            return reader(value)
        except ValueError as wrong:
            self.fault(key, value, str(wrong))
            return stand_in


def line_numbers(text: str) -> dict[Place, int]:
    """The line of every table and key, for people; one that is written in an unusual way has none."""
    found: dict[Place, int] = {}
    version, table = -1, ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.fullmatch(line)
        key = _KEY.match(line)
        if header:
            table = header[1]
            version += table == "version" and line.lstrip().startswith("[[")
            found.setdefault((max(version, 0), table, ""), number)
        elif key:
            found.setdefault((max(version, 0), table, key[1]), number)
    return found


def _expected(reader: Callable[[object], _T]) -> str:
    """What a reader would have wanted: it says so when it is given nothing."""
    try:
        reader(MISSING)
    except ValueError as wrong:
        return str(wrong)
    return "expected a value"

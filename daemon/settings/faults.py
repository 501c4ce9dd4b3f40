"""Configuration faults as values, so that all of them are told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong: where it stands, what it holds, what was expected."""

    file: str
    key: str
    holds: str
    expected: str

    def __str__(self) -> str:
        holds = f" is {self.holds}" if self.holds else ""
        return f"{self.file}: {self.key}{holds}: {self.expected}"


class ConfigError(Exception):
    """The configuration cannot be used. The program ends with exit status 2 and one line per fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(f) for f in faults))
        self.faults = tuple(faults)

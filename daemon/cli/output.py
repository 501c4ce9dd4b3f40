"""How commands show what they found: JSON as the contract has it, or tables for people. Data goes to stdout.

It knows no command. Text that came in by mail is shown as it is, never read as markup.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH: Final = 200
"""Columns when the output is no terminal: a file or a pipe has no edge to wrap at."""


def to_json(value: object, zone: tzinfo, *, indent: int | None = 2) -> str:
    """One JSON document: instants with the offset of `zone`, decimals as strings, enums as their value,
    dataclasses as objects, absent as null. Raises `TypeError` for a naive instant or an unknown kind."""
    text = json.dumps(_plain(value, zone), ensure_ascii=False, indent=indent, allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def emit(text: str) -> None:
    """Write one document or line to stdout."""
    sys.stdout.write(text + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """A table on stdout, or the sentence `empty` when there is no row. No colours unless it is a terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = [[Text(cell, overflow="fold") for cell in row] for row in rows]
    if not lines:
        emit(empty)
        return
    shown = Table(*columns, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for line in lines:
        shown.add_row(*line)
    console().print(shown)


def console() -> Console:
    """rich on stdout, with nothing that interprets a text."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout,
        force_terminal=terminal,
        no_color=not terminal,
        width=None if terminal else _WIDTH,
        markup=False,
        highlight=False,
        emoji=False,
    )


def instant(at: object, zone: tzinfo) -> str:
    """An instant for people, "2026-11-03 10:30"; "" when there is none."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if isinstance(at, datetime) else ""


def working_time(seconds: object) -> str:
    """Seconds of working time for people: "3 h 05", "12 min", "-1 h 30"; "" when there is none."""
    if not isinstance(seconds, int | float):
        return ""
    sign, minutes = ("-" if seconds < 0 else ""), int(abs(seconds)) // 60
    hours, rest = divmod(minutes, 60)
    return f"{sign}{hours} h {rest:02}" if hours else f"{sign}{rest} min"


def clock_line(clock: object, zone: tzinfo) -> str:
    """A clock of the contract in a few words: met when, due when, or that it stands still; "" for none."""
    if not isinstance(clock, Mapping):
        return ""
    late = " (late)" if clock["breached"] else ""
    if clock["met"]:
        return f"met {instant(clock['met'], zone)}{late}"
    if clock["outcome"]:
        return f"{clock['outcome']}{late}"
    left = working_time(clock["left"])
    if clock["paused"]:
        return f"paused, {left} left{late}"
    return f"due {instant(clock['due'], zone)}, {left} left{late}"


def _plain(value: object, zone: tzinfo) -> object:
    match value:
        case None | bool() | float():
            return value
        case Enum():
            return value.value
        case str() | int():
            return value
        case datetime():
            if value.tzinfo is None:
                raise TypeError(f"a naive instant has no place in the output: {value!r}")
            return value.astimezone(zone).isoformat()
        case date():
            return value.isoformat()
        case Decimal() | Path():
            return str(value)
        case Mapping():
            return {str(key): _plain(item, zone) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            items = sorted(value) if isinstance(value, set | frozenset) else value
            return [_plain(item, zone) for item in items]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {f.name: _plain(getattr(value, f.name), zone) for f in dataclasses.fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")

"""Durations as the owner writes them in `sla.toml`, to whole seconds and back. It knows no calendar: what an
hour counts for is decided where it is spent."""

from __future__ import annotations

import re
from typing import Final

BUSINESS_DAY: Final = 9 * 3600
"""One business day is nine working hours (SLA clause 3: 9:00 to 18:00), in seconds."""

EXPECTED: Final = (
    'expected a duration such as "30min", "4h", "1h30min", "60d" or "1bd" (business day, 9 hours)'
)

_UNITS: Final = {"bd": BUSINESS_DAY, "d": 86_400, "h": 3_600, "min": 60, "s": 1}
_WRITTEN: Final = re.compile(r"(?:\d{1,9}(?:bd|d|h|min|s))+", re.ASCII)
_PART: Final = re.compile(r"(\d+)(bd|d|h|min|s)", re.ASCII)


def parse_duration(text: str) -> int:
    """Seconds of "45s", "30min", "4h", "60d", "1bd" or several in falling order ("1h30min"); "0" is 0.

    Raises ValueError that says what was expected.
    """
    written = text.strip()
    if written == "0":
        return 0
    if not _WRITTEN.fullmatch(written):
        raise ValueError(EXPECTED)
    parts = [(int(count), _UNITS[unit]) for count, unit in _PART.findall(written)]
    sizes = [size for _, size in parts]
    if sizes != sorted(set(sizes), reverse=True) or (BUSINESS_DAY in sizes and 86_400 in sizes):
        raise ValueError(EXPECTED)
    return sum(count * size for count, size in parts)


def show_duration(seconds: int) -> str:
    """The shortest honest spelling: "4h", "1h30min", "45s", "0s". Never "bd": seconds do not tell it
    apart."""
    parts: list[str] = []
    rest = seconds
    for unit in ("h", "min", "s"):
        count, rest = divmod(rest, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"

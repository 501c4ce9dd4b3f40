"""The values of `sla.toml`: each reader takes what TOML holds, or raises `ValueError` that says what it
expected.

Numbers with a point arrive as exact decimals. It knows no key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeVar

from daemon.core.sla.duration import EXPECTED, parse_duration
from daemon.core.sla.rules import CreditTier
from daemon.core.sla.spans import LocalSpan
from daemon.core.values import Priority

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
_CENT: Final = Decimal("0.01")
_SPAN: Final = re.compile(r"(\d{1,2}):([0-5]\d)\s*[-–]\s*(\d{1,2}):([0-5]\d)", re.ASCII)
_SPANS: Final = 'expected hours such as ["09:00-18:00"], in order and without overlap'
_DATE: Final = "expected a date such as 2026-12-24"
_TIERS: Final = (
    "expected tiers in rising order, the last without up_to, such as "
    "[{ up_to = 1, share = 25 }, { share = 100 }]: up_to in times the target, share in percent"
)


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - the table collects ValueError only
    return value


def words(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected a text in quotes")
    return value.strip()


def whole(low: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= 1_000_000:
            raise ValueError(f"expected a whole number from {low}")
        return value

    return read


def money(value: object) -> Decimal:
    """Exact CAD with at most two decimals, written 25, 25.50 or "25.50"."""
    expected = "expected an amount such as 25 or 25.50"
    amount = _number(value.strip() if isinstance(value, str) else value, expected)
    if not 0 <= amount <= 1_000_000 or amount != amount.quantize(_CENT):
        raise ValueError(expected)
    return amount.quantize(_CENT)


def probability(value: object) -> float:
    expected = "expected a number from 0 to 1 such as 0.95"
    number = _number(value, expected)
    if isinstance(value, str) or not 0 <= number <= 1:
        raise ValueError(expected)
    return float(number)


def duration(value: object) -> int:
    return parse_duration(value if isinstance(value, str) else "")


def target(value: object) -> int:
    """A duration that is more than nothing."""
    seconds = duration(value)
    if not seconds:
        raise ValueError(f"{EXPECTED}, more than 0")
    return seconds


def target_or_none(value: object) -> int | None:
    """A target, or "none" (or "") where nothing is promised."""
    if value in ("none", ""):
        return None
    try:
        return target(value)
    except ValueError as wrong:
        raise ValueError(f'{wrong}, or "none" where nothing is promised') from wrong


def rising(value: object) -> tuple[int, ...]:
    """Durations, each longer than the one before."""
    expected = 'expected durations in rising order such as ["5min", "10min"], or [] for none'
    found = _list(value, target, expected)
    if list(found) != sorted(set(found)):
        raise ValueError(expected)
    return found


def choice(kind: type[_E]) -> Callable[[object], _E]:
    expected = "expected " + " or ".join(f'"{member.value}"' for member in kind)

    def read(value: object) -> _E:
        try:
            return kind(value if isinstance(value, str) else "")
        except ValueError as wrong:
            raise ValueError(expected) from wrong

    return read


def one_of(*allowed: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError("expected " + " or ".join(f'"{word}"' for word in allowed))
        return value

    return read


def priorities(value: object) -> tuple[Priority, ...]:
    return _list(value, choice(Priority), 'expected priorities such as ["P1", "P2"], or [] for none')


def percents(value: object) -> tuple[float, ...]:
    """Shares of a target, each larger than the one before, written in percent."""
    expected = "expected percents of the target in rising order such as [50, 75], or [] for none"
    found = _list(value, whole(1), expected)
    if list(found) != sorted(set(found)) or any(percent >= 100 for percent in found):
        raise ValueError(expected)
    return tuple(percent / 100 for percent in found)


def tiers(value: object) -> tuple[CreditTier, ...]:
    """Credit tiers without hole or overlap: rising limits, then one without limit."""
    found = _list(value, _tier, _TIERS)
    limits = [tier.up_to for tier in found[:-1] if tier.up_to is not None]
    if not found or found[-1].up_to is not None or len(limits) != len(found) - 1:
        raise ValueError(_TIERS)
    if limits != sorted(set(limits)):
        raise ValueError(_TIERS)
    return found


def spans(value: object) -> tuple[LocalSpan, ...]:
    """Hours of a day: "09:00-18:00", or a list of such; "24:00" is the end of the day."""
    found = _list([value] if isinstance(value, str) else value, _span, _SPANS)
    if not found or any(b.start < a.end for a, b in pairwise(found)):
        raise ValueError(_SPANS)
    return found


def day(value: object) -> date:
    """A date of this century, bare or in quotes; never a date with a time."""
    if isinstance(value, date) and not isinstance(value, datetime):
        found = value
    else:
        try:
            found = date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError as wrong:
            raise ValueError(_DATE) from wrong
    if not 2000 <= found.year < 2100:
        raise ValueError(f"{_DATE}, from 2000 to 2099")
    return found


def days_between(first: date, last: date) -> tuple[date, ...]:
    """Every date of a closure, both ends included; at most 400."""
    length = (last - first).days + 1
    if not 0 < length <= 400:
        raise ValueError("expected a closure that ends after it begins and lasts 400 days at most")
    return tuple(first + timedelta(days=offset) for offset in range(length))


def _tier(value: object) -> CreditTier:
    if not isinstance(value, dict) or not {"share"} <= set(value) <= {"share", "up_to"}:
        raise ValueError(_TIERS)
    up_to = _number(value["up_to"], _TIERS) if "up_to" in value else None
    share = _number(value["share"], _TIERS)
    if not 0 <= share <= 100 or (up_to is not None and up_to <= 0):
        raise ValueError(_TIERS)
    return CreditTier(up_to=up_to, share=share / 100)


def _span(value: object) -> LocalSpan:
    written = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if written is None:
        raise ValueError(_SPANS)
    hours = [int(part) for part in written.groups()]
    try:
        return LocalSpan(start=hours[0] * 3600 + hours[1] * 60, end=hours[2] * 3600 + hours[3] * 60)
    except ValueError as wrong:
        raise ValueError(_SPANS) from wrong


def _number(value: object, expected: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise ValueError(expected)  # noqa: TRY004
    try:
        number = Decimal(value)
    except ArithmeticError as wrong:
        raise ValueError(expected) from wrong
    if not number.is_finite() or abs(number) > 10**9:
        raise ValueError(expected)
    return number


def _list(value: object, reader: Callable[[object], _T], expected: str) -> tuple[_T, ...]:
    if not isinstance(value, list):
        raise ValueError(expected)  # noqa: TRY004
    found: list[_T] = []
    for item in value:
        try:
            found.append(reader(item))
        except ValueError as wrong:
            raise ValueError(f"{expected}, but {item!r} stands in it") from wrong
    return tuple(found)

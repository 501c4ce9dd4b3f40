"""Call minutes of an account in one calendar month of the desk: the included ones first, the rest at a
price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.sla.penalties import month_of
from daemon.core.sla.promises import PlanTerms
from daemon.core.sla.rules import Rules

_MINUTE: Final = 60
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCall:
    """`minutes` as the agent wrote them."""

    at: datetime
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Minutes of a month after rounding; `cost` of the extra ones, CAD before taxes. `left`: included and not
    yet used."""

    month: str
    used: int
    included: int
    extra: int
    left: int
    cost: Decimal


def usage(calls: Iterable[LoggedCall], month: str, terms: PlanTerms, rules: Rules, zone: ZoneInfo) -> Usage:
    """The account of one month (YYYY-MM). A plan without a price charges no minutes: its agent was warned."""
    used = sum(billed(call.minutes, rules) for call in calls if month_of(call.at, zone) == month)
    included = min(used, terms.minutes)
    extra = used - included
    price = rules.extra_minute if terms.price else Decimal(0)
    return Usage(
        month=month,
        used=used,
        included=included,
        extra=extra,
        left=terms.minutes - included,
        cost=(extra * price).quantize(_CENT, rounding=ROUND_HALF_UP),
    )


def billed(minutes: int, rules: Rules) -> int:
    """The minutes of one call: rounded up to a multiple of the step, and that to whole minutes."""
    step = rules.call_step
    seconds = -(-minutes * _MINUTE // step) * step
    return -(-seconds // _MINUTE)


def warns(terms: PlanTerms) -> bool:
    """Whether the agent who logs a call is told that this plan includes none and none is charged."""
    return not terms.price and not terms.minutes

"""What the desk itself does at certain instants, once: the statement of a month, on the first working day of
the next (sla.md, "Call minutes and statements")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.policy import Policy
from daemon.core.sla.promises import version_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly:
    """The statement of `month` (YYYY-MM) is due at `at`; `following`: when the next month's is. `too_late`:
    steps of a desk that was begun only after that month."""

    month: str
    at: datetime
    following: datetime
    too_late: tuple[str, str]

    @property
    def key(self) -> str:
        return f"statement:{self.month}"


BEGUN: Final = "begun"
"""Step of a desk that was started for the first time."""


def begun_in(policy: Policy, now: datetime) -> str:
    """The step that says in which month that was."""
    return f"{BEGUN}:{_named(now.astimezone(ZoneInfo(policy.timezone)))}"


def statement_due(policy: Policy, now: datetime) -> Monthly:
    """The newest statement that is due by now. Those of earlier months that nobody sent stay unsent: a desk
    that was down for a month is told of the last one."""
    first = now.astimezone(ZoneInfo(policy.timezone)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    if now < _opening(policy, first):
        first = _months_later(first, -1)
    after = _months_later(first, 1)
    return Monthly(
        month=_named(_months_later(first, -1)),
        at=_opening(policy, first),
        following=_opening(policy, after),
        too_late=(f"{BEGUN}:{_named(first)}", f"{BEGUN}:{_named(after)}"),
    )


def _opening(policy: Policy, first: datetime) -> datetime:
    """When the desk first opens in the month that begins at `first`."""
    return version_at(policy.sla, first).standard.next_opening(first)


def _months_later(first: datetime, number: int) -> datetime:
    middle = first.replace(day=15) + timedelta(days=30 * number)
    return middle.replace(day=1)


def _named(first: datetime) -> str:
    return first.strftime("%Y-%m")

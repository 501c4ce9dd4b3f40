"""What is promised to a new ticket: from plan, coverage, priority and the instant of opening to three due
times.

It knows no configuration file. A ticket keeps the version it was opened under, so versions are never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.sla.calendar import Calendar
from daemon.core.sla.rules import Rules
from daemon.core.values import ClockName, Coverage, Plan, Priority

SLA: Final = "sla"
PLAN: Final = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """A support plan. `price` CAD a month before taxes; `minutes` of calls included a month; `response`
    seconds of working time, None when the plan itself promises none."""

    coverage: Coverage
    price: Decimal
    minutes: int
    response: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityTerms:
    """Targets of a priority in seconds of the ticket's calendar. `update` is the step of status updates,
    `update_max` what it may grow to while there is no news."""

    response: int
    resolution: int
    update: int
    update_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaVersion:
    """One version of the agreement. It holds from 00:00 of `effective` in its calendar's zone. Every plan and
    every priority has its terms."""

    name: str
    effective: date
    standard: Calendar
    continuous: Calendar
    plans: Mapping[Plan, PlanTerms]
    priorities: Mapping[Priority, PriorityTerms]
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One cycle's target. `source`: "sla", or "plan" when the plan's own response comes first."""

    clock: ClockName
    start: datetime
    due: datetime
    target_seconds: int
    calendar_name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    first_response: Promise
    status_update: Promise
    resolution: Promise


def version_at(versions: Sequence[SlaVersion], at: datetime) -> SlaVersion:
    """The version in force at `at`, of versions ascending by date; before the first, the first.

    Raises ValueError when there is none at all.
    """
    if not versions:
        raise ValueError("no SLA version")
    in_force = [v for v in versions if v.effective <= at.astimezone(ZoneInfo(v.standard.zone)).date()]
    return in_force[-1] if in_force else versions[0]


def version_named(versions: Sequence[SlaVersion], name: str) -> SlaVersion | None:
    """The version a ticket was opened under and keeps; None when the file no longer has it."""
    return next((version for version in versions if version.name == name), None)


def coverage_for(version: SlaVersion, plan: Plan, override: Coverage | None) -> Coverage:
    """An account's own coverage wins over the one of its plan."""
    return override or version.plans[plan].coverage


def calendar_for(version: SlaVersion, priority: Priority, coverage: Coverage) -> Calendar:
    """SLA clause 3: around the clock for P1 on premium coverage, business hours for all else."""
    return version.continuous if around_the_clock(priority, coverage) else version.standard


def around_the_clock(priority: Priority, coverage: Coverage) -> bool:
    return priority is Priority.P1 and coverage is Coverage.PREMIUM


def response_target(version: SlaVersion, plan: Plan, priority: Priority) -> tuple[int, str]:
    """Seconds to the first response and who decided: the shorter of SLA and plan, the SLA on a tie."""
    by_sla = version.priorities[priority].response
    by_plan = version.plans[plan].response
    if by_plan is not None and by_plan < by_sla:
        return by_plan, PLAN
    return by_sla, SLA


def promise(
    version: SlaVersion, plan: Plan, coverage: Coverage, priority: Priority, opened_at: datetime
) -> Promises:
    """What a ticket opened at `opened_at` is promised. All targets are measured in the ticket's one calendar.

    Raises NoReachableTarget, which a loaded configuration rules out.
    """
    calendar = calendar_for(version, priority, coverage)
    terms = version.priorities[priority]
    response, source = response_target(version, plan, priority)

    def made(clock: ClockName, target: int, source: str = SLA) -> Promise:
        return Promise(
            clock=clock,
            start=opened_at,
            due=calendar.add_working(opened_at, target),
            target_seconds=target,
            calendar_name=calendar.name,
            source=source,
        )

    return Promises(
        first_response=made(ClockName.FIRST_RESPONSE, response, source),
        status_update=made(ClockName.STATUS_UPDATE, terms.update),
        resolution=made(ClockName.RESOLUTION, terms.resolution),
    )

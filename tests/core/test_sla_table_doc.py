"""`docs/sla-table.md` says what is shipped: plan by priority, what is promised and who decided."""

from __future__ import annotations

from daemon.core.sla.duration import BUSINESS_DAY
from daemon.core.sla.promises import calendar_for, promise
from daemon.core.values import Plan, Priority
from tests.core.sla_cases import ROOT, at, shipped

PAGE = ROOT / "docs" / "sla-table.md"


def length(seconds: int) -> str:
    days, rest = divmod(seconds, BUSINESS_DAY)
    if days and not rest:
        return f"{days} business day{'s' if days > 1 else ''}"
    return f"{seconds // 3600} h"


def row(plan: Plan, priority: Priority) -> str:
    version = shipped()
    coverage = version.plans[plan].coverage
    made = promise(version, plan, coverage, priority, at("2026-11-03 10:30"))
    hours = "24/7" if calendar_for(version, priority, coverage).continuous else "business hours"
    decided = {"sla": "SLA", "plan": "plan"}[made.first_response.source]
    kept = (made.first_response, made.status_update, made.resolution)
    response, update, resolution = (length(p.target_seconds) for p in kept)
    return f"| {plan} | {priority} | {response} | {decided} | {update} | {resolution} | {hours} |"


def test_the_page_shows_all_24_cells_as_they_are_shipped() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    shown = [line for line in lines if line.startswith(tuple(f"| {plan} |" for plan in Plan))]
    assert shown == [row(plan, priority) for plan in Plan for priority in Priority]


def test_the_page_names_the_version_it_shows() -> None:
    assert f"version {shipped().name}" in PAGE.read_text(encoding="utf-8")

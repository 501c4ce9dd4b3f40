"""What the SLA tests share: the shipped agreement, and instants written as a person in Montréal says them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.core.sla.calendar import Calendar
from daemon.core.sla.promises import SlaVersion
from daemon.core.sla.spans import LocalSpan
from daemon.settings.sla import load_sla

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "sla.toml"
MONTREAL = ZoneInfo("America/Toronto")


@cache
def shipped() -> SlaVersion:
    return load_sla(SHIPPED)[0]


def at(text: str) -> datetime:
    """ "2026-11-04 16:20", on the wall clock of Montréal."""
    return datetime.fromisoformat(text).replace(tzinfo=MONTREAL)


def local(instant: datetime) -> str:
    """With weekday and offset, so that a case can be read without a calendar at hand."""
    return instant.astimezone(MONTREAL).strftime("%a %Y-%m-%d %H:%M %z")


def hours(*spans: tuple[float, float]) -> tuple[LocalSpan, ...]:
    return tuple(LocalSpan(start=round(a * 3600), end=round(b * 3600)) for a, b in spans)


BUSINESS = hours((9, 18))


def business(**changes: object) -> Calendar:
    """Monday to Friday 9:00 to 18:00 in Montréal, without holidays, but for what is changed."""
    fields: dict[str, object] = {
        "name": "standard",
        "version": "test",
        "zone": "America/Toronto",
        "week": (BUSINESS,) * 5 + ((),) * 2,
    }
    return Calendar(**(fields | changes))  # type: ignore[arg-type] - the tests name real fields

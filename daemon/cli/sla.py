"""`sla`: what a message would be promised, and how that was counted. The promises themselves are
`core.sla`."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daemon.cli import simulate
from daemon.cli.failure import UsageFault
from daemon.core.values import Coverage, Plan, Priority

if TYPE_CHECKING:
    from daemon.core.sla.calendar import Calendar
    from daemon.core.sla.promises import Promise, Promises, SlaVersion

_EXAMPLE: Final = "expected an instant with its offset such as 2026-11-03T10:30:00-05:00"
_TITLES: Final = {
    "first_response": "first response",
    "status_update": "status update",
    "resolution": "resolution",
}
_MOST_LINES: Final = 12


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`sla` and its verbs; another verb is one more function called here."""
    family = sub.add_parser("sla", help="show and try out the promises of sla.toml")
    verbs = family.add_subparsers(dest="verb", metavar="VERB", required=True)
    _register_explain(verbs)
    simulate.register(verbs)


def _register_explain(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = verbs.add_parser(
        "explain",
        help="show what a message would be promised",
        description="Show the due times of a ticket opened at an instant, and the hours that were counted.",
    )
    command.add_argument("--opened", required=True, metavar="ISO", help=_EXAMPLE.removeprefix("expected "))
    command.add_argument("--priority", required=True, type=str.upper, choices=[p.value for p in Priority])
    command.add_argument("--plan", required=True, type=str.lower, choices=[p.value for p in Plan])
    command.add_argument(
        "--coverage",
        type=str.lower,
        choices=[c.value for c in Coverage],
        help="an account's own, in place of its plan's",
    )
    command.add_argument("--json", action="store_true", help="one JSON document")
    command.set_defaults(func=explain)


def explain(args: argparse.Namespace) -> int:
    """Print the promises as JSON or as text. Raises UsageFault for an instant it cannot use."""
    from daemon.core.sla.promises import calendar_for, coverage_for, promise, version_at
    from daemon.settings.load import find_config, load_settings

    opened = _instant(args.opened)
    settings = load_settings(find_config(args.config))
    _within_reach(opened, args.opened, settings.sla)
    zone = ZoneInfo(settings.desk.timezone)
    version = version_at(settings.sla, opened)
    plan, priority = Plan(args.plan), Priority(args.priority)
    coverage = coverage_for(version, plan, Coverage(args.coverage) if args.coverage else None)
    calendar = calendar_for(version, priority, coverage)
    promises = promise(version, plan, coverage, priority, opened)
    if args.json:
        import json

        document = {"version": version.name, "calendar": calendar.name, **_due_times(promises, zone)}
        sys.stdout.write(json.dumps(document) + "\n")
        return 0
    opened_shown = f"{_date(opened, zone)} {_hour(opened, zone)}"
    lines = [
        f"Opened {opened_shown} ({settings.desk.timezone}), {priority}, plan {plan}, coverage {coverage}",
        f'Version {version.name}, calendar "{calendar.name}"{_hours(calendar)}',
    ]
    for kept in (promises.first_response, promises.status_update, promises.resolution):
        lines += ["", *_told(kept, version, calendar, zone)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _due_times(promises: Promises, zone: ZoneInfo) -> dict[str, dict[str, str]]:
    def due(kept: Promise) -> str:
        return kept.due.astimezone(zone).isoformat()

    first = promises.first_response
    return {
        "first_response": {"due": due(first), "source": first.source},
        "status_update": {"due": due(promises.status_update)},
        "resolution": {"due": due(promises.resolution)},
    }


def _told(kept: Promise, version: SlaVersion, calendar: Calendar, zone: ZoneInfo) -> list[str]:
    """One promise and every counted interval: the sum of the lines is the target."""
    from daemon.core.sla.duration import show_duration

    title = _TITLES[kept.clock.value]
    decided = ", by the plan" if kept.source == "plan" else ""
    due = f"{_date(kept.due, zone)} {_hour(kept.due, zone)}"
    lines = [f"{title}: due {due} ({show_duration(kept.target_seconds)}{decided})"]
    counted = calendar.intervals(kept.start, kept.due)
    for span in counted[:_MOST_LINES]:
        same_day = span.start.astimezone(zone).date() == span.end.astimezone(zone).date()
        end = _hour(span.end, zone) if same_day else f"{_date(span.end, zone)} {_hour(span.end, zone)}"
        length = show_duration(round(span.seconds))
        name = f"{calendar.name} {version.name}"
        lines.append(f"  {_date(span.start, zone)} {_hour(span.start, zone)} to {end}, {name}, {length}")
    if len(counted) > _MOST_LINES:
        rest = sum(span.seconds for span in counted[_MOST_LINES:])
        lines.append(f"  and {len(counted) - _MOST_LINES} more, {show_duration(round(rest))}")
    return lines


def _hours(calendar: Calendar) -> str:
    return ": every hour" if calendar.continuous else f": business hours, {calendar.zone}"


def _date(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%a %Y-%m-%d")


def _hour(at: datetime, zone: ZoneInfo) -> str:
    """Minutes, and seconds only where there are some."""
    local = at.astimezone(zone)
    return local.strftime("%H:%M:%S" if local.second or local.microsecond else "%H:%M")


def _instant(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError as wrong:
        raise UsageFault(f"--opened is {written!r}: {_EXAMPLE}") from wrong
    if at.tzinfo is None:
        raise UsageFault(f"--opened is {written!r}, without an offset: {_EXAMPLE}")
    return at


def _within_reach(opened: datetime, written: str, versions: tuple[SlaVersion, ...]) -> None:
    """Holidays are known for some decades: outside of them an answer would be wrong without a word."""
    from daemon.settings.sla_calendar import FIRST_YEAR, YEARS_AHEAD

    last = min(version.effective.year for version in versions) + YEARS_AHEAD - 2
    if not FIRST_YEAR < opened.year <= last:
        expected = f"expected a year from {FIRST_YEAR + 1} to {last}, for which holidays are known"
        raise UsageFault(f"--opened is {written!r}: {expected}")

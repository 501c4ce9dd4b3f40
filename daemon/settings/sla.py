"""`sla.toml` as versions of the agreement, or all that is wrong in it at once.

It owns the format of the file; what the values mean is `core.sla`. Reading draws in the holiday library.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from daemon.core.sla.calendar import Calendar, NoReachableTarget, continuous
from daemon.core.sla.promises import PlanTerms, PriorityTerms, SlaVersion
from daemon.core.sla.rules import Rules
from daemon.core.values import Coverage, Plan, Priority
from daemon.settings import sla_fields as fields
from daemon.settings.faults import ConfigError, Fault
from daemon.settings.sla_calendar import standard_calendar
from daemon.settings.sla_table import Faults, Table, line_numbers

CONTINUOUS: Final = "continuous"

_EFFECTIVE: Final = date(2026, 1, 1)
_STAND_IN: Final = 3600
_RULES: Final[Mapping[str, Any]] = {
    "call_meets_response": fields.flag,
    "next_response": fields.flag,
    "quiet_updates": fields.whole(1),
    "update_grace": fields.duration,
    "reopen_full_response": fields.flag,
    "reminders": fields.rising,
    "close_waiting_after": fields.target,
    "close_resolved_after": fields.target,
    "reopen_within": fields.duration,
    "raise_confidence": fields.probability,
    "resolved_confidence": fields.probability,
    "thanks_confidence": fields.probability,
    "warn_batch": fields.duration,
    "breach_at_once": fields.priorities,
    "alarm_repeats": fields.rising,
    "credit_tiers": fields.tiers,
    "serious_breaches": fields.whole(1),
    "serious_days": fields.whole(1),
    "serious_p1": fields.flag,
    "call_step": fields.target,
    "extra_minute": fields.money,
    "statement_to_billing": fields.flag,
    "csv_decimal": fields.one_of(",", "."),
    "csv_separator": fields.one_of(";", ",", "\t"),
}
_SEPARATE: Final = "expected a `csv_separator` other than `csv_decimal`"
_UNREACHED: Final = "expected a target that the calendar reaches within 400 days"


def load_sla(path: Path) -> tuple[SlaVersion, ...]:
    """Every version, ascending by effective date. Raises ConfigError that holds every fault of the file."""
    text, data = _read(path)
    faults = Faults(file=str(path), lines=line_numbers(text))
    Table(data, "", 0, faults).only(["version"])
    tables = data.get("version")
    if not isinstance(tables, list) or not tables:
        faults.add((0, "", "version"), tables or "", "expected at least one [[version]]")
        raise ConfigError(tuple(dict.fromkeys(faults.found)))
    versions = [_version(Table(data, "version", number, faults)) for number, data in enumerate(tables)]
    _each_once(versions, faults)
    if faults.found:
        raise ConfigError(tuple(dict.fromkeys(faults.found)))
    return tuple(sorted(versions, key=lambda version: version.effective))


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")  # editors on Windows write a BOM
        return text, tomllib.loads(text, parse_float=Decimal)
    except OSError as trouble:
        reason = (trouble.strerror or type(trouble).__name__).lower()
        expected = f"{reason}: expected a file that can be read"
        fault = Fault(file=str(path), key="file", holds="", expected=expected)
        raise ConfigError([fault]) from trouble
    except UnicodeDecodeError as trouble:
        holds = f"byte 0x{trouble.object[trouble.start]:02x}"
        line = trouble.object.count(b"\n", 0, trouble.start) + 1
        fault = Fault(file=str(path), key=f"line {line}", holds=holds, expected="expected text in UTF-8")
        raise ConfigError([fault]) from trouble
    except (tomllib.TOMLDecodeError, RecursionError) as trouble:
        fault = Fault(file=str(path), key="TOML", holds="", expected=f"{trouble}: expected valid TOML")
        raise ConfigError([fault]) from trouble


def _version(table: Table) -> SlaVersion:
    table.only(["name", "effective", "calendar", "plan", "priority", "rules"])
    name = table.need("name", fields.words, "")
    effective = table.need("effective", fields.day, _EFFECTIVE)
    version = SlaVersion(
        name=name,
        effective=effective,
        standard=standard_calendar(table.table("calendar"), name, effective),
        continuous=continuous(CONTINUOUS, name),
        plans=MappingProxyType(_plans(table.table("plan"))),
        priorities=MappingProxyType(_priorities(table.table("priority"))),
        rules=_rules(table.table("rules")),
    )
    _reachable(version, table)
    return version


def _plans(table: Table) -> dict[Plan, PlanTerms]:
    table.only(Plan, "plan")
    found: dict[Plan, PlanTerms] = {}
    for plan in Plan:
        terms = table.table(plan)
        terms.only(["coverage", "price", "minutes", "response"])
        silent = plan is Plan.GRATUIT and "response" not in terms.data  # the one that promises none by itself
        found[plan] = PlanTerms(
            coverage=terms.need("coverage", fields.choice(Coverage), Coverage.STANDARD),
            price=terms.need("price", fields.money, Decimal(0)),
            minutes=terms.need("minutes", fields.whole(0), 0),
            response=None if silent else terms.need("response", fields.target_or_none, None),
        )
    return found


def _priorities(table: Table) -> dict[Priority, PriorityTerms]:
    table.only(Priority, "priority")
    found: dict[Priority, PriorityTerms] = {}
    for priority in Priority:
        terms = table.table(priority)
        terms.only(["response", "resolution", "update", "update_max"])
        update = terms.need("update", fields.target, _STAND_IN)
        update_max = terms.read("update_max", fields.target, update)
        if update_max < update:
            terms.fault("update_max", terms.data["update_max"], "expected no less than `update`")
        found[priority] = PriorityTerms(
            response=terms.need("response", fields.target, _STAND_IN),
            resolution=terms.need("resolution", fields.target, _STAND_IN),
            update=update,
            update_max=update_max,
        )
    return found


def _rules(table: Table) -> Rules:
    shipped = Rules()
    table.only(field.name for field in dataclass_fields(Rules))
    values = {key: table.read(key, reader, getattr(shipped, key)) for key, reader in _RULES.items()}
    warnings = table.table("warn_at")
    warnings.only(Priority, "priority")
    warn_at = {p: warnings.read(p, fields.percents, shipped.warn_at[p]) for p in Priority}
    rules = Rules(warn_at=MappingProxyType(warn_at), **values)
    if rules.csv_decimal == rules.csv_separator:
        table.fault("csv_separator", rules.csv_separator, _SEPARATE)
    if rules.reminders and rules.reminders[-1] >= rules.close_waiting_after:
        expected = "expected reminders that come before `close_waiting_after`"
        table.fault("reminders", table.data.get("reminders", list(rules.reminders)), expected)
    return rules


def _reachable(version: SlaVersion, table: Table) -> None:
    """Fault every target that the standard calendar does not reach from some instant of the next years, and
    from the first day of each longer closure."""
    for home, key, seconds in _targets(version):
        if not _reached(version.standard, version.effective, seconds):
            holder = table
            for part in home:
                holder = holder.table(part)
            holder.fault(key, holder.data.get(key, ""), _UNREACHED)


def _targets(version: SlaVersion) -> Iterator[tuple[tuple[str, ...], str, int]]:
    for priority, terms in version.priorities.items():
        for key in ("response", "resolution", "update", "update_max"):
            if key != "update_max" or terms.update_max != terms.update:
                yield ("priority", priority), key, getattr(terms, key)
    for plan, offer in version.plans.items():
        if offer.response is not None:
            yield ("plan", plan), "response", offer.response
    rules = version.rules
    for number in rules.reminders[-1:]:
        yield ("rules",), "reminders", number
    yield ("rules",), "close_waiting_after", rules.close_waiting_after
    yield ("rules",), "close_resolved_after", rules.close_resolved_after


def _reached(calendar: Calendar, effective: date, seconds: int) -> bool:
    first = datetime(effective.year, effective.month, effective.day, tzinfo=UTC)
    starts = [first + timedelta(days=30 * month) for month in range(36)]
    one, closed = timedelta(days=1), calendar.closed.keys()
    starts += [
        datetime(day.year, day.month, day.day, tzinfo=UTC)
        for day in closed
        if day > effective and {day + one, day + 2 * one} <= closed and day - one not in closed
    ]
    try:
        for start in starts:
            calendar.add_working(start, seconds)
    except NoReachableTarget:
        return False
    return True


def _each_once(versions: list[SlaVersion], faults: Faults) -> None:
    for number, version in enumerate(versions):
        earlier = versions[:number]
        if version.name in [v.name for v in earlier]:
            faults.add((number, "version", "name"), version.name, "expected a name that no other version has")
        if version.effective in [v.effective for v in earlier]:
            expected = "expected a date on which no other version begins"
            faults.add((number, "version", "effective"), str(version.effective), expected)

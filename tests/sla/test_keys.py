"""Every key of `sla.toml` is heeded: what the engine answers differs when the file says otherwise."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.core.lifecycle import reopens
from daemon.core.sla.calendar import NoReachableTarget
from daemon.core.sla.course import Course
from daemon.core.sla.due import Act, Pending, audience, batch
from daemon.core.sla.minutes import LoggedCall, usage
from daemon.core.sla.noncompliance import Failure, findings
from daemon.core.sla.penalties import proposal
from daemon.core.sla.promises import SlaVersion, coverage_for, version_at
from daemon.core.sla.raising import graver, word_of
from daemon.core.sla.replay import replay
from daemon.core.sla.statement import billing_copy, statement
from daemon.core.sla.statement_csv import write_csv
from daemon.core.sla.steps import StepKind, schedule
from daemon.core.values import ClockName, Intent, Plan, Priority, State
from daemon.settings.sla import load_sla
from tests.core.sla_cases import SHIPPED, shipped
from tests.sla.casefile import MONTREAL, event, instant, opening

TEXT = SHIPPED.read_text(encoding="utf-8")
TUESDAY = "2026-11-03T10:30-05:00"
Probe = Callable[[SlaVersion], object]


def course(version: SlaVersion, opened: str, *events: str, now: str) -> Course:
    start = opening(opened)
    start = replace(start, coverage=coverage_for(version, start.plan, None))
    return replay(start, [event(e) for e in events], version, instant(now))


def due(opened: str, clock: str, *events: str) -> Probe:
    def probe(version: SlaVersion) -> object:
        last = events[-1].split()[0] if events else opened.split()[0]
        try:
            cycle = course(version, opened, *events, now=last).chain(ClockName(clock))[-1]
        except IndexError:
            return None
        return cycle.due.astimezone(MONTREAL).isoformat()[:16] if cycle.due else None

    return probe


def steps(kind: StepKind, opened: str, *events: str) -> Probe:
    def probe(version: SlaVersion) -> object:
        last = events[-1].split()[0] if events else opened.split()[0]
        found = schedule(course(version, opened, *events, now=last))
        return [s.at.astimezone(MONTREAL).isoformat()[5:16] for s in found if s.kind is kind]

    return probe


def outcome(opened: str, clock: str, *events: str) -> Probe:
    def probe(version: SlaVersion) -> object:
        last = course(version, opened, *events, now=events[-1].split()[0])
        found = [c.outcome for c in last.chain(ClockName(clock)) if c.outcome]
        return found[-1].value if found else None

    return probe


def credit(version: SlaVersion) -> object:
    found = proposal(
        course(version, f"{TUESDAY} or P2", "2026-11-04T13:30-05:00 resolve", now="2026-11-04T13:30-05:00"),
        MONTREAL,
    )
    return str(found.amount) if found else None


def cost(version: SlaVersion) -> object:
    call = LoggedCall(at=instant(TUESDAY), minutes=31)
    return str(usage([call], "2026-11", version.plans[Plan.ARGENT], version.rules, MONTREAL).cost)


def grave(priority: Priority, days: int, number: int, *, last: bool = False) -> Probe:
    def probe(version: SlaVersion) -> object:
        missed = [
            Failure(
                ticket=n, priority=priority, due=instant(TUESDAY) + timedelta(days=days * n), last_tier=last
            )
            for n in range(number)
        ]
        return len(findings(missed, version.rules, MONTREAL))

    return probe


def told_at_once(version: SlaVersion) -> object:
    late = course(version, f"{TUESDAY} or P2", now="2026-11-06T10:00-05:00")
    step = next(s for s in schedule(late) if s.kind is StepKind.BREACH)
    return [who.value for who in audience(Act(step=step), late)]


def mails(version: SlaVersion) -> object:
    warned = next(
        s for s in schedule(course(version, f"{TUESDAY} or P2", now=TUESDAY)) if s.kind is StepKind.WARN
    )
    pending = [
        Pending(recipient="alex", ticket=n, step=replace(warned, at=warned.at + timedelta(minutes=4 * n)))
        for n in range(2)
    ]
    return [len(mail) for _, mail in batch(pending, warned.at, version.rules.warn_batch)]


def reopened_after_29_days(version: SlaVersion) -> object:
    closed = instant(TUESDAY)
    window = timedelta(seconds=version.rules.reopen_within)
    return reopens(State.CLOSED, closed, closed + timedelta(days=29), window)


def table(version: SlaVersion) -> object:
    empty = statement([], [], "2026-11", MONTREAL)
    return write_csv(empty, version.rules, MONTREAL).split("\r\n")[1][:32]


@dataclass(frozen=True)
class Key:
    """Where the shipped file says `old` (the first time after `under`), another says `new`."""

    under: str
    old: str
    new: str
    probe: Probe
    shipped: object
    changed: object


P2 = f"{TUESDAY} argent P2"
WAITING = ("2026-11-03T11:00-05:00 reply m1", "2026-11-03T11:00-05:00 wait m1")
FIRST, UPDATE, RESOLUTION = "first_response", "status_update", "resolution"
CAL, RULES = "[version.calendar]", "[version.rules]"

KEYS = {
    "calendar.days": Key(
        CAL,
        '["mon", "tue", "wed", "thu", "fri"]',
        '["mon", "tue", "thu", "fri"]',
        due(P2, RESOLUTION),
        "2026-11-04T10:30",
        "2026-11-05T10:30",
    ),
    "calendar.hours": Key(
        CAL,
        '["09:00-18:00"]',
        '["09:00-12:00", "13:00-18:00"]',
        due(P2, FIRST),
        "2026-11-03T12:30",
        "2026-11-03T13:30",
    ),
    "calendar.timezone": Key(
        CAL, "America/Toronto", "America/Vancouver", due(P2, FIRST), "2026-11-03T12:30", "2026-11-03T14:00"
    ),
    "calendar.easter": Key(
        CAL,
        'easter = "good_friday"',
        'easter = "easter_monday"',
        due("2026-04-02T17:30-04:00 argent P1", FIRST),
        "2026-04-06T09:30",
        "2026-04-03T09:30",
    ),
    "calendar.closed": Key(
        CAL,
        "closed = []",
        "closed = [2026-11-04]",
        due(P2, RESOLUTION),
        "2026-11-04T10:30",
        "2026-11-05T10:30",
    ),
    "calendar.extra": Key(
        CAL,
        "extra = []",
        'extra = [{ date = 2026-11-03, hours = ["09:00-11:30"] }]',
        due(P2, FIRST),
        "2026-11-03T12:30",
        "2026-11-04T10:00",
    ),
    "calendar.removed": Key(
        CAL,
        "removed = []",
        "removed = [2026-06-24]",
        due("2026-06-23T17:00-04:00 or P2", FIRST),
        "2026-06-25T10:00",
        "2026-06-24T10:00",
    ),
    "plan.coverage": Key(
        "[version.plan.argent]",
        '"standard"',
        '"premium"',
        due("2026-11-07T05:30-05:00 argent P1", FIRST),
        "2026-11-09T10:00",
        "2026-11-07T06:30",
    ),
    "plan.price": Key("[version.plan.or]", "price = 125", "price = 100.10", credit, "31.25", "25.03"),
    "plan.minutes": Key("[version.plan.argent]", "minutes = 30", "minutes = 29", cost, "2.00", "4.00"),
    "plan.response": Key(
        "[version.plan.argent]", '"12h"', '"1h"', due(P2, FIRST), "2026-11-03T12:30", "2026-11-03T11:30"
    ),
    "priority.response": Key(
        "[version.priority.P2]",
        'response = "2h"',
        'response = "3h"',
        due(P2, FIRST),
        "2026-11-03T12:30",
        "2026-11-03T13:30",
    ),
    "priority.resolution": Key(
        "[version.priority.P2]", '"1bd"', '"2bd"', due(P2, RESOLUTION), "2026-11-04T10:30", "2026-11-05T10:30"
    ),
    "priority.update": Key(
        "[version.priority.P2]",
        'update = "4h"',
        'update = "5h"',
        due(P2, UPDATE),
        "2026-11-03T14:30",
        "2026-11-03T15:30",
    ),
    "priority.update_max": Key(
        "[version.priority.P2]",
        'update_max = "1bd"',
        'update_max = "5h"',
        due(P2, UPDATE, "2026-11-03T11:00-05:00 update u1", "2026-11-03T12:00-05:00 update u2"),
        "2026-11-04T11:00",
        "2026-11-03T17:00",
    ),
    "rules.call_meets_response": Key(
        RULES, "= true", "= false", outcome(P2, FIRST, "2026-11-03T11:00-05:00 call"), "met", None
    ),
    "rules.next_response": Key(
        RULES,
        "next_response = true",
        "next_response = false",
        due(P2, "next_response", "2026-11-03T11:00-05:00 reply m1", "2026-11-03T11:10-05:00 wrote"),
        "2026-11-03T13:10",
        None,
    ),
    "rules.quiet_updates": Key(
        RULES,
        "quiet_updates = 2",
        "quiet_updates = 1",
        due(P2, UPDATE, "2026-11-03T11:00-05:00 update u1"),
        "2026-11-03T15:00",
        "2026-11-04T10:00",
    ),
    "rules.update_grace": Key(
        RULES,
        'update_grace = "5min"',
        'update_grace = "1min"',
        outcome(P2, UPDATE, "2026-11-03T14:33-05:00 update u1"),
        "met",
        "late",
    ),
    "rules.reopen_full_response": Key(
        RULES,
        "reopen_full_response = true",
        "reopen_full_response = false",
        due(P2, RESOLUTION, "2026-11-04T10:20-05:00 resolve", "2026-11-04T11:00-05:00 reopen"),
        "2026-11-04T13:00",
        "2026-11-04T11:10",
    ),
    "rules.reminders": Key(
        RULES,
        '["2bd", "4bd"]',
        '["3bd"]',
        steps(StepKind.REMIND, P2, *WAITING),
        ["11-05T11:00", "11-09T11:00"],
        ["11-06T11:00"],
    ),
    "rules.close_waiting_after": Key(
        RULES,
        'close_waiting_after = "7bd"',
        'close_waiting_after = "5bd"',
        steps(StepKind.CLOSE, P2, *WAITING),
        ["11-12T11:00"],
        ["11-10T11:00"],
    ),
    "rules.close_resolved_after": Key(
        RULES,
        'close_resolved_after = "7bd"',
        'close_resolved_after = "1bd"',
        steps(StepKind.CLOSE, P2, "2026-11-03T11:00-05:00 resolve"),
        ["11-12T11:00"],
        ["11-04T11:00"],
    ),
    "rules.reopen_within": Key(RULES, '"30d"', '"28d"', reopened_after_29_days, True, False),
    "rules.raise_confidence": Key(
        RULES,
        "raise_confidence = 0.7",
        "raise_confidence = 0.9",
        lambda v: graver(Priority.P3, Priority.P2, 0.8, v.rules),
        Priority.P2,
        None,
    ),
    "rules.resolved_confidence": Key(
        RULES,
        "resolved_confidence = 0.95",
        "resolved_confidence = 0.99",
        lambda v: word_of(Intent.RESOLVED, 0.96, v.rules).value,
        "works",
        "ask",
    ),
    "rules.thanks_confidence": Key(
        RULES,
        "thanks_confidence = 0.95",
        "thanks_confidence = 0.99",
        lambda v: word_of(Intent.THANKS, 0.96, v.rules).value,
        "thanks",
        "ask",
    ),
    "rules.warn_at": Key(
        RULES,
        "P2 = [50, 75]",
        "P2 = [25]",
        lambda v: steps(StepKind.WARN, P2)(v)[:2],  # type: ignore[index]
        ["11-03T11:30", "11-03T12:00"],
        ["11-03T11:00", "11-03T12:45"],
    ),
    "rules.warn_batch": Key(RULES, 'warn_batch = "5min"', 'warn_batch = "3min"', mails, [2], [1]),
    "rules.breach_at_once": Key(
        RULES,
        'breach_at_once = ["P1", "P2"]',
        'breach_at_once = ["P1"]',
        told_at_once,
        ["managers"],
        ["digest"],
    ),
    "rules.alarm_repeats": Key(
        RULES,
        '["5min", "10min", "15min", "20min", "30min"]',
        '["7min"]',
        steps(StepKind.ALARM, f"{TUESDAY} argent P1"),
        ["11-03T10:30", "11-03T10:35", "11-03T10:40", "11-03T10:45", "11-03T10:50", "11-03T11:00"],
        ["11-03T10:30", "11-03T10:37"],
    ),
    "rules.credit_tiers": Key(
        RULES, "{ up_to = 1, share = 25 }", "{ up_to = 1, share = 40 }", credit, "31.25", "50.00"
    ),
    "rules.serious_breaches": Key(
        RULES, "serious_breaches = 3", "serious_breaches = 2", grave(Priority.P3, 10, 2), 0, 1
    ),
    "rules.serious_days": Key(
        RULES, "serious_days = 90", "serious_days = 20", grave(Priority.P3, 10, 3), 1, 0
    ),
    "rules.serious_p1": Key(
        RULES, "serious_p1 = true", "serious_p1 = false", grave(Priority.P1, 1, 1, last=True), 1, 0
    ),
    "rules.call_step": Key(RULES, 'call_step = "1min"', 'call_step = "5min"', cost, "2.00", "10.00"),
    "rules.extra_minute": Key(RULES, "extra_minute = 2.00", "extra_minute = 3.50", cost, "2.00", "3.50"),
    "rules.statement_to_billing": Key(
        RULES,
        "statement_to_billing = false",
        "statement_to_billing = true",
        lambda v: billing_copy(v.rules, "b@a.example"),
        None,
        "b@a.example",
    ),
    "rules.csv_decimal": Key(
        RULES,
        'csv_decimal = ","',
        'csv_decimal = "."',
        table,
        "2026-11;;credited;;;;;;;;;;;0,00",
        "2026-11;;credited;;;;;;;;;;;0.00",
    ),
    "rules.csv_separator": Key(
        RULES,
        'csv_separator = ";"',
        'csv_separator = "\\t"',
        table,
        "2026-11;;credited;;;;;;;;;;;0,00",
        "2026-11\t\tcredited\t\t\t\t\t\t\t\t\t\t\t0,00",
    ),
}


def load(folder: Path, text: str) -> tuple[SlaVersion, ...]:
    file = folder / "sla.toml"
    file.write_text(text, encoding="utf-8")
    return load_sla(file)


@pytest.mark.parametrize("name", list(KEYS))
def test_a_key_is_heeded(name: str, tmp_path: Path) -> None:
    key = KEYS[name]
    head, under, rest = TEXT.partition(key.under)
    assert key.old in rest
    (changed,) = load(tmp_path, head + under + rest.replace(key.old, key.new, 1))
    assert key.probe(shipped()) == key.shipped
    assert key.probe(changed) == key.changed


def test_the_version_and_its_day_are_heeded(tmp_path: Path) -> None:
    text = TEXT.replace('name = "2026-01"', 'name = "2027"').replace(
        "effective = 2026-01-01", "effective = 2027-03-01"
    )
    versions = load(tmp_path, TEXT + text)
    at = [instant("2027-02-28T23:59-05:00"), instant("2027-03-01T00:00-05:00")]
    assert [version_at(versions, moment).name for moment in at] == ["2026-01", "2027"]
    assert [v.effective for v in versions] == [date(2026, 1, 1), date(2027, 3, 1)]


def test_no_key_is_without_a_test() -> None:
    (version,) = tomllib.loads(TEXT, parse_float=Decimal)["version"]
    keys = {f"{part}.{key}" for part in ("calendar", "rules") for key in version[part]}
    for part in ("plan", "priority"):
        keys |= {f"{part}.{key}" for table_ in version[part].values() for key in table_}
    assert keys == set(KEYS)
    assert set(version) == {"name", "effective", "calendar", "plan", "priority", "rules"}


def test_a_calendar_that_is_never_open_again_is_no_endless_search() -> None:
    version = shipped()
    closed = {
        date(2026, 1, 1) + timedelta(days=n): version.standard.closed[date(2026, 1, 1)] for n in range(3000)
    }
    shut = replace(version, standard=replace(version.standard, closed=closed))
    with pytest.raises(NoReachableTarget):
        course(shut, P2, now=TUESDAY)

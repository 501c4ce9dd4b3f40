"""`sla.toml`: what is shipped, what an owner may write, and that all mistakes are named at once."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.core.sla.promises import SlaVersion
from daemon.core.sla.rules import Rules
from daemon.core.values import Plan, Priority
from daemon.settings.faults import ConfigError, Fault
from daemon.settings.sla import load_sla
from tests.core.sla_cases import SHIPPED, at, hours, shipped

TEXT = SHIPPED.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def changed(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def load(folder: Path, text: str) -> tuple[SlaVersion, ...]:
    file = folder / "sla.toml"
    file.write_text(text, encoding="utf-8")
    return load_sla(file)


def faults(folder: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return caught.value.faults


def test_the_shipped_rules_are_the_defaults_and_every_one_is_written_out() -> None:
    assert shipped().rules == Rules()
    (version,) = tomllib.loads(TEXT)["version"]
    assert set(version["rules"]) == {field.name for field in fields(Rules)}
    assert set(version["calendar"]) == {
        "days", "hours", "timezone", "easter", "closed", "extra", "removed"
    }  # fmt: skip


def test_every_shipped_rule_has_a_comment_above_it() -> None:
    lines = TEXT[TEXT.index("[version.rules]") :].splitlines()
    commented = False
    for line in lines[1:]:
        if not line:
            commented = False
        assert not line or line.startswith("#") or commented, f"no comment above {line}"
        commented = commented or line.startswith("#")


def test_the_shipped_plans_are_the_published_ones() -> None:
    told = {p.value: (str(t.price), t.minutes, t.response) for p, t in shipped().plans.items()}
    assert told == {
        "gratuit": ("0.00", 0, None),
        "base": ("25.00", 5, 48 * 3600),
        "bronze": ("45.00", 15, 24 * 3600),
        "argent": ("85.00", 30, 12 * 3600),
        "or": ("125.00", 45, 6 * 3600),
        "platine": ("225.00", 60, 2 * 3600),
    }


def test_keys_that_have_a_default_may_be_left_out(folder: Path) -> None:
    start, plans, rules = (
        TEXT.index(part) for part in ("[version.calendar]", "# ---- Plans", "# ---- Rules")
    )
    (version,) = load(folder, TEXT[:start] + TEXT[plans:rules].replace('response = "none"\n', ""))
    assert version.standard == shipped().standard
    assert version.rules == Rules()
    assert version.plans == shipped().plans


def test_versions_are_sorted_by_the_day_they_take_effect(folder: Path) -> None:
    later = changed(
        ('name = "2026-01"', 'name = "2027-03"'), ("effective = 2026-01-01", "effective = 2027-03-01")
    )
    loaded = load(folder, later + TEXT)
    assert [(v.name, v.effective) for v in loaded] == [
        ("2026-01", date(2026, 1, 1)),
        ("2027-03", date(2027, 3, 1)),
    ]


def test_closures_shortened_days_extra_days_and_removed_holidays_are_read(folder: Path) -> None:
    (version,) = load(
        folder,
        changed(
            (
                "closed = []",
                'closed = [2026-11-03, "2026-11-05..2026-11-06", '
                '{ date = 2026-11-09, until = 2026-11-10, fr = "Congé", en = "Break" }]',
            ),
            (
                "extra = []",
                'extra = [2026-11-07, { date = 2026-11-12, hours = "09:00-12:00" }, '
                '{ date = "2026-12-25", hours = ["10:00-11:00", "13:00-14:00"] }]',
            ),
            ("removed = []", "removed = [2026-06-24]"),
        ),
    )
    calendar = version.standard
    closed = ["2026-11-03", "2026-11-05", "2026-11-06", "2026-11-09", "2026-11-10"]
    assert [day for day in closed if calendar.local_spans(date.fromisoformat(day))] == []
    assert calendar.local_spans(date(2026, 11, 7)) == hours((9, 18))
    assert calendar.local_spans(date(2026, 11, 12)) == hours((9, 12))
    assert calendar.local_spans(date(2026, 12, 25)) == hours((10, 11), (13, 14))
    assert calendar.local_spans(date(2026, 6, 24)) == hours((9, 18))
    assert calendar.closed_why(at("2026-11-09 12:00"), "fr") == "Congé"
    assert calendar.digest != shipped().standard.digest


def test_hours_may_differ_by_day(folder: Path) -> None:
    week = 'hours = { mon = ["09:00-12:00", "13:00-17:00"], sat = "10:00-14:00" }'
    days = 'days = ["mon", "tue", "wed", "thu", "fri"]\n'
    (version,) = load(folder, changed((days, ""), ('hours = ["09:00-18:00"]', week)))
    assert version.standard.week == (hours((9, 12), (13, 17)), (), (), (), (), hours((10, 14)), ())


def test_easter_monday_may_be_kept_instead_of_good_friday(folder: Path) -> None:
    (version,) = load(folder, changed(('easter = "good_friday"', 'easter = "easter_monday"')))
    assert version.standard.is_open(at("2026-04-03 12:00"))
    assert not version.standard.is_open(at("2026-04-06 12:00"))


def test_amounts_are_exact_decimals(folder: Path) -> None:
    (version,) = load(folder, changed(("price = 85", "price = 85.10"), ("= 2.00", '= "2.05"')))
    assert version.plans[Plan.ARGENT].price == Decimal("85.10")
    assert version.rules.extra_minute == Decimal("2.05")


def test_every_mistake_is_named_at_once_with_its_line_and_what_was_expected(folder: Path) -> None:
    text = changed(
        ('easter = "good_friday"', 'easter = "friday"'),
        ("price = 85", "price = -1"),
        ('response = "6h"', 'respons = "6h"'),
        ("call_step", "call_stepp"),
        ("[version.plan.or]", "[version.plan.gold]"),
    )
    line = next(n for n, written in enumerate(text.splitlines(), 1) if written == 'easter = "friday"')
    told = [str(fault).removeprefix(f"{folder / 'sla.toml'}: ") for fault in faults(folder, text)]
    assert told[0] == (
        f'[version.calendar] easter (line {line}) is "friday": expected "good_friday" or "easter_monday"'
    )
    for words in (
        ("[version.plan.argent] price (line ", ") is -1: expected an amount"),
        ("[version.plan] gold (line ", "is no plan: known are gratuit, base"),
        ("[version.plan.or] response is missing", '"none" where nothing is promised'),
        ("[version.rules] call_stepp (line ", 'is no key: did you mean "call_step"?'),
    ):
        assert [one for one in told if all(word in one for word in words)], (words, told)


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ('name = "2026-01"', "name = 3", "[version] name", "text in quotes"),
        ("effective = 2026-01-01", 'effective = "soon"', "[version] effective", "a date such as"),
        (
            "effective = 2026-01-01",
            "effective = 2026-01-01T00:00:00",
            "[version] effective",
            "a date such as",
        ),
        ('name = "2026-01"', "", "[version] name", "text in quotes"),
        ('"fri"]', '"fry"]', "[version.calendar] days", "'fry' stands in it"),
        ('["09:00-18:00"]', '["09:00-13:00", "12:00-18:00"]', "[version.calendar] hours", "without overlap"),
        ('["09:00-18:00"]', '["18:00-09:00"]', "[version.calendar] hours", "expected hours"),
        ('["09:00-18:00"]', '["9-18"]', "[version.calendar] hours", "expected hours"),
        ('["09:00-18:00"]', "[]", "[version.calendar] hours", "expected hours"),
        ('["09:00-18:00"]', '{ mon = "09:00-18:00" }', "[version.calendar] days", "no `days` beside"),
        ("America/Toronto", "America/Montreol", "[version.calendar] timezone", 'such as "America/'),
        ("closed = []", "closed = [2026-13-40]", "TOML", "valid TOML"),
        ("closed = []", 'closed = ["Noël"]', "[version.calendar] closed", "Noël stands in it"),
        ("closed = []", "closed = [2026-11-03, 2026-11-03]", "[version.calendar] closed", "twice"),
        ("closed = []", 'closed = ["2026-11-05..2026-11-03"]', "[version.calendar] closed", "ends after"),
        ("extra = []", "extra = [{ hours = [] }]", "[version.calendar] extra", "with their hours"),
        ("removed = []", "removed = [2026-06-23]", "[version.calendar] removed", "2026-06-24"),
        ('coverage = "standard"', 'coverage = "gold"', "[version.plan.gratuit] coverage", '"premium"'),
        ("price = 25", "price = 25.005", "[version.plan.base] price", "an amount"),
        ("price = 25", "price = true", "[version.plan.base] price", "an amount"),
        ("minutes = 15", "minutes = -1", "[version.plan.bronze] minutes", "whole number from 0"),
        ('response = "12h"', "", "[version.plan.argent] response", '"none"'),
        ('response = "12h"', 'response = "0h"', "[version.plan.argent] response", "more than 0"),
        ('resolution = "2bd"', "", "[version.priority.P3] resolution", "a duration"),
        ('resolution = "2bd"', 'resolution = "2 days"', "[version.priority.P3] resolution", "a duration"),
        ('update_max = "4h"', 'update_max = "30min"', "[version.priority.P1] update_max", "no less than"),
        ('resolution = "2bd"', 'resolution = "400bd"', "[version.priority.P3] resolution", "400 days"),
        ('close_waiting_after = "7bd"', 'close_waiting_after = "3bd"', "[version.rules] reminders", "before"),
        (
            "raise_confidence = 0.7",
            "raise_confidence = 70",
            "[version.rules] raise_confidence",
            "from 0 to 1",
        ),
        ("P1 = [50, 75]", "P1 = [75, 50]", "[version.rules.warn_at] P1", "rising order"),
        ("P1 = [50, 75]", "P9 = [75]", "[version.rules.warn_at] P9", "is no priority"),
        ('["P1", "P2"]', '["P1", "P7"]', "[version.rules] breach_at_once", "'P7' stands in it"),
        ('["5min", "10min"', '["15min", "10min"', "[version.rules] alarm_repeats", "rising order"),
        (", { share = 100 }]", "]", "[version.rules] credit_tiers", "the last without up_to"),
        ("{ up_to = 3, share = 50 }", "{ up_to = 1, share = 50 }", "[version.rules] credit_tiers", "rising"),
        ("{ up_to = 3, share = 50 }", "{ share = 50 }", "[version.rules] credit_tiers", "rising"),
        ("share = 25 }", "share = 250 }", "[version.rules] credit_tiers", "share in percent"),
        ('csv_separator = ";"', 'csv_separator = ","', "[version.rules] csv_separator", "other than"),
        ("next_response = true", 'next_response = "yes"', "[version.rules] next_response", "true or false"),
    ],
)
def test_a_mistake_is_named_where_it_stands(
    folder: Path, old: str, new: str, key: str, expected: str
) -> None:
    found = faults(folder, changed((old, new)))
    named = [fault for fault in found if fault.key.partition(" (line")[0] == key]
    assert len(named) == 1, [str(fault) for fault in found]
    assert expected in str(named[0])
    assert named[0].file == str(folder / "sla.toml")


@pytest.mark.parametrize(
    ("closed", "reaches"),
    [('["2026-02-01..2027-02-28"]', False), ('["2029-03-01..2030-03-31"]', False), ("[2026-02-02]", True)],
)
def test_a_target_that_a_long_closure_puts_out_of_reach_is_a_mistake(
    folder: Path, closed: str, reaches: bool
) -> None:
    text = changed(("closed = []", f"closed = {closed}"))
    if reaches:
        assert load(folder, text)
        return
    keys = [fault.key for fault in faults(folder, text)]
    assert any(key.startswith("[version.rules] close_resolved_after") for key in keys), keys


def test_a_date_that_is_both_closed_and_open_is_a_mistake(folder: Path) -> None:
    (fault,) = faults(
        folder, changed(("closed = []", "closed = [2026-11-03]"), ("extra = []", "extra = [2026-11-03]"))
    )
    assert "`closed` too" in str(fault)


def test_two_versions_never_share_a_name_or_a_day(folder: Path) -> None:
    first, second = faults(folder, TEXT + TEXT)
    assert "no other version has" in str(first)
    assert "no other version begins" in str(second)
    assert f"(line {len(TEXT.splitlines()) + TEXT[: TEXT.index('name =')].count(chr(10)) + 1})" in first.key


@pytest.mark.parametrize("priority", list(Priority))
def test_a_missing_priority_is_named_cell_by_cell(folder: Path, priority: Priority) -> None:
    start = TEXT.index(f"[version.priority.{priority}]")
    end = TEXT.index("\n\n", start)
    keys = {fault.key for fault in faults(folder, TEXT[:start] + TEXT[end:])}
    assert keys == {f"[version.priority.{priority}] {key}" for key in ("response", "resolution", "update")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "at least one [[version]]"),
        ("version = 3", "at least one [[version]]"),
        ("[[version]]\nplan = 3", "expected a table [version.plan]"),
        ("[[version]\n", "line 1"),
        ("[[versions]]\n", 'did you mean "version"?'),
        ("version = [1]", "expected a table [version]"),
    ],
)
def test_a_file_of_another_shape_is_refused_in_words(folder: Path, text: str, expected: str) -> None:
    assert expected in "\n".join(map(str, faults(folder, text)))


@pytest.mark.parametrize(
    "odd",
    ["true", "-1", "1e400", "nan", '""', '"\\u0000"', "[]", "[[]]", "{}", "[{}]", "0001-01-01", "9999-12-31",
     "10:00:00", '["9999-12-31"]', "99999999999999999999", '"999999999bd"', '"Europe/../x"'],
)  # fmt: skip
def test_whatever_stands_in_the_file_the_answer_is_a_list_of_faults(folder: Path, odd: str) -> None:
    keys = [line.partition(" = ")[0] for line in TEXT.splitlines() if " = " in line and line[0] != "#"]
    text = "\n".join(
        f"{line.partition(' = ')[0]} = {odd}" if line.partition(" = ")[0] in keys else line
        for line in TEXT.splitlines()
    )
    found = faults(folder, text)
    assert len(found) >= len(keys) // 2
    assert len(set(found)) == len(found)


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_sla(folder / "none.toml")
    (folder / "sla.toml").write_bytes(b'[[version]]\nname = "\xe9"')
    with pytest.raises(ConfigError, match=r"line 2 is byte 0xe9: expected text in UTF-8"):
        load_sla(folder / "sla.toml")

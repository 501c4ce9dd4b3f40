"""JSON as the contract has it, and texts that nobody can use to draw on a terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from daemon.cli.output import clock_line, emit, instant, table, to_json, working_time
from daemon.core.values import Priority

TORONTO = ZoneInfo("America/Toronto")
AT = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    left: int | None
    right: Priority


def test_instants_have_the_offset_of_the_zone_whatever_they_came_with() -> None:
    same = AT.astimezone(timezone(timedelta(hours=9)))
    summer = datetime(2026, 7, 3, 15, 30, tzinfo=UTC)
    assert json.loads(to_json([AT, same, summer], TORONTO)) == [
        "2026-11-03T10:30:00-05:00",
        "2026-11-03T10:30:00-05:00",
        "2026-07-03T11:30:00-04:00",
    ]


def test_every_kind_of_value_has_its_form() -> None:
    value = {
        "absent": None,
        "amount": Decimal("12.50"),
        "yes": True,
        "count": 3,
        "day": date(2026, 11, 3),
        "pair": _Pair(left=None, right=Priority.P1),
        "some": ("é", "😀"),
        "set": frozenset({"b", "a"}),
    }
    assert json.loads(to_json(value, TORONTO)) == {
        "absent": None,
        "amount": "12.50",
        "yes": True,
        "count": 3,
        "day": "2026-11-03",
        "pair": {"left": None, "right": "P1"},
        "some": ["é", "😀"],
        "set": ["a", "b"],
    }


def test_a_naive_instant_or_an_unknown_kind_is_an_error_of_ours() -> None:
    with pytest.raises(TypeError, match="naive"):
        to_json(datetime(2026, 11, 3), TORONTO)  # noqa: DTZ001 - naive on purpose
    with pytest.raises(TypeError, match="object"):
        to_json(object(), TORONTO)


def test_one_line_holds_one_object_when_asked() -> None:
    assert to_json({"a": "x\ny"}, TORONTO, indent=None) == '{"a": "x\\ny"}'


def test_text_is_shown_readable_and_a_lone_surrogate_does_no_harm() -> None:
    assert to_json("é\udce9", TORONTO) == '"é?"'


def test_a_table_reads_nothing_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a", "b"), [["[bold red]x[/]", ":smile:"], ["y", "a" * 150]], "nothing")
    shown = capsys.readouterr().out
    assert "[bold red]x[/]" in shown
    assert ":smile:" in shown
    assert "a" * 150 in shown
    assert "\x1b" not in shown


def test_a_table_without_rows_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a",), [], "There is nothing.")
    assert capsys.readouterr().out == "There is nothing.\n"


def test_documents_end_with_a_newline(capsys: pytest.CaptureFixture[str]) -> None:
    emit("{}")
    assert capsys.readouterr().out == "{}\n"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, ""), (0, "0 min"), (59, "0 min"), (720, "12 min"), (11_100, "3 h 05"), (-5_400, "-1 h 30")],
)
def test_working_time_is_told_in_hours_and_minutes(seconds: int | None, shown: str) -> None:
    assert working_time(seconds) == shown


def test_an_instant_is_told_in_the_zone() -> None:
    assert instant(AT, TORONTO) == "2026-11-03 10:30"
    assert instant(None, TORONTO) == ""


def clock(**known: object) -> dict[str, object]:
    empty = dict.fromkeys(("due", "met", "breached", "left", "outcome"))
    return {**empty, "paused": False, **known}


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ({"due": AT, "left": 720}, "due 2026-11-03 10:30, 12 min left"),
        ({"due": AT, "left": -720, "breached": AT}, "due 2026-11-03 10:30, -12 min left (late)"),
        ({"paused": True, "left": 720}, "paused, 12 min left"),
        ({"met": AT, "outcome": "met"}, "met 2026-11-03 10:30"),
        ({"met": AT, "outcome": "late", "breached": AT}, "met 2026-11-03 10:30 (late)"),
        ({"outcome": "void"}, "void"),
    ],
)
def test_a_clock_is_told_in_a_few_words(known: dict[str, object], shown: str) -> None:
    assert clock_line(clock(**known), TORONTO) == shown


def test_no_clock_is_told_by_nothing() -> None:
    assert clock_line(None, TORONTO) == ""

"""Québec's public holidays, frozen: a new release of the library must not move a promise unseen."""

from __future__ import annotations

from datetime import date

import holidays
import pytest

from daemon.settings.sla_holidays import Easter, quebec

FROZEN = """
2026-01-01 2026-04-03 2026-05-18 2026-06-24 2026-07-01 2026-09-07 2026-10-12 2026-12-25
2027-01-01 2027-03-26 2027-05-24 2027-06-24 2027-07-01 2027-09-06 2027-10-11 2027-12-25 2027-12-27
2028-01-01 2028-01-03 2028-04-14 2028-05-22 2028-06-24 2028-07-01 2028-09-04 2028-10-09 2028-12-25
"""
YEARS = range(2000, 2067)


def test_the_public_holidays_of_2026_to_2028_are_these() -> None:
    known = sorted(quebec(range(2026, 2029), Easter.GOOD_FRIDAY))
    assert known == [date.fromisoformat(day) for day in FROZEN.split()]


def test_holidays_on_a_sunday_are_kept_on_monday() -> None:
    known = quebec([2029], Easter.GOOD_FRIDAY)
    assert date(2029, 6, 25) in known
    assert date(2029, 7, 2) in known


@pytest.mark.parametrize(("year", "friday", "monday"), [(2026, "04-03", "04-06"), (2027, "03-26", "03-29")])
def test_the_employer_keeps_good_friday_or_easter_monday_never_both(
    year: int, friday: str, monday: str
) -> None:
    for easter, kept, worked in (
        (Easter.GOOD_FRIDAY, friday, monday),
        (Easter.EASTER_MONDAY, monday, friday),
    ):
        known = quebec([year], easter)
        assert date.fromisoformat(f"{year}-{kept}") in known
        assert date.fromisoformat(f"{year}-{worked}") not in known


def test_the_short_way_to_the_library_gives_what_its_front_door_gives() -> None:
    front = holidays.country_holidays("CA", subdiv="QC", years=YEARS)
    assert set(quebec(YEARS, Easter.GOOD_FRIDAY)) == set(front)
    wide = holidays.country_holidays("CA", subdiv="QC", years=YEARS, categories=("public", "optional"))
    mondays = {day for day in quebec(YEARS, Easter.EASTER_MONDAY) if day not in front}
    assert mondays == {day for day in wide if "Easter" in wide[day]}


def test_names_are_written_as_customers_read_them() -> None:
    names = {name for known in quebec(YEARS, Easter.GOOD_FRIDAY).values() for name in (known.fr, known.en)}
    assert "Jour de l’an" in names
    assert "New Year's Day" in names
    assert not [name for name in names if "(" in name or not name]

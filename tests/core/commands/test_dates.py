"""Dates as agents write them: read as one means them, or not at all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.commands.dates import FARTHEST, BadDate, read_day
from daemon.core.commands.values import Why

TODAY = date(2026, 11, 3)  # a Tuesday

READ = [
    ("2026-12-24", date(2026, 12, 24), None),
    ("2026\u201112\u201124", date(2026, 12, 24), None),  # a hyphen that does not break
    ("2026/12/24", date(2026, 12, 24), None),
    ("jeudi", date(2026, 11, 5), None),
    ("jeudi prochain", date(2026, 11, 5), None),
    ("next Thursday", date(2026, 11, 5), None),
    ("mardi", date(2026, 11, 10), None),  # today's name is that of next week
    ("mar. 10 nov. à 9 h", date(2026, 11, 10), 9 * 3600),
    ("jeudi 24 décembre", date(2026, 12, 24), None),
    ("24 déc. 2026 à 14 h 30", date(2026, 12, 24), 14 * 3600 + 1800),
    ("le 1er décembre", date(2026, 12, 1), None),
    ("DÉCEMBRE 24", date(2026, 12, 24), None),
    ("December 24th, 2026 at 2:30 p.m.", date(2026, 12, 24), 14 * 3600 + 1800),
    ("Dec 24 12 am", date(2026, 12, 24), 0),
    ("5 janvier", date(2027, 1, 5), None),  # the next one
    ("demain", date(2026, 11, 4), None),
    ("tomorrow 9:00", date(2026, 11, 4), 9 * 3600),
    ("aujourd’hui midi", TODAY, 12 * 3600),
    ("3 jours", date(2026, 11, 6), None),
    ("dans 2 semaines", date(2026, 11, 17), None),
    ("in 3 days", date(2026, 11, 6), None),
    ("la semaine prochaine", date(2026, 11, 9), None),
    ("next week", date(2026, 11, 9), None),
    ("until Friday", date(2026, 11, 6), None),
    ("jusqu’à vendredi", date(2026, 11, 6), None),
    ("24/12", date(2026, 12, 24), None),  # no month has that number
    ("12/24/2026", date(2026, 12, 24), None),
    ("05/05", date(2027, 5, 5), None),  # the same either way
]


@pytest.mark.parametrize(("text", "day", "seconds"), READ, ids=[text for text, _, _ in READ])
def test_read(text: str, day: date, seconds: int | None) -> None:
    found = read_day(text, TODAY)
    assert (found.day, found.seconds, found.rest) == (day, seconds, "")


REFUSED = [
    ("hier", Why.BAD_DATE, ""),
    ("14 h 30", Why.BAD_DATE, ""),
    ("2026-02-30", Why.BAD_DATE, ""),
    ("31/31", Why.BAD_DATE, ""),
    ("demain 25 h", Why.BAD_DATE, ""),
    ("demain 14:75", Why.BAD_DATE, ""),
    ("03/04", Why.AMBIGUOUS_DATE, "2027-04-03"),
    ("mar 10", Why.AMBIGUOUS_DATE, "2027-03-10"),
    ("lundi 24 décembre", Why.BAD_DATE, "2026-12-24"),
    ("2026-11-02", Why.PAST, ""),
    ("2027-12-30", Why.FAR, ""),
    ("29 février", Why.FAR, ""),  # the next one is in 2028
]


@pytest.mark.parametrize(("text", "why", "proposal"), REFUSED, ids=[text for text, _, _ in REFUSED])
def test_refused(text: str, why: Why, proposal: str) -> None:
    with pytest.raises(BadDate) as bad:
        read_day(text, TODAY)
    assert (bad.value.why, bad.value.proposal) == (why, proposal)


def test_what_follows_is_left() -> None:
    assert read_day("jeudi si possible", TODAY).rest == "si possible"


MONTHS = {
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


@given(
    days=st.integers(0, FARTHEST.days),
    language=st.sampled_from(["fr", "en"]),
    today=st.dates(date(2024, 1, 1), date(2030, 1, 1)),
)
def test_every_date_written_out_is_read_back(days: int, language: str, today: date) -> None:
    day = today + timedelta(days=days)
    month = MONTHS[language][day.month - 1]
    written = f"{day.day} {month} {day.year}" if language == "fr" else f"{month} {day.day}, {day.year}"
    for text in (
        day.isoformat(),
        written,
        written.upper(),
        f"{day.day}-{day.month}-{day.year}" if day.day > 12 else day.isoformat(),
    ):
        assert read_day(text, today).day == day


@given(text=st.text(max_size=60), today=st.dates(date(2024, 1, 1), date(2030, 1, 1)))
def test_any_text_is_a_date_ahead_or_refused(text: str, today: date) -> None:
    try:
        found = read_day(text, today)
    except BadDate:
        return
    assert today <= found.day <= today + FARTHEST
    assert found.seconds is None or 0 <= found.seconds < 86_400

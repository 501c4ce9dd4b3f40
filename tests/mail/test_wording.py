"""Hours, dates, amounts and French spacing are written as people here write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.values import Language, Plan, Priority
from daemon.mail import wording
from daemon.mail.moments import Moments
from daemon.mail.wording import french_spacing

ZONE = ZoneInfo("America/Toronto")
FR, EN = Language.FR, Language.EN
N = "\u00a0"


def at(day: int, hour: int, minute: int = 0, second: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=ZONE)


SATURDAY = at(7, 5, 30)


def moments(language: Language = FR, now: datetime = SATURDAY) -> Moments:
    return Moments(now, ZONE, language)


@pytest.mark.parametrize(
    ("when", "french", "english"),
    [
        (at(7, 14, 30), f"14{N}h{N}30", "2:30 p.m."),
        (at(7, 9), f"9{N}h", "9 a.m."),
        (at(7, 6, 5), f"6{N}h{N}05", "6:05 a.m."),
        (at(7, 12), f"12{N}h", "noon"),
        (at(7, 0), f"0{N}h", "midnight"),
        (at(7, 0, 30), f"0{N}h{N}30", "12:30 a.m."),
        (at(7, 12, 1), f"12{N}h{N}01", "12:01 p.m."),
    ],
)
def test_an_hour(when: datetime, french: str, english: str) -> None:
    assert wording.hour(when, FR) == french
    assert wording.hour(when, EN) == english


def test_a_date_in_full() -> None:
    assert wording.full_date(date(2026, 11, 9), FR) == f"lundi 9{N}novembre"
    assert wording.full_date(date(2026, 11, 1), FR) == f"dimanche 1er{N}novembre"
    assert wording.full_date(date(2026, 11, 9), EN) == "Monday, November 9"


def test_today_needs_no_date_until_one_is_due() -> None:
    french, english = moments(), moments(EN)
    assert french.deadline(at(7, 6, 30)) == f"avant 6{N}h{N}30"
    assert french.deadline(at(7, 9, 30), dated=True) == f"avant 9{N}h{N}30, ce samedi 7{N}novembre"
    assert french.deadline(at(7, 10), dated=True) == f"avant 10{N}h"
    assert english.deadline(at(7, 6, 30)) == "before 6:30 a.m."
    assert english.deadline(at(7, 9, 30), dated=True) == "before 9:30 a.m. today, Saturday, November 7"


def test_another_day_is_told_in_full_once_then_by_its_weekday() -> None:
    french, english = moments(), moments(EN)
    assert french.until(at(9, 9)) == f"jusqu’au lundi 9{N}novembre à 9{N}h"
    assert french.deadline(at(9, 10), near=True) == f"au plus tard à 10{N}h le même jour"
    assert french.deadline(at(9, 13)) == f"au plus tard lundi à 13{N}h"
    assert french.deadline(at(10, 13), near=True) == f"au plus tard mardi à 13{N}h"
    assert english.until(at(9, 9)) == "until 9 a.m. on Monday, November 9"
    assert english.deadline(at(9, 10), near=True) == "by 10 a.m. the same day"
    assert english.deadline(at(9, 13)) == "by 1 p.m. on Monday"
    assert moments().deadline(at(9, 10), near=True) == f"au plus tard lundi 9{N}novembre à 10{N}h"


def test_a_day_that_a_weekday_would_not_name_is_told_in_full() -> None:
    french, english = moments(now=at(3, 16, 20)), moments(EN, now=at(3, 16, 20))
    assert french.deadline(at(10, 16, 20)) == f"au plus tard le mardi 10{N}novembre à 16{N}h{N}20"
    assert english.deadline(at(10, 16, 20)) == "by 4:20 p.m. on Tuesday, November 10"
    shutdown = datetime(2027, 1, 4, 9, tzinfo=ZONE)
    assert moments().until(shutdown) == f"jusqu’au lundi 4{N}janvier à 9{N}h"
    assert moments(EN).until(shutdown) == "until 9 a.m. on Monday, January 4"
    after = moments()
    after.until(shutdown)
    assert after.deadline(shutdown + timedelta(hours=1)) == f"au plus tard lundi à 10{N}h"


def test_a_far_day_of_a_month_that_was_told_needs_its_number_only() -> None:
    french, english = moments(now=at(3, 16, 20)), moments(EN, now=at(3, 16, 20))
    assert french.deadline(at(4, 16, 20)) == f"au plus tard mercredi 4{N}novembre à 16{N}h{N}20"
    assert french.deadline(at(10, 16, 20)) == f"au plus tard le mardi 10 à 16{N}h{N}20"
    english.deadline(at(4, 16, 20))
    told = [english.deadline(at(day, 9)) for day in (11, 12, 13, 21, 22, 23, 30)]
    assert [t.rpartition(" ")[2] for t in told] == ["11th", "12th", "13th", "21st", "22nd", "23rd", "30th"]
    november = moments(now=at(27, 12))
    november.deadline(at(30, 9))
    assert november.deadline(at(7, 9, month=12)) == f"au plus tard le lundi 7{N}décembre à 9{N}h"


def test_a_day_that_is_over_does_not_name_one_to_come() -> None:
    late = moments(now=at(6, 12))
    assert late.moment(at(5, 16, 20)) == f"jeudi 5{N}novembre à 16{N}h{N}20"
    assert late.deadline(at(4, 9)) == f"au plus tard mercredi à 9{N}h"
    assert late.deadline(at(11, 16)) == f"au plus tard mercredi 11{N}novembre à 16{N}h"
    assert moments(EN).moment(at(9, 10)) == "10 a.m. on Monday, November 9"
    assert moments(EN).moment(at(7, 6, 30)) == "6:30 a.m."


def test_an_english_limit_at_midnight_is_told_as_the_minute_before() -> None:
    assert moments(EN).deadline(at(8, 0)) == "before 11:59 p.m."
    assert moments().deadline(at(8, 0)) == f"au plus tard dimanche 8{N}novembre à 0{N}h"


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("Fête du Travail", "fête du Travail"),
        ("Jour de l’an", "jour de l’An"),
        ("Journée nationale des patriotes", "journée nationale des patriotes"),
        ("Lundi de Pâques", "lundi de Pâques"),
        ("Vendredi saint", "Vendredi saint"),
        ("Noël", "Noël"),
        ("", ""),
    ],
)
def test_a_holiday_within_a_sentence(name: str, within: str) -> None:
    assert wording.holiday(name, FR) == within
    assert wording.holiday("Labour Day", EN) == "Labour Day"


def test_an_opening_is_told_by_its_day() -> None:
    french = moments()
    assert french.deadline(at(9, 10)) == f"au plus tard lundi 9{N}novembre à 10{N}h"
    assert french.opening(at(9, 9)) == f"lundi à 9{N}h"
    assert french.opening(at(7, 9)) == f"à 9{N}h"
    assert moments(EN).opening(at(9, 9)) == "at 9 a.m. on Monday, November 9"
    assert moments(EN).until(at(7, 9)) == "until 9 a.m."


def test_when_a_message_was_sent() -> None:
    assert moments().sent(at(7, 5, 0)) == f"de 5{N}h"
    assert moments().sent(at(6, 5, 30)) == f"d’hier à 5{N}h{N}30"
    assert moments().sent(at(5, 5, 30)) == f"de jeudi à 5{N}h{N}30"
    assert moments().sent(at(25, 5, 30, month=10)) == f"du dimanche 25{N}octobre à 5{N}h{N}30"
    assert moments(EN).sent(at(7, 5)) == "from 5 a.m."
    assert moments(EN).sent(at(6, 17, 30)) == "from 5:30 p.m. yesterday"
    assert moments(EN).sent(at(5, 17, 30)) == "from 5:30 p.m. on Thursday"
    assert moments(EN).sent(at(25, 17, 30, month=10)) == "from 5:30 p.m. on Sunday, October 25,"


@given(st.integers(0, 60 * 60 * 24 * 20))
def test_a_deadline_is_never_told_later_than_it_is(seconds: int) -> None:
    due = SATURDAY + timedelta(seconds=seconds)
    told = moments().deadline(due)
    local = due.astimezone(ZONE)
    assert told.endswith(wording.hour(local.replace(second=0, microsecond=0), FR))
    assert f"{N}h{N}{local.minute:02}" in told or local.minute == 0


def test_hours_are_those_of_the_desk_across_the_change_of_clocks() -> None:
    before = Moments(datetime(2026, 10, 31, 12, tzinfo=ZONE), ZONE, FR)
    due = datetime(2026, 11, 1, 15, 30, tzinfo=ZoneInfo("UTC"))
    assert before.deadline(due) == f"au plus tard dimanche 1er{N}novembre à 10{N}h{N}30"


def test_the_hour_that_autumn_has_twice_is_told_apart() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=ZoneInfo("UTC"))
    second = first + timedelta(hours=1)
    for now in (datetime(2026, 10, 31, 23, tzinfo=ZONE), datetime(2026, 11, 1, 0, 15, tzinfo=ZONE)):
        assert Moments(now, ZONE, FR).deadline(first).endswith(f"1{N}h{N}30 (heure{N}avancée)")
        assert Moments(now, ZONE, FR).deadline(second).endswith(f"1{N}h{N}30 (heure{N}normale)")
        assert f"1:30 a.m.{N}EDT" in Moments(now, ZONE, EN).deadline(first)
        assert f"1:30 a.m.{N}EST" in Moments(now, ZONE, EN).deadline(second)
    for hours in (-1, 2):  # half past midnight, half past two: each once
        assert "heure" not in Moments(first, ZONE, FR).moment(first + timedelta(hours=hours))
    spring = datetime(2026, 3, 8, 6, 30, tzinfo=ZoneInfo("UTC"))
    for hours in range(3):
        assert "heure" not in Moments(spring, ZONE, FR).moment(spring + timedelta(hours=hours))


def test_amounts_and_phones() -> None:
    assert wording.amount(Decimal("31.25"), FR) == f"31,25{N}$"
    assert wording.amount(Decimal("1234.5"), FR) == f"1{N}234,50{N}$"
    assert wording.amount(Decimal("1234.5"), EN) == "$1,234.50"
    for written in ("418 555-0142", "(418) 555-0142", "1-418-555-0142", "+1 418 555 0142"):
        assert wording.phone(written, FR) == f"418{N}555-0142"
        assert wording.phone(written, EN) == "418-555-0142"
        assert wording.phone_link(written) == "+14185550142"
    assert wording.phone("", FR) == ""
    assert wording.phone_link("+33 1 70 18 99 00") == "+33170189900"


def test_every_plan_and_priority_has_a_name_in_both_languages() -> None:
    for language in Language:
        assert all(wording.plan_name(plan, language) for plan in Plan)
        assert all(priority.value in wording.priority_name(priority, language) for priority in Priority)


@pytest.mark.parametrize(
    ("typed", "spaced"),
    [
        ("l'heure", "l’heure"),
        ("« oui » : 3 % de 2 $.", f"«{N}oui{N}»{N}: 3{N}% de 2{N}$."),
        ("«oui»", f"«{N}oui{N}»"),
        ("Réglé ? Oui ! Non ;", "Réglé? Oui! Non;"),
        ("à 14 h 30, lundi 9 novembre", f"à 14{N}h{N}30, lundi 9{N}novembre"),
        ("22 minutes, 412 Ko, 9 h.", f"22{N}minutes, 412{N}Ko, 9{N}h."),
        (" minutes d'appel", f"{N}minutes d’appel"),
        ("le 1er novembre", f"le 1er{N}novembre"),
        ("AZ-1042", "AZ-1042"),
    ],
)
def test_french_spacing(typed: str, spaced: str) -> None:
    assert french_spacing(typed) == spaced
    assert french_spacing(spaced) == spaced


@given(st.text(max_size=200))
def test_french_spacing_is_settled_after_one_pass_and_keeps_the_words(text: str) -> None:
    once = french_spacing(text)
    assert french_spacing(once) == once
    bare = str.maketrans("", "", f" {N}\u202f")
    assert once.translate(bare) == text.translate(bare).replace("'", "’") or "'" in once

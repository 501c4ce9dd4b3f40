"""Days and hours in the mails that follow an acknowledgement are named as people name them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.values import Language
from daemon.mail import wording
from daemon.mail.moments import Moments

ZONE = ZoneInfo("America/Toronto")
FR, EN = Language.FR, Language.EN
N = "\u00a0"


def at(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZONE)


NOW = at(12, 15)  # a Thursday


def moments(language: Language = FR) -> Moments:
    return Moments(NOW, ZONE, language)


@pytest.mark.parametrize(
    ("when", "french", "english"),
    [
        (at(12, 11, 15), f"aujourd’hui à 11{N}h{N}15", "11:15 a.m. today"),
        (at(11, 16), f"hier à 16{N}h", "4 p.m. yesterday"),
        (at(6, 9), f"vendredi à 9{N}h", "9 a.m. on Friday"),
        (at(5, 9), f"le 5{N}novembre à 9{N}h", "9 a.m. on November 5"),
        (at(1, 9, month=1), f"le 1er{N}janvier à 9{N}h", "9 a.m. on January 1"),
        (at(31, 9, month=12, year=2025), f"le 31{N}décembre 2025 à 9{N}h", "9 a.m. on December 31, 2025"),
    ],
)
def test_an_hour_that_is_over_takes_no_full_date(when: datetime, french: str, english: str) -> None:
    for language, told in ((FR, french), (EN, english)):
        one = moments(language)
        assert one.passed(when) == told
        # The promise that follows has the full date.
        assert one.deadline(at(16, 9)) == (
            f"au plus tard lundi 16{N}novembre à 9{N}h"
            if language is FR
            else "by 9 a.m. on Monday, November 16"
        )


@pytest.mark.parametrize(
    ("when", "french", "english"),
    [
        (at(12, 11, 15), f"à 11{N}h{N}15", "at 11:15 a.m."),
        (at(11, 16, 5), f"d’hier à 16{N}h{N}05", "at 4:05 p.m. yesterday"),
        (at(9, 9), f"de lundi à 9{N}h", "at 9 a.m. on Monday"),
        (at(5, 9), f"du 5{N}novembre", "of November 5"),
    ],
)
def test_a_message_of_ours_is_dated_by_how_long_ago_it_was(when: datetime, french: str, english: str) -> None:
    assert moments(FR).ago(when) == french
    assert moments(EN).ago(when) == english


@pytest.mark.parametrize(
    ("when", "french", "english"),
    [
        (at(12, 0, 5), "aujourd’hui", "today"),
        (at(11, 23, 59), "hier", "yesterday"),
        (at(10, 12), "mardi", "on Tuesday"),
        (at(5, 12), f"le 5{N}novembre", "on November 5"),
    ],
)
def test_a_question_has_its_day(when: datetime, french: str, english: str) -> None:
    assert moments(FR).on_day(when) == french
    assert moments(EN).on_day(when) == english


def test_news_come_by_an_hour() -> None:
    one = moments()
    assert one.within(at(12, 18)) == f"d’ici 18{N}h"
    assert one.within(at(13, 10, 15)) == f"d’ici vendredi 13{N}novembre à 10{N}h{N}15"
    assert one.within(at(13, 12)) == f"d’ici vendredi à 12{N}h"
    assert one.within(at(25, 9)) == f"d’ici le mercredi 25 à 9{N}h"
    assert moments(EN).within(at(13, 10, 15)) == "by 10:15 a.m. on Friday, November 13"


def test_a_closing_has_its_day() -> None:
    one = moments()
    assert one.day(at(12, 18)) == "aujourd’hui"
    assert one.day(at(16, 9)) == f"le lundi 16{N}novembre"
    assert one.day(at(16, 9)) == "lundi"
    assert one.day(at(24, 9)) == "le mardi 24"
    assert moments(EN).day(at(16, 9)) == "on Monday, November 16"
    assert moments(EN).day(at(12, 18)) == "today"


@pytest.mark.parametrize(
    ("limit", "french", "english"),
    [
        (at(16, 10, 5, month=12), f"jusqu’au mardi 15{N}décembre", "until Tuesday, December 15"),
        (at(17, 0, 0, month=12), f"jusqu’au mercredi 16{N}décembre", "until Wednesday, December 16"),
        (at(13, 10, 5), "jusqu’à ce soir", "until tonight"),
        (at(12, 17, 30), f"jusqu’à 17{N}h{N}30", "until 5:30 p.m."),
    ],
)
def test_a_limit_is_never_told_later_than_it_is(limit: datetime, french: str, english: str) -> None:
    assert moments(FR).last_day(limit) == french
    assert moments(EN).last_day(limit) == english


def test_the_small_print_has_the_year_and_leaves_the_date_to_the_text() -> None:
    one = moments()
    assert one.stamp(at(9, 14, 30)) == f"lundi 9{N}novembre 2026 à 14{N}h{N}30"
    assert one.deadline(at(16, 9)) == f"au plus tard lundi 16{N}novembre à 9{N}h"
    assert moments(EN).stamp(at(9, 14, 30)) == "Monday, November 9, 2026, at 2:30 p.m."


@given(st.integers(-500 * 24 * 60, 500 * 24 * 60), st.sampled_from(list(Language)))
def test_every_instant_can_be_told(minutes: int, language: Language) -> None:
    when = NOW + timedelta(minutes=minutes)
    one = moments(language)
    told = (one.passed, one.ago, one.on_day, one.within, one.day, one.last_day, one.stamp)
    assert all(tell(when).strip() for tell in told)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("Alex", "d’Alex"),
        ("Sam", "de Sam"),
        ("Hélène", "d’Hélène"),
        ("Hassan", "de Hassan"),
        ("Yves", "d’Yves"),
        ("Yasmine", "de Yasmine"),
        ("Émile", "d’Émile"),
        ("Œdipe", "d’Œdipe"),
        ("Jean-Guy", "de Jean-Guy"),
    ],
)
def test_french_elides_before_a_name(name: str, of: str) -> None:
    assert wording.of_name(name, FR) == of
    assert wording.of_name(name, EN) == f"{name}'s"


def test_a_day_of_another_year_has_its_year() -> None:
    assert wording.month_day(date(2025, 3, 1), date(2026, 3, 1), FR) == f"1er{N}mars 2025"
    assert wording.month_day(date(2025, 3, 1), date(2025, 5, 1), EN) == "March 1"

"""What a customer's answer to a mail of ours says with its first words: urgent, réglé, plus tard, moins
(sla.md).

These are the words that our mails offer. Nothing else is guessed: "pas urgent" begins with another word, a
question mark makes a question of it, and "moins cher" is not "moins"."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo


class Said(StrEnum):
    URGENT = "urgent"
    WORKS = "works"
    LATER = "later"
    LESS = "less"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstWords:
    """`until`: the beginning of the day that "plus tard" names, in the desk's zone; None: no day was
    named."""

    said: Said
    until: datetime | None = None


_FARTHEST: Final = timedelta(days=366)
"""A day beyond is a slip of the pen: nothing waits that long."""

_ALONE: Final = r"(?=\s*(?:[.,;:!\n]|$))"
_WORDS: Final = (
    (re.compile(r"urgent\b"), Said.URGENT),
    (re.compile(r"(?:c'est )?regle(?!\s*\?)\b|(?:it's |it is )?solved\b(?!\s*\?)"), Said.WORKS),
    (re.compile(r"(?:plus tard|later)\b"), Said.LATER),
    (re.compile(r"(?:moins|less)\b" + _ALONE), Said.LESS),
)
_MONTHS: Final = (
    "janv jan", "fevr feb fev", "mars mar", "avr apr", "mai may", "juin jun", "juil jul", "aout aug",
    "sept sep", "oct", "nov", "dec",
)  # fmt: skip
_DAYS: Final = ("lundi monday", "mardi tuesday", "mercredi wednesday", "jeudi thursday", "vendredi friday",
                "samedi saturday", "dimanche sunday")  # fmt: skip
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DAY_MONTH: Final = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)?\s+([a-z]+)")
_MONTH_DAY: Final = re.compile(r"([a-z]+)\.?\s+(\d{1,2})")
_LEADING: Final = re.compile(r"(?:(?:le|on|until|till|jusqu'au?|vers|a partir du|after|apres)\s+)+")


def first_words(text: str, at: datetime, zone: ZoneInfo) -> FirstWords | None:
    """What the first words of an answer that arrived at `at` say; None: nothing of this."""
    plain = _plain(text)
    for pattern, said in _WORDS:
        found = pattern.match(plain)
        if found is None:
            continue
        rest = plain[found.end() :].split("\n", 1)[0]
        if said is not Said.LATER:
            return FirstWords(said=said)
        words, today = rest.strip(" ,.;:!"), at.astimezone(zone).date()
        named = _day(words, today)
        if words and (named is None or not today < named <= today + _FARTHEST):
            return None  # "later versions", "plus tard dans la journée": the beginning of another sentence
        until = datetime.combine(named, time(), zone) if named is not None else None
        return FirstWords(said=said, until=until)
    return None


def _plain(text: str) -> str:
    """Without accents, capitals, leading marks and typographic apostrophes."""
    bare = unicodedata.normalize("NFKD", text.replace("’", "'"))
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return re.sub(r"^[\s#./«\"'*>-]+", "", letters.casefold())


def _day(words: str, today: date) -> date | None:
    """The next day that is meant: tomorrow, a week-day, next week's Monday, or a date. Never one in the
    past."""
    words = _LEADING.sub("", words)
    if words in ("demain", "tomorrow"):
        return today + timedelta(days=1)
    if words in ("la semaine prochaine", "semaine prochaine", "next week"):
        return today + timedelta(days=7 - today.weekday())
    for number, names in enumerate(_DAYS):
        if words.removesuffix(" prochain").removeprefix("next ") in names.split():
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return _date(words, today)


def _date(words: str, today: date) -> date | None:
    iso = _ISO.match(words)
    if iso:
        return _valid(int(iso[1]), int(iso[2]), int(iso[3]))
    found = _DAY_MONTH.match(words)
    day, name = (found[1], found[2]) if found else ("", "")
    if not found:
        found = _MONTH_DAY.match(words)
        day, name = (found[2], found[1]) if found else ("", "")
    month = next((n for n, names in enumerate(_MONTHS, 1) if _begins(name, names)), None)
    if month is None:
        return None
    this_year = _valid(today.year, month, int(day))
    return this_year if this_year is None or this_year >= today else _valid(today.year + 1, month, int(day))


def _begins(name: str, names: str) -> bool:
    return len(name) >= 3 and any(name.startswith(short) for short in names.split())


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

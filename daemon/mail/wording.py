"""Instants, amounts, phone numbers and plans as people read them, in Canadian French and Canadian English.

It knows how things are written (OQLF spacing, « 14 h 30 », "2:30 p.m."), not what is said to whom. Instants
are rounded down to the minute: a promise never gets longer by being told.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Final

from daemon.core.values import Language, Plan, Priority

NBSP: Final = "\u00a0"

_LOCALES: Final = {Language.FR: "fr_CA", Language.EN: "en_CA"}
_WEEK: Final = 7
_COMMON_IN_HOLIDAYS: Final = frozenset({"Fête", "Jour", "Journée", "Lendemain", "Lundi"})

_PLANS: Final = {
    Plan.GRATUIT: ("gratuit", "Free"),
    Plan.BASE: ("de base", "Basic"),
    Plan.BRONZE: ("Bronze", "Bronze"),
    Plan.ARGENT: ("Argent", "Silver"),
    Plan.OR: ("Or", "Gold"),
    Plan.PLATINE: ("Platine", "Platinum"),
}
_PRIORITIES: Final = {
    Priority.P1: ("critique", "Critical"),
    Priority.P2: ("élevée", "High"),
    Priority.P3: ("moyenne", "Medium"),
    Priority.P4: ("faible", "Low"),
}


def plan_name(plan: Plan, language: Language) -> str:
    """The plan as it stands after « forfait » or before "plan"."""
    return _PLANS[plan][language is Language.EN]


def priority_name(priority: Priority, language: Language) -> str:
    """« élevée (P2) » or "High (P2)": never the code alone (it tells a customer nothing)."""
    return f"{_PRIORITIES[priority][language is Language.EN]} ({priority.value})"


def amount(value: Decimal, language: Language) -> str:
    """« 1 234,50 $ » or "$1,234.50"."""
    from babel.numbers import format_currency

    return format_currency(value, "CAD", locale=_LOCALES[language]).replace("\u202f", NBSP)


def phone(number: str, language: Language) -> str:
    """A North American number as each language writes it; any other as the owner wrote it."""
    digits = _digits(number)
    if len(digits) != 10:
        return number.replace(" ", NBSP)
    first = NBSP if language is Language.FR else "-"
    return f"{digits[:3]}{first}{digits[3:6]}-{digits[6:]}"


def phone_link(number: str) -> str:
    """The number of a `tel:` link (RFC 3966)."""
    digits = _digits(number)
    return f"+1{digits}" if len(digits) == 10 else ("+" if number.strip().startswith("+") else "") + digits


def hour(local: datetime, language: Language) -> str:
    """« 14 h 30 », « 9 h »; "2:30 p.m.", "9 a.m.", "noon", "midnight"."""
    if language is Language.FR:
        minute = f"{NBSP}{local.minute:02}" if local.minute else ""
        return f"{local.hour}{NBSP}h{minute}"
    if local.minute == 0 and local.hour in (0, 12):
        return "noon" if local.hour else "midnight"
    minute = f":{local.minute:02}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minute} {'p.m.' if local.hour >= 12 else 'a.m.'}"


@lru_cache(maxsize=256)
def weekday(day: date, language: Language) -> str:
    """« lundi » or "Monday"."""
    from babel.dates import format_date

    return format_date(day, "EEEE", locale=_LOCALES[language])


@lru_cache(maxsize=256)
def full_date(day: date, language: Language) -> str:
    """« lundi 9 novembre », « dimanche 1er novembre » or "Monday, November 9"."""
    from babel.dates import format_date

    if language is Language.EN:
        return format_date(day, "EEEE, MMMM d", locale=_LOCALES[language])
    number = "1er" if day.day == 1 else str(day.day)
    return f"{weekday(day, language)} {number}{NBSP}{format_date(day, 'MMMM', locale=_LOCALES[language])}"


def holiday(name: str, language: Language) -> str:
    """A holiday as it stands within a sentence: « fête du Travail », « jour de l’An » (capitals as the OQLF
    has them); « Vendredi saint » and all English names stay as they are."""
    first, space, rest = name.partition(" ")
    if language is Language.FR and first in _COMMON_IN_HOLIDAYS:
        return f"{first.lower()}{space}{rest}".replace("jour de l’an", "jour de l’An")
    return name


class Moments:
    """The instants of one mail, told in the order in which the text mentions them.

    One date stands in full, at its first mention (voice, rule 2). After it: the hour alone for the same day,
    the weekday within a week, « le mercredi 11 » for a day farther away in the same month. Today needs no
    date.
    """

    def __init__(self, now: datetime, zone: tzinfo, language: Language) -> None:
        self._zone = zone
        self._language = language
        self._today = now.astimezone(zone).date()
        self._told: list[date] = []

    def deadline(self, instant: datetime, *, dated: bool = False, near: bool = False) -> str:
        """« avant 6 h 30 » today, else « au plus tard lundi 9 novembre à 10 h ». `dated`: today's date is
        told too, if none was: « avant 9 h 30, ce samedi 7 novembre ». `near`: the sentence before names a
        day, so that the same one is « au plus tard à 13 h le même jour »."""
        local = self._local(instant, closing=True)
        day, at = local.date(), hour(local, self._language)
        french = self._language is Language.FR
        if day == self._today:
            today = self._dated_today() if dated else ""
            return f"avant {at}{today}" if french else f"before {at}{today}"
        if near and self._told and self._told[-1] == day:
            return f"au plus tard à {at} le même jour" if french else f"by {at} the same day"
        named, far = self._name(day)
        return f"au plus tard {'le ' if far else ''}{named} à {at}" if french else f"by {at} on {named}"

    def moment(self, instant: datetime) -> str:
        """An instant by itself: « 6 h 30 » today, else « lundi 9 novembre à 10 h »."""
        local = self._local(instant, closing=True)
        at = hour(local, self._language)
        if local.date() == self._today:
            return at
        named, _ = self._name(local.date())
        return f"{named} à {at}" if self._language is Language.FR else f"{at} on {named}"

    def opening(self, instant: datetime) -> str:
        """When the desk opens: « à 9 h » today, « jeudi à 9 h », « le lundi 4 janvier à 9 h »."""
        local = self._local(instant)
        day, at = local.date(), hour(local, self._language)
        if day == self._today:
            return f"à {at}" if self._language is Language.FR else f"at {at}"
        named, far = self._name(day)
        if self._language is Language.EN:
            return f"at {at} on {named}"
        return f"{'le ' if far else ''}{named} à {at}"

    def until(self, instant: datetime) -> str:
        """Until when the desk is closed: « jusqu’à 9 h » today, else « jusqu’au lundi 9 novembre à 9 h »."""
        local = self._local(instant)
        day, at = local.date(), hour(local, self._language)
        french = self._language is Language.FR
        if day == self._today:
            return f"jusqu’à {at}" if french else f"until {at}"
        named, _ = self._name(day)
        return f"jusqu’au {named} à {at}" if french else f"until {at} on {named}"

    def sent(self, instant: datetime) -> str:
        """When a message was sent, after « votre message »: « de 5 h 30 », « d’hier à 5 h 30 », « de samedi à
        5 h 30 »; in English after "your message": "from 5:30 a.m.", "from 5:30 a.m. yesterday". A day that
        is over takes no full date from the promise that follows, unless a weekday would not name it."""
        local = self._local(instant)
        day, at = local.date(), hour(local, self._language)
        french = self._language is Language.FR
        age = (self._today - day).days
        if age == 0:
            return f"de {at}" if french else f"from {at}"
        if age == 1:
            return f"d’hier à {at}" if french else f"from {at} yesterday"
        named = weekday(day, self._language) if 0 < age < _WEEK else full_date(day, self._language)
        if french:
            return f"{'de' if 0 < age < _WEEK else 'du'} {named} à {at}"
        return f"from {at} on {named}{'' if age < _WEEK else ','}"

    def _local(self, instant: datetime, *, closing: bool = False) -> datetime:
        """`closing`: a limit at midnight. English has no clear name for it ("midnight on Sunday" is the one
        or the other), so it is told one minute earlier."""
        local = instant.astimezone(self._zone).replace(second=0, microsecond=0)
        if closing and self._language is Language.EN and (local.hour, local.minute) == (0, 0):
            return (instant - timedelta(minutes=1)).astimezone(self._zone).replace(second=0, microsecond=0)
        return local

    def _name(self, day: date) -> tuple[str, bool]:
        """The day as it is told now, and whether French puts « le » before it, because it is far."""
        far = abs((day - self._today).days) >= _WEEK
        if day in self._told:
            return weekday(day, self._language), False
        # A day that is over helps to name other days that are over, never one to come.
        earlier = [told for told in self._told if (told < self._today) == (day < self._today)]
        self._told.append(day)
        if earlier and not far:
            return weekday(day, self._language), False
        if any((told.year, told.month) == (day.year, day.month) for told in earlier):
            return self._day_of_month(day), True
        return full_date(day, self._language), far

    def _day_of_month(self, day: date) -> str:
        """« mercredi 11 », "Wednesday the 11th": the month was told before."""
        named = weekday(day, self._language)
        if self._language is Language.FR:
            return f"{named} {'1er' if day.day == 1 else day.day}"
        ending = "th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
        return f"{named} the {day.day}{ending}"

    def _dated_today(self) -> str:
        if self._told:
            return ""
        self._told.append(self._today)
        named = full_date(self._today, self._language)
        return f", ce {named}" if self._language is Language.FR else f" today, {named}"


def french_spacing(text: str) -> str:
    """French text with the no-break spaces of the OQLF and the typographic apostrophe. Owners write templates
    with an ordinary keyboard; « ! », « ? » and « ; » take none in Québec."""
    for pattern, replacement in _FRENCH:
        text = pattern.sub(replacement, text)
    return text


_MONTHS: Final = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
_UNITS: Final = "minutes?|min|heures?|jours?|secondes?|mois|Ko|Mo|Go|octets?|caractères?"
_FRENCH: Final = (
    (re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_]|\Z)"), "’"),
    (re.compile(r"(?<=«)[ \u202f]?(?=\S|\Z)"), NBSP),
    (re.compile(r"(?:(?<=\S)|\A)[ \u202f]?(?=»)"), NBSP),
    (re.compile(r"[ \u202f](?=[:%$](?:\s|\Z|[.,;)]))"), NBSP),
    (re.compile(r"[ \u202f]+(?=[!?;])"), ""),
    (re.compile(r"(?<=\d)[ \u202f]h[ \u202f](?=\d)"), f"{NBSP}h{NBSP}"),
    (re.compile(r"(?<=\d)[ \u202f](?=h\b)"), NBSP),
    (re.compile(rf"(?<=\d)[ \u202f](?=(?:{_UNITS}|{_MONTHS})\b)"), NBSP),
    (re.compile(r"(?<=1er)[ \u202f](?=\w)"), NBSP),
    (re.compile(rf"\A[ \u202f](?=(?:{_UNITS})\b)"), NBSP),
)


def _digits(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits

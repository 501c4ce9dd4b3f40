"""Instants, amounts, phone numbers and plans as people read them, in Canadian French and Canadian English.

It knows how things are written (OQLF spacing, « 14 h 30 », "2:30 p.m."), not what is said to whom. Instants
are rounded down to the minute: a promise never gets longer by being told.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from daemon.core.values import Language, Plan, Priority

NBSP: Final = "\u00a0"

_LOCALES: Final = {Language.FR: "fr_CA", Language.EN: "en_CA"}
_COMMON_IN_HOLIDAYS: Final = frozenset({"Fête", "Jour", "Journée", "Lendemain", "Lundi"})

_ELIDES: Final = re.compile(r"[aeiouœæ]|y[^aeiouy]|h(?!a)")
"""A vowel; « d’Yves », « de Yasmine »; an h is mute in most given names (Hélène, Hubert), not in Hassan."""

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
    """« 14 h 30 », « 9 h »; "2:30 p.m.", "9 a.m.", "noon", "midnight". In the hour that autumn has twice it
    says which: « 1 h 30 (heure avancée) », "1:30 a.m. EST"."""
    twice = _which_of_two(local, language)
    if language is Language.FR:
        minute = f"{NBSP}{local.minute:02}" if local.minute else ""
        return f"{local.hour}{NBSP}h{minute}{twice}"
    if local.minute == 0 and local.hour in (0, 12):
        return "noon" if local.hour else "midnight"
    minute = f":{local.minute:02}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minute} {'p.m.' if local.hour >= 12 else 'a.m.'}{twice}"


def _which_of_two(local: datetime, language: Language) -> str:
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    if first is None or second is None or first <= second:
        return ""
    if language is Language.FR:
        return f" (heure{NBSP}{'normale' if local.fold else 'avancée'})"
    return f"{NBSP}{local.tzname()}"


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


def month_day(day: date, today: date, language: Language) -> str:
    """« 26 octobre » or "October 26", with the year where it is not this one."""
    from babel.dates import format_date

    month = format_date(day, "MMMM", locale=_LOCALES[language])
    if language is Language.EN:
        return f"{month} {day.day}{'' if day.year == today.year else f', {day.year}'}"
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number}{NBSP}{month}{'' if day.year == today.year else f' {day.year}'}"


def of_name(name: str, language: Language) -> str:
    """« d’Alex », « de Sam », « d’Hélène », « de Hassan »; "Alex's"."""
    if language is Language.EN:
        return f"{name}'s"
    plain = "".join(c for c in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(c))
    return f"d’{name}" if _ELIDES.match(plain) else f"de {name}"


def holiday(name: str, language: Language) -> str:
    """A holiday as it stands within a sentence: « fête du Travail », « jour de l’An » (capitals as the OQLF
    has them); « Vendredi saint » and all English names stay as they are."""
    first, space, rest = name.partition(" ")
    if language is Language.FR and first in _COMMON_IN_HOLIDAYS:
        return f"{first.lower()}{space}{rest}".replace("jour de l’an", "jour de l’An")
    return name


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

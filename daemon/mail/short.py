"""Instants, durations and sizes as somebody at work reads them at a glance, in the desk's zone.

`moments` tells a promise to a customer, with one date in full; here a weekday or an hour must do. What is
said with them is the templates'."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from typing import Final

from daemon.core.values import Language
from daemon.mail import wording
from daemon.mail.wording import NBSP

_WEEK: Final = 7
_KB: Final = 1024


class Short:
    """Instants as an agent reads them at a glance, in the desk's zone."""

    def __init__(self, now: datetime, zone: tzinfo, language: Language) -> None:
        self._now, self._zone, self._language = now, zone, language
        self._today = now.astimezone(zone).date()

    def at(self, instant: datetime) -> str:
        """« 6 h 30 » today, « mercredi 10 h 30 » within a week, else « le mercredi 11 novembre à
        10 h 30 »."""
        local = instant.astimezone(self._zone)
        hour, days = wording.hour(local, self._language), (local.date() - self._today).days
        if not days:
            return hour
        french = self._language is Language.FR
        if abs(days) < _WEEK:
            named = wording.weekday(local.date(), self._language)
            return f"{named} {hour}" if french else f"{hour} on {named}"
        named = wording.full_date(local.date(), self._language)
        return f"le {named} à {hour}" if french else f"{hour} on {named}"

    def dated(self, instant: datetime) -> str:
        """« sam. 7 nov. à 5 h 30 », "Sat., Nov. 7, 5:30 a.m."."""
        from babel.dates import format_date

        local = instant.astimezone(self._zone)
        hour = wording.hour(local, self._language)
        if self._language is Language.EN:
            weekday, month = (_dotted(format_date(local, name, locale="en_CA")) for name in ("EEE", "MMM"))
            return f"{weekday}, {month} {local.day}, {hour}"
        day = "1er" if local.day == 1 else str(local.day)
        weekday, month = (format_date(local, name, locale="fr_CA") for name in ("EEE", "MMM"))
        return f"{weekday} {day}{NBSP}{month} à {hour}"

    def stretch(self, since: datetime, until: datetime) -> str:
        """« mar. 3 nov. de 10 h 30 à 11 h 12 », or with both days."""
        first, last = since.astimezone(self._zone), until.astimezone(self._zone)
        if first.date() != last.date():
            return f"{self.dated(since)} – {self.dated(until)}"
        day = self.dated(since).removesuffix(wording.hour(first, self._language))
        hours = [wording.hour(edge, self._language) for edge in (first, last)]
        if self._language is Language.EN:
            return f"{day}{hours[0]} to {hours[1]}"
        return f"{day.removesuffix('à ')}de {hours[0]} à {hours[1]}"

    def gap(self, instant: datetime) -> str:
        """How long from now until then, or since then, on the wall clock."""
        return span(abs((instant - self._now).total_seconds()), self._language, days=True)

    def pager(self, instant: datetime) -> str:
        """ASCII: "6:30" today, else "11-09 6:30"."""
        local = instant.astimezone(self._zone)
        return f"{'' if local.date() == self._today else f'{local:%m-%d} '}{local.hour}:{local.minute:02}"

    def seconds(self, since_midnight: int) -> str:
        """An edge of declared hours: « 12 h », "6 p.m."; the end of a day is midnight."""
        clock = self._now.astimezone(self._zone).replace(
            hour=since_midnight // 3600 % 24, minute=since_midnight % 3600 // 60
        )
        if since_midnight == 86_400 and self._language is Language.FR:
            return "minuit"
        return wording.hour(clock, self._language)


def span(seconds: float, language: Language, *, days: bool = False) -> str:
    """« 41 minutes », « 2 h 30 »; "2 h 30 min" in English. `days`: of the wall clock, so that from 48 hours
    on they are told as days; working time never is, for its days are shorter. Rounded down."""
    minutes = int(seconds) // 60
    hours, rest = divmod(minutes, 60)
    french = language is Language.FR
    gap = NBSP if french else " "
    if not minutes:
        return "moins d’une minute" if french else "less than a minute"
    if not hours:
        return f"{rest}{gap}minute{'s' if rest > 1 else ''}"
    if days and hours >= 48:
        return f"{hours // 24}{gap}{'jours' if french else 'days'}"
    if not rest:
        return f"{hours}{gap}h" if french else f"{hours} h"
    return f"{hours}{gap}h{gap}{rest:02}" if french else f"{hours} h {rest} min"


def size(count: int, language: Language) -> str:
    """« 412 Ko », « 1,2 Mo »; "412 KB"."""
    french = language is Language.FR
    if count < _KB * _KB:
        return f"{max(1, round(count / _KB))}{NBSP if french else ' '}{'Ko' if french else 'KB'}"
    mega = f"{count / _KB / _KB:.1f}"
    return f"{mega.replace('.', ',')}{NBSP}Mo" if french else f"{mega} MB"


def month_name(month: str, language: Language) -> str:
    """« novembre 2026 », "November 2026", of YYYY-MM or an instant."""
    from babel.dates import format_date

    locale = "fr_CA" if language is Language.FR else "en_CA"
    return format_date(date.fromisoformat(f"{month[:7]}-01"), "MMMM yyyy", locale=locale)


def short_day(day: str, language: Language) -> str:
    """« 2 novembre », "November 2", of an ISO date."""
    return wording.full_date(date.fromisoformat(day), language).partition(
        " " if language is Language.FR else ", "
    )[2]


def _dotted(name: str) -> str:
    """ "Sat.", "Nov.": an English name that is cut short; "May" is none."""
    return name if name == "May" or name.endswith(".") else f"{name}."

"""Instants as one mail tells them, in the order in which its text mentions them.

It knows how a day and an hour are named beside those that were named before; what is promised when, and in
which words, is the template's. Instants are rounded down to the minute: a promise never gets longer by being
told.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from daemon.core.values import Language
from daemon.mail.wording import full_date, hour, month_day, weekday

_WEEK: Final = 7


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

    def within(self, instant: datetime) -> str:
        """By when something comes: « d’ici 15 h 15 » today, else « d’ici mercredi à 10 h 15 »."""
        local = self._local(instant, closing=True)
        day, at = local.date(), hour(local, self._language)
        french = self._language is Language.FR
        if day == self._today:
            return f"d’ici {at}" if french else f"by {at}"
        named, far = self._name(day)
        return f"d’ici {'le ' if far else ''}{named} à {at}" if french else f"by {at} on {named}"

    def passed(self, instant: datetime) -> str:
        """An instant that is over, without a full date (the promise that follows has it): « aujourd’hui à
        10 h 30 », « hier à 10 h 30 », « mercredi à 10 h 30 », « le 26 octobre à 10 h 30 »."""
        local = self._local(instant)
        day, at = local.date(), hour(local, self._language)
        french = self._language is Language.FR
        if day == self._today:
            return f"aujourd’hui à {at}" if french else f"{at} today"
        if (self._today - day).days == 1:
            return f"hier à {at}" if french else f"{at} yesterday"
        near = 0 < (self._today - day).days < _WEEK
        named = weekday(day, self._language) if near else month_day(day, self._today, self._language)
        if french:
            return f"{'' if near else 'le '}{named} à {at}"
        return f"{at} on {named}"

    def ago(self, instant: datetime) -> str:
        """When something of ours was sent, after « le message d’Alex »: « à 11 h 15 », « d’hier à 16 h »,
        « de lundi à 9 h », « du 26 octobre »; in English after "Alex's message"."""
        local = self._local(instant)
        day, at = local.date(), hour(local, self._language)
        french = self._language is Language.FR
        age = (self._today - day).days
        if age == 0:
            return f"à {at}" if french else f"at {at}"
        if age == 1:
            return f"d’hier à {at}" if french else f"at {at} yesterday"
        if 0 < age < _WEEK:
            named = weekday(day, self._language)
            return f"de {named} à {at}" if french else f"at {at} on {named}"
        named = month_day(day, self._today, self._language)
        return f"du {named}" if french else f"of {named}"

    def on_day(self, instant: datetime) -> str:
        """The day of something that is over: « aujourd’hui », « hier », « jeudi », « le 26 octobre »; in
        English "today", "yesterday", "on Thursday", "on October 26"."""
        day = self._local(instant).date()
        french = self._language is Language.FR
        age = (self._today - day).days
        if age in (0, 1):
            return (("aujourd’hui", "hier") if french else ("today", "yesterday"))[age]
        if 0 < age < _WEEK:
            named = weekday(day, self._language)
            return named if french else f"on {named}"
        named = month_day(day, self._today, self._language)
        return f"le {named}" if french else f"on {named}"

    def day(self, instant: datetime) -> str:
        """The day on which something happens: « aujourd’hui », « le lundi 16 novembre », « lundi » where a
        date was told; "today", "on Monday, November 16"."""
        day = self._local(instant).date()
        french = self._language is Language.FR
        if day == self._today:
            return "aujourd’hui" if french else "today"
        named, _ = self._name(day)
        if french:
            return f"le {named}" if any(sign.isdigit() for sign in named) else named
        return f"on {named}"

    def last_day(self, instant: datetime) -> str:
        """The last day that is whole before a limit, as the reader counts: « jusqu’au mardi 15 décembre »,
        "until Tuesday, December 15"; « jusqu’à ce soir » where the limit is tomorrow, the hour where it is
        today."""
        local = self._local(instant, closing=True)
        day = self._local(instant).date() - timedelta(days=1)
        french = self._language is Language.FR
        if day < self._today:
            at = hour(local, self._language)
            return f"jusqu’à {at}" if french else f"until {at}"
        if day == self._today:
            return "jusqu’à ce soir" if french else "until tonight"
        named, _ = self._name(day)
        return f"jusqu’au {named}" if french else f"until {named}"

    def stamp(self, instant: datetime) -> str:
        """Date, year and hour, for the small print: « lundi 9 novembre 2026 à 14 h 30 ». It takes no date
        from the text above it."""
        local = self._local(instant)
        named, at = full_date(local.date(), self._language), hour(local, self._language)
        return (
            f"{named} {local.year} à {at}"
            if self._language is Language.FR
            else f"{named}, {local.year}, at {at}"
        )

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

"""The public holidays of Québec by the library `holidays`, which lives here and nowhere else: dates and their
names in both languages, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

from daemon.core.sla.spans import Closure

_EASTER_MONDAY: Final = Closure(fr="Lundi de Pâques", en="Easter Monday")


class Easter(StrEnum):
    """The employer's choice (Act respecting labour standards, section 60): one of the two is the holiday."""

    GOOD_FRIDAY = "good_friday"
    EASTER_MONDAY = "easter_monday"


def quebec(years: Iterable[int], easter: Easter) -> dict[date, Closure]:
    """Every public holiday of these years, days in lieu included."""
    canada, wanted = _canada(), list(years)
    french = canada(subdiv="QC", years=wanted, language="fr")
    english = canada(subdiv="QC", years=wanted, language="en_CA")
    found = {day: _named(str(name), str(english[day])) for day, name in french.items()}
    if easter is Easter.EASTER_MONDAY:
        for day in [d for d in found if _is_good_friday(d)]:
            del found[day]
            found[day + timedelta(days=3)] = _EASTER_MONDAY
    return found


def _canada() -> Any:
    """The library's class for Canada, by its file alone: asking by name imports the 270 countries of the
    package, which takes a third of a second where no bytecode is kept. Every command that reads the
    configuration comes by here."""
    import holidays

    file = Path(holidays.__file__).with_name("countries") / "canada.py"
    spec = spec_from_file_location("holidays_of_canada", file)
    if spec is None or spec.loader is None or not file.is_file():
        return partial(holidays.country_holidays, "CA")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Canada


def _named(french: str, english: str) -> Closure:
    """The names as customers read them: a day in lieu is that holiday, without "(observed)"."""
    return Closure(fr=french.partition(" (")[0].replace("'", "’"), en=english.partition(" (")[0])


def _is_good_friday(day: date) -> bool:
    """Easter lies between 22 March and 25 April; no other public holiday of Québec does."""
    return date(day.year, 3, 20) <= day <= date(day.year, 4, 23) and day.weekday() == 4

"""A command written out so that reading it gives the same command: what a yes stands for is kept as text."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from daemon.core.commands.values import Command, DayHours, Verb
from daemon.core.commands.vocabulary import shown
from daemon.core.values import reference


def written(command: Command, zone: ZoneInfo, language: str = "fr") -> str:
    """One line, with the prefix "#". `zone`: that of the desk, in which dates are read again."""
    name = command.priority.value.lower() if command.priority else shown(command.verb, language)
    parts = [f"#{name}", *_arguments(command, zone, language)]
    return " ".join(part for part in parts if part)


def _arguments(command: Command, zone: ZoneInfo, language: str) -> list[str]:
    tickets = " ".join(reference(number) for number in command.tickets)
    if command.verb is Verb.CALL:
        return [tickets, str(command.minutes), _flat(command.words)]
    if command.verb in {Verb.FOR, Verb.ADD}:
        return [_flat(command.words), " ".join(f"<{address}>" for address in command.addresses)]
    if command.verb is Verb.CREDIT:
        decision = ("refuser", "refuse") if not command.accept else ("accepter", "accept")
        amount = f"{command.amount} $" if command.amount is not None else ""
        return [decision[language == "en"], tickets, amount]
    if command.verb is Verb.HOURS and command.hours is not None:
        return [_hours(command.hours, language)]
    if command.verb is Verb.LIST:
        return [{"me": "moi", "late": "retard"}.get(command.words, command.words)]
    until = _moment(command.until, zone) if command.until is not None else ""
    return [tickets, until, _flat(command.words)]


def _flat(words: str) -> str:
    return " ".join(words.split("\n"))


def _moment(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d}" if not (local.hour or local.minute) else f"{local:%Y-%m-%d %H:%M}"


def _hours(hours: DayHours, language: str) -> str:
    spans = [f"{_clock(span.start)}-{_clock(span.end)}" for span in hours.spans]
    words = ("fermé", "closed") if hours.closed else ("ouvert", "open")
    return " ".join([hours.day.isoformat(), *spans, words[language == "en"], hours.reason]).strip()


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"

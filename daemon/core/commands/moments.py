"""Until when a ticket waits, and the hours that are declared for a date."""

from __future__ import annotations

import re
from typing import Any, Final

from daemon.core.commands.dates import BadDate, Day, read_day
from daemon.core.commands.references import ANY, FIRST_NUMBER, LOOSE, NAMED, Refusal, blank, joined, leading
from daemon.core.commands.values import DayHours, Setting, Why
from daemon.core.commands.vocabulary import fold
from daemon.core.sla.spans import LocalSpan, instant

_ISO_DATE: Final = re.compile(r"20\d\d[-‐‑/.]\d")
_SPAN: Final = re.compile(
    r"[\s,]*(?:(?:de|from)\s+)?(\d{1,2})(?:\s?[:h]\s?(\d{2})?)?\s?(?:-|‐|‑|–|—|à|a|to)\s?(\d{1,2})(?:\s?[:h]\s?(\d{2})?)?"
    r"(?=$|[\s,;])",
    re.IGNORECASE,
)
_FIRST_SPAN: Final = re.compile(
    r"(?<!\d)(?<!\d-)\d{1,2}\s?(?:[:h]\s?\d{0,2}\s?)?(?:-|‐|‑|–|—|à|a|to)\s?\d{1,2}(?:\s?[:h]|(?=\s+[^\W\d]))",
    re.IGNORECASE,
)
_OPENNESS: Final = {
    **dict.fromkeys(("ferme", "fermes", "closed", "close"), True),
    **dict.fromkeys(("ouvert", "open"), False),
}


def until(rest: str, setting: Setting) -> dict[str, Any]:
    """ "attente", "attente jeudi", "attente 1042 2026-12-24", "waiting until Friday 2 pm"."""
    if blank(rest):
        return {}
    numbers, left = leading(rest, NAMED)
    if not numbers and not _ISO_DATE.match(rest):
        bare, after = leading(rest, ANY)
        if bare and min(bare) >= FIRST_NUMBER:
            numbers, left = bare, after
    if blank(left):
        return {"tickets": numbers}
    day = _day(left, setting)
    if not blank(day.rest):
        more, extra = leading(day.rest, ANY)
        if not more or not blank(extra):
            raise Refusal(Why.EXTRA, detail=day.rest)
        numbers = (*numbers, *more)
    at = instant(setting.zone, day.day, day.seconds or 0)
    if at <= setting.now:
        raise Refusal(Why.PAST, expected="date")
    return {"tickets": joined(numbers), "until": at}


def _day(text: str, setting: Setting) -> Day:
    today = setting.now.astimezone(setting.zone).date()
    try:
        return read_day(text, today)
    except BadDate as bad:
        raise Refusal(bad.why, expected="date", detail=text, proposal=bad.proposal) from bad


def hours(rest: str, setting: Setting) -> dict[str, Any]:
    """ "horaire 2026-12-24 12:00-18:00 fermé", "hours Dec 24 closed", "horaire 24 déc. 9 h-12 h ouvert"."""
    if blank(rest):
        raise Refusal(Why.MISSING, expected="hours")
    first = _FIRST_SPAN.search(rest)
    day = _day(rest[: first.start()] if first else rest, setting)
    left = f"{day.rest} {rest[first.start() :] if first else ''}".strip()
    spans, position = _spans(left)
    word = re.match(r"[\s,]*([^\W\d_]+)(?=$|[\s,;:.!])", left[position:])
    closed = _OPENNESS.get(fold(word[1])) if word else None
    if word is None or closed is None:
        why = Why.MISSING if blank(left[position:]) else Why.BAD_HOURS
        raise Refusal(why, expected="hours", detail=left[position:].strip())
    if not closed and not spans:
        raise Refusal(Why.MISSING, expected="hours")
    reason = left[position + word.end() :].strip(LOOSE)
    return {"hours": DayHours(day=day.day, closed=closed, spans=spans, reason=reason)}


def _spans(text: str) -> tuple[tuple[LocalSpan, ...], int]:
    """The spans at the beginning, in order and apart, and where they end."""
    spans: list[LocalSpan] = []
    position = 0
    while (found := _SPAN.match(text, position)) is not None:
        start, end = (int(found[i]) * 3600 + int(found[i + 1] or 0) * 60 for i in (1, 3))
        if not 0 <= start < end <= 86_400 or (spans and start < spans[-1].end):
            raise Refusal(Why.BAD_HOURS, expected="hours", detail=found[0].strip())
        spans.append(LocalSpan(start=start, end=end))
        position = found.end()
    return tuple(spans), position

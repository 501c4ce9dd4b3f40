"""What the templates of a mail find: the facts of its row, cleaned, and functions that tell them.

A row's facts are data from outside: a name, a subject, a person's words. They become lines without control
characters here, so that nothing in them can lay out a mail. A reader for whom nothing vouches finds neither
their own words nor anybody else's (mail.md, "Who receives").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.names import given_name
from daemon.core.recipients import CUSTOMERS
from daemon.core.sending import INTERNAL_KINDS
from daemon.core.values import Language, OutboxRow, Plan, Priority, reference
from daemon.mail import agents_wording, quoting, speech, wording
from daemon.mail.moments import Moments
from daemon.mail.sanitize import clean_line
from daemon.mail.self_help import SelfHelpShelf
from daemon.mail.subject import bare_subject
from daemon.mail.verbatim import Lines, lines

_LONGEST_FACT: Final = 2_000
_LONGEST_WORDS: Final = 500_000
"""Characters of an agent's words, none of which may be lost; what is repeated is bounded in its context."""

_OF_SEVERAL_LINES: Final = frozenset({"text", "words", "question", "news", "how", "last"})
_WRITTEN_BY_PEOPLE: Final = frozenset({"reply", "resolved"})
_DECIDED_BY_PEOPLE: Final = _WRITTEN_BY_PEOPLE | {"credit"}
_SAID: Final[dict[str, object]] = {"said": "", "said_at": None, "said_by": ""}
_ABSENT: Final[dict[str, dict[str, object]]] = {
    "status-update": {**_SAID, "sorry": True},
    "reply": _SAID,
    "resolved": _SAID,
    "credit": {"resolved": None},
}
"""Facts that a row may lack: then they are not told."""
_FROM_OUTSIDE: Final[dict[str, object]] = {
    "given_name": "",
    "subject": "",
    "evidence": [],
    "said": "",
    "question": "",
}
"""What a reader for whom nothing vouches does not find: a forged sender would have us mail it to others."""

_OF_THE_TEAM: Final = ("agent", "holder", "said_by", "asked_by")
"""Names of ours, of which customers read the given one."""


def known(row: OutboxRow) -> bool:
    """The directory or the receiving server vouches for the reader. Where a row does not say so, only what a
    person decided to send is told whole."""
    return bool(row.context.get("known", row.kind in _DECIDED_BY_PEOPLE or row.kind in INTERNAL_KINDS))


def facts(
    row: OutboxRow,
    language: Language,
    now: datetime,
    zone: ZoneInfo,
    desk: Mapping[str, str],
    shelf: SelfHelpShelf,
) -> dict[str, object]:
    """The row's facts and what its templates share. Raises `ValueError` for an instant or a plan that is
    none."""
    given = {**_ABSENT.get(row.kind, {}), **row.context}
    if row.kind in CUSTOMERS:
        given["known"] = known(row)
        if not given["known"]:
            given |= {name: empty for name, empty in _FROM_OUTSIDE.items() if name in given}
        given |= {name: _first_name(given[name]) for name in _OF_THE_TEAM if given.get(name)}
    cleaned = {name: _clean(value, name) for name, value in given.items()}
    cleaned |= {
        "kind": row.kind,
        "language": language.value,
        "ref": reference(row.ticket) if row.ticket else "",
        "desk": dict(desk),
        "phone": wording.phone(str(cleaned.get("phone", "")), language),
    }
    if "subject" in cleaned:
        cleaned["subject"] = bare_subject(str(cleaned["subject"]))
        cleaned["quoted"] = quoting.subject_in_sentence(str(cleaned["subject"]))
    if isinstance(evidence := given.get("evidence"), list):
        cleaned["evidence"] = _clean(quoting.pieces(map(str, evidence)))
    if closed_why := cleaned.get("closed_why"):
        cleaned["closed_why"] = wording.holiday(str(closed_why), language)
    if "aide" in cleaned:
        key = cleaned["aide"]
        cleaned["aide"] = shelf.find(str(key), language) if key else None
    if isinstance(said := given.get("said"), str) and said:
        cleaned["said"] = clean_line(speech.in_brief(said, language))
    if row.kind in _WRITTEN_BY_PEOPLE:
        agent = str(cleaned.get("agent", ""))
        cleaned["waits_until"] = cleaned.get("until")  # `until` is what tells an opening
        cleaned["signed"] = speech.signed(str(given.get("text", "")), agent)
    cleaned |= _tellers(language, now, zone)
    if row.kind in INTERNAL_KINDS:
        cleaned |= agents_wording.facts(row, now, zone, language)
    return cleaned


def _first_name(name: object) -> str:
    return given_name(str(name)) or str(name)


def _tellers(language: Language, now: datetime, zone: ZoneInfo) -> dict[str, object]:
    moments = Moments(now, zone, language)
    return {
        "deadline": _told(moments.deadline),
        "moment": _told(moments.moment),
        "opening": _told(moments.opening),
        "until": _told(moments.until),
        "sent": _told(moments.sent),
        "within": _told(moments.within),
        "passed": _told(moments.passed),
        "ago": _told(moments.ago),
        "on_day": _told(moments.on_day),
        "day": _told(moments.day),
        "last_day": _told(moments.last_day),
        "stamp": _told(moments.stamp),
        "is_past": lambda instant: datetime.fromisoformat(instant) <= now,
        "of_name": partial(wording.of_name, language=language),
        "amount_of": lambda amount: wording.amount(Decimal(str(amount)), language),
        "plan_name": lambda plan: wording.plan_name(Plan(plan), language),
        "priority_name": lambda priority: wording.priority_name(Priority(priority), language),
    }


def _told(tell: Callable[..., str]) -> Callable[..., str]:
    """For templates, whose facts hold instants as ISO 8601 text."""

    def told(instant: str, **how: bool) -> str:
        return tell(datetime.fromisoformat(instant), **how)

    return told


def _clean(value: object, name: str = "") -> object:
    """A fact as a template may have it: without control characters, one line but for a person's words."""
    if isinstance(value, Lines):
        return value
    if isinstance(value, str):
        if name in _OF_SEVERAL_LINES:
            return lines(value, _LONGEST_WORDS)
        return clean_line(value, _LONGEST_FACT)
    if isinstance(value, list):
        return [_clean(item, name) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _clean(item, str(key)) for key, item in value.items()}
    return value

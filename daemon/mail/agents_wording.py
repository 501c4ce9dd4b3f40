"""What the templates of the team's mails find beyond the facts of their row: functions that tell them, and a
value for every fact that a row may lack. The words are the templates'."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import partial
from typing import Final

from daemon.core.values import Language, OutboxRow
from daemon.mail import wording
from daemon.mail.short import Short, month_name, short_day, size, span

PAGER_CHARACTERS: Final = 159
"""Of the one line that a pager or a text message shows."""

_ASKED: Final[dict[str, object]] = {
    "about": "",
    "credit": None,
    "words": "",
    "author": "",
    "at": None,
    "last": "",
    "said_at": None,
    "said_by": "",
    "next_at": None,
    "shown": [],
}
_EMPTY: Final[dict[str, dict[str, object]]] = {
    "transcript": _ASKED,
    "confirm": _ASKED,
    "alarm": {"what": "", "lines": []},
    "breach": {"met": None, "plan": ""},
    "statement": {"customer": False},
}
"""Only some mails of a kind have these facts: where a row lacks them, they are not told."""

_FOLDED: Final = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "...", "œ": "oe"}
    | {"Œ": "OE", "æ": "ae", "Æ": "AE", "·": "-", "\u00a0": " ", "\u202f": " "}
)


def facts(row: OutboxRow, now: datetime, zone: tzinfo, language: Language) -> dict[str, object]:
    """What the templates of the team's kinds find beside the row's own facts; defaults for those missing."""
    told = Short(now, zone, language)
    empty = {name: value for name, value in defaults(row.kind).items() if name not in row.context}
    return {
        **empty,
        "when": _iso(told.at),
        "dated": _iso(told.dated),
        "gap": _iso(told.gap),
        "stretch": lambda *edges: told.stretch(*map(datetime.fromisoformat, edges)),
        "day_of": lambda day: wording.full_date(date.fromisoformat(day), language),
        "short_day": partial(short_day, language=language),
        "spans_of": lambda spans: [tuple(told.seconds(edge) for edge in span) for span in spans],
        "span": partial(span, language=language),
        "size": partial(size, language=language),
        "money": lambda value: wording.amount(Decimal(str(value)), language),
        "tel": partial(wording.phone, language=language),
        "dial": lambda number: f"tel:{wording.phone_link(number)}",
        "month_name": partial(month_name, language=language),
        "pager": pager,
        "pager_time": _iso(told.pager),
        "joined": partial(joined, language=language),
    }


def defaults(kind: str) -> Mapping[str, object]:
    """What a mail of this kind is told with where its row says nothing of it."""
    return _EMPTY.get(kind, {})


def display(row: OutboxRow) -> str:
    """As whom a mail about one ticket appears in a list: "P2 · Boulangerie Roy", so that the subject can stay
    the same for the ticket's whole life; "" where it appears as the desk."""
    if row.kind == "notification":
        return str(row.context.get("display") or "")
    if row.kind not in ("alarm", "breach") or not row.context.get("account"):
        return ""
    return f"{row.context.get('priority') or 'P1'} · {row.context['account']}"


def joined(names: Sequence[str], language: Language) -> str:
    """« Marie Roy, Luc Roy et Paul »."""
    *first, last = [str(name) for name in names] or [""]
    return f"{', '.join(first)} {'et' if language is Language.FR else 'and'} {last}" if first else last


def pager(head: str, words: str, tail: str) -> str:
    """One line of ASCII below 160 characters: the words in the middle give way, then the head."""
    before, middle, after = (_ascii(part) for part in (head, words, tail))
    before = before[: PAGER_CHARACTERS - len(after)]
    room = PAGER_CHARACTERS - len(before) - len(after)
    if len(middle) > room:
        middle = middle[:room].rpartition(" ")[0] or middle[:room]
    middle = middle.rstrip(" .,;:!?")
    return f"{before}{middle}{after}"


def _ascii(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.translate(_FOLDED))
    plain = spread.encode("ascii", "ignore").decode()
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", plain)


def _iso(tell: Callable[[datetime], str]) -> Callable[[str], str]:
    return lambda instant: tell(datetime.fromisoformat(instant))

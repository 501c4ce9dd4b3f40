"""Which reader takes what stands after a command's name. Each must account for all of it: a word too many is
a fault, for it may be what mattered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from daemon.core.commands import moments, numbers, people, references
from daemon.core.commands.references import SPACE, Refusal, blank
from daemon.core.commands.values import Setting, Verb, Why

_WORDY: Final = frozenset({Verb.NOTE, Verb.PUBLIC, Verb.CALL, Verb.HOURS, Verb.ACCOUNT})
_POLITE: Final = re.compile(
    r"(?:(?:^|[\s,;.!]+)(?:svp|stp|s['’]il (?:te|vous) pla[iî]t|merci|"
    r"please|pls|plz|thanks|thank you|thx))+[\s.!]*$",
    re.IGNORECASE,
)
_SYMBOLS: Final = re.compile(r"[\u2190-\u2bff\U0001f000-\U0001faff]+")
"""Arrows, ticks and pictures that people add to a word."""


def arguments(verb: Verb, rest: str, setting: Setting) -> Mapping[str, Any]:
    """The fields of the `Command` that `rest` gives. Raises Refusal."""
    if verb not in _WORDY:
        rest = _POLITE.sub("", _SYMBOLS.sub("", rest))
    return _READERS[verb](rest.strip(SPACE), setting)


def _nothing(rest: str, _setting: Setting) -> dict[str, Any]:
    if not blank(rest):
        raise Refusal(Why.EXTRA, detail=rest)
    return {}


def _anything(rest: str, _setting: Setting) -> dict[str, Any]:
    return {"words": rest.lstrip(SPACE + ":")}


def _words(rest: str, setting: Setting) -> dict[str, Any]:
    found = _anything(rest, setting)
    if blank(found["words"]):
        raise Refusal(Why.MISSING, expected="text")
    return found


_Reader = Callable[[str, Setting], dict[str, Any]]
_READERS: Final[dict[Verb, _Reader]] = {
    **dict.fromkeys((Verb.TAKE, Verb.RELEASE, Verb.RESOLVE, Verb.CLOSE, Verb.REOPEN), references.tickets),
    **dict.fromkeys((Verb.SPAM, Verb.EXPLAIN, Verb.SHOW, Verb.CUSTOMER), references.tickets),
    **dict.fromkeys((Verb.UNDO, Verb.ERASE), references.tickets),
    **dict.fromkeys((Verb.MERGE, Verb.LINK), references.some_tickets),
    **dict.fromkeys((Verb.SPLIT, Verb.HELP, Verb.YES, Verb.NO, Verb.SEND), _nothing),
    Verb.ASSIGN: people.handle,
    Verb.PRIORITY: numbers.priority,
    Verb.WAIT: moments.until,
    Verb.NOTE: _anything,
    Verb.PUBLIC: _words,
    Verb.CALL: numbers.call,
    Verb.FOR: people.one_address,
    Verb.ACCOUNT: people.account,
    Verb.ADD: people.readers,
    Verb.LIST: people.scope,
    Verb.CREDIT: numbers.credit,
    Verb.HOURS: moments.hours,
}

"""How values are written in a scenario: each reader takes what TOML holds, or raises `ValueError` that says
what it expected instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from daemon.core.recipients import CUSTOMERS, TEAM
from daemon.core.values import Address
from daemon.settings import notation

_E = TypeVar("_E", bound=StrEnum)

KINDS: Final = tuple(sorted({*CUSTOMERS, *TEAM}))
"""Kinds of mails of ours (contract, X-Azimut-Kind)."""

_NAMED: Final = re.compile(r"(.*?)<([^<>]*)>", re.DOTALL)
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)  # RFC 3463 section 2
_TICKET: Final = re.compile(r"AZ-[1-9]\d{0,9}", re.ASCII)
_FIELD_NAME: Final = re.compile(r"[!-9;-~]+", re.ASCII)  # RFC 5322 section 3.6.8
_INSTANT: Final = "expected an instant with its offset such as 2026-11-02T09:10:00-05:00"


def instant(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(_INSTANT)
    return value


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a text in quotes")  # noqa: TRY004 - `Table` collects only ValueError
    return value.encode("utf-8", "replace").decode()


def line(value: object) -> str:
    return notation.line(text(value))


def person(value: object) -> Address:
    """ "marie@shop.example" or "Marie Roy <marie@shop.example>"."""
    expected = 'expected an address such as "marie@shop.example" or "Marie Roy <marie@shop.example>"'
    if not isinstance(value, str):
        raise ValueError(expected)  # noqa: TRY004
    named = _NAMED.fullmatch(value.strip())
    name, bare = (named[1].strip().strip('"'), named[2]) if named else ("", value)
    try:
        return Address(address=notation.address(bare), name=notation.line(name))
    except ValueError as wrong:
        raise ValueError(expected) from wrong


def people(value: object) -> tuple[str, ...]:
    """One address or a list of them, without their names."""
    several = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(person(one).address for one in several))


def kind(value: object) -> str:
    if value not in KINDS:
        raise ValueError(f"expected a kind of mail that the desk sends: {', '.join(KINDS)}")
    return str(value)


def ticket(value: object) -> str:
    """ "AZ-1001": the first ticket of a story; the others count on."""
    if not isinstance(value, str) or not _TICKET.fullmatch(value):
        raise ValueError('expected a reference such as "AZ-1001"')
    return value


def status(value: object) -> str:
    if not isinstance(value, str) or not _STATUS.fullmatch(value):
        raise ValueError('expected a status of RFC 3463 such as "5.1.1"')
    return value


def word(*known: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in known:
            raise ValueError("expected one of " + ", ".join(known))
        return str(value)

    return read


def one_of(words: type[_E]) -> Callable[[object], _E]:
    def read(value: object) -> _E:
        try:
            return words(str(value))
        except ValueError as wrong:
            raise ValueError("expected one of " + ", ".join(words)) from wrong

    return read


def fields_of_header(value: object) -> tuple[tuple[str, str], ...]:
    """A table of header fields, each with one line of text."""
    expected = 'expected a table such as { Precedence = "bulk" }'
    if not isinstance(value, dict):
        raise ValueError(expected)  # noqa: TRY004
    found = []
    for name, content in value.items():
        if not isinstance(content, str) or not _FIELD_NAME.fullmatch(name):
            raise ValueError(f"{expected}, but {name!r} stands in it")
        found.append((name, notation.line(content)))
    return tuple(found)


def cell(value: object) -> str:
    """A value as a cell of the directory's table holds it: lists with `;` between their items."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ";".join(value)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise ValueError("expected a text, a whole number or a list of texts")

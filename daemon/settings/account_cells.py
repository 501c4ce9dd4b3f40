"""One account as the cells of a row: what each column may hold. It knows no file and no other row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from daemon.core.values import Account, Coverage, Language, Plan
from daemon.settings import notation
from daemon.settings.judging import shown
from daemon.settings.providers import PUBLIC_DOMAINS

COLUMNS: Final = (
    "account",
    "name",
    "plan",
    "coverage",
    "installs",
    "language",
    "emails",
    "domains",
    "phones",
    "billing_email",
)
LIST_MARK: Final = ";"
MOST_INSTALLS: Final = 100_000
LONGEST_KEY: Final = 64

_V = TypeVar("_V")


def read_row(
    cells: Mapping[str, str], coverage_of: Callable[[Plan], Coverage]
) -> tuple[Account | None, list[tuple[str, str, str]]]:
    """One account out of its cells by column, or None and (column, what it holds, what was expected) of each
    bad cell. A column that is left out counts as empty."""
    wrong: list[tuple[str, str, str]] = []

    def read(column: str, reader: Callable[[str], _V], otherwise: _V) -> _V:
        cell = cells.get(column, "").strip()
        try:
            return reader(cell)
        except ValueError as says:
            wrong.append((column, cell, str(says)))
            return otherwise

    key = read("account", _key, "")
    plan = read("plan", _plan, Plan.GRATUIT)
    coverage = read("coverage", _coverage, None)
    account = Account(
        key=key,
        name=read("name", notation.line, "") or key,
        plan=plan,
        coverage=coverage or coverage_of(plan),
        installs=read("installs", _installs, None),
        language=read("language", _language, None),
        emails=read("emails", _list_of(notation.address), ()),
        domains=read("domains", _list_of(_own_domain), ()),
        phones=read("phones", _list_of(notation.phone), ()),
        billing_email=read("billing_email", _optional_address, ""),
    )
    return (None, wrong) if wrong else (account, [])


def _key(cell: str) -> str:
    key = notation.line(cell)
    if not key or len(key) > LONGEST_KEY:
        raise ValueError(f"expected the key of the account, at most {LONGEST_KEY} characters")
    return key


def _plan(cell: str) -> Plan:
    try:
        return Plan(cell.lower())
    except ValueError as wrong:
        raise ValueError(f"expected one of {', '.join(Plan)}") from wrong


def _coverage(cell: str) -> Coverage | None:
    try:
        return Coverage(cell.lower()) if cell else None
    except ValueError as wrong:
        raise ValueError("expected standard or premium, or nothing for that of the plan") from wrong


def _installs(cell: str) -> int | None:
    if not cell:
        return None
    if not (cell.isascii() and cell.isdigit() and len(cell) < 10 and 1 <= int(cell) <= MOST_INSTALLS):
        raise ValueError("expected a whole number from 1, or nothing when it is unknown")
    return int(cell)


def _language(cell: str) -> Language | None:
    try:
        return Language(cell.lower()) if cell else None
    except ValueError as wrong:
        raise ValueError("expected fr or en, or nothing when it is unknown") from wrong


def _own_domain(cell: str) -> str:
    domain = notation.domain(cell)
    if domain in PUBLIC_DOMAINS:
        raise ValueError("expected a domain of the customer's own, not a mail provider's")
    return domain


def _optional_address(cell: str) -> str:
    return notation.address(cell) if cell else ""


def _list_of(read: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    def read_all(cell: str) -> tuple[str, ...]:
        items: list[str] = []
        for item in filter(None, (part.strip() for part in cell.split(LIST_MARK))):
            try:
                items.append(read(item))
            except ValueError as wrong:
                raise ValueError(
                    f"{wrong}, not {shown(item)}; several are separated by {LIST_MARK!r}"
                ) from wrong
        return tuple(dict.fromkeys(items))

    return read_all

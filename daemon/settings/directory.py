"""The customer directory as a CSV table: text to accounts, or every bad cell at once, and back again.

It knows no store: whether an address belongs to an account that is not in the table is the store's to say.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeAlias

from daemon.core.values import Account, Coverage, Plan
from daemon.settings.account_cells import COLUMNS, LIST_MARK, read_row
from daemon.settings.faults import ConfigError, Fault
from daemon.settings.judging import proposal, shown

_Row: TypeAlias = tuple[int, Account]


def decode(data: bytes, source: str) -> str:
    """The text of a CSV file, UTF-8 with or without a BOM. Raises `ConfigError`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        row = data.count(b"\n", 0, trouble.start) + 1
        holds = f"byte 0x{data[trouble.start]:02x}"
        expected = 'expected text in UTF-8 (in a spreadsheet: save as "CSV UTF-8")'
        raise ConfigError(
            [Fault(file=source, key=f"line {row}", holds=holds, expected=expected)]
        ) from trouble


def read_accounts(
    text: str,
    source: str,
    coverage_of: Callable[[Plan], Coverage],
    own: Collection[str] = (),
) -> list[Account]:
    """The accounts of a CSV table whose header names every column of `COLUMNS`, in any order.

    `source` names the file in faults; `coverage_of` tells the coverage of a plan where the cell is empty;
    `own` are the addresses of the desk and its agents, which no customer can have.
    Raises `ConfigError` with every bad row and column.
    """
    faults: list[Fault] = []
    rows: list[_Row] = []
    lines = _lines(text, source, faults)
    _, header = next(lines, (1, []))
    columns = [name.strip().lower() for name in header]
    faults += _header_faults(columns, source)
    if faults:
        raise ConfigError(faults)
    for number, cells in lines:
        if len(cells) != len(columns):
            expected = f"expected {len(columns)} cells as in the header (is a comma not in quotes?)"
            faults.append(_fault(source, number, "", f"{len(cells)} cells", expected))
            continue
        account, wrong = read_row(dict(zip(columns, cells, strict=True)), coverage_of)
        faults += [_fault(source, number, column, shown(cell), says) for column, cell, says in wrong]
        if account is not None:
            rows.append((number, account))
    faults += _claimed_twice(rows, source)
    faults += _claimed_from_us(rows, source, own)
    if faults:
        raise ConfigError(faults)
    return [account for _, account in rows]


def write_accounts(accounts: Iterable[Account]) -> str:
    """The CSV table of these accounts, in their order; reading it gives the same accounts."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for account in accounts:
        writer.writerow(
            (
                account.key,
                account.name,
                account.plan.value,
                account.coverage.value,
                "" if account.installs is None else account.installs,
                account.language.value if account.language else "",
                LIST_MARK.join(account.emails),
                LIST_MARK.join(account.domains),
                LIST_MARK.join(account.phones),
                account.billing_email,
            )
        )
    return table.getvalue()


def _lines(text: str, source: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, with the line each begins on. A table that cannot be read further ends."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as trouble:
            expected = f"expected a CSV table with commas and closed quotes ({trouble})"
            faults.append(_fault(source, number, "", "", expected))
            return
        if any(cell.strip() for cell in cells):
            yield number, cells


def _header_faults(columns: Sequence[str], source: str) -> list[Fault]:
    whole = ",".join(COLUMNS)
    if not columns:
        return [_fault(source, 1, "header", "missing", f"expected {whole}")]
    faults = []
    for position, column in enumerate(columns):
        if column in columns[:position]:
            faults.append(_fault(source, 1, column, "there twice", "expected each column once"))
        elif column not in COLUMNS:
            near = proposal(column, COLUMNS)
            hint = f"did you mean {near!r}?" if near else f"expected {whole}"
            faults.append(_fault(source, 1, "header", shown(column), f"is no column: {hint}"))
    missing = [column for column in COLUMNS if column not in columns]
    faults += [_fault(source, 1, column, "missing", f"expected the columns {whole}") for column in missing]
    return faults


def _claimed_twice(rows: Sequence[_Row], source: str) -> Iterator[Fault]:
    """One key is one account, and one address belongs to one account; a domain may be shared, for a mail is
    given to an account by its domain only where that is clear."""
    keys: dict[str, int] = {}
    holders: dict[str, _Row] = {}
    for number, account in rows:
        first = keys.setdefault(account.key.casefold(), number)
        if first != number:
            expected = f"expected each account once, line {first} has it too"
            yield _fault(source, number, "account", shown(account.key), expected)
        for address in account.emails:
            line, holder = holders.setdefault(address, (number, account))
            if line != number:
                expected = f"expected an address of one account only, {holder.key} has it on line {line}"
                yield _fault(source, number, "emails", shown(address), expected)


def _claimed_from_us(rows: Sequence[_Row], source: str, own: Collection[str]) -> Iterator[Fault]:
    for number, account in rows:
        for address in account.emails:
            if address in own:
                expected = "expected an address of the customer, this one is the desk's or an agent's"
                yield _fault(source, number, "emails", shown(address), expected)


def _fault(source: str, number: int, column: str, holds: str, expected: str) -> Fault:
    key = f"line {number}, {column}" if column else f"line {number}"
    return Fault(file=source, key=key, holds=holds, expected=expected)

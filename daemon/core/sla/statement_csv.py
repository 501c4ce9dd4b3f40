"""A monthly statement as a table for a spreadsheet (RFC 4180, but for the owner's separator): one row for
each promise, credit and total, in columns that are the same for all.

Column names are the contract's field names, in no language; instants are ISO 8601 in the desk's zone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.sla.rules import Rules
from daemon.core.sla.statement import Statement
from daemon.core.values import reference

COLUMNS: Final = (
    "month", "account", "row", "ticket", "clock", "priority", "target_minutes", "took_minutes", "due", "met",
    "breached", "outcome", "state", "amount", "minutes",
)  # fmt: skip

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet: a name must not become one."""


def write_csv(made: Statement, rules: Rules, zone: ZoneInfo) -> str:
    """Rows: "promise", "credit", and for minutes and money "used", "included", "extra" and "credited"."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=rules.csv_separator, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    account = made.account or ""
    safe = f"'{account}" if account.startswith(_FORMULA) else account
    for row in _rows(made, rules, zone):
        writer.writerow([made.month, safe, *(row.get(column, "") for column in COLUMNS[2:])])
    return table.getvalue()


def _rows(made: Statement, rules: Rules, zone: ZoneInfo) -> Iterator[dict[str, str]]:
    for line in made.lines:
        yield {
            "row": "promise",
            "ticket": reference(line.ticket),
            "clock": line.clock.value,
            "priority": line.priority.value,
            "target_minutes": _minutes(line.target, rules),
            "took_minutes": "" if line.took is None else _minutes(line.took, rules),
            "due": _instant(line.due, zone),
            "met": _instant(line.met, zone),
            "breached": "1" if line.breached else "0",
            "outcome": line.outcome.value if line.outcome else "",
        }
    for credit in made.credits:
        amount = credit.proposed if credit.given is None else credit.given
        yield {
            "row": "credit",
            "ticket": reference(credit.ticket),
            "state": credit.state,
            "amount": _number(amount, rules),
        }
    yield {"row": "credited", "amount": _number(made.credited, rules)}
    if made.usage is not None:
        yield {"row": "used", "minutes": str(made.usage.used)}
        yield {"row": "included", "minutes": str(made.usage.included)}
        yield {"row": "extra", "minutes": str(made.usage.extra), "amount": _number(made.usage.cost, rules)}


def _instant(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds") if at else ""


def _minutes(seconds: float, rules: Rules) -> str:
    return f"{seconds / 60:.1f}".replace(".", rules.csv_decimal)


def _number(amount: Decimal, rules: Rules) -> str:
    return f"{amount:.2f}".replace(".", rules.csv_decimal)

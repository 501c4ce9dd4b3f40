"""A decision on its way into its transaction: which ticket NEW is, and what waits to be written.

What nothing else in the transaction asks for is written at its end, in one go. It knows no kind of action.
"""

from __future__ import annotations

import re
from typing import Any, Final

from tortoise.models import Model

from daemon.core.actions import NEW
from daemon.core.sla.calendar import Calendar
from daemon.store.connection import Client, Statement, run
from daemon.store.known import Known
from daemon.store.sqlite_client import ImmediateTransaction
from daemon.store.writing import insertion

_TARGET: Final = re.compile(r'(?:INTO|UPDATE|FROM) "?(\w+)')
"""The table that a statement writes to: each of ours names it first."""


class Writing:
    """One decision on its way into one transaction. `ticket` is what NEW stands for.

    calendars  business hours that are written with it
    declares   it declares hours;  erases: files are to be removed once it is committed
    solves     it may solve or reopen a ticket;  forgets: nothing is to be remembered of what was solved
    """

    def __init__(self, client: Client, known: Known) -> None:
        self.client = client
        self.known = known
        self.calendars: list[Calendar] = []
        self.declares = False
        self.erases = False
        self.solves = False
        self.forgets = False
        self.ticket: int | None = None
        self._rows: dict[tuple[type[Model], str], list[dict[str, Any]]] = {}
        self._beside: dict[str, Statement] = {}
        self._statements: list[Statement] = []
        self._each: dict[str, list[object]] = {}

    def number(self, ticket: int) -> int:
        """The ticket's number. Raises ValueError when NEW stands for nothing in this decision."""
        if ticket != NEW:
            return ticket
        if self.ticket is None:
            raise ValueError("the decision speaks of a new ticket and opens none")
        return self.ticket

    def add(self, model: type[Model], tail: str = "", **values: Any) -> None:
        """A row whose answer nobody needs: `flush` writes it with its like. `tail` as in `insertion`."""
        self._rows.setdefault((model, tail), []).append(values)

    def beside(self, statement: Statement) -> None:
        """A statement that needs none of these rows, nor they it: it goes with them. The second one for a
        table has its turn after them."""
        self._beside.setdefault(_target(statement), statement)
        if self._beside[_target(statement)] is not statement:
            self.then(statement)

    def then(self, statement: Statement) -> None:
        """A statement for after the rows, in its turn."""
        self._statements.append(statement)

    def then_for(self, sql: str, value: object) -> None:
        """The same for each of several values, in one statement: `sql` takes them in place of `{}`."""
        self._each.setdefault(sql, []).append(value)

    async def flush(self) -> None:
        new = [insertion(model, values, tail) for (model, tail), values in self._rows.items()]
        each = [(sql.format(", ".join("?" * len(values))), values) for sql, values in self._each.items()]
        then = [*each, *self._statements]
        targets = {_target(statement) for statement in then}
        new += self._beside.values()
        if isinstance(self.client, ImmediateTransaction):
            await run(self.client, [*new, *then])
        else:
            await run(self.client, new, apart=True)
            await run(self.client, then, apart=len(targets) == len(then))


def _target(statement: Statement) -> str:
    found = _TARGET.search(statement[0])
    if found is None:
        raise ValueError(f"which table does this write to? {statement[0]}")
    return found.group(1)

"""A decision on its way into its transaction: which ticket NEW is, and what waits to be written.

What nothing else in the transaction asks for is written at its end, in one go. It knows no kind of action.
"""

from __future__ import annotations

from typing import Any

from tortoise.models import Model

from daemon.core.actions import NEW
from daemon.store.connection import Client, Statement, run
from daemon.store.writing import insertion


class Writing:
    """One decision on its way into one transaction. `ticket` is what NEW stands for."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ticket: int | None = None
        self._rows: dict[tuple[type[Model], str], list[dict[str, Any]]] = {}
        self._statements: list[Statement] = []

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

    def then(self, statement: Statement) -> None:
        """A statement for after the rows, in its turn."""
        self._statements.append(statement)

    async def flush(self) -> None:
        insertions = [insertion(model, values, tail) for (model, tail), values in self._rows.items()]
        await run(self.client, [*insertions, *self._statements])

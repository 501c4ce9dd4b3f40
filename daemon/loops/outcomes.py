"""What the outbox asks the core of a row, with the dossiers that it needs: whether the mail is still true,
and what its delivery means to its ticket.

A ticket may change between the look and the write: then it is looked at and decided anew, never sent anew. A
fault of ours in a ticket's clocks must not keep its mails from leaving, or from being recorded as sent."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from daemon.core.actions import Decision, WriteClocks
from daemon.core.dossier import Dossier
from daemon.core.policy import Policy
from daemon.core.sending import Send, asks_after, asks_before, on_delivery, on_send
from daemon.core.values import Delivery, OutboxRow
from daemon.loops.insisting import Insisting
from daemon.ports import Applied, Conflict, Store

log = logging.getLogger("azimut.outbox")

TRIES: Final = 5
"""How often a delivery is decided anew because its ticket changed meanwhile."""

_MERGES: Final = 10
"""So many tickets at most are followed from one that was merged away."""


class Outcomes:
    def __init__(self, store: Store, policy: Policy, insist: Insisting) -> None:
        self._store = store
        self._policy = policy
        self._insist = insist

    async def before(self, row: OutboxRow, now: datetime) -> Send | Decision:
        """Send it, with which facts; or why not. Raises `Unavailable` only when the daemon stops."""
        wanted = asks_before(row)
        if not wanted:
            return on_send(row, now)
        dossiers = {dossier.ticket.id: dossier for dossier in await self._dossiers(wanted)}
        try:
            return on_send(row, now, self._policy, dossiers)
        except Exception:
            log.exception("mail_not_looked_at", extra={"fields": _fields(row)})
            return on_send(row, now)

    async def after(
        self, row: OutboxRow, delivery: Delivery, now: datetime, jitter: float
    ) -> tuple[Decision, Applied]:
        """What followed from an attempt that ended at `now`, written. Raises `Conflict` when the row itself
        has changed, `Unavailable` only when the daemon stops."""
        dossier = await self._of(asks_after(row, delivery))
        for _ in range(TRIES):
            decision = self._decide(row, delivery, now, jitter, dossier)
            try:
                return decision, await self._insist(partial(self._store.apply, decision))
            except Conflict:
                fresh = await self._of(dossier.ticket.id) if dossier is not None and decision.reads else None
                if fresh is None or dossier is None or fresh.ticket.version == dossier.ticket.version:
                    raise
                dossier = fresh
        # The ticket will not stand still. What happened is true whatever else it does. Its clocks are worked
        # out without what happens beside, so the ticker is to work them out again at once.
        log.warning("ticket_busy", extra={"fields": _fields(row)})
        decision = self._decide(row, delivery, now, jitter, dossier)
        actions = (replace(a, wake_at=now) if isinstance(a, WriteClocks) else a for a in decision.actions)
        decision = Decision(actions=tuple(actions))
        return decision, await self._insist(partial(self._store.apply, decision))

    def _decide(
        self, row: OutboxRow, delivery: Delivery, now: datetime, jitter: float, dossier: Dossier | None
    ) -> Decision:
        try:
            return on_delivery(row, delivery, self._policy, now, jitter, dossier)
        except Exception:
            if dossier is None:
                raise
            log.exception("delivery_not_counted", extra={"fields": _fields(row)})
            return on_delivery(row, delivery, self._policy, now, jitter)

    async def _of(self, ticket: int | None) -> Dossier | None:
        """The ticket, or the one that it was merged into."""
        for _ in range(_MERGES):
            found = await self._dossiers((ticket,)) if ticket is not None else []
            if not found or found[0].ticket.merged_into is None:
                return found[0] if found else None
            ticket = found[0].ticket.merged_into
        return None

    async def _dossiers(self, tickets: Sequence[int]) -> list[Dossier]:
        return await self._insist(partial(self._store.dossiers, tickets))


def _fields(row: OutboxRow) -> dict[str, object]:
    return {"row": row.id, "kind": row.kind, "ticket": row.ticket, "attempt": row.attempts}

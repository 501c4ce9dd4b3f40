"""What one tick asks of the store before the core decides: the due tickets whole, those due soon where their
warnings may go along, and an account's other failures where a resolution is found missed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from daemon.core.actions import Decision, RecordFinding
from daemon.core.dossier import Dossier
from daemon.core.policy import Policy
from daemon.core.sla.promises import version_at
from daemon.core.ticking import agenda, carried_out
from daemon.core.ticking.agenda import Agenda
from daemon.ports import Store

SOON: Final = 30
"""Tickets that are looked at because they are due soon, at most."""


async def decision_on(
    store: Store, policy: Policy, numbers: Sequence[int], now: datetime, leave: Collection[int] | None
) -> Decision:
    """What is due on these tickets, from what the store knows now. `leave`: tickets that must not come along;
    None: no other may. Raises LookupError when one of them does not exist, and whatever the core raises."""
    dossiers = await store.dossiers(numbers)
    if len(dossiers) < len(numbers):
        gone = set(numbers) - {dossier.ticket.id for dossier in dossiers}
        raise LookupError(f"due tickets that do not exist: {sorted(gone)}")
    todo = agenda(dossiers, policy, now)
    beside = await _soon(store, todo, leave) if leave is not None and todo.warns else ()
    days = timedelta(days=2 * version_at(policy.sla, now).rules.serious_days)
    failures = {account: await store.missed_resolutions(account, now - days) for account in todo.accounts}
    decision = carried_out(todo, failures=failures, beside=beside)
    keys = [action.key for action in decision.actions if isinstance(action, RecordFinding)]
    recorded = await store.findings_recorded(keys) if keys else ()
    if not recorded:
        return decision
    return carried_out(todo, failures=failures, recorded=recorded, beside=beside)


async def _soon(store: Store, todo: Agenda, leave: Collection[int]) -> Sequence[Dossier]:
    within = timedelta(seconds=version_at(todo.policy.sla, todo.now).rules.warn_batch)
    here = {one.scene.ticket.id for one in todo.due}
    found = await store.due_tickets(todo.now + within, len(here) + SOON + len(leave))
    numbers = [number for number in found if number not in here and number not in leave]
    return await store.dossiers(numbers) if numbers else ()

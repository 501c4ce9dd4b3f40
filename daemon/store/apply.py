"""A decision into the database: one transaction, all of it or nothing.

The ticket that the decision opens is written first, for the others refer to it; the rest in its own order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from daemon.core import actions as act
from daemon.core.actions import Decision
from daemon.ports import Applied, Case, Conflict, Unavailable
from daemon.store.blobs import Blobs
from daemon.store.connection import Client, Connection, rows
from daemon.store.erasing import sweep
from daemon.store.known import Known
from daemon.store.snapshot import take_snapshot
from daemon.store.tx import attempt, transaction
from daemon.store.unwritten import Writing
from daemon.store.writers import BLOB_FROM, WRITERS, clocks_of, open_ticket


async def apply_decision(connection: Connection, blobs: Blobs, known: Known, decision: Decision) -> Applied:
    """All of the decision or nothing. Raises `Conflict` when a version in `reads` is stale or an outbox row
    has changed, `AlreadyDone` when the ledger holds the arrival, `Unavailable`."""
    done: list[Writing] = []
    async with blobs.kept(dict(_large_contents(decision))):
        try:
            applied = await transaction(connection, lambda client: _write(client, known, decision, done))
        finally:
            await _afterwards(connection, blobs, known, done)
    _remember(known, done)
    return applied


async def settle_cases(
    connection: Connection, blobs: Blobs, known: Known, cases: Sequence[Case]
) -> list[Applied | Exception]:
    """See `ports.Store.settle`. The files are there before the rows that name them; those of a case that is
    not written lie unused."""
    done: list[Writing] = []

    async def trusting(client: Client) -> list[Applied | Exception]:
        return [await _trust(client, known, case, done) for case in cases]

    async def careful(client: Client) -> list[Applied | Exception]:
        return [await _settle(client, known, case, done) for case in cases]

    async with blobs.kept({name: content for case in cases for name, content in case.contents.items()}):
        try:
            try:
                settled = await transaction(connection, trusting)
            except _Spoilt:
                _forget(known, done)  # what was declared in it is taken back
                known.forget_archive()  # it may have been read in it
                done.clear()
                settled = await transaction(connection, careful)
        except Unavailable:
            known.forget_archive()
            raise
        finally:
            await _afterwards(connection, blobs, known, done)
    _remember(known, done)
    return settled


class _Spoilt(Exception):
    """A case failed and took the transaction with it."""


async def _trust(client: Client, known: Known, case: Case, done: list[Writing]) -> Applied | Exception:
    """Without a way back: two of the seven statements that a new ticket takes on PostgreSQL were savepoints.
    Raises `_Spoilt` for what cannot be undone alone: then all cases are written anew, carefully."""
    try:
        snapshot = await take_snapshot(client, known, case.lookup)
        try:
            decision = case.decide(snapshot)
        except Exception as fault:  # noqa: BLE001 - nothing of it is written: it is its caller's to judge
            return fault
        return await _write(client, known, decision, done)
    except Unavailable:
        raise
    except Exception as fault:
        raise _Spoilt from fault


async def _settle(client: Client, known: Known, case: Case, done: list[Writing]) -> Applied | Exception:
    async def work(client: Client) -> Applied:
        snapshot = await take_snapshot(client, known, case.lookup)
        return await _write(client, known, case.decide(snapshot), done)

    try:
        return await attempt(client, work)
    except Unavailable:
        raise
    except Exception as fault:  # noqa: BLE001 - it is this case's alone, and its caller's to judge
        return fault


async def _write(client: Client, known: Known, decision: Decision, done: list[Writing]) -> Applied:
    writing = Writing(client, known)
    await _compare_and_swap(client, decision.reads)
    opening = [a for a in decision.actions if isinstance(a, act.OpenTicket)]
    if len(opening) > 1:
        raise ValueError("a decision opens one ticket at most")
    for action in opening:
        await open_ticket(writing, action, clocks_of(decision, act.NEW))
    for change in decision.actions:
        if not isinstance(change, act.OpenTicket):
            await WRITERS[type(change)](writing, change)
    await writing.flush()
    done.append(writing)
    _forget(known, (writing,))  # the next case of this transaction asks anew
    return Applied(
        ticket=writing.ticket,
        queued=any(isinstance(a, act.QueueMail | act.RetryMail) for a in decision.actions),
        wakes=any(isinstance(a, act.WriteClocks | act.DeclareHours) for a in decision.actions),
    )


async def _afterwards(connection: Connection, blobs: Blobs, known: Known, done: Sequence[Writing]) -> None:
    """The transaction is over, well or badly. `done`: what was written in it."""
    _forget(known, done)
    if any(writing.erases for writing in done):
        await sweep(connection, blobs)


def _forget(known: Known, done: Sequence[Writing]) -> None:
    """What is kept in memory of the store and no longer holds."""
    if any(writing.declares for writing in done):
        known.forget_declared()
    if any(writing.forgets for writing in done):
        known.forget_archive()


def _remember(known: Known, done: Sequence[Writing]) -> None:
    """It is committed."""
    known.solved(sum(writing.solves for writing in done))
    for writing in done:
        for calendar in writing.calendars:
            known.keep(calendar)


async def _compare_and_swap(client: Client, reads: dict[int, int]) -> None:
    """In the order of their numbers: two decisions on the same tickets cannot block each other."""
    for ticket, version in sorted(reads.items()):
        swapped = await rows(
            client,
            "UPDATE ticket SET version = version + 1 WHERE id = ? AND version = ? RETURNING id",
            [ticket, version],
        )
        if not swapped:
            raise Conflict(f"ticket {ticket} has changed since version {version}")


def _large_contents(decision: Decision) -> Iterator[tuple[str, bytes]]:
    """What is kept as files: attachments, and mails too large for a row."""
    for action in decision.actions:
        if isinstance(action, act.AddMessage | act.HoldMail):
            for attachment in action.attachments:
                if attachment.content or attachment.size == 0:
                    yield attachment.sha256, attachment.content
        elif isinstance(action, act.RecordMail) and len(action.raw) > BLOB_FROM:
            yield hashlib.sha256(action.raw).hexdigest(), action.raw

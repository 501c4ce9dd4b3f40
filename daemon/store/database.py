"""The store behind `ports.Store`: opens the database, holds the daemon's lock, and hands each question to the
module that answers it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from daemon.core.actions import Decision, MarkSent
from daemon.core.dossier import Dossier
from daemon.core.matching import Lookup, Snapshot
from daemon.core.reports.material import Material
from daemon.core.ticking.digest import Morning
from daemon.core.values import Account, OutboxRow
from daemon.ports import Applied, Case, HeldMail, KnownMail, MailboxState, UnderWay
from daemon.store import (
    accounting,
    audit,
    directory,
    ledger,
    material,
    mornings,
    outbox,
    schema,
    sending,
    views,
    waking,
)
from daemon.store.accounting import Entry
from daemon.store.apply import apply_decision, settle_cases
from daemon.store.audit import Finding
from daemon.store.batching import Batch
from daemon.store.blobs import Blobs
from daemon.store.clocks import Left
from daemon.store.connection import Connection, connect
from daemon.store.corrections import Corrected, corrected
from daemon.store.dossiers import dossiers
from daemon.store.erasing import sweep
from daemon.store.faults import StoreMissing
from daemon.store.known import Known
from daemon.store.location import read_url
from daemon.store.lock import DaemonLock
from daemon.store.outbox import Kept
from daemon.store.snapshot import take_snapshot
from daemon.store.tx import transaction
from daemon.store.views import Shape


class SqlStore:
    """Use it from any task of the event loop that opened it. Every method raises `Unavailable` while the
    database cannot be used."""

    def __init__(self, connection: Connection, blobs: Blobs) -> None:
        self._connection = connection
        self._lock = DaemonLock(connection)
        self._known = Known()
        self.blobs = blobs
        self._keep: Batch[Kept, OutboxRow] = Batch(
            lambda kept: transaction(connection, lambda client: outbox.keep_messages(client, kept))
        )
        self._mark_sent: Batch[MarkSent, None] = Batch(
            lambda sent: transaction(connection, lambda client: sending.mark_sent(client, sent))
        )

    async def acquire_daemon_lock(self) -> None:
        """Held until the store is closed. Raises `StoreLocked` when another daemon holds it."""
        await self._lock.acquire()
        await sweep(self._connection, self.blobs)

    async def close(self) -> None:
        await self._lock.release()

    # -- one mail -----------------------------------------------------------------------------------------

    async def snapshot(self, lookup: Lookup) -> Snapshot:
        with self._connection.entered() as client:
            return await take_snapshot(client, self._known, lookup)

    async def dossiers(self, tickets: Sequence[int]) -> list[Dossier]:
        """Those of these tickets that exist, each whole, in this order; a merged one as it was."""
        with self._connection.entered() as client:
            return await dossiers(client, self._known, tickets)

    async def contents(self, names: Sequence[str]) -> dict[str, bytes]:
        """What is kept as files, by its SHA-256. One that is missing is left out."""
        return {name: content for name in names if (content := await self.blobs.find(name)) is not None}

    async def apply(self, decision: Decision) -> Applied:
        """Raises `Conflict`, `AlreadyDone`."""
        if len(decision.actions) == 1 and isinstance(decision.actions[0], MarkSent) and not decision.reads:
            await self._mark_sent(decision.actions[0])
            return Applied(ticket=None, queued=False)
        return await apply_decision(self._connection, self.blobs, self._known, decision)

    async def settle(self, cases: Sequence[Case]) -> list[Applied | Exception]:
        return await settle_cases(self._connection, self.blobs, self._known, cases)

    # -- the ticker ---------------------------------------------------------------------------------------

    async def due_tickets(self, until: datetime, limit: int) -> list[int]:
        with self._connection.entered() as client:
            return await waking.due_tickets(client, until, limit)

    async def next_wake(self) -> datetime | None:
        with self._connection.entered() as client:
            return await waking.next_wake(client)

    async def missed_resolutions(self, account: str, since: datetime) -> list[Dossier]:
        with self._connection.entered() as client:
            return await dossiers(client, self._known, await waking.missed(client, account, since))

    async def findings_recorded(self, keys: Sequence[str]) -> set[str]:
        with self._connection.entered() as client:
            return await waking.recorded(client, "finding", keys)

    async def desk_steps_done(self, keys: Sequence[str]) -> set[str]:
        with self._connection.entered() as client:
            return await waking.recorded(client, "desk_step", keys)

    # -- reports ------------------------------------------------------------------------------------------

    async def statement_material(
        self, since: datetime, until: datetime, account: str | None = None
    ) -> AsyncIterator[Material]:
        """What a statement of this span is made of, a few tickets at a time. Raises `Unavailable`."""
        async for part in material.parts(self._connection, self._known, since, until, account):
            yield part

    # -- the ledger and the mailbox cursor ----------------------------------------------------------------

    async def mailbox_state(self, mailbox: str) -> MailboxState | None:
        with self._connection.entered() as client:
            return await ledger.mailbox_state(client, mailbox)

    async def set_mailbox_state(self, mailbox: str, uidvalidity: int, last_uid: int, now: datetime) -> None:
        await transaction(
            self._connection,
            lambda client: ledger.set_mailbox_state(client, mailbox, uidvalidity, last_uid, now),
        )

    async def set_brake(self, mailbox: str, braked: datetime | None) -> None:
        await transaction(self._connection, lambda client: ledger.set_brake(client, mailbox, braked))

    async def under_way(self, mailbox: str) -> UnderWay | None:
        with self._connection.entered() as client:
            return await ledger.under_way(client, mailbox)

    async def set_under_way(self, mailbox: str, uidvalidity: int, attempts: Mapping[int, int]) -> None:
        await transaction(
            self._connection, lambda client: ledger.set_under_way(client, mailbox, uidvalidity, attempts)
        )

    async def card_mails(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> Mapping[int, bool]:
        with self._connection.entered() as client:
            return await ledger.card_mails(client, mailbox, uidvalidity, uids)

    async def mark_copied(self, mailbox: str, uidvalidity: int, uid: int, copy_uid: int) -> None:
        await transaction(
            self._connection,
            lambda client: ledger.mark_copied(client, mailbox, uidvalidity, uid, copy_uid),
        )

    async def held(self, mailbox: str, limit: int) -> list[HeldMail]:
        with self._connection.entered() as client:
            return await ledger.held(client, self.blobs, mailbox, limit)

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> Mapping[int, KnownMail]:
        with self._connection.entered() as client:
            return await ledger.known(client, mailbox, uidvalidity, uids)

    async def known_ids(self, message_ids: Sequence[str]) -> set[str]:
        with self._connection.entered() as client:
            return await ledger.known_ids(client, message_ids)

    async def mark_moved(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> None:
        await transaction(
            self._connection, lambda client: ledger.mark_moved(client, mailbox, uidvalidity, uids)
        )

    async def every_ticket(self, after: int, limit: int) -> list[int]:
        """The next tickets by number, whatever became of them."""
        with self._connection.entered() as client:
            return await material.tickets_after(client, after, limit)

    # -- the outbox ---------------------------------------------------------------------------------------

    async def claim_outbox(
        self,
        now: datetime,
        limit: int,
        lease: timedelta,
        held: Collection[int] = (),
        patience: timedelta = timedelta(0),
    ) -> list[OutboxRow]:
        """Looks first and writes only when something is due."""
        with self._connection.entered() as client:
            due = await outbox.due_rows(client, now, limit, held, patience)
        if not due:
            return []
        return await transaction(self._connection, lambda client: outbox.claim(client, due, now, lease))

    async def unclaim(self, rows: Sequence[OutboxRow]) -> None:
        await transaction(self._connection, lambda client: outbox.unclaim(client, rows))

    async def keep_message(
        self, row: OutboxRow, message_id: str, envelope_from: str, message: bytes
    ) -> OutboxRow:
        """Raises `Conflict` when the row is no longer the one that was claimed."""
        return await self._keep(
            Kept(row=row, message_id=message_id, envelope_from=envelope_from, message=message)
        )

    async def next_outbox_due(self) -> datetime | None:
        with self._connection.entered() as client:
            return await outbox.next_due(client)

    async def release_claims(self) -> int:
        return await transaction(self._connection, outbox.release)

    # -- the directory ------------------------------------------------------------------------------------

    async def import_accounts(self, accounts: Sequence[Account], now: datetime) -> int:
        """Raises `directory.ImportRefused`, with nothing written."""
        return await directory.import_accounts(self._connection, accounts, now)

    async def morning(self, since: datetime, now: datetime) -> Morning:
        with self._connection.entered() as client:
            return await mornings.morning(client, since, now)

    async def list_accounts(self) -> list[Account]:
        with self._connection.entered() as client:
            return await directory.list_accounts(client)

    # -- what people look at ------------------------------------------------------------------------------

    async def tickets(self, everything: bool, *, now: datetime, left: Left) -> list[Shape]:
        with self._connection.entered() as client:
            return await views.ticket_list(client, self._known, everything=everything, now=now, left=left)

    async def ticket(self, ref: str, *, now: datetime, left: Left) -> Shape | None:
        with self._connection.entered() as client:
            return await views.ticket_whole(client, self._known, ref, now=now, left=left)

    async def inbound(self, limit: int) -> list[Shape]:
        with self._connection.entered() as client:
            return await views.ledger(client, limit)

    async def held_mails(self, limit: int) -> list[Shape]:
        with self._connection.entered() as client:
            return await views.ledger(client, limit, disposition="held")

    # -- the ledger against the mailbox ---------------------------------------------------------------------

    async def newest_entry(self) -> int:
        with self._connection.entered() as client:
            return await accounting.newest(client)

    async def entries_named(self, message_ids: Sequence[str]) -> list[Entry]:
        with self._connection.entered() as client:
            return await accounting.named(client, message_ids)

    async def entries_filed(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> dict[int, Entry]:
        with self._connection.entered() as client:
            return await accounting.filed(client, mailbox, uidvalidity, uids)

    async def entries_unread(self, size: int, arrived: datetime) -> list[Entry]:
        with self._connection.entered() as client:
            return await accounting.unread(client, size, arrived)

    async def entries_after(self, number: int, limit: int) -> list[Entry]:
        with self._connection.entered() as client:
            return await accounting.page(client, number, limit)

    def audit(self) -> AsyncIterator[Finding]:
        """A finding for each promise of the store, as `db check` tells them."""
        return audit.audit(self._connection, self.blobs)

    async def corrections(self) -> list[Corrected]:
        with self._connection.entered() as client:
            return await corrected(client)

    async def counts(self) -> dict[str, int]:
        with self._connection.entered() as client:
            return await views.counts(client)


@asynccontextmanager
async def open_store(
    url: str, data_dir: Path, *, create: bool, read_only: bool = False
) -> AsyncIterator[SqlStore]:
    """The store at `url`; its attachments lie under `data_dir`. `create`: an empty one is filled.

    Raises `StoreMissing`, `SchemaBehind` or `SchemaAhead` (all are `StoreFault`: exit status 2), and
    `Unavailable`.
    """
    location = read_url(url)
    if location.path is not None and not create and not location.path.exists():
        raise StoreMissing(f"there is no store at {location.path}: `azimut-support run` creates it")
    async with connect(location, read_only=read_only) as connection:
        await schema.ensure(connection, create=create and not read_only)
        store = SqlStore(connection, Blobs(data_dir))
        try:
            yield store
        finally:
            await store.close()

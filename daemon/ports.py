"""The ports: what the loops ask of mailbox, SMTP, store, reader and clock, and the two kinds of trouble.

`Unavailable` means wait and try again: network, server, database. Anything else that goes wrong with one
mail sends that mail to quarantine; anything else outside a mail ends the process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from daemon.core.actions import Decision
from daemon.core.dossier import Dossier
from daemon.core.matching import Lookup, Snapshot
from daemon.core.reports.material import Material
from daemon.core.ticking.digest import Morning
from daemon.core.values import Account, Arrival, Delivery, Disposition, Findings, Mail, OutboxRow, Unreadable


class Unavailable(Exception):
    """A server, the database or the reading process cannot serve us now. `service`: imap, smtp, store or
    reader. The text names the cause and, where there is one, the remedy. `refused`: it answered, and said no
    (a wrong password, a lock): try again slowly, or it may lock the account."""

    def __init__(self, service: str, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.service = service
        self.refused = refused


class Conflict(Exception):
    """What a decision was made from has changed meanwhile: take a new snapshot and decide again."""


class AlreadyDone(Exception):
    """The ledger already holds this mail under this key: somebody was quicker, or we crashed after it."""


class MoveRefused(Exception):
    """The server will not move mails now (over quota, a folder it will not let us create). They stay where
    they are, recorded as not moved, to be tried again; the connection stays usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMail:
    """A mail as the server holds it. `truncated`: over the size limit, `data` is only its beginning."""

    uid: int
    internaldate: datetime
    size: int
    data: bytes = field(repr=False)
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHead:
    """What the server says of a mail that nobody has opened."""

    uid: int
    internaldate: datetime
    size: int


class Mailbox(Protocol):
    """One IMAP connection on one selected folder. Every method raises `Unavailable` when the connection is
    lost or silent; after that the object is dead: close it and open a new one."""

    @property
    def uidvalidity(self) -> int: ...

    async def search(self, first_uid: int = 1) -> list[int]:
        """UIDs >= first_uid that are in the folder now, ascending."""
        ...

    async def heads(self, uids: Sequence[int]) -> list[MailHead]:
        """Date and size of those that still exist, without a byte of their content."""
        ...

    def fetch(self, uids: Sequence[int]) -> AsyncIterator[RawMail]:
        """The mails that still exist; a vanished UID is left out. Never sets a flag."""
        ...

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move to `folder`, which is created when missing. A vanished UID is no error.

        Raises `MoveRefused` when the server answers no."""
        ...

    async def append(self, folder: str, data: bytes, internaldate: datetime | None = None) -> int | None:
        """Put a mail into `folder`, which is created when missing; its UID where the server tells.

        Raises `MoveRefused` when the server answers no."""
        ...

    async def find(self, folder: str, field: str, value: str, since: datetime, before: datetime) -> list[int]:
        """UIDs of the mails in another folder, ascending, whose header has `value` in this field and that
        arrived on these days. A folder that does not exist holds none."""
        ...

    async def remove(self, uids: Sequence[int]) -> bool:
        """Delete exactly these mails, for good. False: they are still there. A vanished UID is no error."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return when the server tells of something, or after `seconds`. The caller searches in any case."""
        ...

    async def close(self) -> None: ...


class Sender(Protocol):
    async def send(self, envelope_from: str, recipient: str, message: bytes) -> Delivery:
        """One mail to one recipient. Never raises for anything that the server or the network does."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a mail says. `findings` None: they were not wanted, or, with `unclassified`, could not be had."""

    mail: Mail | Unreadable
    findings: Findings | None = None
    unclassified: ReadingFault | None = None


class ReadingFault(Exception):
    """The program failed on a mail: the fault's `name` for people, its `trace` for the log."""

    def __init__(self, name: str, trace: str) -> None:
        super().__init__(name, trace)
        self.name = name
        self.trace = trace

    def __str__(self) -> str:
        return self.trace


class Opener(Protocol):
    async def ready(self) -> None:
        """Return when it can read. Raises `Unavailable`."""
        ...

    async def open(self, mails: Sequence[RawMail], *, classified: bool = True) -> list[Opened | ReadingFault]:
        """Parsed and, where a person wrote, classified; in their order. A fault is that mail's alone. Raises
        `Unavailable` when nothing can be read now."""
        ...

    async def masked_copy(self, data: bytes, mark: str) -> bytes | None:
        """See `mail.masked_copy`. Raises `Unavailable`."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """UTC, aware."""
        ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMail:
    """A ledger row as intake needs it: where this mail belongs, and whether it is already there."""

    disposition: Disposition
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxState:
    """The cursor: every UID up to `last_uid` under `uidvalidity` has its ledger row.

    first_start  when this mailbox was first read, under whatever UIDVALIDITY
    braked       mail that arrived before this instant is held until `run --resume`; None: the brake is off
    """

    uidvalidity: int
    last_uid: int
    first_start: datetime
    braked: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """UIDs that were in hand, and how many processes died with them so."""

    uidvalidity: int
    attempts: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMail:
    """A ledger row that the brake held, with its kept bytes."""

    arrival: Arrival
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """`ticket` is the number of the ticket that NEW became; `queued` tells the outbox to look, `wakes` the
    ticker."""

    ticket: int | None
    queued: bool
    wakes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A mail to be decided on what the store knows at that very moment. `contents`: what is to be kept as
    files, by its sha256."""

    lookup: Lookup
    decide: Callable[[Snapshot], Decision]
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class Store(Protocol):
    """All methods raise `Unavailable` when the database cannot be used now."""

    async def settle(self, cases: Sequence[Case]) -> list[Applied | Exception]:
        """Snapshot, decide and write, case after case, in one transaction: each sees what those before it
        wrote, and one commit serves them all. The exception of a case takes back its own writes only."""
        ...

    async def snapshot(self, lookup: Lookup) -> Snapshot: ...

    async def dossiers(self, tickets: Sequence[int]) -> list[Dossier]:
        """Those of these tickets that exist, each whole, in this order; a merged one as it was."""
        ...

    async def apply(self, decision: Decision) -> Applied:
        """All of it in one transaction, or nothing. Raises `Conflict` when a version in `reads` is stale,
        `AlreadyDone` when the ledger already holds the arrival."""
        ...

    # the mailbox cursor
    async def mailbox_state(self, mailbox: str) -> MailboxState | None: ...

    async def set_mailbox_state(
        self, mailbox: str, uidvalidity: int, last_uid: int, now: datetime
    ) -> None: ...

    async def set_brake(self, mailbox: str, braked: datetime | None) -> None: ...

    async def under_way(self, mailbox: str) -> UnderWay | None:
        """What `set_under_way` noted last, perhaps in another process."""
        ...

    async def set_under_way(self, mailbox: str, uidvalidity: int, attempts: Mapping[int, int]) -> None: ...

    async def held(self, mailbox: str, limit: int) -> list[HeldMail]:
        """The oldest mails that the brake held. Applying a decision with the same arrival replaces `held`."""
        ...

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> Mapping[int, KnownMail]: ...

    async def known_ids(self, message_ids: Sequence[str]) -> set[str]:
        """Those of these Message-IDs that the ledger has seen, under whatever UID."""
        ...

    async def mark_moved(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> None: ...

    async def card_mails(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> Mapping[int, bool]:
        """Those of these mails whose originals hold card numbers and were read whole; whether the masked copy
        is in its place already."""
        ...

    async def mark_copied(self, mailbox: str, uidvalidity: int, uid: int, copy_uid: int) -> None:
        """The masked copy is there, under this UID; 0: the server did not tell."""
        ...

    # the ticker
    async def due_tickets(self, until: datetime, limit: int) -> list[int]:
        """Tickets that must be looked at by then (`WriteClocks.wake_at`), the longest due first."""
        ...

    async def next_wake(self) -> datetime | None:
        """When the first ticket must be looked at; None: none."""
        ...

    async def missed_resolutions(self, account: str, since: datetime) -> list[Dossier]:
        """The account's tickets whose resolution was missed since then (`WriteClocks.missed_at`)."""
        ...

    async def findings_recorded(self, keys: Sequence[str]) -> set[str]:
        """Those of these findings that managers were told of."""
        ...

    async def desk_steps_done(self, keys: Sequence[str]) -> set[str]: ...

    # reports
    def statement_material(
        self, since: datetime, until: datetime, account: str | None = None
    ) -> AsyncIterator[Material]:
        """What the figures of this span are made of, a few tickets at a time: of all accounts, or of one."""
        ...

    async def morning(self, since: datetime, now: datetime) -> Morning:
        """What the morning's digest tells of; `since`: what was missed from then on is new."""
        ...

    async def list_accounts(self) -> list[Account]:
        """The directory."""
        ...

    # the outbox
    async def claim_outbox(
        self,
        now: datetime,
        limit: int,
        lease: timedelta,
        held: Collection[int] = (),
        patience: timedelta = timedelta(0),
    ) -> list[OutboxRow]:
        """Due rows, gravest first, marked as being sent until `now + lease`; attempts count one more. `held`:
        rows that the caller has in hand already, whatever became of their lease. `patience`: how long rows of
        the last rank lie due before they are claimed."""
        ...

    async def unclaim(self, rows: Sequence[OutboxRow]) -> None:
        """Claimed and not begun: due again at once, as if they had never been claimed."""
        ...

    async def keep_message(
        self, row: OutboxRow, message_id: str, envelope_from: str, message: bytes
    ) -> OutboxRow:
        """Keep the rendered bytes before the first attempt, so that a retry repeats them."""
        ...

    async def contents(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Kept files by their sha256; one that is not there is left out."""
        ...

    async def next_outbox_due(self) -> datetime | None: ...

    async def release_claims(self) -> int:
        """At start, under the daemon's lock: rows left in `sending` by a crash are due again at once."""
        ...

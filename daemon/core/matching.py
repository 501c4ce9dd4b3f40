"""Which ticket a mail belongs to, and how far that is to be trusted (mail.md).

`lookup` says which facts are needed; the store answers once with a `Snapshot`; `match` decides from it. The
core never asks the store anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.core.values import (
    Account,
    Claim,
    Contact,
    OutboxRow,
    Ticket,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The facts a mail's decision needs.

    message_id, fingerprint, arrived  to know a second delivery of the very same mail (5 days)
    sender        address whose contact, account (by address, then by its domain) and limits are asked for
    recorded_ids  Message-IDs this mail answers: tickets on which such a message is recorded
    tickets       ticket numbers that claims name
    outbox_ids    Message-IDs of ours that a delivery report returned
    bounced       addresses that a delivery report names
    """

    message_id: str
    fingerprint: str
    arrived: datetime
    sender: str
    recorded_ids: tuple[str, ...] = ()
    tickets: tuple[int, ...] = ()
    outbox_ids: tuple[str, ...] = ()
    bounced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMessage:
    """A message on a ticket that this mail answers. `people`: its From, To and Cc addresses."""

    message_id: str
    ticket: int
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The store's one answer to a `Lookup`.

    duplicate         the ledger holds this mail: same Message-ID and fingerprint, arrived within 5 days
    tickets           those that claims or recorded messages name, merges already followed (a merged ticket
                      is under its own number too, with `merged_into` set)
    open_p1           an open P1 of this sender, opened at most 4 h before the arrival
    acks_last_hour    acknowledgements queued for this sender in the hour before the arrival
    bounced_rows      outbox rows for `outbox_ids`
    suppressed        the sender's address is suppressed
    """

    duplicate: bool = False
    contact: Contact | None = None
    account: Account | None = None
    recorded: tuple[RecordedMessage, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    open_p1: Ticket | None = None
    acks_last_hour: int = 0
    bounced_rows: tuple[OutboxRow, ...] = ()
    suppressed: bool = False

    def ticket(self, number: int) -> Ticket | None:
        """The ticket under this number, or the one that it was merged into."""
        by_id = {t.id: t for t in self.tickets}
        found, seen = by_id.get(number), set[int]()
        while found is not None and found.merged_into is not None and found.id not in seen:
            seen.add(found.id)
            found = by_id.get(found.merged_into)
        return found


__all__ = ["Claim", "Lookup", "RecordedMessage", "Sequence", "Snapshot"]

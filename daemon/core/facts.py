"""What the core asks the store before it decides on a mail, and the store's one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from daemon.core.commands.hearing import Held
from daemon.core.dossier import Dossier
from daemon.core.similar import Archive
from daemon.core.sla.declaring import Declared
from daemon.core.sla.minutes import LoggedCall
from daemon.core.values import Account, Contact, OutboxRow, Ticket

COMPARED: Final = 2_000
"""Characters by which two texts are told apart where only a repeated one matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The facts a mail's decision needs.

    message_id, fingerprint, arrived  to know a second delivery of the very same mail (5 days)
    sender        address whose contact, account (by address, then by its domain) and limits are asked for
    recorded_ids  Message-IDs this mail answers: tickets on which such a message is recorded
    tickets       ticket numbers that claims name
    outbox_ids    Message-IDs of ours that a delivery report returned
    outbox_rows   outbox rows that the report's envelope recipient (VERP) names
    bounced       address that a report of failure names, for one that leads to no mail of ours
    caller        number that left a voice message: it leads to the account, the sender does not
    list_domains  where the list that it came through may live, longest first
    acks_counted  how far the desk's acknowledgements of the last hour need counting
    agent         an agent wrote it: `Snapshot.answered` comes with its bytes, and with `held`
    accounts      names that a `compte` may mean an account by
    customers     addresses that a `pour` opens a ticket for
    named         other addresses in an agent's words: which of them belong to accounts
    listing       `liste` was asked: every unresolved ticket
    """

    message_id: str
    fingerprint: str
    arrived: datetime
    sender: str
    recorded_ids: tuple[str, ...] = ()
    tickets: tuple[int, ...] = ()
    outbox_ids: tuple[str, ...] = ()
    outbox_rows: tuple[int, ...] = ()
    bounced: str = ""
    caller: str = ""
    list_domains: tuple[str, ...] = ()
    acks_counted: int = 0
    agent: bool = False
    accounts: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    listing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of `liste`: an unresolved ticket and the promise that falls due first."""

    ticket: Ticket
    account: str
    clock: str
    due: datetime | None
    breached: bool


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
    acks_last_hour    answers by the desk itself (acknowledgements, transcripts) that were queued for whoever
                      would be acknowledged, in the hour before the arrival
    acks_desk         acknowledgements queued for anybody in that hour, up to `Lookup.acks_counted`
    tickets_last_hour tickets that this sender opened in that hour; `newest_ticket`: the last of them
    mails_last_hour   mails that came on each of `tickets` in that hour, by its number
    reopens_last_hour how often each of them was reopened in that hour
    recent_texts      the first `COMPARED` characters of what this sender wrote on tickets that were opened in
                      that hour; empty when no acknowledgement was queued in it
    bounced_rows      outbox rows for `outbox_ids` and `outbox_rows`
    bounced_perhaps   the last mail that went to `bounced` in the days before; nothing proves that it is meant
    suppressed        the sender's address is suppressed
    list_known        a domain of `list_domains` belongs to an account
    dossiers          of each of `tickets`, by its number
    declared          every change of hours by `#horaire`
    archive           solved tickets that a new one is compared with
    answered          the newest mail of ours that this one answers (`recorded_ids`)
    held              the mail of an agent that `answered` tells of
    accounts_named    for each of `accounts` those that it may mean: by key, by name or a part of it
    customers         for each of `customers` the account that the address belongs to
    foreign           those of `named` that belong to an account (or a contact), with its key
    listing           see `Lookup.listing`
    calls             logged for the sender's account in this calendar month and the one before
    """

    duplicate: bool = False
    contact: Contact | None = None
    account: Account | None = None
    recorded: tuple[RecordedMessage, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    open_p1: Ticket | None = None
    acks_last_hour: int = 0
    acks_desk: int = 0
    tickets_last_hour: int = 0
    newest_ticket: Ticket | None = None
    mails_last_hour: Mapping[int, int] = field(default_factory=dict)
    reopens_last_hour: Mapping[int, int] = field(default_factory=dict)
    recent_texts: tuple[str, ...] = ()
    bounced_rows: tuple[OutboxRow, ...] = ()
    bounced_perhaps: OutboxRow | None = None
    suppressed: bool = False
    list_known: bool = False
    dossiers: Mapping[int, Dossier] = field(default_factory=dict)
    declared: tuple[Declared, ...] = ()
    archive: Archive = field(default_factory=Archive)
    answered: OutboxRow | None = None
    held: Held | None = None
    accounts_named: Mapping[str, tuple[Account, ...]] = field(default_factory=dict)
    customers: Mapping[str, Account | None] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    listing: tuple[Listed, ...] = ()
    calls: tuple[LoggedCall, ...] = ()

    def ticket(self, number: int) -> Ticket | None:
        """The ticket under this number, or the one that it was merged into."""
        by_id = {t.id: t for t in self.tickets}
        found, seen = by_id.get(number), set[int]()
        while found is not None and found.merged_into is not None and found.id not in seen:
            seen.add(found.id)
            found = by_id.get(found.merged_into)
        return found

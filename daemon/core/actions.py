"""What can be decided.

A `Decision` is the complete list of changes that follow from one event (a mail, a delivery, a tick). It is
made before anything is changed, so that it can be logged, tested, shown, and written in one transaction by
`store.apply`. `NEW` stands for the ticket that the same decision opens: its number is known only inside the
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from daemon.core.values import (
    Address,
    Arrival,
    Attachment,
    ClockName,
    Coverage,
    Disposition,
    Evidence,
    Language,
    Plan,
    Priority,
    Severity,
    State,
)

NEW: Final = 0
"""The ticket that this decision opens (ticket numbers start above 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMail:
    """The ledger row: written exactly once for every mail that arrived. `ticket` may be NEW."""

    arrival: Arrival
    disposition: Disposition
    reason: str
    message_id: str
    fingerprint: str
    sender: str
    subject: str
    ticket: int | None = None
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """A new ticket, referred to as NEW by the other actions of the decision."""

    at: datetime
    subject: str
    requester: Address
    account: str | None
    language: Language
    plan: Plan
    coverage: Coverage
    sla_version: str
    priority: Priority
    provisional: bool
    severity: Severity | None
    confidence: float
    rule: str
    intent: str
    missing: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    to_verify: bool = False
    related_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMessage:
    """`direction`: in, out or note. `text` is the new words, `full_text` all of it."""

    ticket: int
    direction: str
    sender: Address
    at: datetime
    text: str
    full_text: str
    message_id: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    role: str = "requester"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddParticipant:
    ticket: int
    address: str
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetState:
    ticket: int
    state: State
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartClock:
    """A new open cycle of one of the ticket's clocks.

    target   seconds of working time in `calendar`
    source   where the target comes from: "sla" or "plan"
    """

    ticket: int
    clock: ClockName
    start: datetime
    due: datetime
    target: int
    calendar: str
    sla_version: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMail:
    """One mail to one recipient, sent if and only if the rest of the decision is written."""

    kind: str
    ticket: int | None
    recipient: str
    cause: str
    context: dict[str, object]
    rank: int
    at: datetime
    supersede_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddHistory:
    """Append-only. `detail` is JSON-ready."""

    ticket: int
    at: datetime
    event: str
    by: str
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberContact:
    address: str
    name: str
    language: Language | None
    account: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressAddress:
    """No automatic mail to this address until a person writes from it (or never, `until_released`)."""

    address: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAddress:
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSent:
    row: int
    version: int
    at: datetime
    code: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryMail:
    row: int
    version: int
    at: datetime
    due_at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUpMail:
    row: int
    version: int
    at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelMail:
    row: int
    version: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceMail:
    """A delivery report arrived for an accepted row; `hard` takes back what its acceptance meant."""

    row: int
    at: datetime
    hard: bool
    status: str | None
    text: str


Action: TypeAlias = (
    RecordMail
    | OpenTicket
    | AddMessage
    | AddParticipant
    | SetState
    | StartClock
    | QueueMail
    | AddHistory
    | RememberContact
    | SuppressAddress
    | ReleaseAddress
    | MarkSent
    | RetryMail
    | GiveUpMail
    | CancelMail
    | BounceMail
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`reads`: ticket id -> version of what the decision was made from; `apply` compares and swaps them."""

    actions: tuple[Action, ...]
    reads: dict[int, int] = field(default_factory=dict)

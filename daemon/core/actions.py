"""What can be decided.

A `Decision` is the complete list of changes that follow from one event (a mail, a delivery, a tick). It is
made before anything is changed, so that it can be logged, tested, shown, and written in one transaction by
`store.apply`. `NEW` stands for the ticket that the same decision opens: its number is known only inside the
transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias

from daemon.core.sla.calendar import Calendar
from daemon.core.sla.cycles import Cycle
from daemon.core.sla.events import TicketEvent
from daemon.core.sla.spans import LocalSpan
from daemon.core.values import (
    Address,
    Arrival,
    Attachment,
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
    """The ledger row: written exactly once for every mail that arrived. `ticket` may be NEW; `masked`: card
    numbers in the mail as it came."""

    arrival: Arrival
    disposition: Disposition
    reason: str
    message_id: str
    fingerprint: str
    sender: str
    subject: str
    ticket: int | None = None
    masked: int = 0
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """A new ticket, referred to as NEW by the other actions of the decision. `standard`: the business hours
    that it is opened under (`core.keeping` names them)."""

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
    standard: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMessage:
    """`direction`: in, out or note. `text` is the new words, `full_text` all of it; `subject` and
    `references` as an answer to it needs them."""

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
    subject: str = ""
    references: tuple[str, ...] = ()


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
class WriteClocks:
    """The clocks of a ticket as they stand after a decision (`core.keeping` works them out).

    cycles     the newest cycle of each clock
    wake_at    when the ticket must be looked at again if nothing happens before; None: never
    missed_at  the due instant of its newest missed resolution that counts; None: there is none
    """

    ticket: int
    cycles: tuple[Cycle, ...]
    wake_at: datetime | None
    missed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsDone:
    """Steps of a ticket's schedule that are done, by their keys: each once, whatever is restarted."""

    ticket: int
    keys: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeCredit:
    """A proposal for managers; one that stands for the same ticket is replaced. `amount`: CAD before taxes,
    uncapped; `month` (YYYY-MM) of the due date."""

    ticket: int
    account: str | None
    amount: Decimal
    month: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFinding:
    """Significant non-compliance of which managers were told, once under its `key`. `detail` is the evidence,
    JSON-ready."""

    account: str
    key: str
    at: datetime
    detail: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskStepDone:
    """Something that the desk does once and that is no ticket's, as the statement of a month."""

    key: str
    at: datetime


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
class SaidMail:
    """What a customer got, as a message of its ticket. `text`: an agent's words, "" where nobody wrote it."""

    ticket: int
    kind: str
    recipient: str
    message_id: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSent:
    """`message` None: it is no part of a conversation with a customer."""

    row: int
    version: int
    at: datetime
    code: int | None
    text: str
    message: SaidMail | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEvent:
    """What happened to a ticket, as its clocks see it: they are worked out anew from it (`sla.replay`)."""

    ticket: int
    event: TicketEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPriority:
    """`rule` as in the contract: agent, answer, urgent, merge or one of the P1 rules."""

    ticket: int
    priority: Priority
    provisional: bool
    rule: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAssignee:
    """`assignee`: an agent's handle; None: nobody has it."""

    ticket: int
    assignee: str | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCall:
    """`minutes` as the agent wrote them, before rounding to the step of the agreement."""

    ticket: int
    account: str | None
    minutes: int
    text: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveNews:
    """Words for the customer that the next status update quotes."""

    ticket: int
    text: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTickets:
    """`ticket` leads to `into` from here on."""

    ticket: int
    into: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveMessage:
    """A recorded message becomes one of another ticket."""

    ticket: int
    to: int
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTickets:
    ticket: int
    other: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachAccount:
    """The ticket and its requester's address belong to this account from here on."""

    ticket: int
    account: str
    address: str
    plan: Plan
    coverage: Coverage
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCredit:
    """A manager's decision on the proposal of a ticket. `amount`: what is given, the cap applied; None
    when it is refused. `month` (YYYY-MM) is that of the decision."""

    ticket: int
    accepted: bool
    amount: Decimal | None
    month: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareHours:
    """The standard calendar has a new version: `closed` on these spans of the day (none: all day), or open on
    exactly these. Every ticket that is not over gets `HoursChanged`."""

    day: date
    closed: bool
    spans: tuple[LocalSpan, ...]
    reason: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseTicket:
    """Texts, names and attachments of a ticket go, and its kept mails; figures and history stay."""

    ticket: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCorrection:
    """What a mail really was: kept for training."""

    ticket: int
    message_id: str
    field: str
    was: str
    became: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldMail:
    """An agent's mail that was not carried out: what a yes to the answer would do, and what "envoyer" would.

    cause        names the arrival; the `transcript` or `confirm` that tells of it carries it in its context
    words        for the customer, "" when there are none
    yes, send    commands, one a line, as `commands.writing.written` spells them; None: not offered
    managers     the yes must be a manager's
    """

    cause: str
    ticket: int | None
    agent: str
    at: datetime
    words: str
    yes: tuple[str, ...] | None
    send: tuple[str, ...] | None
    attachments: tuple[Attachment, ...] = ()
    managers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleHeld:
    """A held mail was answered: `how` is yes, send, no or undone. Compare and swap: once."""

    cause: str
    how: str
    at: datetime
    by: str


Action: TypeAlias = (
    RecordMail
    | OpenTicket
    | AddMessage
    | AddParticipant
    | SetState
    | WriteClocks
    | StepsDone
    | ProposeCredit
    | RecordFinding
    | DeskStepDone
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
    | AddEvent
    | SetPriority
    | SetAssignee
    | LogCall
    | SaveNews
    | MergeTickets
    | MoveMessage
    | LinkTickets
    | AttachAccount
    | DecideCredit
    | DeclareHours
    | EraseTicket
    | AddCorrection
    | HoldMail
    | SettleHeld
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`reads`: ticket id -> version of what the decision was made from; `apply` compares and swaps them."""

    actions: tuple[Action, ...]
    reads: dict[int, int] = field(default_factory=dict)

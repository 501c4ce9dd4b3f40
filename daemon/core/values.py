"""The values that the whole program speaks in.

Glossary
--------
account      a customer of AzimutPOS as the directory knows it: a plan, a coverage, a number of installs
contact      a person of an account, known by an address
requester    the person whose mail opened a ticket
participant  an address that belongs to a ticket's conversation on the customer's side
ticket       one request, with one reference (``AZ-1042``), one state and its clocks
message      a mail or a note recorded on a ticket
ledger       one row for every mail that ever arrived, with exactly one disposition
disposition  what became of an arrived mail (see `Disposition`)
claim        evidence, found in a mail, that it belongs to a ticket; its trust is decided in `core.matching`
outbox       mails to be sent; one row is one recipient and one Message-ID
cause        the unique name of the change that a mail tells of; two rows never share one

Instants are aware datetimes; everything inside is UTC, the desk's zone is for display.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from daemon.core.call import Call


class Priority(StrEnum):
    """Contract priorities (SLA clause 1). They sort by gravity: P1 first."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class Severity(StrEnum):
    """What the text alone says is broken now (priority-labelling guide)."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"


class State(StrEnum):
    """The states of a ticket; who may go where is in `core.lifecycle`."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Plan(StrEnum):
    """Support plans, by the names of the published conditions."""

    GRATUIT = "gratuit"
    BASE = "base"
    BRONZE = "bronze"
    ARGENT = "argent"
    OR = "or"
    PLATINE = "platine"


class Coverage(StrEnum):
    """Service hours (SLA clause 3): business hours, or around the clock for P1."""

    STANDARD = "standard"
    PREMIUM = "premium"


class Language(StrEnum):
    FR = "fr"
    EN = "en"


class Intent(StrEnum):
    TICKET = "ticket"
    THANKS = "thanks"
    RESOLVED = "resolved"
    SPAM = "spam"


class MailClass(StrEnum):
    """What a mail is as far as its bytes alone tell."""

    MAIL = "mail"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"
    VOICEMAIL = "voicemail"
    LOOP = "loop"
    UNREADABLE = "unreadable"


class ClockName(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    STATUS_UPDATE = "status_update"
    RESOLUTION = "resolution"


class Disposition(StrEnum):
    """What became of a mail that arrived. Every ledger row holds exactly one."""

    TICKET = "ticket"  # opened a ticket
    MESSAGE = "message"  # joined a ticket as a message
    RECORDED = "recorded"  # kept and visible, no ticket: automatic, list, older than the first start
    BOUNCE = "bounce"  # a delivery report, tied to the outbox row it tells of
    LOOP = "loop"  # a mail of ours that came back
    DUPLICATE = "duplicate"  # the very same mail was taken in before
    HELD = "held"  # kept unanswered by the brake until `run --resume`
    QUARANTINE = "quarantine"  # set aside with a reason, with a stub ticket


class SendState(StrEnum):
    """The life of an outbox row."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A mailbox (RFC 5322 section 3.4): `address` bare and lower case, `name` decoded or empty."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the text. `content` is dropped once the blob is stored under `sha256`."""

    name: str
    media_type: str
    size: int
    sha256: str
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceReport:
    """What a delivery report says (RFC 3464). `action`: failed, delayed, delivered, relayed, expanded."""

    recipient: str | None
    action: str
    status: str | None
    original_message_id: str | None = None
    diagnostic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as `mail.parse` read it. Every string is clean: no NUL, no lone surrogate, no CR or LF in a
    header value. `message_id` and the ids in `in_reply_to` and `references` are bare, without < >.

    text       the whole text, quotes included (from text/plain, else made from HTML)
    new_text   what the sender wrote now; never empty when `text` is not
    fingerprint  hex digest over sender, date, subject and body: with the Message-ID it tells a second
               delivery of the same mail from another mail under the same id
    synthetic_id  the mail had no usable Message-ID: ours is made from the content, the same at each parse
    signs      why `mail_class` is not `mail`, in words, for the history
    call         what a phone system's notice says of the caller; None: it is no such notice
    list_domain  the domain of the list that it came through, from List-Id; "": none is named
    """

    message_id: str
    synthetic_id: bool = False
    from_: Address
    senders: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    new_text: str = ""
    attachments: tuple[Attachment, ...] = ()
    mail_class: MailClass = MailClass.MAIL
    signs: tuple[str, ...] = ()
    list_domain: str = ""
    bounce: BounceReport | None = None
    call: Call | None = None
    authentication_results: tuple[str, ...] = ()
    return_path: str | None = None
    language: Language | None = None
    masked: int = 0
    defects: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A mail that no reading could be made of, or that has no usable From. Kept, in quarantine."""

    reason: str
    message_id: str
    subject: str = ""
    from_: Address | None = None
    text: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Where and when a mail arrived: the key of its ledger row, and the instant that starts the clocks.

    `internaldate` is the server's time of arrival, never the mail's own Date. `truncated`: the mail was
    over the size limit and only its head was fetched.
    """

    mailbox: str
    uidvalidity: int
    uid: int
    internaldate: datetime
    size: int
    truncated: bool = False


class ClaimKind(StrEnum):
    """Kinds of evidence, strongest first (mail.md, "Which ticket a mail belongs to")."""

    TOKEN = "token"  # noqa: S105 - a kind of evidence, no secret
    SIGNED_ID = "signed_id"
    RECORDED_ID = "recorded_id"
    BODY_TOKEN = "body_token"  # noqa: S105
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Evidence that names a ticket: a token or Message-ID whose signature was verified, or a reference that
    merely stands in the subject. `purpose` is what a token was made for; `for_sender`: it was made for the
    address that this mail comes from. RECORDED_ID is never a claim of the mail: the store finds it."""

    kind: ClaimKind
    ticket: int
    purpose: str = ""
    for_sender: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Words of the mail that decided a facet, with their weight."""

    facet: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the classifier says of a mail's new words.

    confidence       calibrated probability of `severity`
    other_means      yes, no or unknown;  installs: one, many or unknown (as the text says)
    missing          of nature, noticed, affected, steps: the contract's four details that are not given
    """

    intent: Intent
    intent_confidence: float
    severity: Severity
    confidence: float
    other_means: str
    installs: str
    language: Language | None
    missing: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer in the directory. `installs` None: unknown. `coverage` as it holds, override included."""

    key: str
    name: str
    plan: Plan
    coverage: Coverage
    installs: int | None = None
    language: Language | None = None
    emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    billing_email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person we have met. `language` is sticky: what they last wrote in."""

    address: str
    name: str = ""
    language: Language | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    address: str
    name: str = ""
    role: str = "requester"  # requester, colleague, cc, third_party


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as the core reads it. `version` is what `apply` compares and swaps."""

    id: int
    version: int
    state: State
    priority: Priority
    provisional: bool
    subject: str
    requester: str
    language: Language
    account: str | None
    plan: Plan
    coverage: Coverage
    opened_at: datetime
    closed_at: datetime | None = None
    merged_into: int | None = None
    assignee: str | None = None
    participants: tuple[Participant, ...] = ()

    @property
    def ref(self) -> str:
        return reference(self.id)

    def has_participant(self, address: str) -> bool:
        return any(p.address == address for p in self.participants)


def reference(ticket_id: int) -> str:
    """The reference that people see and quote: plain ASCII, so that it can be found again."""
    return f"AZ-{ticket_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One mail to one recipient. `message` is rendered at the first attempt and kept: a retry repeats it.

    context  JSON-ready facts for the template, as they were when it was decided
    rank     1 (P1) to 4, then 5 for mails that nobody waits for: the order of sending
    suppressed  mail to this recipient has bounced for good, and nobody has written from there since
    """

    id: int
    version: int
    kind: str
    ticket: int | None
    recipient: str
    cause: str
    context: dict[str, object]
    rank: int
    state: SendState
    attempts: int
    queued_at: datetime
    due_at: datetime | None
    supersede_key: str | None = None
    message_id: str | None = None
    message: bytes | None = field(default=None, repr=False)
    envelope_from: str = ""
    last_error: str = ""
    suppressed: bool = False


class Outcome(StrEnum):
    """How an attempt to send ended, sorted by what the caller must do."""

    ACCEPTED = "accepted"  # the server said 250 for this recipient
    REFUSED = "refused"  # 5xx for this recipient or this content: permanent
    DEFERRED = "deferred"  # 4xx: try this row again later
    UNKNOWN = "unknown"  # the end of DATA was ambiguous: it may have been delivered
    UNREACHABLE = "unreachable"  # no conversation took place: nothing to do with this row
    LOCAL = "local"  # our side: the address cannot be put on the wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    outcome: Outcome
    code: int | None = None
    text: str = ""

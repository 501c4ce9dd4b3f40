"""Everything that a command is judged by: the mail it stands in, who wrote it, the tickets it speaks of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from daemon.core.commands.values import Command, Fault, Reply
from daemon.core.policy import Agent, Policy
from daemon.core.sla.course import Course
from daemon.core.values import Account, Address, Attachment, Priority, Severity, State, Ticket


class Proof(StrEnum):
    """What shows that the agent wrote this mail (mail.md, "Who may")."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 - their token for the mail's ticket
    DESK_TOKEN = "desk_token"  # noqa: S105 - their token of a mail about many tickets: a digest, a list
    AUTHENTICATED = "authenticated"  # the receiving server vouches for From


class Declined(Exception):
    """A command that is not carried out, and with it nothing of its mail."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.why.value)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The newest message of a customer on a ticket."""

    message_id: str
    at: datetime
    sender: Address
    subject: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer of an agent. `by`: their name."""

    by: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A credit proposal that stands. `price` of the plan a month; `given`: what was accepted for the month of
    the due date before."""

    amount: Decimal
    month: str
    price: Decimal
    given: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What "annuler" takes back: the last change by an agent's command, and what was before it."""

    what: str  # assignee, priority or state
    at: datetime
    assignee: str | None = None
    priority: Priority | None = None
    provisional: bool = False
    state: State | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A ticket as its commands see it.

    question  cause of the agent's reply that is the newest public message and was accepted; "" where there is
              none: then there is nothing to wait for
    works     the customer's own "it works" is the newest message
    last      the newest answer of an agent that was accepted, whoever wrote it
    answered  what another agent sent since the mail that is answered now
    unsent    outbox rows (id, version) of an agent's answer that still waits (`hold`)
    minutes_left  included call minutes of the account this month; charged: more of them cost
    read      the severity that the model read in the opening mail, as long as no later message of a customer
              may have changed the case; else None
    """

    ticket: Ticket
    question: str = ""
    works: bool = False
    spoke: Spoken | None = None
    answered: Answered | None = None
    last: Answered | None = None
    offered: Offered | None = None
    before: Before | None = None
    unsent: tuple[tuple[int, int], ...] = ()
    course: Course | None = None
    minutes_left: int | None = None
    charged: bool = True
    read: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A held mail that this one answers (`actions.HoldMail`)."""

    cause: str
    ticket: int | None
    agent: str
    words: str
    yes: tuple[str, ...] | None
    send: tuple[str, ...] | None
    attachments: tuple[Attachment, ...] = ()
    managers: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One agent's mail before the judge.

    cause      names the arrival: what is sent because of it is sent once
    answers    kind of the mail of ours that it answers, "" when it answers none
    about      what that mail asked: works, update, or ""
    purpose    of its token: agent, command, confirm, or ""
    standing   of the mail's own ticket;  others: of the tickets that are named, by the number as it is named
               (merges already followed)
    accounts   for each name in a `compte`, the accounts that it may mean
    denied     the receiving server says that the mail is not from where From says (DMARC)
    doubts     why cutting the quotes may have left internal text
    foreign    addresses in its words that belong to other accounts
    suppressed addresses of the ticket whose mail bounces
    copied     whom the requester's own mail had in To and Cc
    confirmed  it is the yes to what was asked before
    """

    reply: Reply
    agent: Agent
    policy: Policy
    at: datetime
    now: datetime
    cause: str
    proof: Proof = Proof.TOKEN
    purpose: str = "agent"
    answers: str = "notification"
    about: str = ""
    denied: bool = False
    standing: Standing | None = None
    others: Mapping[int, Standing] = field(default_factory=dict)
    accounts: Mapping[str, tuple[Account, ...]] = field(default_factory=dict)
    account: Account | None = None
    held: Held | None = None
    attachments: tuple[Attachment, ...] = ()
    full_text: str = ""
    subject: str = ""
    message_id: str = ""
    sender: Address | None = None
    doubts: tuple[str, ...] = ()
    foreign: Collection[str] = frozenset()
    suppressed: Collection[str] = frozenset()
    copied: tuple[str, ...] = ()
    hold: timedelta = timedelta(0)
    confirmed: bool = False

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.policy.timezone)

    @property
    def may_speak(self) -> bool:
        """Whether words of this mail are meant for a customer: only an answer to a `notification` is, or the
        yes to one that was held. No text of a one-tap command goes on; where a program has lost the token,
        it is the proof that decides."""
        return self.confirmed or (self.answers == "notification" and self.purpose in {"agent", ""})

    def on(self, command: Command) -> tuple[int, ...]:
        """The tickets that a command is for, as it names them."""
        if command.tickets:
            return command.tickets
        return (self.standing.ticket.id,) if self.standing is not None else ()

"""The values that agents' commands are made of: what was asked, what is wrong with it, what of the mail is
for the customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from daemon.core.policy import Agent
from daemon.core.sla.spans import LocalSpan
from daemon.core.values import Priority


class Verb(StrEnum):
    """Every command of mail.md, "What the agent reads and writes"."""

    TAKE = "take"
    RELEASE = "release"
    ASSIGN = "assign"
    PRIORITY = "priority"
    WAIT = "wait"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    NOTE = "note"
    PUBLIC = "public"
    CALL = "call"
    MERGE = "merge"
    SPLIT = "split"
    LINK = "link"
    FOR = "for"
    ACCOUNT = "account"
    ADD = "add"
    SPAM = "spam"
    EXPLAIN = "explain"
    SHOW = "show"
    CUSTOMER = "customer"
    LIST = "list"
    CREDIT = "credit"
    UNDO = "undo"
    HOURS = "hours"
    ERASE = "erase"
    HELP = "help"
    YES = "yes"
    NO = "no"
    SEND = "send"


class Why(StrEnum):
    """Why a mail's commands are not carried out. The words for each are the transcript's."""

    # the grammar
    UNKNOWN = "unknown"  # no such command
    ELSEWHERE = "elsewhere"  # a command neither in the first nor in the last block
    WITHIN_LINE = "within_line"  # a command with "#" in the middle of a sentence
    MISSING = "missing"  # an argument is missing: `expected`
    EXTRA = "extra"  # more than the command takes: `detail`
    BAD_NUMBER = "bad_number"
    BAD_DATE = "bad_date"
    AMBIGUOUS_DATE = "ambiguous_date"  # 03/04: March or April
    PAST = "past"
    FAR = "far"
    BAD_ADDRESS = "bad_address"
    BAD_HOURS = "bad_hours"
    AMBIGUOUS_AMOUNT = "ambiguous_amount"  # "50": dollars or a ticket
    TOO_MANY = "too_many"
    UNKNOWN_AGENT = "unknown_agent"
    CONTRADICTION = "contradiction"  # two commands that cannot both be meant
    # the desk
    UNKNOWN_TICKET = "unknown_ticket"
    UNKNOWN_ACCOUNT = "unknown_account"
    NO_TICKET = "no_ticket"  # it names none, and the mail belongs to none
    NOT_ALLOWED = "not_allowed"  # for managers
    NOT_PROVEN = "not_proven"  # it cannot be told that this agent wrote it
    TEXT_NOT_ALLOWED = "text_not_allowed"  # no text of a one-tap command is ever sent
    STATE = "state"  # the ticket's state does not take it: `detail`
    NO_QUESTION = "no_question"  # nothing was asked that the customer could answer
    NO_MESSAGE = "no_message"  # no customer's message to split off
    SAME_TICKET = "same_ticket"
    OURS = "ours"  # an address of the desk or of an agent
    NO_CREDIT = "no_credit"  # no proposal stands
    NOTHING_TO_UNDO = "nothing_to_undo"
    NOTHING_ASKED = "nothing_asked"  # a yes to nothing
    SETTLED = "settled"  # what is answered was settled before
    UNREACHABLE = "unreachable"  # mail to every customer of the ticket bounces
    # looked at twice before it is sent
    COLLISION = "collision"
    GREETING = "greeting"
    ATTACHMENT = "attachment"
    OTHER_TICKET = "other_ticket"
    OTHER_ADDRESS = "other_address"
    DOUBTFUL_CUT = "doubtful_cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayHours:
    """What `horaire` declares for one date: `closed` on these spans (none: the whole day), or open on exactly
    these. `reason`: its name for people, may be empty."""

    day: date
    closed: bool
    spans: tuple[LocalSpan, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command as it was understood.

    tickets   numbers that it names; empty: the mail's own ticket
    words     free words: of a call, a note, the public's; an agent's handle, an account, a list's scope
    addresses bare and lower case; `words` is then the name that stood beside them
    minutes   of a call, rounded up to whole ones
    until     an instant of the desk's zone
    amount    CAD before taxes
    accept    whether a credit is accepted or refused
    line      counted from 1 among all lines of the reply;  said: as it was written
    """

    verb: Verb
    tickets: tuple[int, ...] = ()
    words: str = ""
    addresses: tuple[str, ...] = ()
    minutes: int = 0
    priority: Priority | None = None
    until: datetime | None = None
    amount: Decimal | None = None
    accept: bool | None = None
    hours: DayHours | None = None
    line: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, and the remedy. `proposal`: what was probably meant, as it would be written; `mended`:
    the same as a command, None where a yes could not stand for it; `expected`: key of the form that is
    missing or wrong; `at`: when what is spoken of happened."""

    why: Why
    line: int = 0
    said: str = ""
    proposal: str = ""
    mended: Command | None = None
    expected: str = ""
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An agent's mail, read. Where there are faults nothing of it is carried out or sent.

    words     what stands beside the commands, in its own lines; who may read it is the judge's to say
    """

    commands: tuple[Command, ...]
    words: str
    faults: tuple[Fault, ...] = ()

    def has(self, verb: Verb) -> bool:
        return any(command.verb is verb for command in self.commands)

    @property
    def mended(self) -> tuple[Command, ...] | None:
        """The commands as a yes would have them, in the order of their lines; None where that is not sure."""
        if any(fault.mended is None for fault in self.faults):
            return None
        found = [*self.commands, *(fault.mended for fault in self.faults if fault.mended is not None)]
        return tuple(sorted(found, key=lambda command: command.line))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What reading depends on. `bare`: the mail answers no `notification`, so the prefix may be left out.
    `agent`: who writes, for "moi"."""

    now: datetime
    zone: ZoneInfo
    agents: tuple[Agent, ...]
    agent: str = ""
    bare: bool = False

"""What a scenario tells: the people, the mails and the mishaps, each with its moment. Values only; how they
are written down is `scenario_file`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from daemon.core.values import Account, Address, Findings
from daemon.settings.model import Settings


class Service(StrEnum):
    """What an outage takes away."""

    DAEMON = "daemon"
    IMAP = "imap"
    SMTP = "smtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMail:
    """A mail that somebody sends to the desk.

    number    as it stands in the file, from 1
    reply_to  kind of the mail of ours that it answers: the latest that this sender has received; "": none
    ticket    only one about this ticket counts; "": about any
    findings  what the classifier would say of it; None: it is asked
    raw       the bytes of a file, which then are the mail
    """

    number: int
    at: datetime
    sender: Address
    subject: str = ""
    body: str = ""
    reply_to: str = ""
    ticket: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    findings: Findings | None = None
    raw: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A server reports that it could not deliver the latest mail of this kind (to `to`, about
    `ticket`, where those are given)."""

    number: int
    at: datetime
    of: str
    status: str
    to: str = ""
    ticket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Away from `since` on, back at `until`."""

    what: Service
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`settings`: the desk that it is played on, with the agents of the scenario."""

    file: str
    start: datetime
    end: datetime
    settings: Settings
    customers: tuple[Account, ...] = ()
    mails: tuple[WrittenMail, ...] = ()
    bounces: tuple[Bounce, ...] = ()
    outages: tuple[Outage, ...] = ()

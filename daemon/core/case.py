"""One arrived mail with everything that is known about it: what opening a ticket and joining one look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.core.actions import AddMessage, RememberContact
from daemon.core.matching import Snapshot
from daemon.core.policy import Policy
from daemon.core.values import Address, Arrival, Findings, Language, Mail

LATE_AFTER: Final = timedelta(minutes=10)
"""An acknowledgement that leaves later than this after the arrival says so (voice.md section 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that opening a ticket looks at. `known`: the sender is in the directory or proven by the
    receiving server, so that a mail to them may repeat their own words."""

    arrival: Arrival
    mail: Mail
    findings: Findings
    snapshot: Snapshot
    policy: Policy
    known: bool
    now: datetime

    @property
    def opened_at(self) -> datetime:
        """The arrival starts the clocks, never later because we were down; a future one counts as now."""
        return min(self.arrival.internaldate, self.now)

    @property
    def wordless_call(self) -> bool:
        """A voice message that nobody has heard yet: its notice tells nothing of the matter."""
        return self.mail.call is not None and not self.mail.call.transcript

    @property
    def requester(self) -> Address:
        """Whose ticket it becomes: a caller's is that of the account that has the number."""
        call, account = self.mail.call, self.snapshot.account
        if call is None or account is None or not account.emails:
            return self.mail.from_
        return Address(address=account.emails[0], name=call.name or "")

    @property
    def cause(self) -> str:
        return arrival_cause(self.arrival)


def arrival_cause(arrival: Arrival) -> str:
    """The name of one arrived mail: what is sent because of it is sent once."""
    return f"{arrival.mailbox}/{arrival.uidvalidity}/{arrival.uid}"


def late(opened_at: datetime, now: datetime) -> bool:
    return now - opened_at > LATE_AFTER


def spoken_language(case: Case) -> tuple[Language, bool]:
    """The language to answer in, and whether that is uncertain: what this mail is written in, else what this
    person or this account writes in, else the desk's own with a line in the other language."""
    detected = None if case.wordless_call else case.findings.language or case.mail.language
    contact, account = case.snapshot.contact, case.snapshot.account
    if detected is not None:
        return detected, False
    if contact is not None and contact.language is not None:
        return contact.language, False
    if account is not None and account.language is not None:
        return account.language, False
    return case.policy.language, True


def incoming_message(mail: Mail, ticket: int, at: datetime, role: str) -> AddMessage:
    """The mail as a message of a ticket: new words to read, the whole text kept beside them."""
    return AddMessage(
        ticket=ticket,
        direction="in",
        sender=mail.from_,
        at=at,
        text=mail.new_text or mail.text,
        full_text=mail.text,
        message_id=mail.message_id,
        to=tuple(a.address for a in mail.to),
        cc=tuple(a.address for a in mail.cc),
        attachments=mail.attachments,
        role=role,
        subject=mail.subject,
        references=mail.references or mail.in_reply_to[:1],
    )


def remember(case: Case, language: Language) -> tuple[RememberContact, ...]:
    """Who writes, and in which language. A phone system is nobody to be remembered."""
    if case.mail.call is not None:
        return ()
    account = case.snapshot.account
    return (
        RememberContact(
            address=case.mail.from_.address,
            name=case.mail.from_.name,
            language=language if (case.findings.language or case.mail.language) else None,
            account=account.key if account else None,
            at=case.now,
        ),
    )

"""Is a mail ours to handle, and may it be answered? An ordered table; the first row that applies decides.

The rows and their treatment are those of mail.md, "Is it ours to handle?". A row reads: what the mail is,
whether it opens a ticket when it belongs to none, whether its sender is answered, and what it is filed as
when it opens none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from daemon.core.policy import Intake, Policy
from daemon.core.values import Arrival, Disposition, Mail, MailClass


class Treatment(StrEnum):
    ANSWER = "answer"
    KEEP_QUIET = "keep_quiet"  # handled like any mail, but nobody is answered
    SET_ASIDE = "set_aside"  # joins its ticket if it has one, opens none


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the guards look at. `in_directory`: the sender's address or domain belongs to an account;
    `list_in_directory`: so does the domain of the list that the mail came through."""

    mail: Mail
    arrival: Arrival
    policy: Policy
    intake: Intake
    in_directory: bool
    list_in_directory: bool = False
    duplicate: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    treatment: Treatment
    rule: str
    filed_as: Disposition


# Signs that a person may stand behind the mail although no person is to be answered. The others (an
# out-of-office, a read receipt, a calendar's answer) are never more than a remark on a ticket.
_ROBOT_SIGNS: Final = (
    "auto-submitted:auto-generated",
    "null-return-path",
    "no-reply-sender",
    "spam-flag",
    "auto-response-suppress",
)


def _braked(c: Circumstances) -> bool:
    return c.intake.braked is not None and c.arrival.internaldate < c.intake.braked


def _held(c: Circumstances) -> bool:
    """To be decided anew it would need its bytes, and bytes with a card number are not kept."""
    return _braked(c) and not c.mail.masked


def _before_first_start(c: Circumstances) -> bool:
    return c.intake.answer_since is not None and c.arrival.internaldate < c.intake.answer_since


def _loop(c: Circumstances) -> bool:
    return c.ours or c.mail.mail_class is MailClass.LOOP or c.mail.from_.address == c.policy.desk_address


def _robot(c: Circumstances) -> bool:
    if c.mail.mail_class is not MailClass.AUTO_REPLY:
        return False
    return all(sign.startswith(_ROBOT_SIGNS) for sign in c.mail.signs)


def _class(which: MailClass) -> Callable[[Circumstances], bool]:
    return lambda c: c.mail.mail_class is which


def _known_list(c: Circumstances) -> bool:
    return c.mail.mail_class is MailClass.LIST and (c.in_directory or c.list_in_directory)


def _known_caller(c: Circumstances) -> bool:
    """Exactly one account has the number; it has an address, and that is answered, never the phone system."""
    return c.mail.mail_class is MailClass.VOICEMAIL and c.in_directory


def _several_senders(c: Circumstances) -> bool:
    """Two mailboxes in From: whose mail it is cannot be told, so nobody is answered (RFC 5322 3.6.2)."""
    return len({sender.address for sender in c.mail.senders}) > 1


_Row = tuple[str, Callable[[Circumstances], bool], Treatment, Disposition]
_ANSWER, _QUIET, _ASIDE = Treatment.ANSWER, Treatment.KEEP_QUIET, Treatment.SET_ASIDE

TABLE: Final[tuple[_Row, ...]] = (
    ("duplicate", lambda c: c.duplicate, _ASIDE, Disposition.DUPLICATE),
    ("brake", _held, _ASIDE, Disposition.HELD),
    ("older than the first start", _before_first_start, _ASIDE, Disposition.RECORDED),
    ("loop", _loop, _ASIDE, Disposition.LOOP),
    ("bounce", _class(MailClass.BOUNCE), _ASIDE, Disposition.BOUNCE),
    ("voicemail of a known caller", _known_caller, _ANSWER, Disposition.RECORDED),
    ("voicemail", _class(MailClass.VOICEMAIL), _QUIET, Disposition.RECORDED),
    ("robot of a known sender", lambda c: _robot(c) and c.in_directory, _QUIET, Disposition.RECORDED),
    ("automatic", _class(MailClass.AUTO_REPLY), _ASIDE, Disposition.RECORDED),
    ("list of a known sender", _known_list, _QUIET, Disposition.RECORDED),
    ("list", _class(MailClass.LIST), _ASIDE, Disposition.RECORDED),
    ("several senders", _several_senders, _QUIET, Disposition.RECORDED),
    ("brake, with a card number", _braked, _QUIET, Disposition.RECORDED),
    (
        "an agent's mail",
        lambda c: c.policy.agent(c.mail.from_.address) is not None,
        _QUIET,
        Disposition.RECORDED,
    ),
    ("found outside the inbox", lambda c: c.intake.quiet, _QUIET, Disposition.RECORDED),
    ("a person's mail", lambda _: True, _ANSWER, Disposition.RECORDED),
)

_NEVER_ON_A_TICKET: Final = {
    Disposition.DUPLICATE,
    Disposition.HELD,
    Disposition.LOOP,
    Disposition.BOUNCE,
}


def judge(c: Circumstances) -> Verdict:
    """The first row of `TABLE` that applies. There always is one."""
    for rule, applies, treatment, filed_as in TABLE:
        if applies(c):
            return Verdict(treatment=treatment, rule=rule, filed_as=filed_as)
    raise AssertionError("the last row of the table applies to every mail")


def may_join(verdict: Verdict) -> bool:
    """Whether a mail under this verdict is recorded on the ticket that it belongs to. Mail from before the
    first start, a loop, a duplicate and a delivery report are not messages of a conversation."""
    return verdict.filed_as not in _NEVER_ON_A_TICKET and verdict.rule != "older than the first start"

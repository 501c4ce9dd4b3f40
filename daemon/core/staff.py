"""Which mails are from the desk's own people: those are heeded (`agents`), never answered like a customer's.

Whether the person in From really wrote it is not decided here; only that the mail is neither a duplicate, a
loop, a bounce nor held, and whether a person or a program wrote it."""

from __future__ import annotations

import re
from typing import Final

from daemon.core.guards import Verdict
from daemon.core.policy import Intake, Policy
from daemon.core.values import Mail, MailClass

PERSONAL_SIGNS: Final = frozenset({"spam-flag", "auto-response-suppress"})
"""Signs that others put on a person's mail."""

_PEOPLE: Final = frozenset({"an agent's mail", "a person's mail", "several senders"})
_FORWARD: Final = re.compile(r"\s*(?:tr|fwd?|fw|wg)\s*:", re.IGNORECASE)
_COMMAND: Final = re.compile(r"^\s*[#./]\s?[^\W\d_]", re.MULTILINE)
_PROGRAMS: Final = frozenset({"automatic", "robot of a known sender"})
"""Rules of `guards.TABLE`."""


def wrote(mail: Mail, verdict: Verdict, policy: Policy, intake: Intake) -> bool:
    """An agent, or somebody at an escalation address, wrote it."""
    if not _ours(mail, policy, intake):
        return False
    if mail.mail_class is MailClass.MAIL:
        return verdict.rule in _PEOPLE
    marked = mail.mail_class is MailClass.AUTO_REPLY and PERSONAL_SIGNS.issuperset(mail.signs)
    return marked and verdict.rule in _PROGRAMS


def passes_on(mail: Mail, words: str) -> bool:
    """A customer's mail that an agent forwards without a command: it becomes a ticket of its own, as the
    forwarded words of anybody do (`pour` says whose)."""
    return bool(_FORWARD.match(mail.subject)) and not _COMMAND.search(words)


def answered_automatically(mail: Mail, verdict: Verdict, policy: Policy, intake: Intake) -> bool:
    """A program wrote in their name: out of the office, a read receipt."""
    automatic = mail.mail_class is MailClass.AUTO_REPLY and verdict.rule in _PROGRAMS
    return automatic and _ours(mail, policy, intake) and not PERSONAL_SIGNS.issuperset(mail.signs)


def _ours(mail: Mail, policy: Policy, intake: Intake) -> bool:
    """What is found where only mail lies that was taken in before may have been heeded already: it is
    recorded, and no command in it is carried out twice."""
    address = mail.from_.address
    return not intake.quiet and (policy.agent(address) is not None or address in policy.escalation)

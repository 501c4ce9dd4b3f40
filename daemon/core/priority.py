"""Which priority a new ticket gets, by which rule (priority-labelling guide)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from classifiers import p1_rule
from daemon.core.case import Case
from daemon.core.values import Coverage, Intent, Priority

SPAM_CONFIDENCE: Final = 0.95
"""From this probability on a stranger's mail is believed to be spam (mail.md)."""

_RANKS: Final = {Priority.P1: 1, Priority.P2: 2, Priority.P3: 3, Priority.P4: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    priority: Priority
    provisional: bool
    rule: str


def rank(priority: Priority) -> int:
    """The outbox sends P1 first."""
    return _RANKS[priority]


def judge_priority(case: Case) -> Ruling:
    """The contract's P1 rule (priority-labelling guide, last table). What is flagged as spam is P4."""
    if case.wordless_call:
        return _unheard(case)
    if flagged_spam(case):
        return Ruling(priority=Priority.P4, provisional=False, rule="severity")
    account = case.snapshot.account
    found = p1_rule.decide(
        case.findings.severity.value,
        account.installs if account else None,
        case.findings.installs,
        case.findings.other_means,
    )
    return Ruling(priority=Priority(found.priority), provisional=found.provisional, rule=found.rule)


def _unheard(case: Case) -> Ruling:
    """A voice message without words, until somebody has heard it: from a customer with one install or an
    unknown number of them, on premium coverage, perhaps an emergency (mail.md, "Parsing")."""
    account = case.snapshot.account
    grave = (
        case.policy.voicemail_p1
        and account is not None
        and account.coverage is Coverage.PREMIUM
        and account.installs in {None, 1}
    )
    return Ruling(priority=Priority.P1 if grave else Priority.P2, provisional=grave, rule="voicemail")


def flagged_spam(case: Case) -> bool:
    """Intent never hides a known sender's problem; a stranger's spam is a ticket, flagged and unanswered."""
    sure = case.findings.intent_confidence >= SPAM_CONFIDENCE
    told = case.findings.intent is Intent.SPAM and not case.wordless_call
    return told and sure and not case.known

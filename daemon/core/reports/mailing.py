"""Who gets the statement of a month: managers the desk's, and, where the owner wants it, each account's
billing contact that account's own (sla.md, "Call minutes and statements")."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from daemon.core.actions import Decision, QueueMail
from daemon.core.policy import Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.reports.month import Month
from daemon.core.reports.plain import plain_statement
from daemon.core.sla.promises import version_at
from daemon.core.sla.statement import Statement, billing_copy
from daemon.core.values import Account, Language

_RANK: Final = 5


def statement_mails(month: Month, directory: Iterable[Account], policy: Policy, now: datetime) -> Decision:
    """The mails of a month, each once whatever is repeated. `directory`: every account."""
    mails = [
        _mail(month.name, "desk", address, context("", month.desk(), policy.language, customer=False), now)
        for address in recipients("statement", Circle(policy=policy, desk_wide=True))
    ]
    rules = version_at(policy.sla, now).rules
    for one in month.accounts(directory) if rules.statement_to_billing else ():
        address = billing_copy(rules, one.account.billing_email)
        if address is not None:
            language = one.account.language or policy.language
            said = context(one.account.name, one.made, language, customer=True)
            mails.append(_mail(month.name, one.account.key, address, said, now))
    return Decision(actions=tuple(mails))


def context(account: str, made: Statement, language: Language, *, customer: bool) -> dict[str, object]:
    """The facts of a `statement` mail. `account`: its name, "" for the desk's. `customer`: its reader is none
    of ours."""
    return {
        "language": language.value,
        "subject": "",
        "in_reply_to": "",
        "references": [],
        "month": made.month,
        "account": account,
        "customer": customer,
        "statement": plain_statement(made),
    }


def _mail(month: str, what: str, address: str, said: dict[str, object], now: datetime) -> QueueMail:
    return QueueMail(
        kind="statement",
        ticket=None,
        recipient=address,
        cause=f"statement:{month}:{what}:{address}",
        context=said,
        rank=_RANK,
        at=now,
    )

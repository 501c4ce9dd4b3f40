"""The figures of a month out of what the store gives: the desk's, and each account's.

A month is told as it stood at its end; the month that runs, as it stands now. What was decided later belongs
to later months: a statement that was sent can be made again, and says the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.dossier import Dossier, version_of
from daemon.core.policy import Policy
from daemon.core.reports.material import AccountCall, Material
from daemon.core.sla.declaring import changes
from daemon.core.sla.minutes import Usage, usage
from daemon.core.sla.promises import version_at
from daemon.core.sla.replay import replay
from daemon.core.sla.statement import CreditLine, Record, Statement, statement
from daemon.core.values import Account

_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMonth:
    account: Account
    made: Statement


def span(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant of a month (YYYY-MM) of the desk, and the first after it, in UTC. Raises ValueError
    for what is no month."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
    after = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), after.astimezone(UTC)


class Month:
    """The figures of one month (YYYY-MM), from all the parts of its material."""

    def __init__(self, name: str, policy: Policy, now: datetime) -> None:
        self.name = name
        self._policy = policy
        self._zone = ZoneInfo(policy.timezone)
        _, after = span(name, self._zone)
        self._seen = min(after - _INSTANT, now)
        self._records: list[Record] = []
        self._credits: list[CreditLine] = []
        self._calls: list[AccountCall] = []

    def add(self, part: Material) -> None:
        """Another part of the material. Nothing of a ticket is kept but its course."""
        self._records += [self._record(d) for d in part.dossiers if d.opening.at <= self._seen]
        self._credits += part.credits
        self._calls += part.calls

    def desk(self) -> Statement:
        """All tickets, those of no account too."""
        return statement(self._records, self._credits, self.name, self._zone)

    def of(self, account: Account) -> Statement:
        """One account's statement, whatever there is to tell."""
        return statement(
            self._records, self._credits, self.name, self._zone, account.key, self._usage(account)
        )

    def accounts(self, directory: Iterable[Account]) -> tuple[AccountMonth, ...]:
        """Those that had something in this month, a ticket, a promise, a credit or a call; by their names."""
        ordered = sorted(directory, key=lambda account: (account.name.casefold(), account.key))
        made = (AccountMonth(account=account, made=self.of(account)) for account in ordered)
        return tuple(one for one in made if _tells(one.made))

    def _usage(self, account: Account) -> Usage:
        """Under the agreement of the month's end, on the plan that the account has."""
        version = version_at(self._policy.sla, self._seen)
        calls = [one.call for one in self._calls if one.account == account.key]
        return usage(calls, self.name, version.plans[account.plan], version.rules, self._zone)

    def _record(self, dossier: Dossier) -> Record:
        """The ticket as it stood then: what happened later is left out."""
        version = version_of(dossier, self._policy)
        hours = changes(version.standard, dossier.declared, dossier.opening.at)
        events = [event for event in (*dossier.events, *hours) if event.at <= self._seen]
        return Record(
            ticket=dossier.ticket.id,
            account=dossier.ticket.account,
            subject=dossier.ticket.subject,
            course=replay(dossier.opening, events, version, self._seen),
        )


def _tells(made: Statement) -> bool:
    used = made.usage is not None and made.usage.used > 0
    return bool(made.opened or made.resolved or made.lines or made.credits or used)

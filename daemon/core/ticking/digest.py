"""The morning's digest: what each agent has before them, and for managers how the desk stands. Missed
promises of P3 and P4 are told here (sla.md, "Before and after a deadline")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.actions import QueueMail
from daemon.core.commands.notifying import line
from daemon.core.facts import Listed
from daemon.core.policy import Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.promises import version_at
from daemon.core.ticking.scene import NOBODY_WAITS, iso
from daemon.core.values import Priority

SOON: Final = timedelta(hours=2)
"""A promise that falls due within that is at risk."""

LONGEST: Final = 40
"""Lines of one part; the rest is counted."""

_NAMED_AT_ONCE: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """The digest of `day` is due at `at`, and of no use after `until`, when the desk closes."""

    day: date
    at: datetime
    until: datetime

    @property
    def key(self) -> str:
        return f"digest:{self.day.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCredit:
    """A proposal that awaits a manager's word. `account`: name, "" when nothing is known."""

    ticket: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """What the store knows in the morning.

    listing     every unresolved ticket with the promise that falls due first
    missed      promises that were missed since the working day before, whatever became of the ticket: a line
                each, with that promise
    quarantine  mails that nobody has looked at
    """

    listing: tuple[Listed, ...] = ()
    missed: tuple[Listed, ...] = ()
    credits: tuple[OpenCredit, ...] = ()
    quarantine: int = 0


def digest_on(policy: Policy, day: date) -> Daily | None:
    """None: the desk does not work on that day, or sends none."""
    if policy.digest is None:
        return None
    zone = ZoneInfo(policy.timezone)
    at = datetime.combine(day, policy.digest, zone)
    spans = version_at(policy.sla, at).standard.spans_on(day)
    if not spans:
        return None
    return Daily(day=day, at=at, until=max(spans[-1].end, at + timedelta(minutes=1)))


def following(policy: Policy, now: datetime) -> Daily | None:
    """The next one after this instant; None: none within a year."""
    if policy.digest is None:
        return None
    today = now.astimezone(ZoneInfo(policy.timezone)).date()
    days = (digest_on(policy, today + timedelta(days=n)) for n in range(_NAMED_AT_ONCE))
    return next((daily for daily in days if daily is not None and daily.at > now), None)


def before(policy: Policy, daily: Daily) -> datetime:
    """When the digest of the working day before was due: what was missed since then is new."""
    days = (digest_on(policy, daily.day - timedelta(days=n)) for n in range(1, _NAMED_AT_ONCE))
    return next((one.at for one in days if one is not None), daily.at - timedelta(days=1))


def digest_mails(
    morning: Morning, policy: Policy, daily: Daily, now: datetime, needs: Sequence[str]
) -> tuple[QueueMail, ...]:
    """One to each who has something to read in it. `needs`: what the daemon itself cannot do, in words."""
    desk = _desk(morning, policy, daily, now, needs)
    mails = []
    for address in recipients("digest", Circle(policy=policy, desk_wide=True)):
        agent = policy.agent(address)
        manages = address in policy.managers
        mine = [x for x in morning.listing if agent is not None and x.ticket.assignee == agent.handle]
        free = [x for x in morning.listing if agent is not None and x.ticket.assignee is None]
        if not (mine or free or (manages and desk["tells"])):
            continue
        mails.append(
            QueueMail(
                kind="digest",
                ticket=None,
                recipient=address,
                cause=f"{daily.key}:{address}",
                context={
                    "language": policy.language.value,
                    "subject": "",
                    "date": daily.day.isoformat(),
                    "mine": _part(mine, policy),
                    "free": _part(free, policy),
                    "whole": desk if manages else None,
                    "in_reply_to": "",
                    "references": [],
                },
                rank=NOBODY_WAITS,
                at=now,
            )
        )
    return tuple(mails)


def _desk(
    morning: Morning, policy: Policy, daily: Daily, now: datetime, needs: Sequence[str]
) -> dict[str, object]:
    """How the desk stands. `tells`: something in it wants a manager's eye."""
    running = [one for one in morning.listing if one.due is not None and not one.breached]
    end = datetime.combine(daily.day + timedelta(days=1), datetime.min.time(), ZoneInfo(policy.timezone))
    today = [one for one in running if one.due is not None and one.due < end]
    soon = [one for one in today if one.due is not None and one.due <= now + SOON]
    late = [one for one in morning.listing if one.breached]
    calm = [one for one in morning.missed if one.ticket.priority in (Priority.P3, Priority.P4)]
    return {
        "unresolved": len(morning.listing),
        "today": len(today),
        "soon": _part(soon, policy),
        "late": _part(late, policy),
        "missed": _part(calm, policy),
        "credits": [
            {"ref": one.ticket, "account": one.account, "amount": str(one.amount)} for one in morning.credits
        ],
        "quarantine": morning.quarantine,
        "needs": list(needs),
        "tells": bool(morning.listing or calm or morning.credits or morning.quarantine or needs),
    }


def _part(rows: Sequence[Listed], policy: Policy) -> dict[str, object]:
    """By what falls due first; those that stand still come last."""
    order = sorted(rows, key=lambda one: (one.due is None, iso(one.due) or "", one.ticket.id))
    return {
        "lines": [_line(one, policy) for one in order[:LONGEST]],
        "more": max(len(order) - LONGEST, 0),
        "count": len(order),
    }


def _line(one: Listed, policy: Policy) -> dict[str, object]:
    first = None if one.due is None else {"clock": one.clock, "due": iso(one.due), "breached": one.breached}
    return line(one.ticket, first, policy, one.account)

"""A ticket as agents' commands see it, from what the store keeps of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from daemon.core.commands.hearing import Answered, Offered, Standing
from daemon.core.dossier import Dossier, course_of
from daemon.core.policy import Policy
from daemon.core.sla.course import Course
from daemon.core.sla.events import Bounced, Wrote
from daemon.core.sla.minutes import usage
from daemon.core.sla.penalties import month_of
from daemon.core.sla.promises import version_at


def standing_of(
    dossier: Dossier, policy: Policy, now: datetime, *, reader: str = "", since: datetime | None = None
) -> Standing:
    """The ticket at `now`. `reader`: handle of the agent who writes, and `since` when the mail went out that
    they answer: another's answer after it is a collision. None: they answer none."""
    course = course_of(dossier, policy, now)
    left, charged = call_minutes(dossier, policy, now)
    return Standing(
        ticket=dossier.ticket,
        question=_question(dossier),
        works=course.works_newest,
        spoke=dossier.spoke,
        answered=_collision(dossier, policy, reader, since),
        last=_last(dossier, policy),
        offered=_offered(dossier, course),
        before=dossier.before,
        unsent=dossier.unsent,
        course=course,
        minutes_left=left,
        charged=charged,
        read=None if any(isinstance(e, Wrote) for e in dossier.events) else dossier.severity,
    )


def call_minutes(dossier: Dossier, policy: Policy, now: datetime) -> tuple[int, bool]:
    """Included call minutes that are left this month, by the plan that the account has now, and whether more
    of them cost."""
    version = version_at(policy.sla, now)
    zone = ZoneInfo(policy.timezone)
    plan = dossier.account.plan if dossier.account is not None else dossier.ticket.plan
    terms = version.plans[plan]
    month = usage(dossier.calls, month_of(now, zone), terms, version.rules, zone)
    return month.left, bool(terms.price and version.rules.extra_minute)


def name_of(policy: Policy, handle: str | None) -> str:
    """An agent's name, else the handle itself; "" for nobody."""
    return next((a.name or a.handle for a in policy.agents if a.handle == handle), handle or "")


def _question(dossier: Dossier) -> str:
    """Something to wait for: an agent's accepted words that nobody has answered and that did not bounce."""
    answer, spoke = dossier.answer, dossier.spoke
    if answer is None or answer.at is None or not answer.words.strip():
        return ""
    if spoke is not None and spoke.at > answer.at:
        return ""
    gone = any(isinstance(e, Bounced) and e.mail == answer.reply for e in dossier.events)
    return "" if gone else answer.reply


def _collision(dossier: Dossier, policy: Policy, reader: str, since: datetime | None) -> Answered | None:
    answer = dossier.answer
    if answer is None or since is None or answer.by == reader or answer.queued_at <= since:
        return None
    return Answered(by=name_of(policy, answer.by), at=answer.queued_at, words=answer.words)


def _last(dossier: Dossier, policy: Policy) -> Answered | None:
    answer = dossier.answer
    if answer is None or answer.at is None:
        return None
    return Answered(by=name_of(policy, answer.by), at=answer.at, words=answer.words)


def _offered(dossier: Dossier, course: Course) -> Offered | None:
    kept = dossier.credit
    if kept is None or kept.state != "proposed":
        return None
    price, given = course.version.plans[course.plan].price, dossier.given.get(kept.month, Decimal(0))
    return Offered(amount=kept.amount, month=kept.month, price=price, given=given)

"""What a missed resolution costs, as a proposal that managers decide on: one credit for a ticket. Nothing is
promised here, and no customer is told. What it means for the account is `complying`'s."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from daemon.core.actions import Action, AddHistory, ProposeCredit, QueueMail
from daemon.core.dossier import Dossier
from daemon.core.policy import Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.sla import penalties
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import overdue
from daemon.core.sla.penalties import Proposal
from daemon.core.ticking.scene import NOBODY_WAITS, Scene, account_name, iso, line, to_desk

ACCEPTED: Final = "accepted"


def after(
    before: Course,
    after: Course,
    dossier: Dossier,
    policy: Policy,
    now: datetime,
) -> tuple[Action, ...]:
    """The credit that a decision gives reason to propose: the ticket is resolved or closed by it, or its
    failure has become worse."""
    if before.state is after.state and penalties.counted(before) == penalties.counted(after):
        return ()
    return propose(Scene(dossier=dossier, course=after, policy=policy, now=now))


def propose(scene: Scene) -> tuple[Action, ...]:
    """One credit for the ticket's worst failure, as it stands now, where it is more than what was proposed
    before. What a manager has accepted is given: only the rest is proposed then."""
    found = penalties.proposal(scene.course, scene.zone, _standing(scene.dossier))
    if found is None:
        return ()
    credit, ticket = scene.dossier.credit, scene.ticket
    settled = credit.amount if credit is not None and credit.state == ACCEPTED else Decimal(0)
    amount = found.amount - settled
    proposed = ProposeCredit(
        ticket=ticket.id, account=ticket.account, amount=amount, month=found.month, at=scene.now
    )
    detail: dict[str, object] = {"state": "proposed", "amount": str(amount), "month": found.month}
    noted = AddHistory(ticket=ticket.id, at=scene.now, event="credit", by="desk", detail=detail)
    context = _facts(scene, found, amount, scene.dossier.given.get(found.month, Decimal(0)))
    mails = tuple(
        QueueMail(
            kind="proposal",
            ticket=ticket.id,
            recipient=address,
            cause=f"proposal:{ticket.id}:{found.month}:{amount}:{address}",
            context=context,
            rank=NOBODY_WAITS,
            at=scene.now,
            supersede_key=f"proposal:{ticket.id}:{address}",
        )
        for address in recipients("proposal", Circle(policy=scene.policy))
    )
    return (proposed, noted, *mails)


def last_tier(scene: Scene, key: str) -> tuple[QueueMail, ...]:
    """Managers hear that an unsolved ticket costs the most that it can; `key`: of the step."""
    worst = max(penalties.counted(scene.course), key=lambda cycle: cycle.breached or cycle.promised)
    late = overdue(worst, worst.ended or scene.now, scene.course.hours_of(worst))
    percent = round(100 * (1 + late / worst.target)) if worst.target else 100
    return tuple(
        QueueMail(
            kind="escalation",
            ticket=scene.ticket.id,
            recipient=address,
            cause=f"escalation:{scene.ticket.id}:{key}:{address}",
            context={**to_desk(scene), "what": "last_tier", "lines": [line(scene, worst, percent)]},
            rank=scene.urgency,
            at=scene.now,
        )
        for address in recipients("escalation", Circle(policy=scene.policy, desk_wide=True))
    )


def _standing(dossier: Dossier) -> Decimal | None:
    return dossier.credit.amount if dossier.credit is not None else None


def _facts(scene: Scene, found: Proposal, amount: Decimal, given: Decimal) -> dict[str, object]:
    price = scene.course.version.plans[scene.course.plan].price
    return {
        **to_desk(scene),
        "what": "credit",
        "account": account_name(scene),
        "plan": scene.course.plan.value,
        "price": str(price),
        "share": int(found.share * 100),
        "amount": str(amount),
        "month": found.month,
        "due": iso(found.lateness.cycle.breached),
        "late": int(found.lateness.seconds),
        "given": str(given),
        "left": str(max(price - given, Decimal(0))),
    }

"""Notifications, queued for those who are to get them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from daemon.core.actions import NEW, OpenTicket, QueueMail
from daemon.core.commands.notifying import Situation, notification
from daemon.core.policy import Policy
from daemon.core.recipients import REQUESTER, Circle, recipients
from daemon.core.values import Participant, State, Ticket

RANK: Final = 5
"""Agents read a notification within minutes: it leaves after all that customers wait for. Who is to get up
for a P1 has the `alarm`, which leaves with the first."""


def notify(
    situation: Situation, policy: Policy, *, cause: str, now: datetime, assignee: str | None
) -> tuple[QueueMail, ...]:
    """One `notification` for each who is to hear of it: `assignee` and whoever watches the ticket, or all
    agents where nobody has it."""
    context = notification(situation, policy)
    circle = Circle(policy=policy, people=situation.ticket.participants, assignee=assignee)
    return tuple(
        QueueMail(
            kind="notification",
            ticket=situation.ticket.id,
            recipient=address,
            cause=f"{cause}:{address}",
            context=context,
            rank=RANK,
            at=now,
        )
        for address in recipients("notification", circle)
    )


def as_ticket(opened: OpenTicket, *, listening: bool = True) -> Ticket:
    """The ticket as it will be read once it has a number. `listening`: its requester hears of it."""
    person = Participant(address=opened.requester.address, name=opened.requester.name, role=REQUESTER)
    return Ticket(
        id=NEW,
        version=0,
        state=State.NEW,
        priority=opened.priority,
        provisional=opened.provisional,
        subject=opened.subject,
        requester=opened.requester.address,
        language=opened.language,
        account=opened.account,
        plan=opened.plan,
        coverage=opened.coverage,
        opened_at=opened.at,
        participants=(person,) if listening else (),
    )

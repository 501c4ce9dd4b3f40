"""Notifications, queued for those who are to get them, and how much each may take along."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from daemon.core.actions import NEW, OpenTicket, QueueMail
from daemon.core.commands.notifying import Said, Situation, notification
from daemon.core.policy import Policy
from daemon.core.recipients import REQUESTER, Circle, recipients
from daemon.core.values import Participant, State, Ticket

ROOM: Final = 15_000_000
"""Bytes of files that a notification takes along to whoever has the ticket: an agent's server that refuses a
larger mail would keep the news from them, and the files are on the ticket."""

SMALL_ROOM: Final = 3_000_000
"""And to everybody else: a photograph or two that help to decide who takes it. What is larger comes with the
ticket once it is taken."""

RANK: Final = 5
"""Agents read a notification within minutes: it leaves after all that customers wait for. Who is to get up
for a P1 has the `alarm`, which leaves with the first."""


def notify(
    situation: Situation, policy: Policy, *, cause: str, now: datetime, assignee: str | None
) -> tuple[QueueMail, ...]:
    """One `notification` for each who is to hear of it: `assignee` and whoever watches the ticket, or all
    agents where nobody has it. Large files go to the assignee only, or to the only reader there is."""
    context = notification(situation, policy)
    circle = Circle(policy=policy, people=situation.ticket.participants, assignee=assignee)
    readers = recipients("notification", circle)
    holding = {a.addresses[0] for a in policy.agents if a.handle == assignee}
    return tuple(
        QueueMail(
            kind="notification",
            ticket=situation.ticket.id,
            recipient=address,
            cause=f"{cause}:{address}",
            context=context | {"room": ROOM if address in holding or len(readers) == 1 else SMALL_ROOM},
            rank=RANK,
            at=now,
        )
        for address in readers
    )


def left_behind(said: Sequence[Said]) -> bool:
    """Whether a message of the conversation has more files than everybody was sent."""
    return any(
        sum(file.size for file in one.attachments) > SMALL_ROOM for one in said if one.direction == "in"
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

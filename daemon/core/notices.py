"""Mails to agents and managers about the desk's own troubles: who gets them, and once per cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core.actions import QueueMail
from daemon.core.policy import Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.values import Ticket

RANK: Final = 5
"""Notices leave after everything that a customer waits for."""


def notice(
    what: str,
    *,
    cause: str,
    ticket: Ticket | int | None,
    policy: Policy,
    now: datetime,
    facts: dict[str, object],
    never_to: str = "",
) -> tuple[QueueMail, ...]:
    """One `notice` per reader: the ticket's assignee, else all agents; managers where there are no agents.

    `never_to`: the address that failed, which is not written to about its own failure. `facts` go to the
    template beside `what`.
    """
    circle = Circle(
        policy=policy,
        assignee=ticket.assignee if isinstance(ticket, Ticket) else None,
        failed=never_to,
    )
    return tuple(
        QueueMail(
            kind="notice",
            ticket=ticket.id if isinstance(ticket, Ticket) else ticket,
            recipient=address,
            cause=f"{cause}:{address}",
            context={"language": policy.language.value, "what": what, **_EMPTY, **facts},
            rank=RANK,
            at=now,
        )
        for address in recipients("notice", circle)
    )


_EMPTY: Final[dict[str, object]] = {
    "ticket_subject": "",
    "recipient": "",
    "mail_kind": "",
    "error": "",
    "reason": "",
    "sender": "",
    "subject": "",
    "about": "",
    "taken_back": [],
    "pause_over": False,
    "unreachable": False,
    "in_reply_to": "",
    "references": [],
}


def desk_notice(
    what: str,
    *,
    cause: str,
    policy: Policy,
    now: datetime,
    facts: dict[str, object],
    never_to: str = "",
) -> tuple[QueueMail, ...]:
    """A notice about the desk as a whole: to managers, else to all agents. `never_to`: as for `notice`."""
    circle = Circle(policy=policy, desk_wide=True, failed=never_to)
    readers = recipients("notice", circle) or recipients("notice", replace(circle, desk_wide=False))
    return tuple(
        QueueMail(
            kind="notice",
            ticket=None,
            recipient=address,
            cause=f"{cause}:{address}",
            context={"language": policy.language.value, "what": what, **_EMPTY, **facts},
            rank=RANK,
            at=now,
        )
        for address in readers
    )

"""P1: everybody is alarmed at once, whoever is on call again and again, until somebody takes the ticket. Many
alarms at once are one mail: a flood that rings for each ticket would keep the customers' mails back, and
nobody reads a hundred alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daemon.core.actions import QueueMail
from daemon.core.policy import Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.due import Act, Audience, audience
from daemon.core.ticking.scene import (
    Scene,
    account_name,
    due,
    holder,
    iso,
    resolution,
    response,
    to_desk,
)
from daemon.core.values import reference

_WORDS: Final = 300
"""Characters of the customer's words in an alarm."""
_OF_A_LINE: Final = ("subject", "account", "phones", "number", "first_due")
_RANK: Final = 1

AT_ONCE: Final = 3
"""Alarms of one moment that still ring one by one at each address."""


def alarm(scene: Scene, act: Act) -> tuple[QueueMail, ...]:
    """Nobody is alarmed by a ticket that somebody took after it became an emergency. The newer alarm takes
    the place of one that nobody has tried to send yet."""
    course, ticket = scene.course, scene.ticket
    if course.taken_at is not None and course.alarm_at is not None and course.taken_at > course.alarm_at:
        return ()
    return tuple(
        QueueMail(
            kind="alarm",
            ticket=ticket.id,
            recipient=address,
            cause=f"alarm:{ticket.id}:{act.step.key}:{address}",
            context={**_facts(scene, act), "oncall": address in scene.policy.oncall},
            rank=_RANK,
            at=scene.now,
            supersede_key=f"alarm:{ticket.id}:{address}",
        )
        for address in alarmed(scene.policy, audience(act, course))
    )


def gathered(mails: Sequence[QueueMail]) -> tuple[QueueMail, ...]:
    """Alarms of one moment: as they are, or one mail for each address that would get more than `AT_ONCE`."""
    by_address: dict[str, list[QueueMail]] = {}
    for mail in mails:
        by_address.setdefault(mail.recipient, []).append(mail)
    return tuple(
        one
        for theirs in by_address.values()
        for one in (theirs if len(theirs) <= AT_ONCE else [_several(theirs)])
    )


def _several(mails: Sequence[QueueMail]) -> QueueMail:
    first = mails[0]
    lines = [
        {"ticket": number, "ref": reference(number), **{name: mail.context[name] for name in _OF_A_LINE}}
        for mail in sorted(mails, key=lambda mail: str(mail.context["first_due"] or ""))
        if (number := mail.ticket) is not None
    ]
    kept = {name: first.context[name] for name in ("language", "oncall", "in_reply_to", "references")}
    return replace(
        first,
        ticket=None,
        cause=f"alarms:{first.cause.removeprefix('alarm:')}",
        context={**kept, "subject": "", "what": "several", "lines": lines},
        supersede_key=None,
    )


def alarmed(policy: Policy, who: frozenset[Audience]) -> tuple[str, ...]:
    """The addresses that an alarm for these reaches; somebody, always."""
    agents = tuple(agent.addresses[0] for agent in policy.agents)
    wanted = {
        *(agents if Audience.AGENTS in who else ()),
        *((policy.oncall or agents) if Audience.ONCALL in who else ()),
        *(policy.escalation if Audience.ESCALATION in who else ()),
    }
    everybody = recipients("alarm", Circle(policy=policy, last_resort=True))
    return tuple(address for address in everybody if address in wanted) or everybody


def _facts(scene: Scene, act: Act) -> dict[str, object]:
    ticket, dossier, course = scene.ticket, scene.dossier, scene.course
    requester = next((p.name for p in ticket.participants if p.address == ticket.requester), "")
    return {
        **to_desk(scene),
        "number": act.step.number,
        "last": act.step.last,
        "account": account_name(scene),
        "requester": requester or ticket.requester,
        "phones": list(dossier.account.phones) if dossier.account is not None else [],
        "words": dossier.spoke_text[:_WORDS],
        "evidence": [one.text for one in dossier.evidence if one.facet == "severity"],
        "priority": course.priority.value,
        "provisional": course.provisional,
        "asked_two": course.provisional and not dossier.silenced,
        "opened": iso(course.opening.at),
        "first_due": due(response(course)),
        "resolution_due": due(resolution(course)),
        "plan": course.plan.value,
        "continuous": course.hours.name == course.version.continuous.name,
        "holder": holder(scene),
    }

"""Significant non-compliance of an account (SLA clauses 5 and 6): found when a resolution is missed, told to
managers once, with the evidence. What follows from it is theirs to conclude."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.actions import Action, QueueMail, RecordFinding, StepsDone
from daemon.core.dossier import Dossier
from daemon.core.policy import Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.noncompliance import Failure, Finding, Ground, failures, findings
from daemon.core.sla.promises import version_at
from daemon.core.ticking.scene import NOBODY_WAITS, Scene, iso, scene_of
from daemon.core.values import reference

CLAUSE: Final = "6"


def found(
    account: str,
    scenes: Iterable[Scene],
    missed: Iterable[Dossier],
    policy: Policy,
    now: datetime,
    recorded: Collection[str] = (),
) -> tuple[Action, ...]:
    """What this account's failures amount to, that managers have not heard of.

    scenes    its tickets in this tick, as they are now;  missed: its others with missed resolutions
    recorded  keys of findings that are on record

    Each failure counts once towards a repetition: that it was told of is kept with its ticket (`StepsDone`).
    """
    here = {scene.ticket.id: scene for scene in scenes}
    for dossier in missed:
        here.setdefault(dossier.ticket.id, scene_of(dossier, policy, now))
    told = frozenset().union(*(scene.dossier.done for scene in here.values()))
    known = [failure for scene in here.values() for failure in failures(scene.ticket.id, scene.course)]
    spent = {failure.key for failure in known if _mark(Ground.REPEATED, failure) in told}
    rules, zone = version_at(policy.sla, now).rules, ZoneInfo(policy.timezone)
    actions: list[Action] = []
    for finding in findings(known, rules, zone, spent):
        marks = [_mark(finding.ground, failure) for failure in finding.failures]
        if finding.key not in recorded and not told.issuperset(marks):
            context = _facts(finding, here, rules.serious_days, policy)
            actions += _told(account, finding, context, policy, now)
    return tuple(actions)


def _told(
    account: str, finding: Finding, context: dict[str, object], policy: Policy, now: datetime
) -> list[Action]:
    ticket = finding.failures[0].ticket if len(finding.failures) == 1 else None
    recorded = RecordFinding(account=account, key=finding.key, at=now, detail=context)
    marks = [
        StepsDone(ticket=failure.ticket, keys=(_mark(finding.ground, failure),), at=now)
        for failure in finding.failures
    ]
    mails = [
        QueueMail(
            kind="proposal",
            ticket=ticket,
            recipient=address,
            cause=f"finding:{finding.key}:{address}",
            context=context,
            rank=NOBODY_WAITS,
            at=now,
        )
        for address in recipients("proposal", Circle(policy=policy))
    ]
    return [recorded, *marks, *mails]


def _facts(finding: Finding, here: Mapping[int, Scene], days: int, policy: Policy) -> dict[str, object]:
    tickets = [here[failure.ticket] for failure in finding.failures]
    account = next((s.dossier.account for s in tickets if s.dossier.account is not None), None)
    return {
        "language": policy.language.value,
        "subject": tickets[0].ticket.subject if len(tickets) == 1 else "",
        "in_reply_to": "",
        "references": [],
        "what": "finding",
        "ground": finding.ground.value,
        "failures": [
            {
                "ticket": failure.ticket,
                "ref": reference(failure.ticket),
                "priority": failure.priority.value,
                "due": iso(failure.due),
                "late": int(failure.seconds),
            }
            for failure in finding.failures
        ],
        "account": account.name if account is not None else tickets[0].ticket.account or "",
        "days": days,
        "clause": CLAUSE,
    }


def _mark(ground: Ground, failure: Failure) -> str:
    return f"{ground}:{failure.key}"

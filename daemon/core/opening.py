"""A mail that belongs to no ticket opens one: priority, promises, the acknowledgement that tells them, and
the agents who are told of it.

Pure like all of `core`: it is told the time and everything the store knows, and returns actions.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.core import informing
from daemon.core.acknowledging import acknowledgement
from daemon.core.actions import (
    NEW,
    Action,
    AddHistory,
    AddParticipant,
    OpenTicket,
)
from daemon.core.authentication import authenticated
from daemon.core.case import Case, incoming_message, remember, spoken_language
from daemon.core.priority import flagged_spam, judge_priority
from daemon.core.recipients import REQUESTER
from daemon.core.sla.declaring import in_force
from daemon.core.sla.promises import (
    SlaVersion,
    coverage_for,
    promise,
    version_at,
)
from daemon.core.values import Account, Coverage, Plan


def open_ticket(case: Case, *, related: int | None, acknowledge: bool, rule: str) -> tuple[Action, ...]:
    """The actions that open a ticket for this mail, all of them on NEW. `rule`: the guard that let it in."""
    version = version_in_force(case)
    plan, coverage = terms(case.snapshot.account, version)
    ruling = judge_priority(case)
    promises = promise(version, plan, coverage, ruling.priority, case.opened_at)
    language, _ = spoken_language(case)
    opened = OpenTicket(
        at=case.opened_at,
        subject=case.mail.subject,
        requester=case.requester,
        account=case.snapshot.account.key if case.snapshot.account else None,
        language=language,
        plan=plan,
        coverage=coverage,
        sla_version=version.name,
        priority=ruling.priority,
        provisional=ruling.provisional,
        severity=case.findings.severity,
        confidence=case.findings.confidence,
        rule=ruling.rule,
        intent=case.findings.intent.value,
        missing=case.findings.missing,
        evidence=case.findings.evidence,
        to_verify=case.findings.confidence == 0.0,
        related_to=related,
    )
    actions: list[Action] = [
        opened,
        *_participant(case),
        incoming_message(case.mail, NEW, case.opened_at, role="requester"),
        AddHistory(
            ticket=NEW,
            at=case.opened_at,
            event="opened",
            by=case.mail.from_.address,
            detail={
                "priority": ruling.priority.value,
                "provisional": ruling.provisional,
                "rule": ruling.rule,
                "guard": rule,
                "sla_version": version.name,
                "vouched": authenticated(case.mail, case.policy),
            },
        ),
        *_remarks(case, related),
        *remember(case, language),
    ]
    acks = acknowledgement(case, version, plan, coverage, ruling, promises) if acknowledge else ()
    asked = ruling.provisional and bool(acks)
    return (*actions, *acks, *informing.new_ticket(case, opened, version, asked_two=asked))


def version_in_force(case: Case) -> SlaVersion:
    """The agreement of this moment, with the hours that were declared since."""
    version = version_at(case.policy.sla, case.opened_at)
    hours = in_force(version.standard, case.snapshot.declared, case.opened_at)
    return version if hours is version.standard else replace(version, standard=hours)


def _participant(case: Case) -> tuple[AddParticipant, ...]:
    """The requester; a phone system whose caller nobody knows is no participant of anything."""
    requester = case.requester
    if case.mail.call is not None and requester == case.mail.from_:
        return ()
    return (AddParticipant(ticket=NEW, address=requester.address, name=requester.name, role=REQUESTER),)


def terms(account: Account | None, version: SlaVersion) -> tuple[Plan, Coverage]:
    """Plan and coverage a ticket is opened under; unknown senders are gratuit."""
    if account is None:
        return Plan.GRATUIT, coverage_for(version, Plan.GRATUIT, None)
    return account.plan, account.coverage


def _remarks(case: Case, related: int | None) -> tuple[AddHistory, ...]:
    """What agents should know about how this ticket came to be."""
    found: list[tuple[str, dict[str, object]]] = []
    if case.arrival.truncated:
        found.append(("oversize", {"size": case.arrival.size}))
    if related is not None:
        found.append(("possibly_related", {"ticket": related}))
    if case.mail.call is not None:
        call = case.mail.call
        heard = {"caller": call.caller, "name": call.name, "seconds": call.seconds}
        found.append(("voicemail", {**heard, "transcript": bool(call.transcript)}))
    if case.mail.masked:
        found.append(("card_numbers_masked", {"count": case.mail.masked}))
    if flagged_spam(case):
        found.append(("flagged_spam", {"confidence": round(case.findings.intent_confidence, 3)}))
    if case.mail.defects:
        found.append(("defects", {"defects": list(case.mail.defects)}))
    return tuple(
        AddHistory(ticket=NEW, at=case.opened_at, event=event, by="desk", detail=detail)
        for event, detail in found
    )

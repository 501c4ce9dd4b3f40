"""A mail that belongs to no ticket opens one: priority, promises, and the acknowledgement that tells them.

Pure like all of `core`: it is told the time and everything the store knows, and returns actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from classifiers import p1_rule
from daemon.core.actions import (
    NEW,
    Action,
    AddHistory,
    AddMessage,
    AddParticipant,
    OpenTicket,
    QueueMail,
    RememberContact,
    StartClock,
)
from daemon.core.matching import Snapshot
from daemon.core.names import given_name
from daemon.core.policy import Policy
from daemon.core.sla.promises import (
    Promise,
    Promises,
    SlaVersion,
    calendar_for,
    coverage_for,
    promise,
    version_at,
)
from daemon.core.values import (
    Account,
    Address,
    Arrival,
    Coverage,
    Findings,
    Intent,
    Language,
    Mail,
    Plan,
    Priority,
    Severity,
)

LATE_AFTER: Final = timedelta(minutes=10)
"""An acknowledgement that leaves later than this after the arrival says so (voice.md section 8)."""

SPAM_CONFIDENCE: Final = 0.95
"""From this probability on a stranger's mail is believed to be spam (mail.md)."""

_SELF_HELP: Final = {Severity.S1: "caisse-gelee"}
_RANKS: Final = {Priority.P1: 1, Priority.P2: 2, Priority.P3: 3, Priority.P4: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that opening a ticket looks at. `known`: the sender is in the directory or proven by the
    receiving server, so that a mail to them may repeat their own words."""

    arrival: Arrival
    mail: Mail
    findings: Findings
    snapshot: Snapshot
    policy: Policy
    known: bool
    now: datetime

    @property
    def opened_at(self) -> datetime:
        """The arrival starts the clocks, never later because we were down; a future one counts as now."""
        return min(self.arrival.internaldate, self.now)

    @property
    def cause(self) -> str:
        return arrival_cause(self.arrival)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    priority: Priority
    provisional: bool
    rule: str


def arrival_cause(arrival: Arrival) -> str:
    """The name of one arrived mail: what is sent because of it is sent once."""
    return f"{arrival.mailbox}/{arrival.uidvalidity}/{arrival.uid}"


def rank(priority: Priority) -> int:
    """The outbox sends P1 first."""
    return _RANKS[priority]


def open_ticket(case: Case, *, related: int | None, acknowledge: bool, rule: str) -> tuple[Action, ...]:
    """The actions that open a ticket for this mail, all of them on NEW. `rule`: the guard that let it in."""
    version = version_at(case.policy.sla, case.opened_at)
    plan, coverage = terms(case.snapshot.account, version)
    ruling = judge_priority(case)
    promises = promise(version, plan, coverage, ruling.priority, case.opened_at)
    language, _ = spoken_language(case)
    subject = case.mail.subject
    actions: list[Action] = [
        OpenTicket(
            at=case.opened_at,
            subject=subject,
            requester=case.mail.from_,
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
        ),
        AddParticipant(
            ticket=NEW, address=case.mail.from_.address, name=case.mail.from_.name, role="requester"
        ),
        incoming_message(case.mail, NEW, case.opened_at, role="requester"),
        *start_clocks(promises, version),
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
            },
        ),
        *_remarks(case, related),
        remember(case, language),
    ]
    if acknowledge:
        actions.append(_acknowledgement(case, version, plan, coverage, ruling, promises))
    return tuple(actions)


def terms(account: Account | None, version: SlaVersion) -> tuple[Plan, Coverage]:
    """Plan and coverage a ticket is opened under; unknown senders are gratuit."""
    if account is None:
        return Plan.GRATUIT, coverage_for(version, Plan.GRATUIT, None)
    return account.plan, account.coverage


def judge_priority(case: Case) -> Ruling:
    """The contract's P1 rule (priority-labelling guide, last table). What is flagged as spam is P4."""
    if flagged_spam(case):
        return Ruling(priority=Priority.P4, provisional=False, rule="severity")
    account = case.snapshot.account
    found = p1_rule.decide(
        case.findings.severity.value,
        account.installs if account else None,
        case.findings.installs,
        case.findings.other_means,
    )
    return Ruling(priority=Priority(found.priority), provisional=found.provisional, rule=found.rule)


def flagged_spam(case: Case) -> bool:
    """Intent never hides a known sender's problem; a stranger's spam is a ticket, flagged and unanswered."""
    sure = case.findings.intent_confidence >= SPAM_CONFIDENCE
    return case.findings.intent is Intent.SPAM and sure and not case.known


def spoken_language(case: Case) -> tuple[Language, bool]:
    """The language to answer in, and whether that is uncertain: what this mail is written in, else what this
    person or this account writes in, else the desk's own with a line in the other language."""
    detected = case.findings.language or case.mail.language
    contact, account = case.snapshot.contact, case.snapshot.account
    if detected is not None:
        return detected, False
    if contact is not None and contact.language is not None:
        return contact.language, False
    if account is not None and account.language is not None:
        return account.language, False
    return case.policy.language, True


def incoming_message(mail: Mail, ticket: int, at: datetime, role: str) -> AddMessage:
    """The mail as a message of a ticket: new words to read, the whole text kept beside them."""
    return AddMessage(
        ticket=ticket,
        direction="in",
        sender=mail.from_,
        at=at,
        text=mail.new_text or mail.text,
        full_text=mail.text,
        message_id=mail.message_id,
        to=tuple(a.address for a in mail.to),
        cc=tuple(a.address for a in mail.cc),
        attachments=mail.attachments,
        role=role,
    )


def start_clocks(promises: Promises, version: SlaVersion) -> tuple[StartClock, ...]:
    return tuple(
        _clock(p, version) for p in (promises.first_response, promises.status_update, promises.resolution)
    )


def remember(case: Case, language: Language) -> RememberContact:
    account = case.snapshot.account
    return RememberContact(
        address=case.mail.from_.address,
        name=case.mail.from_.name,
        language=language if (case.findings.language or case.mail.language) else None,
        account=account.key if account else None,
        at=case.now,
    )


def late(opened_at: datetime, now: datetime) -> bool:
    return now - opened_at > LATE_AFTER


def _clock(p: Promise, version: SlaVersion) -> StartClock:
    return StartClock(
        ticket=NEW,
        clock=p.clock,
        start=p.start,
        due=p.due,
        target=p.target_seconds,
        calendar=p.calendar_name,
        sla_version=version.name,
        source=p.source,
    )


def _remarks(case: Case, related: int | None) -> tuple[AddHistory, ...]:
    """What agents should know about how this ticket came to be."""
    found: list[tuple[str, dict[str, object]]] = []
    if case.arrival.truncated:
        found.append(("oversize", {"size": case.arrival.size}))
    if related is not None:
        found.append(("possibly_related", {"ticket": related}))
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


def _acknowledgement(
    case: Case,
    version: SlaVersion,
    plan: Plan,
    coverage: Coverage,
    ruling: Ruling,
    promises: Promises,
) -> QueueMail:
    """One per ticket, to the requester alone. Its facts are those of this moment; the words are compose's."""
    return QueueMail(
        kind="ack",
        ticket=NEW,
        recipient=case.mail.from_.address,
        cause=f"ack:{case.cause}",
        context=_facts(case, version, plan, coverage, ruling, promises),
        rank=rank(ruling.priority),
        at=case.now,
    )


def _facts(
    case: Case,
    version: SlaVersion,
    plan: Plan,
    coverage: Coverage,
    ruling: Ruling,
    promises: Promises,
) -> dict[str, object]:
    language, uncertain = spoken_language(case)
    calendar = calendar_for(version, ruling.priority, coverage)
    open_now = calendar.is_open(case.now)
    paying = plan is not Plan.GRATUIT
    minutes = version.plans[plan].minutes if paying else None
    self_help = _SELF_HELP.get(case.findings.severity) if plan is Plan.GRATUIT or not open_now else None
    return {
        "language": language.value,
        "uncertain_language": uncertain,
        "known": case.known,
        "recognized": case.snapshot.account is not None,
        "given_name": given_name(case.mail.from_.name) if case.known else "",
        "subject": case.mail.subject if case.known else "",
        "opened": case.opened_at.isoformat(),
        "first_response_due": promises.first_response.due.isoformat(),
        "resolution_due": promises.resolution.due.isoformat(),
        "priority": ruling.priority.value,
        "provisional": ruling.provisional,
        "severity": case.findings.severity.value,
        "rule": ruling.rule,
        "evidence": [e.text for e in case.findings.evidence if e.facet == "severity"] if case.known else [],
        "plan": plan.value,
        "premium": coverage is Coverage.PREMIUM,
        "missing": list(case.findings.missing),
        "wish": case.findings.severity is Severity.S4,
        "open_now": open_now,
        "continuous": calendar.continuous,
        "opens_at": None if open_now else calendar.next_opening(case.now).isoformat(),
        "closed_why": calendar.closed_why(case.now, language.value),
        "minutes_left": minutes,
        # True prints that the person on call has been alerted: never before the alarm mail is queued with it.
        "oncall": False,
        "phone": case.policy.phone if paying else "",
        "aide": self_help,
        "late": late(case.opened_at, case.now),
        "oversize": case.arrival.truncated,
        "in_reply_to": "" if case.mail.synthetic_id else case.mail.message_id,
        "references": [] if case.mail.synthetic_id else list(case.mail.references[-20:]),
    }


def stub_findings() -> Findings:
    """What is said of a mail that cannot be read: an important function may be affected (guide, rule 6)."""
    return Findings(
        intent=Intent.TICKET,
        intent_confidence=1.0,
        severity=Severity.S2,
        confidence=0.0,
        other_means="unknown",
        installs="unknown",
        language=None,
    )


def open_stub(
    arrival: Arrival,
    subject: str,
    sender: Address | None,
    reason: str,
    text: str,
    message_id: str,
    policy: Policy,
    now: datetime,
) -> tuple[Action, ...]:
    """A mail that nobody could read still runs a clock, so that somebody looks: P2, unanswered."""
    opened_at = min(arrival.internaldate, now)
    version = version_at(policy.sla, opened_at)
    coverage = coverage_for(version, Plan.GRATUIT, None)
    promises = promise(version, Plan.GRATUIT, coverage, Priority.P2, opened_at)
    requester = sender or Address(address="")
    found = stub_findings()
    history = AddHistory(
        ticket=NEW,
        at=opened_at,
        event="quarantined",
        by="desk",
        detail={"reason": reason, "size": arrival.size},
    )
    message = AddMessage(
        ticket=NEW,
        direction="in",
        sender=requester,
        at=opened_at,
        text=text or reason,
        full_text=text,
        message_id=message_id,
    )
    ticket = OpenTicket(
        at=opened_at,
        subject=subject,
        requester=requester,
        account=None,
        language=policy.language,
        plan=Plan.GRATUIT,
        coverage=coverage,
        sla_version=version.name,
        priority=Priority.P2,
        provisional=False,
        severity=found.severity,
        confidence=found.confidence,
        rule="stub",
        intent=found.intent.value,
        to_verify=True,
    )
    opened = AddHistory(
        ticket=NEW, at=opened_at, event="opened", by="desk", detail={"priority": "P2", "rule": "stub"}
    )
    return (ticket, message, *start_clocks(promises, version), opened, history)

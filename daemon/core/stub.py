"""A mail that nobody could read still opens a ticket that runs a clock, so that somebody looks."""

from __future__ import annotations

from datetime import datetime

from daemon.core.actions import NEW, Action, AddHistory, AddMessage, OpenTicket
from daemon.core.policy import Policy
from daemon.core.sla.promises import coverage_for, version_at
from daemon.core.values import Address, Arrival, Findings, Intent, Plan, Priority, Severity


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
    return (ticket, message, opened, history)

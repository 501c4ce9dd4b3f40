"""Short builders for the core's values: a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from daemon.core.matching import Snapshot
from daemon.core.policy import Agent, Limits, Policy
from daemon.core.values import (
    Account,
    Address,
    Arrival,
    Coverage,
    Findings,
    Intent,
    Language,
    Mail,
    Participant,
    Plan,
    Priority,
    Severity,
    State,
    Ticket,
)

T0 = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)  # Tuesday 10:30 in Montréal
MARIE = "marie@boulangerieroy.example"


def mail(sender: str = MARIE, **changes: Any) -> Mail:
    given: dict[str, Any] = {
        "message_id": "m1@client.example",
        "from_": Address(address=sender, name="Marie Roy"),
        "senders": (Address(address=sender, name="Marie Roy"),),
        "to": (Address(address="support@azimutpos.com"),),
        "subject": "Caisse gelée",
        "text": "La caisse est gelée.",
        "new_text": "La caisse est gelée.",
        "fingerprint": "f1",
    }
    return Mail(**{**given, **changes})


def arrival(at: datetime = T0, **changes: Any) -> Arrival:
    given: dict[str, Any] = {
        "mailbox": "INBOX",
        "uidvalidity": 7,
        "uid": 11,
        "internaldate": at,
        "size": 900,
    }
    return Arrival(**{**given, **changes})


def ticket(number: int = 1042, **changes: Any) -> Ticket:
    given: dict[str, Any] = {
        "id": number,
        "version": 3,
        "state": State.NEW,
        "priority": Priority.P2,
        "provisional": False,
        "subject": "Caisse gelée",
        "requester": MARIE,
        "language": Language.FR,
        "account": "roy",
        "plan": Plan.OR,
        "coverage": Coverage.PREMIUM,
        "opened_at": T0,
        "participants": (Participant(address=MARIE, name="Marie Roy"),),
    }
    return Ticket(**{**given, **changes})


def account(**changes: Any) -> Account:
    given: dict[str, Any] = {
        "key": "roy",
        "name": "Boulangerie Roy",
        "plan": Plan.OR,
        "coverage": Coverage.PREMIUM,
        "installs": 1,
        "emails": (MARIE,),
    }
    return Account(**{**given, **changes})


def findings(severity: str = "S2", **changes: Any) -> Findings:
    given: dict[str, Any] = {
        "intent": Intent.TICKET,
        "intent_confidence": 0.99,
        "severity": Severity(severity),
        "confidence": 0.9,
        "other_means": "unknown",
        "installs": "unknown",
        "language": Language.FR,
    }
    return Findings(**{**given, **changes})


def policy(**changes: Any) -> Policy:
    given: dict[str, Any] = {
        "desk_address": "support@azimutpos.com",
        "desk_name": "Soutien Azimut POS",
        "timezone": "America/Toronto",
        "language": Language.FR,
        "phone": "418 555-0142",
        "agents": (
            Agent(name="Alex Roy", handle="alex", addresses=("alex@azimutpos.com",)),
            Agent(name="Sam Côté", handle="sam", addresses=("sam@azimutpos.com",), manager=True),
        ),
        "escalation": ("direction@azimutpos.com",),
        "oncall": (),
        "sla": (),
        "limits": Limits(),
    }
    return Policy(**{**given, **changes})


def snapshot(**changes: Any) -> Snapshot:
    """With a dossier of each of its tickets, as the store gives it."""
    from tests.core.dossiers import dossier

    given = {"dossiers": {one.id: dossier(one) for one in changes.get("tickets", ())}}
    return Snapshot(**{**given, **changes})

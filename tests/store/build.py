"""What the store's tests write and ask: decisions as the core makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from daemon.core import actions as act
from daemon.core.actions import NEW, Action, Decision
from daemon.core.matching import Lookup
from daemon.core.sla.cycles import Cycle
from daemon.core.values import (
    Account,
    Address,
    Arrival,
    ClockName,
    Coverage,
    Disposition,
    Evidence,
    Language,
    Plan,
    Priority,
    Severity,
)

NOW = datetime(2026, 11, 2, 14, 10, tzinfo=UTC)
MARIE = "marie@boulangerie.example"


def arrival(uid: int = 1, *, at: datetime = NOW, mailbox: str = "INBOX", uidvalidity: int = 7) -> Arrival:
    return Arrival(mailbox=mailbox, uidvalidity=uidvalidity, uid=uid, internaldate=at, size=5000)


def record(uid: int = 1, **changes: Any) -> act.RecordMail:
    values: dict[str, Any] = {
        "arrival": arrival(uid, at=changes.pop("at", NOW)),
        "disposition": Disposition.TICKET,
        "reason": "a person's mail",
        "message_id": f"m{uid}@boulangerie.example",
        "fingerprint": f"print-{uid}",
        "sender": MARIE,
        "subject": "La caisse est gelée",
        "ticket": None,
        "raw": b"From: marie\r\n\r\nPlus rien",
    }
    return act.RecordMail(**(values | changes))


def opening(**changes: Any) -> act.OpenTicket:
    values: dict[str, Any] = {
        "at": NOW,
        "subject": "La caisse est gelée",
        "requester": Address(address=MARIE, name="Marie Roy"),
        "account": "A1",
        "language": Language.FR,
        "plan": Plan.OR,
        "coverage": Coverage.PREMIUM,
        "sla_version": "2026-01",
        "priority": Priority.P1,
        "provisional": True,
        "severity": Severity.S1,
        "confidence": 0.93,
        "rule": "P1-provisional",
        "intent": "ticket",
        "missing": ("steps",),
        "evidence": (Evidence(facet="severity", text="plus rien", weight=1.5),),
    }
    return act.OpenTicket(**(values | changes))


def message(ticket: int = NEW, **changes: Any) -> act.AddMessage:
    values: dict[str, Any] = {
        "ticket": ticket,
        "direction": "in",
        "sender": Address(address=MARIE, name="Marie Roy"),
        "at": NOW,
        "text": "Plus rien ne répond.",
        "full_text": "Plus rien ne répond.\n-- \nMarie",
        "message_id": "m1@boulangerie.example",
        "to": ("support@azimutpos.com",),
        "cc": ("luc@boulangerie.example",),
    }
    return act.AddMessage(**(values | changes))


def cycle(
    name: ClockName = ClockName.RESOLUTION, after: timedelta = timedelta(hours=4), **changes: Any
) -> Cycle:
    values: dict[str, Any] = {
        "clock": name,
        "priority": Priority.P1,
        "start": NOW,
        "begun": NOW,
        "target": after.total_seconds(),
        "calendar": "continuous",
        "source": "sla",
        "promised": NOW + after,
        "due": NOW + after,
    }
    return Cycle(**(values | changes))


def clocks(ticket: int = NEW, *cycles: Cycle, **changes: Any) -> act.WriteClocks:
    """The clocks of a new P1, or these."""
    values: dict[str, Any] = {
        "cycles": cycles
        or (
            cycle(ClockName.FIRST_RESPONSE, timedelta(hours=1)),
            cycle(ClockName.STATUS_UPDATE, timedelta(hours=1)),
            cycle(),
        ),
        "wake_at": NOW + timedelta(minutes=30),
    }
    return act.WriteClocks(ticket=ticket, **(values | changes))


def mail(cause: str = "ack:INBOX/7/1", **changes: Any) -> act.QueueMail:
    values: dict[str, Any] = {
        "kind": "ack",
        "ticket": NEW,
        "recipient": MARIE,
        "cause": cause,
        "context": {"language": "fr", "subject": "La caisse est gelée", "opened": NOW.isoformat()},
        "rank": 1,
        "at": NOW,
    }
    return act.QueueMail(**(values | changes))


def history(ticket: int = NEW, event: str = "opened", **detail: object) -> act.AddHistory:
    return act.AddHistory(ticket=ticket, at=NOW, event=event, by=MARIE, detail=detail)


def participant(ticket: int = NEW, address: str = MARIE, role: str = "requester") -> act.AddParticipant:
    return act.AddParticipant(ticket=ticket, address=address, name="Marie Roy", role=role)


def remember(address: str = MARIE, **changes: Any) -> act.RememberContact:
    values: dict[str, Any] = {"name": "Marie Roy", "language": Language.FR, "account": "A1", "at": NOW}
    return act.RememberContact(address=address, **(values | changes))


def new_ticket(uid: int = 1, *more: Action, **opened: Any) -> Decision:
    """The whole decision that one mail of Marie's makes: ledger, ticket, clocks, history, acknowledgement."""
    return Decision(
        actions=(
            record(uid, ticket=NEW),
            opening(**opened),
            participant(),
            message(message_id=f"m{uid}@boulangerie.example"),
            clocks(),
            history(priority="P1"),
            history(event="defects", defects=["no date"]),
            remember(),
            mail(f"ack:INBOX/7/{uid}"),
            *more,
        )
    )


def decide(*actions: Action, reads: dict[int, int] | None = None) -> Decision:
    return Decision(actions=actions, reads=reads or {})


def asking(**changes: Any) -> Lookup:
    values: dict[str, Any] = {
        "message_id": "other@boulangerie.example",
        "fingerprint": "other",
        "arrived": NOW + timedelta(minutes=30),
        "sender": MARIE,
    }
    return Lookup(**(values | changes))


def account(key: str = "A1", **changes: Any) -> Account:
    values: dict[str, Any] = {
        "name": "Boulangerie Roy",
        "plan": Plan.OR,
        "coverage": Coverage.PREMIUM,
        "installs": 1,
        "language": Language.FR,
        "emails": (MARIE,),
        "domains": ("boulangerie.example",),
        "phones": ("+15145550101",),
        "billing_email": "factures@boulangerie.example",
    }
    return Account(key=key, **(values | changes))

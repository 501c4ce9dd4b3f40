"""Rows as the driver gives them, read into the values of the core. The only place that knows both shapes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from daemon.core.values import (
    Account,
    Contact,
    Coverage,
    Language,
    OutboxRow,
    Participant,
    Plan,
    Priority,
    SendState,
    State,
    Ticket,
)
from daemon.store.connection import Row
from daemon.store.fields import from_microseconds


def instant(value: Any) -> datetime | None:
    return None if value is None else from_microseconds(value)


def moment(value: Any) -> datetime:
    """An instant that is never null."""
    return from_microseconds(value)


def language(value: Any) -> Language | None:
    return None if value is None else Language(value)


def read_account(row: Row) -> Account:
    return Account(
        key=row["key"],
        name=row["name"],
        plan=Plan(row["plan"]),
        coverage=Coverage(row["coverage"]),
        installs=row["installs"],
        language=language(row["language"]),
        emails=tuple(json.loads(row["emails"])),
        domains=tuple(json.loads(row["domains"])),
        phones=tuple(json.loads(row["phones"])),
        billing_email=row["billing_email"],
    )


def read_contact(row: Row) -> Contact:
    return Contact(
        address=row["address"],
        name=row["name"],
        language=language(row["language"]),
        account=row["account"],
    )


def read_participant(row: Row) -> Participant:
    return Participant(address=row["address"], name=row["name"], role=row["role"])


def read_ticket(row: Row, participants: Sequence[Participant]) -> Ticket:
    return Ticket(
        id=row["id"],
        version=row["version"],
        state=State(row["state"]),
        priority=Priority(row["priority"]),
        provisional=bool(row["provisional"]),
        subject=row["subject"],
        requester=row["requester"],
        language=Language(row["language"]),
        account=row["account"],
        plan=Plan(row["plan"]),
        coverage=Coverage(row["coverage"]),
        opened_at=moment(row["opened_at"]),
        closed_at=instant(row["closed_at"]),
        merged_into=row["merged_into"],
        assignee=row["assignee"],
        participants=tuple(participants),
    )


def read_outbox(row: Row, message: bytes | None, *, suppressed: bool = False) -> OutboxRow:
    """`message` are the kept bytes, `suppressed` is the recipient's state: both lie in other tables."""
    return OutboxRow(
        id=row["id"],
        version=row["version"],
        kind=row["kind"],
        ticket=row["ticket"],
        recipient=row["recipient"],
        cause=row["cause"],
        context=json.loads(row["context"]),
        rank=row["rank"],
        state=SendState(row["state"]),
        attempts=row["attempts"],
        queued_at=moment(row["queued_at"]),
        due_at=instant(row["due_at"]),
        supersede_key=row["supersede_key"],
        message_id=row["message_id"],
        message=message,
        envelope_from=row["envelope_from"],
        last_error=row["last_error"],
        suppressed=suppressed,
    )

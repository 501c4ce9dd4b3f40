"""The tables of what the clocks are worked out from: events, hours, and the steps that were done."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from daemon.store.fields import Instant, Json, Key, Words, belongs_to


# Append-only, the truth of a ticket's clocks (`core.sla.records`).
class TicketEvent(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    at = Instant()
    record = Json()

    class Meta:
        table = "ticket_event"
        indexes: ClassVar = [Index(fields=("ticket_id", "id"))]


# Business hours that tickets were opened under, by the digest of the record.
class Calendar(Model):
    digest = Words(primary_key=True)
    record = Json()

    class Meta:
        table = "calendar"


# A step of a ticket's schedule that was done: each once.
class StepDone(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    key = Key()

    class Meta:
        table = "step_done"
        unique_together = (("ticket", "key"),)


# What the desk does once and is no ticket's.
class DeskStep(Model):
    key = Key(primary_key=True)
    at = Instant()

    class Meta:
        table = "desk_step"


# Significant non-compliance of which managers were told. `detail` is the evidence.
class Finding(Model):
    key = Key(primary_key=True)
    account = Words()
    at = Instant()
    detail = Json()

    class Meta:
        table = "finding"
        indexes: ClassVar = [Index(fields=("account", "at"))]


# A change of business hours for one day (ISO date); `spans` are pairs of seconds after midnight.
class DeclaredHours(Model):
    id = fields.BigIntField(primary_key=True)
    at = Instant()
    day = Words()
    closed = fields.BooleanField()
    spans = Json()
    reason = Words()
    by = Words()

    class Meta:
        table = "declared_hours"

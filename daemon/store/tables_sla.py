"""The tables of promises and money: clocks as they stand, calls, credits; and agents' corrections. What the
clocks are worked out from is in `tables_course`."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from daemon.store.fields import Instant, Key, Words, belongs_to


# The newest cycle of one clock, as the last decision on its ticket left it: for lists, for everything else is
# worked out from the ticket's events. `due_at` is null while it is paused, and `left_seconds` is then the
# working time left; `outcome` is null while it is open, and then `open_key` ("ticket:clock") allows one such
# row. `target` is seconds of working time. Only release 0.1.0 wrote `sla_version` (it is the ticket's), and
# neither `priority` nor `begun_at`.
class Clock(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    name = Words()
    started_at = Instant()
    due_at = Instant(null=True)
    target = fields.BigIntField()
    calendar = Words()
    sla_version = Words()
    source = Words()
    met_at = Instant(null=True)
    breached_at = Instant(null=True)
    paused_at = Instant(null=True)
    ended_at = Instant(null=True)
    outcome = Words(null=True)
    open_key = Words(null=True, unique=True)
    priority = Words(null=True)
    begun_at = Instant(null=True)
    left_seconds = fields.FloatField(null=True)

    class Meta:
        table = "clock"
        indexes: ClassVar = [Index(fields=("ticket_id", "name", "id")), Index(fields=("outcome", "due_at"))]


# A span of a cycle, as release 0.1.0 kept them; no longer written.
class ClockInterval(Model):
    id = fields.BigIntField(primary_key=True)
    clock = belongs_to("Clock")
    kind = Words()
    since = Instant()
    until = Instant(null=True)
    reason = Words(default="")

    class Meta:
        table = "clock_interval"
        indexes: ClassVar = [Index(fields=("clock_id", "since"))]


# A logged telephone call, in whole minutes.
class Call(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    account = Words(null=True)
    at = Instant()
    by = Words()
    minutes = fields.IntField()
    text = Words()

    class Meta:
        table = "call"
        indexes: ClassVar = [Index(fields=("ticket_id", "at")), Index(fields=("account", "at"))]


# A proposal for one ticket; `one_key` (its number) allows one that nobody has decided on. Amounts are exact
# decimals as text ("12.50"); `month` is YYYY-MM of the due date, `accepted_month` that of the acceptance;
# `state`: proposed, accepted or refused.
class Credit(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    account = Words(null=True)
    amount = Words()
    accepted_amount = Words(null=True)
    state = Words()
    month = Words()
    accepted_month = Words(null=True)
    proposed_at = Instant()
    decided_at = Instant(null=True)
    by = Words(default="")
    one_key = Words(null=True, unique=True)

    class Meta:
        table = "credit"
        indexes: ClassVar = [Index(fields=("ticket_id",)), Index(fields=("account", "month"))]


# What an agent said a mail really was: kept for training.
class Correction(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    message_id = Key()
    field = Words()
    was = Words()
    became = Words()
    by = Words()
    at = Instant()

    class Meta:
        table = "correction"
        indexes: ClassVar = [Index(fields=("ticket_id", "at"))]

"""The tables of customers and tickets. No behaviour.

Rows are never deleted by a cascade; a "nullable unique key" column is what allows at most one of something.
What came in and goes out is in `tables_mail`, clocks and money in `tables_sla`. What a table is for stands
above it: its docstring would become part of the database's schema. Tables of an earlier release get their
later indexes by SQL (migration 0002).
"""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from daemon.store.fields import Instant, Json, Key, Words, belongs_to


# A customer of the directory. The lists are the account's own; `AccountEmail`, `AccountDomain` and
# `AccountPhone` are how a sender is looked up.
class Account(Model):
    key = Words(primary_key=True)
    name = Words()
    plan = Words()
    coverage = Words()
    installs = fields.IntField(null=True)
    language = Words(null=True)
    emails = Json()
    domains = Json()
    phones = Json()
    billing_email = Words()
    updated_at = Instant()

    class Meta:
        table = "account"


# What an account had from `since` on, until its next row.
class AccountPlan(Model):
    id = fields.BigIntField(primary_key=True)
    account = belongs_to("Account")
    plan = Words()
    coverage = Words()
    installs = fields.IntField(null=True)
    since = Instant()

    class Meta:
        table = "account_plan"
        indexes: ClassVar = [Index(fields=("account_id", "since"))]


class AccountEmail(Model):
    address = Key(primary_key=True)
    account = belongs_to("Account")

    class Meta:
        table = "account_email"
        indexes: ClassVar = [Index(fields=("account_id",))]


# A domain names an account only while exactly one account has it.
class AccountDomain(Model):
    id = fields.BigIntField(primary_key=True)
    domain = Key()
    account = belongs_to("Account")

    class Meta:
        table = "account_domain"
        unique_together = (("domain", "account"),)
        indexes: ClassVar = [Index(fields=("account_id",))]


# A number, in digits without the country code 1, names an account only while exactly one account has it.
class AccountPhone(Model):
    id = fields.BigIntField(primary_key=True)
    number = Key()
    account = belongs_to("Account")

    class Meta:
        table = "account_phone"
        unique_together = (("number", "account"),)
        indexes: ClassVar = [Index(fields=("account_id",))]


# A person we have met. `account` is what the directory said then.
class Contact(Model):
    address = Key(primary_key=True)
    name = Words()
    language = Words(null=True)
    account = Words(null=True)
    seen_at = Instant()

    class Meta:
        table = "contact"


# `version` grows with every change of the ticket. Numbers start at 1001 (migration 0001).
#
# wake_at          when it must be looked at next
# missed_at        due instant of its newest missed resolution that counts
# calendar_digest  business hours that it was opened under; null: those of its SLA version
# news             words for the next status update
# opened_as        priority, provisional, plan and coverage of its opening; null in what release 0.1.0 opened,
#                  where they never changed
class Ticket(Model):
    id = fields.BigIntField(primary_key=True)
    version = fields.BigIntField(default=1)
    state = Words()
    priority = Words()
    provisional = fields.BooleanField()
    severity = Words(null=True)
    confidence = fields.FloatField()
    rule = Words()
    intent = Words()
    missing = Json()
    evidence = Json()
    to_verify = fields.BooleanField()
    related_to = fields.BigIntField(null=True)
    subject = Words()
    requester = Key()
    requester_name = Words()
    language = Words()
    account = Words(null=True)
    plan = Words()
    coverage = Words()
    sla_version = Words()
    opened_at = Instant()
    closed_at = Instant(null=True)
    merged_into = fields.BigIntField(null=True)
    assignee = Words(null=True)
    wake_at = Instant(null=True)
    missed_at = Instant(null=True)
    calendar_digest = Words(null=True)
    news = Words(null=True)
    opened_as = Json(null=True)

    class Meta:
        table = "ticket"
        indexes: ClassVar = [
            Index(fields=("requester", "priority", "opened_at")),
            Index(fields=("state", "opened_at")),
            Index(fields=("account", "opened_at")),
        ]


# An agent said that they belong together.
class TicketLink(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    other = belongs_to("Ticket")
    at = Instant()
    by = Words()

    class Meta:
        table = "ticket_link"
        unique_together = (("ticket", "other"),)


class Participant(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    address = Key()
    name = Words()
    role = Words()

    class Meta:
        table = "participant"
        unique_together = (("ticket", "address"),)


# `kind`: what an outgoing mail was (the contract's kinds); "" for all that came in. `subject` and
# `references` are those of a mail that came in, for the answer to it; null in what older releases wrote.
class Message(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    direction = Words()
    kind = Words(default="")
    sender = Words()
    sender_name = Words()
    role = Words()
    at = Instant()
    text = Words()
    full_text = Words()
    message_id = Key()
    to = Json()
    cc = Json()
    subject = Words(null=True)
    references = Json(null=True)

    class Meta:
        table = "message"
        indexes: ClassVar = [Index(fields=("message_id", "id")), Index(fields=("ticket_id", "at"))]


# `sha256` names the blob in the data directory.
class Attachment(Model):
    id = fields.BigIntField(primary_key=True)
    message = belongs_to("Message")
    name = Words()
    media_type = Words()
    size = fields.BigIntField()
    sha256 = Words()

    class Meta:
        table = "attachment"
        indexes: ClassVar = [Index(fields=("message_id",)), Index(fields=("sha256",))]


# Append-only.
class History(Model):
    id = fields.BigIntField(primary_key=True)
    ticket = belongs_to("Ticket")
    at = Instant()
    event = Words()
    by = Words()
    detail = Json()

    class Meta:
        table = "history"
        indexes: ClassVar = [Index(fields=("ticket_id", "at"))]

"""The tables of mail: the ledger of what came in, the outbox of what goes out, and the bytes of both."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from daemon.store.fields import Instant, Json, Key, Words


# The ledger. The bytes are in `InboundContent`, or, when they are many, in the blob that `blob` names.
# `masked`: card numbers in it; `copy_uid`: the UID of the masked copy that is to take its place, once that is
# there (0 where the server did not tell).
class InboundMail(Model):
    id = fields.BigIntField(primary_key=True)
    mailbox = Key()
    uidvalidity = fields.BigIntField()
    uid = fields.BigIntField()
    arrived = Instant()
    size = fields.BigIntField()
    truncated = fields.BooleanField()
    message_id = Key()
    fingerprint = Key()
    sender = Words()
    subject = Words()
    disposition = Words()
    reason = Words()
    ticket = fields.BigIntField(null=True)
    blob = Words(null=True)
    moved = fields.BooleanField(default=False)
    masked = fields.IntField(default=0)
    copy_uid = fields.BigIntField(null=True)

    class Meta:
        table = "inbound_mail"
        unique_together = (("mailbox", "uidvalidity", "uid"),)
        indexes: ClassVar = [
            Index(fields=("message_id", "fingerprint", "arrived")),
            Index(fields=("disposition", "mailbox", "id")),
            Index(fields=("ticket",)),
        ]


# The bytes of the mail of the same id, as they came. Apart, because SQLite writes a whole row for each change
# of it, and a ledger row changes when its mail is moved.
class InboundContent(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    content = fields.BinaryField()

    class Meta:
        table = "inbound_content"


class MailboxCursor(Model):
    mailbox = Key(primary_key=True)
    uidvalidity = fields.BigIntField()
    last_uid = fields.BigIntField()
    first_start = Instant()
    braked = Instant(null=True)

    class Meta:
        table = "mailbox_cursor"


# `due_at` is null once nothing is left to do: the index (rank, due_at) then holds live rows together.
# For a row in `sending` it is when the claim lapses.
class Outbox(Model):
    id = fields.BigIntField(primary_key=True)
    version = fields.BigIntField(default=1)
    kind = Words()
    ticket = fields.BigIntField(null=True)
    recipient = Key()
    cause = Key(unique=True)
    supersede_key = Key(null=True)
    context = Json()
    rank = fields.IntField()
    state = Words()
    attempts = fields.IntField(default=0)
    queued_at = Instant()
    due_at = Instant(null=True)
    sent_at = Instant(null=True)
    code = fields.IntField(null=True)
    last_error = Words(default="")
    message_id = Key(null=True)
    envelope_from = Words(default="")
    bounced_at = Instant(null=True)
    bounce_status = Words(null=True)

    class Meta:
        table = "outbox"
        indexes: ClassVar = [
            Index(fields=("rank", "due_at", "id")),
            Index(fields=("message_id",)),
            Index(fields=("supersede_key", "state")),
            Index(fields=("recipient", "kind", "queued_at")),
            Index(fields=("kind", "queued_at")),
            Index(fields=("ticket",)),
        ]


# The rendered mail of the outbox row of the same id: written once, before the first attempt.
class OutboxContent(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    content = fields.BinaryField()

    class Meta:
        table = "outbox_content"


class SuppressedAddress(Model):
    address = Key(primary_key=True)
    reason = Words()
    at = Instant()

    class Meta:
        table = "suppressed_address"


# An agent's mail that was not carried out, for the yes to it. `yes` and `send` are lists of commands, null
# where that is not offered; `settled` is how it was answered, null while it was not.
class HeldMail(Model):
    cause = Key(primary_key=True)
    ticket = fields.BigIntField(null=True)
    agent = Words()
    at = Instant()
    words = Words()
    yes = Json(null=True)
    send = Json(null=True)
    attachments = Json()
    managers = fields.BooleanField()
    settled = Words(null=True)
    settled_at = Instant(null=True)
    settled_by = Words(null=True)

    class Meta:
        table = "held_mail"
        indexes: ClassVar = [Index(fields=("ticket",))]


# Facts about the store itself, by name. `value` is JSON.
class Setting(Model):
    name = Words(primary_key=True)
    value = Json()

    class Meta:
        table = "setting"

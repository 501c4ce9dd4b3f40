"""Promises are kept: events of tickets, what must be looked at when, agents' held mails, declared hours."""

from typing import Any, Final

from tortoise import migrations
from tortoise.migrations import operations as ops
from daemon.store.fields import Instant, Json, Key, Words
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

INDEXES: Final = [
    "CREATE INDEX ix_ticket_wake ON ticket (wake_at) WHERE wake_at IS NOT NULL",
    "CREATE INDEX ix_ticket_missed ON ticket (account, missed_at) WHERE missed_at IS NOT NULL",
    "CREATE INDEX ix_ticket_closed ON ticket (closed_at) WHERE closed_at IS NOT NULL",
    "CREATE INDEX ix_ticket_unresolved ON ticket (account) WHERE state IN ('new', 'open', 'waiting')",
    "CREATE INDEX ix_outbox_superseded ON outbox (supersede_key)"
    " WHERE state = 'queued' AND supersede_key IS NOT NULL",
    "CREATE INDEX ix_call_at ON call (at)",
    "CREATE INDEX ix_credit_month ON credit (month)",
    "CREATE INDEX ix_credit_accepted ON credit (accepted_month) WHERE accepted_month IS NOT NULL",
]
"""Most tickets are over and wait for nothing: an index over the others stays small, and a new one writes little."""

_ISO: Final = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%S', {0} / 1000000, 'unixepoch') || printf('.%06d+00:00', {0} % 1000000)",
    "postgres": (
        "to_char(to_timestamp({0} / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
        " || '.' || lpad(({0} % 1000000)::text, 6, '0') || '+00:00'"
    ),
}
"""An instant of ours (microseconds since 1970) as ISO 8601."""

# What the customer wrote after the mail that opened the ticket.
_WROTE: Final = """
SELECT m.ticket_id, m.at, '{{"event":"wrote","at":"' || {iso} || '"}}' FROM message m
JOIN ticket t ON t.id = m.ticket_id
WHERE t.state IN ('new', 'open', 'waiting', 'resolved') AND m.direction = 'in'
 AND m.role IN ('requester', 'colleague') AND EXISTS (SELECT 1 FROM message f WHERE f.ticket_id = m.ticket_id
  AND f.direction = 'in' AND f.id < m.id)
ORDER BY m.id
"""
# Release 0.1.0 resolved and closed nothing by itself; a hand in the database may have.
_RESOLVED: Final = """
SELECT x.id, x.at, '{{"event":"resolved","at":"' || {iso} || '"}}' FROM (SELECT t.id, COALESCE((SELECT
 max(h.at) FROM history h WHERE h.ticket_id = t.id AND h.event = 'state'), t.opened_at) AS at FROM ticket t
 WHERE t.state = 'resolved') x ORDER BY x.id
"""
_CLOSED: Final = """
SELECT id, closed_at, '{{"event":"closed","at":"' || {iso} || '"}}' FROM ticket
WHERE state = 'closed' AND closed_at IS NOT NULL ORDER BY id
"""


async def tell_the_clocks(_apps: object, editor: Any) -> None:
    """What has happened to the tickets of an older release, as far as it is known, becomes events; and each
    ticket that is not closed is looked at once."""
    iso = _ISO["sqlite" if editor.DIALECT == "sqlite" else "postgres"]
    for question, at in ((_WROTE, "m.at"), (_RESOLVED, "x.at"), (_CLOSED, "closed_at")):
        told = question.format(iso=iso.format(at))
        await editor.client.execute_query(f"INSERT INTO ticket_event (ticket_id, at, record) {told}")
    await editor.client.execute_query("UPDATE ticket SET wake_at = opened_at WHERE state <> 'closed'")


class Migration(migrations.Migration):
    dependencies = [('desk', '0001_initial')]

    operations = [
        ops.CreateModel(
            name='Calendar',
            fields=[
                ('digest', Words(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('record', Json(generated=False, null=False, unique=False)),
            ],
            options={'table': 'calendar', 'app': 'desk', 'pk_attr': 'digest'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DeclaredHours',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('at', Instant(generated=False, null=False, unique=False)),
                ('day', Words(generated=False, null=False, unique=False)),
                ('closed', fields.BooleanField()),
                ('spans', Json(generated=False, null=False, unique=False)),
                ('reason', Words(generated=False, null=False, unique=False)),
                ('by', Words(generated=False, null=False, unique=False)),
            ],
            options={'table': 'declared_hours', 'app': 'desk', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DeskStep',
            fields=[
                ('key', Key(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('at', Instant(generated=False, null=False, unique=False)),
            ],
            options={'table': 'desk_step', 'app': 'desk', 'pk_attr': 'key'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Finding',
            fields=[
                ('key', Key(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('account', Words(generated=False, null=False, unique=False)),
                ('at', Instant(generated=False, null=False, unique=False)),
                ('detail', Json(generated=False, null=False, unique=False)),
            ],
            options={'table': 'finding', 'app': 'desk', 'indexes': [Index(fields=['account', 'at'])], 'pk_attr': 'key'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='HeldMail',
            fields=[
                ('cause', Key(primary_key=True, unique=True, db_index=True, generated=False, null=False)),
                ('ticket', fields.BigIntField(null=True)),
                ('agent', Words(generated=False, null=False, unique=False)),
                ('at', Instant(generated=False, null=False, unique=False)),
                ('words', Words(generated=False, null=False, unique=False)),
                ('yes', Json(null=True, generated=False, unique=False)),
                ('send', Json(null=True, generated=False, unique=False)),
                ('attachments', Json(generated=False, null=False, unique=False)),
                ('managers', fields.BooleanField()),
                ('settled', Words(null=True, generated=False, unique=False)),
                ('settled_at', Instant(null=True, generated=False, unique=False)),
                ('settled_by', Words(null=True, generated=False, unique=False)),
            ],
            options={'table': 'held_mail', 'app': 'desk', 'indexes': [Index(fields=['ticket'])], 'pk_attr': 'cause'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StepDone',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('ticket', fields.ForeignKeyField('desk.Ticket', source_field='ticket_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('key', Key(generated=False, null=False, unique=False)),
            ],
            options={'table': 'step_done', 'app': 'desk', 'unique_together': (('ticket', 'key'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TicketEvent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('ticket', fields.ForeignKeyField('desk.Ticket', source_field='ticket_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('at', Instant(generated=False, null=False, unique=False)),
                ('record', Json(generated=False, null=False, unique=False)),
            ],
            options={'table': 'ticket_event', 'app': 'desk', 'indexes': [Index(fields=['ticket_id', 'id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TicketLink',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('ticket', fields.ForeignKeyField('desk.Ticket', source_field='ticket_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('other', fields.ForeignKeyField('desk.Ticket', source_field='other_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('at', Instant(generated=False, null=False, unique=False)),
                ('by', Words(generated=False, null=False, unique=False)),
            ],
            options={'table': 'ticket_link', 'app': 'desk', 'unique_together': (('ticket', 'other'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Clock',
            name='begun_at',
            field=Instant(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Clock',
            name='left_seconds',
            field=fields.FloatField(null=True),
        ),
        ops.AddField(
            model_name='Clock',
            name='priority',
            field=Words(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Message',
            name='references',
            field=Json(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Message',
            name='subject',
            field=Words(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Ticket',
            name='calendar_digest',
            field=Words(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Ticket',
            name='missed_at',
            field=Instant(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Ticket',
            name='news',
            field=Words(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Ticket',
            name='opened_as',
            field=Json(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Ticket',
            name='wake_at',
            field=Instant(null=True, generated=False, unique=False),
        ),
        ops.RunSQL(INDEXES),
        ops.RunPython(tell_the_clocks),
    ]

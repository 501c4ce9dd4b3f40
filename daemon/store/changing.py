"""What agents change of a ticket: priority, who has it, what it belongs to. Writers inside a transaction that
`apply` opened.

The version grows with each, so that whoever has read the ticket as it was decides again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from daemon.core import actions as act
from daemon.core.actions import Action
from daemon.store import tables
from daemon.store.connection import Client, rows
from daemon.store.fields import clean, key_of
from daemon.store.tables import TicketLink
from daemon.store.tables_sla import Correction
from daemon.store.unwritten import Writing
from daemon.store.writing import column, insert


async def _set_priority(writing: Writing, action: act.SetPriority) -> None:
    sql = "UPDATE ticket SET priority = ?, provisional = ?, rule = ?, version = version + 1 WHERE id = ?"
    provisional = column(tables.Ticket, "provisional", action.provisional)
    ticket = writing.number(action.ticket)
    writing.then((sql, [action.priority.value, provisional, clean(action.rule), ticket]))


async def _set_assignee(writing: Writing, action: act.SetAssignee) -> None:
    sql = "UPDATE ticket SET assignee = ?, version = version + 1 WHERE id = ?"
    writing.then((sql, [action.assignee, writing.number(action.ticket)]))


async def _save_news(writing: Writing, action: act.SaveNews) -> None:
    """After those that wait already: no words of an agent are lost."""
    text = clean(action.text)
    sql = (
        "UPDATE ticket SET news = CASE WHEN COALESCE(news, '') = '' THEN CAST(? AS TEXT)"
        " ELSE news || CAST(? AS TEXT) END, version = version + 1 WHERE id = ?"
    )
    writing.then((sql, [text, f"\n{text}", writing.number(action.ticket)]))


async def _merge_tickets(writing: Writing, action: act.MergeTickets) -> None:
    """What was done for a ticket is done for the one that it leads to from here on."""
    ticket, into = writing.number(action.ticket), writing.number(action.into)
    writing.then(("UPDATE ticket SET merged_into = ?, version = version + 1 WHERE id = ?", [into, ticket]))
    steps = (
        "INSERT INTO step_done (ticket_id, key) SELECT CAST(? AS BIGINT), s.key FROM step_done s"
        " WHERE s.ticket_id = ? ON CONFLICT (ticket_id, key) DO NOTHING"
    )
    writing.then((steps, [into, ticket]))


async def _move_message(writing: Writing, action: act.MoveMessage) -> None:
    """The ledger tells the truth of it, too."""
    ticket, to, name = writing.number(action.ticket), writing.number(action.to), key_of(action.message_id)
    writing.then(
        ("UPDATE message SET ticket_id = ? WHERE message_id = ? AND ticket_id = ?", [to, name, ticket])
    )
    writing.then(
        ("UPDATE inbound_mail SET ticket = ? WHERE message_id = ? AND ticket = ?", [to, name, ticket])
    )


async def _link_tickets(writing: Writing, action: act.LinkTickets) -> None:
    """Both lead to each other."""
    ticket, other = writing.number(action.ticket), writing.number(action.other)
    for one, two in ((ticket, other), (other, ticket)):
        writing.add(
            TicketLink,
            "ON CONFLICT (ticket_id, other_id) DO NOTHING",
            ticket_id=one,
            other_id=two,
            at=action.at,
            by=action.by,
        )


async def _attach_account(writing: Writing, action: act.AttachAccount) -> None:
    """The directory and the list of each account's addresses say the same."""
    client, ticket = writing.client, writing.number(action.ticket)
    writing.then(
        (
            "UPDATE ticket SET account = ?, plan = ?, coverage = ?, version = version + 1 WHERE id = ?",
            [action.account, action.plan.value, action.coverage.value, ticket],
        )
    )
    if not action.address:
        return
    address = key_of(action.address)
    owned = await rows(client, "SELECT account_id FROM account_email WHERE address = ?", [address])
    for row in owned:
        if row["account_id"] != action.account:
            await _list_address(client, row["account_id"], action.address, listed=False)
    await _list_address(client, action.account, action.address, listed=True)
    await insert(
        client,
        tables.AccountEmail,
        [{"address": action.address, "account_id": action.account}],
        "ON CONFLICT (address) DO UPDATE SET account_id = excluded.account_id",
    )
    writing.then(("UPDATE contact SET account = ? WHERE address = ?", [action.account, address]))


async def _list_address(client: Client, account: str, address: str, *, listed: bool) -> None:
    for row in await rows(client, "SELECT emails FROM account WHERE key = ?", [account]):
        others = [one for one in json.loads(row["emails"]) if one != address]
        emails = column(tables.Account, "emails", [*others, address] if listed else others)
        await rows(client, "UPDATE account SET emails = ? WHERE key = ?", [emails, account])


async def _add_correction(writing: Writing, action: act.AddCorrection) -> None:
    writing.add(
        Correction,
        ticket_id=writing.number(action.ticket),
        message_id=action.message_id,
        field=action.field,
        was=action.was,
        became=action.became,
        by=action.by,
        at=action.at,
    )


WRITERS: Final[dict[type[Action], Callable[[Writing, Any], Awaitable[None]]]] = {
    act.SetPriority: _set_priority,
    act.SetAssignee: _set_assignee,
    act.SaveNews: _save_news,
    act.MergeTickets: _merge_tickets,
    act.MoveMessage: _move_message,
    act.LinkTickets: _link_tickets,
    act.AttachAccount: _attach_account,
    act.AddCorrection: _add_correction,
}

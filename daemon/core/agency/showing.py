"""What an agent asked to see: voir, expliquer, client, liste, aide. One transcript holds all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daemon.core.actions import QueueMail
from daemon.core.agency.telling import situation
from daemon.core.commands.hearing import Hearing
from daemon.core.commands.judging import Asked
from daemon.core.commands.notifying import Occasion, account_facts, line, notification
from daemon.core.commands.receipts import transcript
from daemon.core.commands.showing import explained, helped
from daemon.core.commands.values import Verb
from daemon.core.dossier import Dossier, course_of
from daemon.core.facts import Listed, Snapshot
from daemon.core.values import Participant

LONGEST_LIST: Final = 200
"""Tickets of one list."""


def shown(hearing: Hearing, asked: Sequence[Asked], snapshot: Snapshot) -> tuple[QueueMail, ...]:
    """Everything that was asked for, in its order; empty where nothing was. A ticket that does not exist was
    refused before."""
    items = [item for one in asked for item in _items(hearing, one, snapshot)]
    if not items:
        return ()
    told = transcript(hearing, "transcript", "shown", shown=items)
    cause = f"transcript:{hearing.cause}:shown:{hearing.agent.addresses[0]}"
    return (replace(told, cause=cause),)


def _items(hearing: Hearing, asked: Asked, snapshot: Snapshot) -> list[dict[str, object]]:
    if asked.verb is Verb.HELP:
        language = hearing.policy.language.value
        return [_item("help", helped(language, manager=hearing.agent.manager))]
    if asked.verb is Verb.LIST:
        mine = _in_scope(snapshot.listing, asked.scope, hearing.agent.handle)
        rows = [_row(one, hearing) for one in in_order(mine)[:LONGEST_LIST]]
        return [_item("list", rows, scope=asked.scope, more=max(len(mine) - LONGEST_LIST, 0))]
    found = []
    for number in asked.tickets:
        ticket = snapshot.ticket(number)
        dossier = snapshot.dossiers.get(ticket.id) if ticket is not None else None
        if dossier is not None:
            found.append(_of_ticket(hearing, asked.verb, dossier, snapshot))
    return found


def _of_ticket(hearing: Hearing, verb: Verb, dossier: Dossier, snapshot: Snapshot) -> dict[str, object]:
    policy, ticket = hearing.policy, dossier.ticket
    course = course_of(dossier, policy, hearing.now)
    content: object
    if verb is Verb.EXPLAIN:
        content = explained(course)
    else:
        seen = situation(dossier, ticket, course, Occasion.SHOWN, policy, hearing.now)
        if verb is Verb.SHOW:
            content = notification(seen, policy, may_reply=False)
        else:
            theirs = [
                one
                for one in snapshot.listing
                if one.ticket.account is not None and one.ticket.account == ticket.account
            ]
            content = {
                **account_facts(seen),
                "people": [_person(person) for person in ticket.participants],
                "tickets": [_row(one, hearing) for one in in_order(theirs)[:LONGEST_LIST]],
            }
    return _item(verb.value, content, ref=ticket.ref, subject=ticket.subject)


def _item(
    what: str, content: object, *, ref: str = "", subject: str = "", scope: str = "", more: int = 0
) -> dict[str, object]:
    return {
        "shown": what,
        "ref": ref,
        "subject": subject,
        "scope": scope,
        "more": more,
        "content": content,
    }


def _in_scope(listing: Sequence[Listed], scope: str, handle: str) -> list[Listed]:
    """`scope` as `people.scope` reads it: everything, "me", "late", a priority, or "@" and a handle."""
    whose = handle if scope == "me" else scope[1:] if scope.startswith("@") else None
    if whose is not None:
        return [one for one in listing if one.ticket.assignee == whose]
    if scope == "late":
        return [one for one in listing if one.breached]
    if scope:
        return [one for one in listing if one.ticket.priority.value == scope]
    return list(listing)


def in_order(listing: Sequence[Listed]) -> list[Listed]:
    """By what is due first; those that stand still come last."""
    running = sorted(
        (one for one in listing if one.due is not None), key=lambda one: (one.due, one.ticket.id)
    )
    return [*running, *(one for one in listing if one.due is None)]


def _row(one: Listed, hearing: Hearing) -> dict[str, object]:
    first: dict[str, object] | None = None
    if one.due is not None:
        first = {"clock": one.clock, "due": one.due.isoformat(), "breached": one.breached}
    return line(one.ticket, first, hearing.policy, one.account)


def _person(person: Participant) -> dict[str, str]:
    return {"name": person.name, "address": person.address, "role": person.role}

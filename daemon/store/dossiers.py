"""Everything about tickets that a decision on them may need, in a handful of statements for any number of
tickets, each led by an index."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from daemon.core.commands.hearing import Spoken
from daemon.core.commands.notifying import Said
from daemon.core.dossier import AgentsAnswer, Dossier, KeptCredit
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.declaring import Declared
from daemon.core.sla.events import Opening
from daemon.core.sla.minutes import LoggedCall
from daemon.core.sla.records import from_record
from daemon.core.values import (
    Account,
    Address,
    Coverage,
    Evidence,
    Plan,
    Priority,
    SendState,
    Severity,
    State,
    Ticket,
)
from daemon.store import conversation, facts
from daemon.store.connection import Client, Row
from daemon.store.known import Known
from daemon.store.readings import instant, moment
from daemon.store.ticketrows import Found, tickets_of
from daemon.store.undoable import last_change

_CHUNK: Final = 200

_UNRESOLVED: Final = frozenset({State.NEW, State.OPEN, State.WAITING})


@dataclass(frozen=True, slots=True)
class _Hours:
    """Business hours by their name in the store, and what was declared."""

    calendars: Mapping[str, Calendar]
    declared: tuple[Declared, ...]


async def dossiers(client: Client, known: Known, numbers: Sequence[int]) -> list[Dossier]:
    """Those of these tickets that exist, each whole, in this order; a merged one as it was."""
    found: dict[int, Dossier] = {}
    wanted = list(dict.fromkeys(numbers))
    for start in range(0, len(wanted), _CHUNK):
        tickets = await tickets_of(client, wanted[start : start + _CHUNK])
        found |= await dossiers_of(client, known, tickets)
    return [found[number] for number in wanted if number in found]


async def dossiers_of(
    client: Client, known: Known, tickets: Found, *, whole: bool = False, account: Account | None = None
) -> dict[int, Dossier]:
    """The dossiers of tickets whose rows are read already, at most some hundreds; `whole`: with the
    conversation; `account`: one that is read already, too."""
    if not tickets:
        return {}
    numbers = sorted(tickets)
    keys = sorted({t.account for _, t in tickets.values() if t.account is not None})
    written = await facts.written(client, numbers)
    spoken = await facts.spoken(client, numbers)
    mails = await facts.mails(client, numbers)
    said = await conversation.told(client, numbers, mails) if whole else {}
    at_hand = {} if account is None else {account.key: account}
    accounts = at_hand | await facts.accounts(client, [key for key in keys if key not in at_hand])
    firms = await facts.firms(client, keys)
    digests = {row["calendar_digest"] for row, _ in tickets.values()} - {None}
    hours = _Hours(await known.calendars(client, digests), await known.declared(client))
    return {
        number: _dossier(
            tickets[number],
            hours,
            written.get(number, facts.Written()),
            (spoken.get((number, "first")), spoken.get((number, "newest"))),
            mails.get(number, []),
            said.get(number, ()),
            accounts.get(tickets[number][1].account or ""),
            firms.get(tickets[number][1].account or "", facts.Firm()),
        )
        for number in numbers
    }


def _dossier(
    found: tuple[Row, Ticket],
    hours: _Hours,
    written: facts.Written,
    spoken: tuple[Row | None, Row | None],
    mails: Sequence[Row],
    said: tuple[Said, ...],
    account: Account | None,
    firm: facts.Firm,
) -> Dossier:
    row, ticket = found
    opening = _opening(row, ticket)
    events = tuple(from_record(record, {}) for record in written.records)
    first, newest = spoken
    noted = {change.event for change in written.history}
    answers = [mail for mail in mails if mail["kind"] != facts.ACK]
    return Dossier(
        ticket=ticket,
        opening=opening,
        sla_version=row["sla_version"],
        standard=hours.calendars[row["calendar_digest"]] if row["calendar_digest"] else None,
        events=events,
        done=frozenset(written.done),
        rule=row["rule"],
        severity=Severity(row["severity"]) if row["severity"] else None,
        confidence=row["confidence"],
        evidence=tuple(Evidence(**one) for one in json.loads(row["evidence"])),
        missing=tuple(json.loads(row["missing"])),
        news=row["news"] or "",
        spoke=_spoke(newest) if newest is not None else None,
        spoke_text=newest["text"] if newest is not None else "",
        copied=_copied(first) if first is not None and _vouched(written) else (),
        conversation=said,
        answer=_answer(answers),
        unsent=tuple((m["id"], m["version"]) for m in answers if _untried(m)),
        before=last_change(written.history, opening, events),
        objected=facts.OBJECTION in noted,
        credit=_credit(written),
        given=firm.given,
        suppressed=frozenset(written.silent),
        known=any(m["kind"] == facts.ACK and m["context"].get("known") for m in mails),
        silenced=facts.SILENCED in noted,
        account=account,
        calls=tuple(firm.calls),
        others=firm.unresolved - (ticket.account is not None and ticket.state in _UNRESOLVED),
        declared=hours.declared,
    )


async def calls_of(client: Client, account: str) -> tuple[LoggedCall, ...]:
    """Of this calendar month and the one before."""
    return tuple((await facts.firms(client, [account])).get(account, facts.Firm()).calls)


def _opening(row: Row, ticket: Ticket) -> Opening:
    was = json.loads(row["opened_as"]) if row["opened_as"] else {}
    return Opening(
        at=ticket.opened_at,
        plan=Plan(was.get("plan", ticket.plan)),
        coverage=Coverage(was.get("coverage", ticket.coverage)),
        priority=Priority(was.get("priority", ticket.priority)),
        provisional=bool(was.get("provisional", ticket.provisional)),
    )


def _spoke(row: Row) -> Spoken:
    return Spoken(
        message_id=row["message_id"],
        at=moment(row["at"]),
        sender=Address(address=row["sender"], name=row["sender_name"]),
        subject=row["subject"] or "",
        references=_list(row["references"]),
    )


def _vouched(written: facts.Written) -> bool:
    return any(one.event == facts.OPENED and one.detail.get("vouched") is True for one in written.history)


def _copied(row: Row) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*_list(row["to"]), *_list(row["cc"])]))


def _list(value: str | None) -> tuple[str, ...]:
    return tuple(json.loads(value)) if value else ()


def _answer(mails: Sequence[Row]) -> AgentsAnswer | None:
    """The newest that was not called back before anybody sent it."""
    left = [m for m in mails if m["state"] != SendState.CANCELLED.value or m["sent_at"] is not None]
    if not left:
        return None
    key = left[-1]["context"].get("reply", "")
    same = [m for m in left if m["context"].get("reply", "") == key]
    context = same[0]["context"]
    return AgentsAnswer(
        reply=key,
        by=context.get("by", ""),
        words=context.get("text", ""),
        queued_at=moment(same[0]["queued_at"]),
        at=min((at for m in same if (at := instant(m["sent_at"])) is not None), default=None),
    )


def _untried(mail: Row) -> bool:
    return bool(mail["state"] == SendState.QUEUED.value and mail["attempts"] == 0)


def _credit(written: facts.Written) -> KeptCredit | None:
    if written.credit is None:
        return None
    amount, state, month = written.credit
    return KeptCredit(amount=Decimal(amount), month=month, state=state)

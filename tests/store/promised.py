"""A desk that keeps promises, as the store's tests write it: whatever may hang on a ticket."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from daemon.core import actions as act
from daemon.core.actions import Action, Decision
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.events import TicketEvent, Word, Wrote
from daemon.core.sla.spans import Closure, LocalSpan
from daemon.core.values import Attachment
from daemon.store.database import SqlStore
from tests.store.build import NOW, account, decide, mail, new_ticket

HOUR = timedelta(hours=1)
NINE_TO_SIX = LocalSpan(start=9 * 3600, end=18 * 3600)


def business(version: str = "2026-01", *closed: date) -> Calendar:
    week = ((NINE_TO_SIX,),) * 5 + ((),) * 2
    return Calendar(
        name="standard",
        version=version,
        zone="America/Toronto",
        week=week,
        closed={day: Closure(fr="Noël", en="Christmas") for day in closed},
        replaced={date(2026, 12, 24): (LocalSpan(start=9 * 3600, end=12 * 3600),)},
    )


def happened(*events: TicketEvent, ticket: int = 1001) -> tuple[act.AddEvent, ...]:
    return tuple(act.AddEvent(ticket=ticket, event=event) for event in events)


def reply(cause: str = "1", reader: str = "marie@boulangerie.example", **changes: Any) -> act.QueueMail:
    """An agent's answer on its way to one reader."""
    context = {
        "language": "fr",
        "text": f"Bonjour {cause}",
        "agent": "Alex",
        "reply": f"reply:{cause}:1001",
        "by": "alex",
    }
    values: dict[str, Any] = {"kind": "reply", "ticket": 1001, "recipient": reader, "context": context}
    return mail(f"reply:{cause}:1001:{reader}", **(values | changes))


def changed(event: str, was: str | None, now: str | None, by: str = "alex", **more: Any) -> act.AddHistory:
    detail = {"from": was, "to": now}
    return act.AddHistory(**{"ticket": 1001, "at": NOW, "event": event, "by": by, "detail": detail, **more})


def held(cause: str = "held:1", ticket: int | None = 1001, **changes: Any) -> act.HoldMail:
    values: dict[str, Any] = {
        "agent": "alex",
        "at": NOW,
        "words": "Bonjour Marie",
        "yes": ("#résolu",),
        "send": None,
        "attachments": (Attachment(name="a.pdf", media_type="application/pdf", size=3, sha256="ab" * 32),),
    }
    return act.HoldMail(cause=cause, ticket=ticket, **(values | changes))


def proposed(ticket: int = 1001, amount: str = "12.50", **changes: Any) -> act.ProposeCredit:
    values: dict[str, Any] = {"account": "A1", "month": "2026-11", "at": NOW}
    return act.ProposeCredit(ticket=ticket, amount=Decimal(amount), **(values | changes))


def decided(ticket: int = 1001, amount: str | None = "12.50", **changes: Any) -> act.DecideCredit:
    values: dict[str, Any] = {"month": "2026-12", "at": NOW, "by": "direction"}
    given = None if amount is None else Decimal(amount)
    return act.DecideCredit(ticket=ticket, accepted=amount is not None, amount=given, **(values | changes))


def call(ticket: int = 1001, **changes: Any) -> act.LogCall:
    values: dict[str, Any] = {"account": "A1", "minutes": 12, "text": "vu ensemble", "at": NOW, "by": "alex"}
    return act.LogCall(ticket=ticket, **(values | changes))


def declared(day: date = date(2026, 12, 23), **changes: Any) -> act.DeclareHours:
    values: dict[str, Any] = {
        "closed": True,
        "spans": (LocalSpan(start=12 * 3600, end=18 * 3600),),
        "reason": "Inventaire",
        "at": NOW + HOUR,
        "by": "direction",
    }
    return act.DeclareHours(day=day, **(values | changes))


def step(*keys: str, ticket: int = 1001) -> act.StepsDone:
    return act.StepsDone(ticket=ticket, keys=keys, at=NOW)


def opened(uid: int = 1, *more: Action, **changes: Any) -> Decision:
    """A new ticket under business hours that the store does not know yet."""
    return new_ticket(uid, *more, **({"standard": business()} | changes))


async def promised(store: SqlStore) -> None:
    """One row at least in each table that this release has brought; on a store with tickets 1001 to 1004."""
    await store.import_accounts([account()], NOW)
    number = (await store.apply(opened(50))).ticket
    if number is None:
        raise RuntimeError("no ticket was opened")
    await store.apply(
        decide(
            *happened(Wrote(at=NOW + HOUR, word=Word.THANKS), ticket=number),
            step("warn:resolution:x:50", ticket=number),
            held(ticket=number, attachments=()),
            held("held:2", ticket=None, yes=None, attachments=()),
            act.LinkTickets(ticket=number, other=1001, at=NOW, by="alex"),
            act.DeskStepDone(key="statement:2026-10", at=NOW),
            act.RecordFinding(account="A1", key="grave:1", at=NOW, detail={"failures": []}),
            act.SaveNews(ticket=number, text="La pièce arrive", at=NOW, by="alex"),
            act.AddCorrection(
                ticket=number, message_id="m", field="intent", was="ticket", became="spam", at=NOW, by="alex"
            ),
            call(number),
            proposed(number),
            declared(),
        )
    )

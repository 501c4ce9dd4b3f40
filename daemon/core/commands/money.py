"""Calls, credits, declared hours, and what is erased for good."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from daemon.core.actions import Action, DecideCredit, DeclareHours, EraseTicket, LogCall, QueueMail
from daemon.core.commands.deed import Deed, declined, event, history, taken_if_free
from daemon.core.commands.hearing import Hearing, Standing
from daemon.core.commands.values import Command, Why
from daemon.core.names import given_name
from daemon.core.priority import rank
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.events import Called
from daemon.core.sla.penalties import accepted, month_of
from daemon.core.values import Plan, State


def log_call(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """A receipt where the call costs something, or the plan includes none."""
    after, takes = taken_if_free(hearing, standing)
    ticket, left = standing.ticket, standing.minutes_left
    logged = LogCall(
        ticket=ticket.id,
        account=ticket.account,
        minutes=command.minutes,
        text=command.words,
        at=hearing.at,
        by=hearing.agent.handle,
    )
    free = ticket.plan is Plan.GRATUIT
    extra = max(command.minutes - left, 0) if left is not None and not free else 0
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="called",
        after=after,
        actions=(
            logged,
            event(standing, Called(at=hearing.at)),
            *takes,
            history(hearing, standing, "call", minutes=command.minutes),
        ),
        detail={"minutes": command.minutes, "left": left, "extra": extra, "not_included": free},
        receipt=free or bool(extra and standing.charged),
    )


def decide_credit(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """The month's cap applies at acceptance. Only then is the customer told."""
    ticket, offered = standing.ticket, standing.offered
    if offered is None:
        raise declined(Why.NO_CREDIT, command, ticket.ref)
    wanted = command.amount if command.amount is not None else offered.amount
    amount = accepted(wanted, offered.price, offered.given) if command.accept else None
    decision = DecideCredit(
        ticket=ticket.id,
        accepted=bool(command.accept),
        amount=amount,
        month=month_of(hearing.at, hearing.zone),
        at=hearing.at,
        by=hearing.agent.handle,
    )
    detail: dict[str, object] = {
        "proposed": str(offered.amount),
        "amount": str(amount) if amount is not None else None,
        "capped": amount is not None and amount < wanted,
        "month": offered.month,
    }
    told = _told(hearing, standing, str(amount)) if amount else ()
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="credit_accepted" if command.accept else "credit_refused",
        after=replace(standing, offered=None),
        actions=(decision, history(hearing, standing, "credit", **detail), *told),
        detail=detail,
        receipt=True,
    )


def given(standings: dict[int, Standing], decided: Standing, deed: Deed) -> dict[int, Standing]:
    """The standings after an acceptance: what is given for a month counts for the account's other proposals
    of it in the same mail."""
    account, month = decided.ticket.account, deed.detail["month"]

    def after(one: Standing) -> Standing:
        if one.offered is None or one.ticket.account != account or one.offered.month != month:
            return one
        more = one.offered.given + Decimal(str(deed.detail["amount"]))
        return replace(one, offered=replace(one.offered, given=more))

    return {number: after(one) for number, one in standings.items()}


def _told(hearing: Hearing, standing: Standing, amount: str) -> tuple[QueueMail, ...]:
    ticket = standing.ticket
    circle = Circle(policy=hearing.policy, people=ticket.participants, suppressed=hearing.suppressed)
    return tuple(
        QueueMail(
            kind="credit",
            ticket=ticket.id,
            recipient=address,
            cause=f"credit:{ticket.id}:{hearing.cause}:{address}",
            context={
                "language": ticket.language.value,
                "given_name": _given(standing, address),
                "subject": ticket.subject,
                "amount": amount,
                "resolved": ticket.state is State.RESOLVED,  # a closed one may never have been solved
                "in_reply_to": "",
                "references": [],
            },
            rank=rank(ticket.priority),
            at=hearing.now,
        )
        for address in recipients("credit", circle)
    )


def _given(standing: Standing, address: str) -> str:
    return next((given_name(p.name) for p in standing.ticket.participants if p.address == address), "")


def declare_hours(hearing: Hearing, command: Command) -> Deed:
    declared = command.hours
    if declared is None:
        raise declined(Why.MISSING, command)
    action: Action = DeclareHours(
        day=declared.day,
        closed=declared.closed,
        spans=declared.spans,
        reason=declared.reason,
        at=hearing.at,
        by=hearing.agent.handle,
    )
    spans = [[span.start, span.end] for span in declared.spans]
    return Deed(
        verb=command.verb,
        ticket=None,
        said="hours",
        actions=(action,),
        detail={"day": declared.day.isoformat(), "closed": declared.closed, "spans": spans},
        receipt=True,
        retargets=True,
    )


def erase(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    ticket = standing.ticket
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="erased",
        after=standing,
        actions=(
            EraseTicket(ticket=ticket.id, at=hearing.at, by=hearing.agent.handle),
            history(hearing, standing, "erased"),
        ),
        receipt=True,
    )

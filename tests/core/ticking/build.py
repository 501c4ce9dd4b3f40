"""Tickets at an instant, what a tick decides on them, and the ticket that comes of it, as a store would keep
it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from daemon.core.actions import AddEvent, Decision, ProposeCredit, QueueMail, SetState, StepsDone, WriteClocks
from daemon.core.commands.hearing import Spoken
from daemon.core.dossier import AgentsAnswer, Dossier, KeptCredit, course_of
from daemon.core.policy import Policy
from daemon.core.sla.events import TicketEvent
from daemon.core.ticking import on_tick
from daemon.core.values import Address
from tests.core.build import MARIE, account, policy, ticket
from tests.core.sla_cases import MONTREAL, shipped
from tests.sla.casefile import event, instant, opening

ALEX, SAM, BOSS = "alex@azimutpos.com", "sam@azimutpos.com", "direction@azimutpos.com"
P1 = "2026-11-07T05:30-05:00 platine P1"  # a Saturday, around the clock
P2 = "2026-11-03T10:30-05:00 argent P2"  # a Tuesday
P3 = "2026-11-03T10:30-05:00 argent P3"
ASKED = "Bonjour Marie, merci. Quelle version voyez-vous?"

_T = TypeVar("_T")


def desk(**changes: Any) -> Policy:
    return policy(**{"sla": (shipped(),), **changes})


def at(text: str) -> datetime:
    """ "2026-11-03 11:30" in Montréal, in winter."""
    return instant(f"{text.replace(' ', 'T')}-05:00")


def dossier(opened: str, *happened: str | TicketEvent, number: int = 1042, **changes: Any) -> Dossier:
    """Changes of `Ticket` or of `Dossier`, by their names. State and priority are those of its course."""
    start = opening(opened)
    events = tuple(event(e) if isinstance(e, str) else e for e in happened)
    own = account(plan=start.plan, coverage=start.coverage)
    given: dict[str, Any] = {
        "account": own,
        "spoke": Spoken(
            message_id=f"m{number}@client.example",
            at=start.at,
            sender=Address(address=MARIE, name="Marie Roy"),
            subject="Caisse gelée",
            references=("m0@client.example",),
        ),
        "spoke_text": "La caisse est gelée, je ne peux rien encaisser.",
        "known": True,
    }
    of_ticket = {k: v for k, v in changes.items() if k not in Dossier.__slots__}
    found = {k: v for k, v in changes.items() if k in Dossier.__slots__}
    one = ticket(number, plan=start.plan, coverage=start.coverage, opened_at=start.at)
    whole = Dossier(
        ticket=one, opening=start, sla_version=shipped().name, events=events, **{**given, **found}
    )
    seen = max([start.at, *(e.at for e in events)])
    course = course_of(whole, desk(), seen)
    one = replace(one, state=course.state, priority=course.priority, provisional=course.provisional)
    return replace(whole, ticket=replace(one, **of_ticket))


def answer(at_: datetime | None, words: str = ASKED, by: str = "alex") -> AgentsAnswer:
    return AgentsAnswer(reply="m1", by=by, words=words, queued_at=at_ or instant(P2.split()[0]), at=at_)


def tick(now: str | datetime, *dossiers: Dossier, desk_policy: Policy | None = None, **more: Any) -> Decision:
    when = at(now) if isinstance(now, str) else now
    return on_tick(dossiers, desk_policy or desk(), when, **more)


def of(decision: Decision | Sequence[object], kind: type[_T]) -> list[_T]:
    actions = decision.actions if isinstance(decision, Decision) else decision
    return [action for action in actions if isinstance(action, kind)]


def mails(decision: Decision | Sequence[object]) -> list[tuple[str, str]]:
    return [(mail.kind, mail.recipient) for mail in of(decision, QueueMail)]


def one_mail(decision: Decision | Sequence[object], kind: str) -> dict[str, object]:
    """The context of the one mail of this kind."""
    (found,) = [mail.context for mail in of(decision, QueueMail) if mail.kind == kind]
    return found


def written(dossier_: Dossier, decision: Decision) -> Dossier:
    """The ticket after the decision was applied."""
    number = dossier_.ticket.id
    events = tuple(a.event for a in of(decision, AddEvent) if a.ticket == number)
    keys = frozenset(key for a in of(decision, StepsDone) if a.ticket == number for key in a.keys)
    states = [a.state for a in of(decision, SetState) if a.ticket == number]
    credits_ = [a for a in of(decision, ProposeCredit) if a.ticket == number]
    after = replace(
        dossier_,
        events=(*dossier_.events, *events),
        done=dossier_.done | keys,
        ticket=replace(
            dossier_.ticket,
            version=dossier_.ticket.version + 1,
            state=states[-1] if states else dossier_.ticket.state,
        ),
    )
    if credits_:
        kept = KeptCredit(amount=credits_[-1].amount, month=credits_[-1].month, state="proposed")
        after = replace(after, credit=kept)
    return after


def wake(decision: Decision, number: int = 1042) -> datetime | None:
    (clocks,) = [a for a in of(decision, WriteClocks) if a.ticket == number]
    return clocks.wake_at


def local(told: object) -> str:
    """An instant of a context, as the wall clock in Montréal shows it."""
    assert isinstance(told, str), told
    return datetime.fromisoformat(told).astimezone(MONTREAL).strftime("%Y-%m-%d %H:%M")


def to_customer(decision: Decision) -> list[str]:
    """The kinds of mail to the requester."""
    return [mail.kind for mail in of(decision, QueueMail) if mail.recipient == MARIE]


def of_kind(decision: Decision, kind: str) -> list[QueueMail]:
    return [mail for mail in of(decision, QueueMail) if mail.kind == kind]

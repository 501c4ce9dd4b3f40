"""Short builders for an agent's mail before the judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from daemon.core.actions import Action
from daemon.core.commands.hearing import Hearing, Proof, Spoken, Standing
from daemon.core.commands.judging import Ruling, judge
from daemon.core.commands.reading import read_reply
from daemon.core.commands.values import Reply, Setting
from daemon.core.policy import Agent
from daemon.core.sla.events import Opening
from daemon.core.sla.replay import replay
from daemon.core.values import Address, Participant, State
from tests.core.build import MARIE, T0, policy, ticket
from tests.core.sla_cases import shipped

NOW = datetime(2026, 11, 3, 20, 0, tzinfo=UTC)  # Tuesday 15:00 in Montréal
ZONE = ZoneInfo("America/Toronto")
ALEX = Agent(name="Alex Roy", handle="alex", addresses=("alex@azimutpos.com", "aroy@azimutpos.com"))
SAM = Agent(name="Sam Côté", handle="sam", addresses=("sam@azimutpos.com",), manager=True)
LUC = "luc@resto.example"


def setting(**changes: Any) -> Setting:
    given: dict[str, Any] = {"now": NOW, "zone": ZONE, "agents": (ALEX, SAM), "agent": "alex"}
    return Setting(**{**given, **changes})


def read(text: str, **changes: Any) -> Reply:
    return read_reply(text, setting(**changes))


def standing(number: int = 1042, **changes: Any) -> Standing:
    """Changes of `Ticket` or of `Standing`, by their names."""
    given: dict[str, Any] = {
        "state": State.OPEN,
        "participants": (Participant(address=MARIE, name="Marie Roy"),),
    }
    of_ticket = {k: v for k, v in changes.items() if k not in Standing.__slots__}
    found = {k: v for k, v in changes.items() if k in Standing.__slots__}
    one = ticket(number, **{**given, **of_ticket})
    spoke = Spoken(
        message_id=f"m{number}@client.example",
        at=one.opened_at,
        sender=Address(address=one.requester, name="Marie Roy"),
        subject=one.subject,
    )
    return Standing(ticket=one, **{"spoke": spoke, **found})


def course(one: Standing) -> Standing:
    """With its clocks, as they stand at NOW."""
    from dataclasses import replace

    opening = Opening(
        at=one.ticket.opened_at,
        plan=one.ticket.plan,
        coverage=one.ticket.coverage,
        priority=one.ticket.priority,
    )
    return replace(one, course=replay(opening, (), shipped(), NOW))


def hearing(text: str, **changes: Any) -> Hearing:
    """Alex answers the notification of ticket 1042 with `text`."""
    answers = changes.get("answers", "notification")
    agent = changes.get("agent", ALEX)
    given: dict[str, Any] = {
        "reply": read(text, bare=answers != "notification", agent=agent.handle),
        "agent": ALEX,
        "policy": policy(agents=(ALEX, SAM), sla=(shipped(),)),
        "at": NOW,
        "now": NOW + timedelta(seconds=2),
        "cause": "INBOX/7/11",
        "proof": Proof.TOKEN,
        "purpose": "agent",
        "standing": standing(),
        "full_text": text,
        "subject": "Re: AZ-1042 Caisse gelée",
        "message_id": "a1@azimutpos.com",
        "sender": Address(address="alex@azimutpos.com", name="Alex Roy"),
    }
    return Hearing(**{**given, **changes})


def ruling(text: str, **changes: Any) -> Ruling:
    return judge(hearing(text, **changes))


def of(found: Ruling | tuple[Action, ...], kind: type) -> list[Any]:
    actions = found.actions if isinstance(found, Ruling) else found
    return [action for action in actions if isinstance(action, kind)]


def events(found: Ruling) -> list[tuple[int, str]]:
    from daemon.core.actions import AddEvent

    return [(a.ticket, type(a.event).__name__) for a in of(found, AddEvent)]


def mails(found: Ruling) -> list[tuple[str, str]]:
    from daemon.core.actions import QueueMail

    return [(m.kind, m.recipient) for m in of(found, QueueMail)]


__all__ = ["ALEX", "LUC", "MARIE", "NOW", "SAM", "T0", "ZONE"]

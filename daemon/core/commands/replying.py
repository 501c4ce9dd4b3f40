"""The words of an agent on their way to the customer: one mail each, from the desk, and what follows when a
server has accepted them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.core.actions import Action, AddEvent, AddHistory, QueueMail, SetState
from daemon.core.commands.deed import Deed, taken_if_free
from daemon.core.commands.hearing import Declined, Hearing, Standing
from daemon.core.commands.values import Fault, Verb, Why
from daemon.core.lifecycle import Event, Refused, next_state
from daemon.core.names import given_name
from daemon.core.priority import rank
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.events import Replied, Waited
from daemon.core.values import State, Ticket

LONGEST_SAID: Final = 300
"""Characters that a mail without words repeats of the last answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the words go: `resolved` and `closed` say that the same mail resolves or closes the ticket, `until`
    that it waits (`waits`), from when on its reminders count."""

    resolved: bool = False
    closed: bool = False
    waits: bool = False
    until: str | None = None


def manner(deeds: Mapping[Verb, Deed]) -> Manner:
    """What the commands for a mail's own ticket say of its words."""
    closes = deeds.get(Verb.CLOSE)
    waits = deeds.get(Verb.WAIT)
    until = waits.detail.get("until") if waits is not None else None
    return Manner(
        resolved=_done(deeds.get(Verb.RESOLVE))
        or (_done(closes) and bool(closes and closes.detail["resolves"])),
        closed=_done(closes),
        waits=waits is not None and waits.said == "will_wait",
        until=str(until) if until else None,
    )


def reply(
    hearing: Hearing, standing: Standing, words: str, how: Manner
) -> tuple[Standing, tuple[Action, ...]]:
    """One row for each reader; answering an untaken ticket takes it. Empty words are a `resolved` mail that
    says only that, to whoever can be reached. Raises Declined where nobody can be reached with words."""
    kind = "resolved" if how.resolved else "reply"
    to = readers(hearing, standing, kind)
    if not to and words:
        others = [
            a for a in (hearing.account.emails if hearing.account else ()) if a not in hearing.suppressed
        ]
        raise Declined(Fault(why=Why.UNREACHABLE, detail=", ".join(others)))
    after, takes = taken_if_free(hearing, standing)
    mails = tuple(
        QueueMail(
            kind=kind,
            ticket=standing.ticket.id,
            recipient=address,
            cause=f"{reply_key(hearing.cause, standing.ticket.id)}:{address}",
            context={**_context(hearing, after, address, words, how), "readers": list(to)},
            rank=rank(after.ticket.priority),
            at=hearing.now + hearing.hold,
        )
        for address in to
    )
    return after, (*takes, *mails)


def readers(hearing: Hearing, standing: Standing, kind: str) -> tuple[str, ...]:
    circle = Circle(
        policy=hearing.policy,
        people=standing.ticket.participants,
        copied=hearing.copied,
        suppressed=hearing.suppressed,
    )
    return recipients(kind, circle)


def reply_key(cause: str, ticket: int) -> str:
    """Names the reply as a whole, whatever the number of its readers: what a bounce and a pause speak of."""
    return f"reply:{cause}:{ticket}"


def accepted(
    ticket: Ticket, context: Mapping[str, object], at: datetime, *, first: bool
) -> tuple[Action, ...]:
    """What the 250 for a row of kind `reply` or `resolved` brings about on its ticket. `first`: no other
    customer's row of the same reply was accepted before. A pause that is asked for begins now, for now the
    question is out; a state that takes no waiting any more lets it be."""
    key = str(context.get("reply", ""))
    if not first or not key:
        return ()
    by = str(context.get("by", "desk"))
    actions: list[Action] = []
    if context.get("text"):
        actions.append(AddEvent(ticket=ticket.id, event=Replied(at=at, mail=key)))
    if not context.get("waits"):
        return tuple(actions)
    try:
        state = next_state(ticket.state, Event.WAIT)
    except Refused:
        detail: dict[str, object] = {"reason": ticket.state.value}
        return (*actions, AddHistory(ticket=ticket.id, at=at, event="not_waiting", by=by, detail=detail))
    until = context.get("until")
    when = datetime.fromisoformat(str(until)) if until else None
    actions.append(AddEvent(ticket=ticket.id, event=Waited(at=at, mail=key, until=when)))
    if state is not ticket.state:
        detail = {"from": ticket.state.value, "to": State.WAITING.value}
        actions += [
            SetState(ticket=ticket.id, state=state, at=at, by=by),
            AddHistory(ticket=ticket.id, at=at, event="state", by=by, detail=detail),
        ]
    return tuple(actions)


def _context(
    hearing: Hearing, standing: Standing, address: str, words: str, how: Manner
) -> dict[str, object]:
    """What in it names things to us the customer never reads: `reply`, `by` and `readers`."""
    ticket, spoke, last = standing.ticket, standing.spoke, standing.last
    person = next((p for p in ticket.participants if p.address == address), None)
    held = hearing.held if hearing.confirmed else None
    files = held.attachments if held is not None else hearing.attachments
    return {
        "language": ticket.language.value,
        "given_name": given_name(person.name) if person is not None else "",
        "subject": ticket.subject,
        "text": words,
        "agent": given_name(hearing.agent.name) or hearing.agent.name,
        "resolved": hearing.at.isoformat() if how.resolved else None,
        "closed": how.closed,
        "waits": how.waits,
        "until": how.until,
        "said": last.words[:LONGEST_SAID] if last is not None else "",
        "said_at": last.at.isoformat() if last is not None else None,
        "said_by": last.by if last is not None else "",
        "attachments": [
            {"name": a.name, "media_type": a.media_type, "size": a.size, "sha256": a.sha256} for a in files
        ],
        "in_reply_to": spoke.message_id if spoke is not None else "",
        "references": list(spoke.references[-20:]) if spoke is not None else [],
        "reply": reply_key(hearing.cause, ticket.id),
        "by": hearing.agent.handle,
    }


def _done(deed: Deed | None) -> bool:
    return deed is not None and deed.said != "already"

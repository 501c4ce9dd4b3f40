"""What a hard bounce takes back on its ticket: what a reply met and a pause that it began, once every
customer it went to has bounced; and when no address is left, that nobody can be reached (sla.md, "Which
instant counts"). It un-resolves nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.core.actions import Action, AddEvent, AddHistory
from daemon.core.agreeing import agreed
from daemon.core.dossier import Dossier, copied_by, course_of
from daemon.core.policy import Policy
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.events import Bounced, TicketEvent, Unreachable
from daemon.core.sla.raising import taken_back
from daemon.core.values import ClockName, OutboxRow, State

_REPLIES: Final = frozenset({"reply", "resolved"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """`clocks` whose promise has turned out not to be kept; `pause`: the ticket waits no longer;
    `unreachable`: no customer address is left."""

    actions: tuple[Action, ...] = ()
    clocks: tuple[ClockName, ...] = ()
    pause: bool = False
    unreachable: bool = False


def take_back(
    row: OutboxRow, dossier: Dossier, failed: Collection[str], policy: Policy, at: datetime, now: datetime
) -> TakenBack:
    """What follows on the ticket from the failing of `row`, a mail to a customer. `failed`: every address
    that this report or an earlier one has shown to take no mail, the row's own included."""
    events: list[TicketEvent] = []
    key = mail_key(row)
    known = any(isinstance(event, Bounced) and event.mail == key for event in dossier.events)
    if key and not known and _all_failed(row, dossier, failed, policy):
        events.append(Bounced(at=at, mail=key))
    before = course_of(dossier, policy, now)
    unreachable = before.reachable and not _reachable(dossier, failed, policy)
    if unreachable:
        events.append(Unreachable(at=at))
    if not events:
        return TakenBack()
    after = course_of(dossier, policy, now, events)
    clocks = taken_back(before, after)
    pause = before.state is State.WAITING and after.state is not State.WAITING
    detail: dict[str, object] = {
        "recipient": row.recipient,
        "kind": row.kind,
        "clocks": [clock.value for clock in clocks],
        "pause": pause,
        "unreachable": unreachable,
    }
    return TakenBack(
        actions=(
            *(AddEvent(ticket=dossier.ticket.id, event=event) for event in events),
            AddHistory(ticket=dossier.ticket.id, at=at, event="taken_back", by="desk", detail=detail),
            *agreed(dossier.ticket, after, at, "desk", dossier.rule)[1],
        ),
        clocks=clocks,
        pause=pause,
        unreachable=unreachable,
    )


def mail_key(row: OutboxRow) -> str:
    """By which name events speak of this mail: a reply as a whole, whatever the number of its readers; a
    status update has one. "": its acceptance meant nothing to the clocks."""
    if row.kind in _REPLIES:
        return str(row.context.get("reply", ""))
    return row.cause if row.kind == "status-update" else ""


def _all_failed(row: OutboxRow, dossier: Dossier, failed: Collection[str], policy: Policy) -> bool:
    """Whether nobody is left whom this mail has reached."""
    if row.kind not in _REPLIES:
        return True
    readers = row.context.get("readers")
    if isinstance(readers, list):
        return all(address in failed for address in readers)
    return not _reachable(dossier, failed, policy)


def _reachable(dossier: Dossier, failed: Collection[str], policy: Policy) -> tuple[str, ...]:
    circle = Circle(
        policy=policy,
        people=dossier.ticket.participants,
        copied=copied_by(dossier),
        suppressed=frozenset(failed) | dossier.suppressed,
    )
    return recipients("reply", circle)

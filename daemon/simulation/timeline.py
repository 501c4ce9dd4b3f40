"""The timeline of a story: what the world saw of the desk, in the order in which it became true.

States, priorities and credits are noted as they are decided (`Chronicle`); breaches are read off the tickets'
courses at the end, for a breach is true at its instant, whenever somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from daemon.core import actions as act
from daemon.core.actions import NEW, Action, Decision
from daemon.core.dossier import Dossier, course_of
from daemon.core.policy import Policy
from daemon.core.sla.cycles import BREACHABLE
from daemon.core.values import Disposition, Priority, State, reference
from daemon.simulation.letters import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line (contract, "Scenario file"). `event`: sent, state, priority, breach, credit or quarantined;
    what an event does not tell is None."""

    at: datetime
    event: str
    kind: str | None = None
    to: str | None = None
    subject: str | None = None
    ticket: str | None = None
    text: str | None = None
    detail: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of an arrived mail. `ticket` None: it is on none."""

    uid: int
    ticket: int | None
    disposition: Disposition
    reason: str


@dataclass(slots=True)
class _Standing:
    """A ticket as far as it was decided."""

    subject: str
    state: State
    priority: Priority
    proposed: Decimal = Decimal(0)


@dataclass(slots=True)
class Chronicle:
    """Listens to what is written into the store."""

    entries: list[Entry] = field(default_factory=list)
    filed: dict[int, Filed] = field(default_factory=dict)
    tickets: dict[int, _Standing] = field(default_factory=dict)

    def note(self, decision: Decision, new: int | None) -> None:
        """A decision was written; `new`: the number of the ticket that it opened."""
        for action in sorted(decision.actions, key=lambda one: not isinstance(one, act.OpenTicket)):
            self._note(action, new or NEW)

    def _note(self, action: Action, new: int) -> None:
        match action:
            case act.OpenTicket():
                standing = _Standing(subject=action.subject, state=State.NEW, priority=action.priority)
                self.tickets[new] = standing
            case act.RecordMail():
                self._file(action, new)
            case act.SetState():
                self._move(action, action.ticket or new)
            case act.SetPriority():
                self._rank(action, action.ticket or new)
            case act.ProposeCredit():
                number = action.ticket or new
                self.tickets[number].proposed = action.amount
                self._credit(number, action.at, "proposed", action.amount)
            case act.DecideCredit():
                number = action.ticket or new
                given = action.amount if action.accepted else self.tickets[number].proposed
                said = "accepted" if action.accepted else "refused"
                self._credit(number, action.at, said, given or Decimal(0))

    def _file(self, action: act.RecordMail, new: int) -> None:
        ticket = None if action.ticket is None else action.ticket or new
        filed = Filed(
            uid=action.arrival.uid, ticket=ticket, disposition=action.disposition, reason=action.reason
        )
        self.filed[filed.uid] = filed
        if action.disposition is Disposition.QUARANTINE:
            self._add(
                action.arrival.internaldate,
                "quarantined",
                ticket,
                subject=action.subject,
                detail={"reason": action.reason},
            )

    def _move(self, action: act.SetState, number: int) -> None:
        standing = self.tickets[number]
        before, standing.state = standing.state, action.state
        if before is not action.state:
            detail = {"from": before.value, "to": action.state.value, "by": action.by}
            self._add(action.at, "state", number, detail=detail)

    def _rank(self, action: act.SetPriority, number: int) -> None:
        standing = self.tickets[number]
        before, standing.priority = standing.priority, action.priority
        if before is not action.priority:
            detail = {"from": before.value, "to": action.priority.value, "by": action.by}
            self._add(action.at, "priority", number, detail=detail)

    def _credit(self, number: int, at: datetime, state: str, amount: Decimal) -> None:
        self._add(at, "credit", number, detail={"amount": f"{amount:.2f}", "state": state})

    def _add(
        self,
        at: datetime,
        event: str,
        number: int | None,
        detail: Mapping[str, object],
        subject: str | None = None,
    ) -> None:
        known = self.tickets.get(number) if number is not None else None
        self.entries.append(
            Entry(
                at=at,
                event=event,
                subject=known.subject if known is not None and subject is None else subject,
                ticket=None if number is None else reference(number),
                detail=detail,
            )
        )


def sent(letter: Letter) -> Entry:
    return Entry(
        at=letter.at,
        event="sent",
        kind=letter.kind,
        to=letter.recipient,
        subject=letter.subject,
        ticket=letter.ticket,
        text=letter.text,
    )


def breaches(dossiers: Iterable[Dossier], policy: Policy, end: datetime) -> list[Entry]:
    """Once per cycle. What a ticket had missed before it was merged away is told of the ticket that took it
    over, or is a duplicate there (sla.md, "Merge")."""
    found = []
    for dossier in dossiers:
        course = course_of(dossier, policy, end)
        if course.merged:
            continue
        found += [
            Entry(
                at=cycle.breached,
                event="breach",
                kind=cycle.clock.value,
                subject=dossier.ticket.subject,
                ticket=dossier.ticket.ref,
                detail={"clock": cycle.clock.value, "due": cycle.breached},
            )
            for cycle in course.cycles
            if cycle.clock in BREACHABLE and cycle.breached is not None and cycle.breached <= end
        ]
    return found


_ORDER: Final = ("quarantined", "breach", "priority", "state", "credit", "sent")
"""Within one instant: what happened, then what was said of it."""


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """By instant; at one instant by what happened, each kind in the order in which it came."""
    return tuple(sorted(entries, key=lambda entry: (entry.at, _ORDER.index(entry.event))))

"""The course of a ticket: every cycle of its clocks and what else its promises depend on, at one instant. How
it is worked out from the ticket's events is `replay`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from daemon.core.sla.cycles import Cycle
from daemon.core.sla.events import Opening, TicketEvent
from daemon.core.sla.hours import Hours
from daemon.core.sla.promises import SlaVersion, around_the_clock
from daemon.core.values import ClockName, Coverage, Plan, Priority, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A ticket at the instant `seen`.

    opening       what it was opened under; plan and coverage as they hold
    log           every event, in order, those that a bounce took back too
    standard      business hours, with the changes declared on the way
    cycles        of all clocks, in the order in which they came to be
    had           priorities it has had, the present one included
    quiet, quiet_since   status updates in a row without news; when they became so many that managers are told
    news          words for the next status update wait
    only_news     the customer wants no update without news
    hushed        "it works": no updates and reminders until someone writes again
    works_at, works_newest   when the customer last said so; whether nobody has written since
    waiting_from  reminders and closing count from here; silent_from: closing of a resolved ticket
    alarm_at      since when it is a P1; taken_at: since when somebody has it
    refused       events that its state did not take: nothing came of them
    """

    opening: Opening
    version: SlaVersion
    standard: Hours
    log: tuple[TicketEvent, ...]
    seen: datetime
    priority: Priority
    provisional: bool
    state: State
    cycles: tuple[Cycle, ...]
    had: frozenset[Priority]
    quiet: int = 0
    quiet_since: datetime | None = None
    news: bool = False
    only_news: bool = False
    hushed: bool = False
    works_at: datetime | None = None
    works_newest: bool = False
    waiting_from: datetime | None = None
    silent_from: datetime | None = None
    alarm_at: datetime | None = None
    taken_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reachable: bool = True
    merged: bool = False
    void: bool = False
    refused: tuple[TicketEvent, ...] = ()

    @property
    def hours(self) -> Hours:
        """The calendar that the ticket runs on now."""
        return self.hours_for(self.priority)

    def hours_for(self, priority: Priority) -> Hours:
        return self.version.continuous if around_the_clock(priority, self.opening.coverage) else self.standard

    def hours_of(self, cycle: Cycle) -> Hours:
        return self.version.continuous if cycle.calendar == self.version.continuous.name else self.standard

    def chain(self, clock: ClockName) -> tuple[Cycle, ...]:
        """Every cycle of one clock, the newest last."""
        return tuple(cycle for cycle in self.cycles if cycle.clock is clock)

    def running(self, clock: ClockName) -> Cycle | None:
        """The open cycle of a clock, paused ones included."""
        return next((c for c in reversed(self.cycles) if c.clock is clock and c.ended is None), None)

    @property
    def plan(self) -> Plan:
        return self.opening.plan

    @property
    def coverage(self) -> Coverage:
        return self.opening.coverage

"""What a decision does to the clocks of its tickets, worked out once, at its end, from the events it adds.

Whoever decides says what happened (`AddEvent`) and nothing about clocks; here the ticket's course is worked
out with it, and what the store keeps for lists and for waking follows. One place, so that no decision can
forget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from daemon.core.actions import NEW, Action, AddEvent, Decision, OpenTicket, StepsDone, WriteClocks
from daemon.core.dossier import Dossier, course_of
from daemon.core.policy import Policy
from daemon.core.sla.calendar import Calendar
from daemon.core.sla.course import Course
from daemon.core.sla.declaring import Declared, in_force
from daemon.core.sla.due import next_at
from daemon.core.sla.events import Opening, TicketEvent
from daemon.core.sla.penalties import counted
from daemon.core.sla.promises import version_at, version_named
from daemon.core.sla.replay import replay
from daemon.core.sla.steps import schedule
from daemon.core.values import ClockName


def kept(
    decision: Decision, dossiers: Mapping[int, Dossier], policy: Policy, declared: Sequence[Declared] = ()
) -> Decision:
    """The decision with the clocks of every ticket that it opens, or to which something happens in it.

    Raises KeyError when it adds an event to a ticket whose dossier is not given.
    """
    events = _events(decision.actions)
    done = _done(decision.actions)
    looked = {a.ticket: a.at for a in decision.actions if isinstance(a, StepsDone)}
    actions: list[Action] = []
    for action in decision.actions:
        if not isinstance(action, OpenTicket):
            actions.append(action)
            continue
        opened = replace(action, standard=_hours(action, policy, declared))
        course = _new(opened, events.get(NEW, ()), policy)
        actions += [opened, _clocks(NEW, course, done.get(NEW, frozenset()), policy)]
    for number in dict.fromkeys([*events, *done]):
        if number == NEW:
            continue
        dossier = dossiers[number]
        happened = events.get(number, ())
        seen = max([dossier.opening.at, *(e.at for e in (*dossier.events, *happened))])
        seen = max(seen, looked.get(number, seen))  # time alone may have made a breach
        course = course_of(dossier, policy, seen, happened)
        actions.append(_clocks(number, course, dossier.done | done.get(number, frozenset()), policy))
    return replace(decision, actions=tuple(actions))


def course_after(decision: Decision, dossier: Dossier, policy: Policy) -> Course:
    """The course of a ticket with what happens to it in this decision, at the newest of its events."""
    happened = _events(decision.actions).get(dossier.ticket.id, ())
    seen = max([dossier.opening.at, *(e.at for e in (*dossier.events, *happened))])
    return course_of(dossier, policy, seen, happened)


def _hours(action: OpenTicket, policy: Policy, declared: Sequence[Declared]) -> Calendar:
    """The business hours that a ticket is opened under."""
    return in_force(version_at(policy.sla, action.at).standard, declared, action.at)


def _events(actions: Sequence[Action]) -> dict[int, tuple[TicketEvent, ...]]:
    found: dict[int, tuple[TicketEvent, ...]] = {}
    for action in actions:
        if isinstance(action, AddEvent):
            found[action.ticket] = (*found.get(action.ticket, ()), action.event)
    return found


def _done(actions: Sequence[Action]) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for action in actions:
        if isinstance(action, StepsDone):
            found[action.ticket] = found.get(action.ticket, frozenset()) | frozenset(action.keys)
    return found


def _new(action: OpenTicket, events: Sequence[TicketEvent], policy: Policy) -> Course:
    opening = Opening(
        at=action.at,
        plan=action.plan,
        coverage=action.coverage,
        priority=action.priority,
        provisional=action.provisional,
    )
    version = version_named(policy.sla, action.sla_version) or version_at(policy.sla, action.at)
    if action.standard is not None:
        version = replace(version, standard=action.standard)
    return replay(opening, events, version, max([action.at, *(event.at for event in events)]))


def _clocks(ticket: int, course: Course, done: frozenset[str], policy: Policy) -> WriteClocks:
    newest = (chain[-1] for clock in ClockName if (chain := course.chain(clock)))
    missed = [cycle.breached for cycle in counted(course) if cycle.breached is not None]
    return WriteClocks(
        ticket=ticket,
        cycles=tuple(newest),
        wake_at=next_at(schedule(course, policy.ask_before_update), done),
        missed_at=max(missed, default=None),
    )

"""When a customer's later message changes the priority, and which promises that moves."""

from __future__ import annotations

from enum import StrEnum

from daemon.core.sla.course import Course
from daemon.core.sla.cycles import Cycle
from daemon.core.sla.events import By, Reprioritised, Word
from daemon.core.sla.rules import Rules
from daemon.core.values import ClockName, Coverage, Intent, Priority


class Objection(StrEnum):
    """What "urgent" as the first word of an answer leads to."""

    RAISE = "raise"  # a provisional P1 at once
    TELL = "tell"  # the agents are told
    NOTHING = "nothing"  # said before on this ticket, or it is a P1


def graver(current: Priority, found: Priority, confidence: float, rules: Rules) -> Priority | None:
    """The priority that a later message raises a ticket to, None where it does not. It never lowers."""
    return found if found < current and confidence >= rules.raise_confidence else None


def word_of(intent: Intent, confidence: float, rules: Rules) -> Word:
    """What the classifier's finding makes of a message for the clocks. Only a sure one keeps it from being a
    question."""
    if intent is Intent.RESOLVED and confidence >= rules.resolved_confidence:
        return Word.WORKS
    if intent is Intent.THANKS and confidence >= rules.thanks_confidence:
        return Word.THANKS
    return Word.ASK


def objection(coverage: Coverage, current: Priority, *, said_before: bool) -> Objection:
    """Once per ticket; only premium coverage has somebody at any hour (SLA clause 3)."""
    if said_before or current is Priority.P1:
        return Objection.NOTHING
    return Objection.RAISE if coverage is Coverage.PREMIUM else Objection.TELL


def asks_again(change: Reprioritised) -> bool:
    """A ticket that becomes a provisional P1 later gets its two questions in a status update."""
    return change.provisional and change.priority is Priority.P1 and change.by in {By.MESSAGE, By.URGENT}


def moved_later(before: Course, after: Course) -> tuple[ClockName, ...]:
    """The open promises that an event made later: the customer is told of them, in one mail."""
    moved = []
    for clock in ClockName:
        was, now = before.running(clock), after.running(clock)
        if was is not None and now is not None and _later(was, now):
            moved.append(clock)
    return tuple(moved)


def taken_back(before: Course, after: Course) -> tuple[ClockName, ...]:
    """The clocks whose promise a bounce has shown not to be kept: the agents are told."""
    kept = {(cycle.clock, cycle.begun, cycle.met) for cycle in after.cycles}
    return tuple(
        clock
        for clock in ClockName
        if any(c.met and (clock, c.begun, c.met) not in kept for c in before.chain(clock))
    )


def _later(was: Cycle, now: Cycle) -> bool:
    if was.due is None or now.due is None:
        return (now.left or 0.0) > (was.left or 0.0) if was.due is None and now.due is None else False
    return now.due > was.due

"""Before a deadline: whoever has the ticket is told that so much of a target has passed, all agents where
nobody has it. Warnings of one agent that fall due close together are one mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from daemon.core.actions import QueueMail
from daemon.core.recipients import Circle, recipients
from daemon.core.sla import cycles
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import Cycle
from daemon.core.sla.due import Pending, batch
from daemon.core.sla.steps import Step
from daemon.core.ticking.scene import Scene, line, to_desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A warning of one ticket, due now or so soon that it may go along. `keys`: all the steps that are done
    with it."""

    scene: Scene
    step: Step
    keys: tuple[str, ...]

    @property
    def recipients(self) -> tuple[str, ...]:
        circle = Circle(policy=self.scene.policy, assignee=self.scene.ticket.assignee)
        return recipients("escalation", circle)


def timely(scene: Scene, step: Step) -> bool:
    """Whether there still is something to warn of: the promise is open and does not stand still."""
    cycle = _cycle(scene.course, step)
    return cycle is not None and not cycle.paused and cycle.breached is None


def together(due: Sequence[Warned], soon: Iterable[Warned]) -> tuple[Warned, ...]:
    """Those of `soon` that go along: everybody who would hear of them gets a mail now anyway."""
    now_told = {address for one in due for address in one.recipients}
    return tuple(one for one in soon if one.recipients and now_told.issuperset(one.recipients))


def warn(warnings: Sequence[Warned], within: int) -> tuple[QueueMail, ...]:
    """One mail to each agent. `within`: seconds in which what is due later goes along."""
    if not warnings:
        return ()
    by_key = {(one.scene.ticket.id, one.step.key): one for one in warnings}
    now = warnings[0].scene.now
    pending = [
        Pending(recipient=address, ticket=one.scene.ticket.id, step=one.step)
        for one in warnings
        for address in one.recipients
    ]
    return tuple(
        _mail(address, [by_key[p.ticket, p.step.key] for p in mine])
        for address, mine in batch(pending, now, within)
    )


def _mail(address: str, mine: Sequence[Warned]) -> QueueMail:
    first = min(mine, key=lambda one: (one.step.at, one.scene.ticket.id, one.step.key))
    tickets = {one.scene.ticket.id for one in mine}
    lines = [_line(one) for one in sorted(mine, key=_by_due)]
    subject = first.scene.ticket.subject if len(tickets) == 1 else ""
    return QueueMail(
        kind="escalation",
        ticket=first.scene.ticket.id if len(tickets) == 1 else None,
        recipient=address,
        cause=f"escalation:{first.scene.ticket.id}:{first.step.key}:{address}",
        context={**to_desk(first.scene), "subject": subject, "what": "warning", "lines": lines},
        rank=min(one.scene.urgency for one in mine),
        at=first.scene.now,
    )


def _line(one: Warned) -> dict[str, object]:
    cycle = _cycle(one.scene.course, one.step)
    return line(one.scene, cycle, _percent(one.scene, cycle) if cycle is not None else one.step.number)


def _percent(scene: Scene, cycle: Cycle) -> int:
    """How much of the target has passed by now: a warning may be told a little early, or late."""
    left = cycles.left(cycle, scene.now, scene.course.hours_of(cycle)) or 0.0
    return round(100 * (1 - left / cycle.target)) if cycle.target else 100


def _by_due(one: Warned) -> tuple[bool, str, int]:
    cycle = _cycle(one.scene.course, one.step)
    return cycle is None, cycle.promised.isoformat() if cycle is not None else "", one.scene.ticket.id


def _cycle(course: Course, step: Step) -> Cycle | None:
    return course.running(step.clock) if step.clock is not None else None

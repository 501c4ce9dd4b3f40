"""At a deadline: the breach is recorded with the instant at which it became true, and managers hear of a
grave one at once; the others stand in the morning's digest."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.actions import Action, AddHistory, QueueMail
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.cycles import Cycle
from daemon.core.sla.due import Act, Audience, audience
from daemon.core.sla.steps import Step, StepKind
from daemon.core.ticking.scene import Scene, iso, line, to_desk


def missed(act: Act) -> tuple[Step, ...]:
    """Every breach that an act stands for: each is recorded, whatever else has happened since."""
    return tuple(step for step in (*act.covers, act.step) if step.kind is StepKind.BREACH)


def breach(scene: Scene, steps: Sequence[Step]) -> tuple[Action, ...]:
    """The records of these breaches of one clock, oldest first, and the mail about the newest."""
    found = [(step, cycle) for step in steps if (cycle := _missed_cycle(scene, step)) is not None]
    if not found:
        return ()
    step, cycle = found[-1]
    at_once = Audience.MANAGERS in audience(Act(step=step), scene.course)
    told = _tell(scene, step, cycle) if at_once else ()
    return (*(_record(scene, cycle) for _, cycle in found), *told)


def _record(scene: Scene, cycle: Cycle) -> AddHistory:
    detail: dict[str, object] = {
        "clock": cycle.clock.value,
        "due": iso(cycle.breached),
        "priority": cycle.priority.value,
        "target": cycle.target,
    }
    at = cycle.breached or scene.now
    return AddHistory(ticket=scene.ticket.id, at=at, event="breach", by="desk", detail=detail)


def _tell(scene: Scene, step: Step, cycle: Cycle) -> tuple[QueueMail, ...]:
    return tuple(
        QueueMail(
            kind="breach",
            ticket=scene.ticket.id,
            recipient=address,
            cause=f"breach:{scene.ticket.id}:{step.key}:{address}",
            context={
                **to_desk(scene),
                **line(scene, cycle, 100),
                "priority": cycle.priority.value,
                "plan": scene.course.plan.value,
                "breached": iso(cycle.breached),
                "target": cycle.target,
                "met": iso(cycle.met),
            },
            rank=scene.urgency,
            at=scene.now,
        )
        for address in recipients("breach", Circle(policy=scene.policy))
    )


def _missed_cycle(scene: Scene, step: Step) -> Cycle | None:
    """The cycle that was missed. None where what has come in meanwhile shows that it was kept."""
    return next(
        (c for c in reversed(scene.course.cycles) if c.clock is step.clock and c.breached == step.at), None
    )

"""What is due on some tickets at an instant, before anything is done about it, and what else that needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from daemon.core.dossier import Dossier
from daemon.core.policy import Policy
from daemon.core.sla.due import Act, choose
from daemon.core.sla.steps import StepKind, schedule
from daemon.core.ticking.scene import Scene, scene_of
from daemon.core.values import ClockName


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A ticket with what is to be done on it now."""

    scene: Scene
    acts: tuple[Act, ...]

    @property
    def closes(self) -> bool:
        return any(act.step.kind is StepKind.CLOSE for act in self.acts)

    @property
    def fails(self) -> bool:
        """A resolution is found missed, or gets into the last tier of credit."""
        steps = [step for act in self.acts for step in (*act.covers, act.step)]
        return any(
            step.kind is StepKind.LAST_TIER
            or (step.kind is StepKind.BREACH and step.clock is ClockName.RESOLUTION)
            for step in steps
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    policy: Policy
    now: datetime
    due: tuple[Due, ...]

    @property
    def warns(self) -> bool:
        """Whether an agent is warned: then the warnings of tickets that are due soon may go along."""
        return any(act.step.kind is StepKind.WARN for one in self.due for act in one.acts)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts on whose tickets a resolution is found missed: their other failures matter."""
        found = (one.scene.ticket.account for one in self.due if one.fails)
        return tuple(dict.fromkeys(account for account in found if account is not None))


def agenda(dossiers: Iterable[Dossier], policy: Policy, now: datetime) -> Agenda:
    return Agenda(policy=policy, now=now, due=tuple(_due(one, policy, now) for one in dossiers))


def _due(dossier: Dossier, policy: Policy, now: datetime) -> Due:
    scene = scene_of(dossier, policy, now)
    steps = schedule(scene.course, policy.ask_before_update)
    return Due(scene=scene, acts=choose(steps, dossier.done, now))

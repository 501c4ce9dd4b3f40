"""Which steps of a schedule are to be done now: each once, missed ones as one, warnings of one agent
together.

After downtime the missed steps collapse: the latest of each clock, one status update, one alarm, one reminder
or the closing (sla.md, "Before and after a deadline"). What was done is known by the keys of the steps."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from daemon.core.sla.course import Course
from daemon.core.sla.steps import Step, StepKind
from daemon.core.values import State


class Audience(StrEnum):
    """Who hears of a step."""

    ASSIGNEE = "assignee"  # all agents where nobody has it
    AGENTS = "agents"
    ONCALL = "oncall"  # all agents where nobody is on call
    ESCALATION = "escalation"
    MANAGERS = "managers"
    DIGEST = "digest"  # managers, in the morning
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A step to be done now, and the missed ones that it stands for: all their keys are then done."""

    step: Step
    covers: tuple[Step, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (*(step.key for step in self.covers), self.step.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A warning on its way to one agent."""

    recipient: str
    ticket: int
    step: Step


_GROUPS: Final = {
    StepKind.WARN: "deadline",
    StepKind.BREACH: "deadline",
    StepKind.ASK: "update",
    StepKind.UPDATE: "update",
    StepKind.REMIND: "silence",
    StepKind.CLOSE: "silence",
}
_BY_CLOCK: Final = frozenset({"deadline"})


def choose(steps: Iterable[Step], done: Container[str], now: datetime) -> tuple[Act, ...]:
    """What to do at `now`, in the order in which it fell due."""
    groups: dict[str, list[Step]] = {}
    for step in sorted(steps, key=lambda step: step.at):
        if step.at <= now and step.key not in done:
            name = _GROUPS.get(step.kind, step.kind.value)
            groups.setdefault(f"{name} {step.clock}" if name in _BY_CLOCK else name, []).append(step)
    acts = [Act(step=missed[-1], covers=tuple(missed[:-1])) for missed in groups.values()]
    return tuple(sorted(acts, key=lambda act: act.step.at))


def next_at(steps: Iterable[Step], done: Container[str]) -> datetime | None:
    """When the ticket needs looking at again, if nothing happens before; None: never."""
    return min((step.at for step in steps if step.key not in done), default=None)


def audience(act: Act, course: Course) -> frozenset[Audience]:
    """Who is told. An alarm that stands for missed ones reaches everybody whom those would have reached."""
    if act.step.kind is StepKind.ALARM:
        return frozenset().union(*(_of_alarm(step) for step in (*act.covers, act.step)))
    if act.step.kind is StepKind.BREACH:
        at_once = _priority(act.step, course) in course.version.rules.breach_at_once
        return frozenset({Audience.MANAGERS if at_once else Audience.DIGEST})
    if act.step.kind is StepKind.CLOSE and course.state is not State.WAITING:
        return frozenset()
    return _AUDIENCES[act.step.kind]


def batch(
    pending: Iterable[Pending], now: datetime, within: int
) -> tuple[tuple[str, tuple[Pending, ...]], ...]:
    """Warnings that fall due now, by agent, together with those of the same agent that would follow within so
    many seconds: one mail."""
    mails: dict[str, list[Pending]] = {}
    for one in sorted(pending, key=lambda one: (one.step.at, one.ticket, one.step.key)):
        if one.step.at <= now + timedelta(seconds=within):
            mails.setdefault(one.recipient, []).append(one)
    return tuple((who, tuple(mail)) for who, mail in mails.items() if mail[0].step.at <= now)


_AUDIENCES: Final[dict[StepKind, frozenset[Audience]]] = {
    StepKind.WARN: frozenset({Audience.ASSIGNEE}),
    StepKind.ASK: frozenset({Audience.ASSIGNEE}),
    StepKind.LAST_TIER: frozenset({Audience.MANAGERS}),
    StepKind.QUIET: frozenset({Audience.MANAGERS}),
    StepKind.UPDATE: frozenset({Audience.CUSTOMER}),
    StepKind.REMIND: frozenset({Audience.CUSTOMER}),
    StepKind.CLOSE: frozenset({Audience.CUSTOMER}),
}


def _of_alarm(step: Step) -> frozenset[Audience]:
    first = {Audience.AGENTS} if step.number == 0 else set()
    last = {Audience.ESCALATION} if step.last else set()
    return frozenset({Audience.ONCALL, *first, *last})


def _priority(step: Step, course: Course) -> str:
    """That of the cycle which was missed: it may have been changed since."""
    missed = [c for c in course.cycles if c.clock is step.clock and c.breached == step.at]
    return missed[-1].priority if missed else course.priority

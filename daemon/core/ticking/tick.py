"""The ticker's one question: what is due on these tickets now, and what follows.

Every step is chosen by `sla.due`, done by the module of its kind, and marked as done, all in one decision:
whatever is restarted, it happens once. Warnings are put together over all tickets of the tick."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from daemon.core.actions import Action, AddEvent, Decision, QueueMail, StepsDone
from daemon.core.dossier import Dossier, course_of
from daemon.core.keeping import kept
from daemon.core.policy import Policy
from daemon.core.sla.due import Act, choose
from daemon.core.sla.promises import version_at
from daemon.core.sla.steps import Step, StepKind, schedule
from daemon.core.ticking import alarming, breaching, complying, crediting, hours, silence, updating, warning
from daemon.core.ticking.agenda import Agenda, Due, agenda
from daemon.core.ticking.scene import Scene, scene_of
from daemon.core.ticking.warning import Warned


def on_tick(
    dossiers: Sequence[Dossier],
    policy: Policy,
    now: datetime,
    *,
    failures: Mapping[str, Sequence[Dossier]] | None = None,
    recorded: Collection[str] = (),
    beside: Sequence[Dossier] = (),
) -> Decision:
    """Everything that is due at `now` on these tickets. See `carried_out`."""
    todo = agenda(dossiers, policy, now)
    return carried_out(todo, failures=failures or {}, recorded=recorded, beside=beside)


def carried_out(
    todo: Agenda,
    *,
    failures: Mapping[str, Sequence[Dossier]],
    recorded: Collection[str] = (),
    beside: Sequence[Dossier] = (),
) -> Decision:
    """What follows from an agenda. Each of its tickets gets its clocks written, so that it is looked at again
    when its next step is due and not before.

    failures  by account (`Agenda.accounts`): its tickets whose resolutions were missed lately
    recorded  keys of findings that managers have heard of
    beside    tickets that are due soon: their warnings go along in a mail that is sent anyway
    """
    now = todo.now
    actions: list[Action] = []
    for one in todo.due:
        actions += _done_on(one)
    actions = _with_alarms_gathered(actions)
    warned, along = _warnings(todo, beside)
    actions += warning.warn((*warned, *along), _batch(todo))
    actions += [StepsDone(ticket=one.scene.ticket.id, keys=one.keys, at=now) for one in along]
    scenes = [*(one.scene for one in todo.due), *(one.scene for one in along)]
    whole = {scene.ticket.id: scene.dossier for scene in scenes}
    reads = {number: dossier.ticket.version for number, dossier in whole.items()}
    decision = kept(Decision(actions=tuple(actions), reads=reads), whole, todo.policy)
    found = _findings(todo, failures, recorded)
    written = (a for a in decision.actions if not isinstance(a, StepsDone) or a.keys)
    return Decision(actions=(*written, *found), reads=decision.reads)


def _with_alarms_gathered(actions: Sequence[Action]) -> list[Action]:
    alarms = [a for a in actions if isinstance(a, QueueMail) and a.kind == "alarm"]
    rest = [a for a in actions if not isinstance(a, QueueMail) or a.kind != "alarm"]
    return [*rest, *alarming.gathered(alarms)]


def _done_on(one: Due) -> list[Action]:
    """What is done on one ticket, warnings apart, and the keys of all its steps. The credit comes last, for
    what is closed here is proposed as it stands then."""
    scene, actions = one.scene, list[Action]()
    declared = hours.untold(scene)
    moved = hours.moved(scene, declared)
    moot = _MOOT_WHEN_CLOSED if one.closes else _TOLD_WITH_IT if moved else frozenset()
    for act in one.acts:
        actions += breaching.breach(scene, breaching.missed(act))
        actions += () if act.step.kind in moot else _done(scene, act)
    actions += (*moved, *_credit(one, actions))
    keys = (*(key for act in one.acts for key in act.keys), *declared)
    return [*actions, StepsDone(ticket=scene.ticket.id, keys=keys, at=scene.now)]


_TOLD_WITH_IT: Final = frozenset({StepKind.UPDATE})
"""A mail about moved promises is a status update."""

_MOOT_WHEN_CLOSED: Final = frozenset({StepKind.ASK, StepKind.ALARM, StepKind.UPDATE, StepKind.WARN})
"""What a ticket that is closed at this very moment needs no more."""


def _done(scene: Scene, act: Act) -> tuple[Action, ...]:
    match act.step.kind:
        case StepKind.UPDATE:
            return updating.update(scene, act.step)
        case StepKind.ASK:
            return updating.ask(scene, act.step)
        case StepKind.QUIET:
            return updating.quiet(scene, act.step)
        case StepKind.ALARM:
            return alarming.alarm(scene, act)
        case StepKind.REMIND:
            return silence.remind(scene, act.step)
        case StepKind.CLOSE:
            return silence.close(scene, act.step)
        case StepKind.WARN | StepKind.BREACH | StepKind.LAST_TIER:
            return ()  # `_warnings`, `breaching`, `_credit`


def _credit(one: Due, actions: Sequence[Action]) -> tuple[Action, ...]:
    last = next((act for act in one.acts if act.step.kind is StepKind.LAST_TIER), None)
    if last is None and not one.closes:
        return ()
    scene = one.scene
    happened = tuple(a.event for a in actions if isinstance(a, AddEvent))
    course = course_of(scene.dossier, scene.policy, scene.now, happened)
    scene = Scene(dossier=scene.dossier, course=course, policy=scene.policy, now=scene.now)
    proposed = crediting.propose(scene)
    told = crediting.last_tier(scene, last.step.key) if last is not None and proposed else ()
    return (*proposed, *told)


def _warnings(todo: Agenda, beside: Sequence[Dossier]) -> tuple[tuple[Warned, ...], tuple[Warned, ...]]:
    """The warnings that are due, and those that go along with them."""
    open_ones = [one for one in todo.due if not one.closes]
    warned = tuple(
        Warned(scene=one.scene, step=act.step, keys=act.keys)
        for one in open_ones
        for act in one.acts
        if act.step.kind is StepKind.WARN and warning.timely(one.scene, act.step)
    )
    if not warned:
        return (), ()
    until = todo.now + timedelta(seconds=_batch(todo))
    told = {(one.scene.ticket.id, one.step.clock) for one in warned}
    scenes = [*(one.scene for one in open_ones), *(scene_of(d, todo.policy, todo.now) for d in beside)]
    soon = [
        Warned(scene=scene, step=act.step, keys=act.keys)
        for scene in scenes
        for act in choose(_warnings_of(scene), scene.dossier.done, until)
        if act.step.at > todo.now
        and (scene.ticket.id, act.step.clock) not in told
        and warning.timely(scene, act.step)
    ]
    return warned, warning.together(warned, soon)


def _warnings_of(scene: Scene) -> list[Step]:
    return [step for step in schedule(scene.course) if step.kind is StepKind.WARN]


def _batch(todo: Agenda) -> int:
    """Seconds within which warnings become one mail."""
    return version_at(todo.policy.sla, todo.now).rules.warn_batch


def _findings(
    todo: Agenda, failures: Mapping[str, Sequence[Dossier]], recorded: Collection[str]
) -> list[Action]:
    actions: list[Action] = []
    for account in todo.accounts:
        mine = [one.scene for one in todo.due if one.scene.ticket.account == account]
        others = failures.get(account, ())
        actions += complying.found(account, mine, others, todo.policy, todo.now, recorded)
    return actions

"""The cadence of news: the assignee is asked for some, the customer gets the update, and managers hear of a
ticket about which there has been nothing to say for too long."""

from __future__ import annotations

from typing import Final

from daemon.core.actions import Action, AddHistory, QueueMail
from daemon.core.recipients import Circle, recipients
from daemon.core.sla.cycles import Cycle
from daemon.core.sla.steps import Step
from daemon.core.ticking import telling
from daemon.core.ticking.scene import (
    Scene,
    agent_name,
    due,
    given,
    iso,
    line,
    readers,
    to_desk,
)
from daemon.core.values import ClockName

_LAST: Final = 2_000
"""Characters of what was last said to the customer that the assignee is shown."""


def update(scene: Scene, step: Step) -> tuple[Action, ...]:
    """The status update. Where an agent's answer is about to leave, that is the news."""
    if not telling.speakable(scene.course) or scene.dossier.unsent:
        return ()
    cause = f"update:{scene.ticket.id}:{step.key}"
    return telling.status_update(scene, cause, what="update") or unheard(scene, telling.KIND)


def unheard(scene: Scene, kind: str) -> tuple[AddHistory, ...]:
    """Why a mail to the customer was not written."""
    silenced = scene.dossier.silenced and not readers(scene, kind)
    detail: dict[str, object] = {"kind": kind, "reason": "silenced" if silenced else "unreachable"}
    return (AddHistory(ticket=scene.ticket.id, at=scene.now, event="not_told", by="desk", detail=detail),)


def ask(scene: Scene, step: Step) -> tuple[QueueMail, ...]:
    """The assignee is asked for words, unless they have given some since the last update, or an answer is on
    its way (one that fails is told by its notice): it begins a new step, and this update will not come."""
    cycle = scene.course.running(ClockName.STATUS_UPDATE)
    agent = next((a for a in scene.policy.agents if a.handle == scene.ticket.assignee), None)
    answer = scene.dossier.answer
    leaving = answer is not None and answer.at is None
    if agent is None or cycle is None or leaving or scene.dossier.news or not readers(scene, telling.KIND):
        return ()
    circle = Circle(policy=scene.policy, agent=agent.addresses[0])
    return tuple(
        QueueMail(
            kind="confirm",
            ticket=scene.ticket.id,
            recipient=address,
            cause=f"confirm:{scene.ticket.id}:{step.key}:{address}",
            context=_question(scene, cycle),
            rank=scene.urgency,
            at=scene.now,
        )
        for address in recipients("confirm", circle)
    )


def quiet(scene: Scene, step: Step) -> tuple[QueueMail, ...]:
    """So many updates in a row have said nothing new."""
    cycle = scene.course.running(ClockName.STATUS_UPDATE)
    told = line(scene, cycle, scene.course.quiet)
    told["clock"] = ClockName.STATUS_UPDATE.value
    return tuple(
        QueueMail(
            kind="escalation",
            ticket=scene.ticket.id,
            recipient=address,
            cause=f"escalation:{scene.ticket.id}:{step.key}:{address}",
            context={**to_desk(scene), "what": "quiet", "lines": [told]},
            rank=scene.urgency,
            at=scene.now,
        )
        for address in recipients("escalation", Circle(policy=scene.policy, desk_wide=True))
    )


def _question(scene: Scene, cycle: Cycle) -> dict[str, object]:
    """The facts of every `confirm` (`commands.receipts.transcript`), and those of this question: when the
    update leaves (`next_at`) and what we last said (`last`)."""
    ticket, answer, course = scene.ticket, scene.dossier.answer, scene.course
    person = next((p.name for p in ticket.participants if p.address == ticket.requester), "")
    said = answer if answer is not None and answer.at is not None else None
    running = {clock: due(course.running(clock)) for clock in ClockName}
    return {
        **to_desk(scene),
        "what": "asked",
        "about": "update",
        "customer": given(person),
        "text": "",
        "shortened": False,
        "attachments": [],
        "state": course.state.value,
        "due": {clock.value: at for clock, at in running.items() if at is not None},
        "from": "",
        "faults": [],
        "done": [],
        "said": [],
        "spoke": False,
        "yes": None,
        "send": None,
        "held": None,
        "shown": [],
        "next_at": iso(cycle.due),
        "said_at": iso(said.at) if said is not None else None,
        "said_by": given(agent_name(scene.policy, said.by)) if said is not None else "",
        "last": said.words[:_LAST] if said is not None else "",
    }

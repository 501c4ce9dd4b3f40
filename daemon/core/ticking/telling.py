"""Status updates: what is true of a ticket now, told to its customer.

One goes out at every step of the cadence (`updating`), and one for whatever moved a promise later: a changed
priority, an account, declared hours, a reopening (`moved_mail`). Never to a ticket that waits, is over, or is
no ticket (sla.md, "Before and after a deadline")."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from daemon.core.actions import QueueMail
from daemon.core.dossier import Dossier
from daemon.core.policy import Policy
from daemon.core.priority import rank
from daemon.core.sla.course import Course
from daemon.core.sla.events import Updated
from daemon.core.sla.moves import update_step
from daemon.core.sla.raising import moved_later
from daemon.core.sla.replay import extend
from daemon.core.ticking.scene import (
    Scene,
    agent_name,
    due,
    given,
    holder_given,
    iso,
    readers,
    resolution,
    response,
    to_customer,
)
from daemon.core.values import ClockName, Coverage, Priority, State

KIND: Final = "status-update"

_LIVE: Final = frozenset({State.NEW, State.OPEN})
_SAID: Final = 300
"""Characters of the agent's newest words that an update repeats."""


def moved_mail(
    before: Course, after: Course, dossier: Dossier, policy: Policy, now: datetime, why: str, cause: str
) -> tuple[QueueMail, ...]:
    """The status update that a change owes the customer; none where no promise became later, none was made
    anew, and nothing is to be asked.

    before, after  the course without and with the change
    dossier        the ticket as it will be written: who has it after the change (`replace` its ticket)
    why            agent, answer, message, urgent, merge, hours, account or ""
    cause          names the change, so that its mail is sent once
    """
    if not speakable(after):
        return ()
    reopened = before.state in {State.RESOLVED, State.CLOSED}
    emergency = after.provisional and after.priority is Priority.P1
    questions = emergency and not (before.provisional and before.priority is Priority.P1)
    if not (reopened or questions or moved_later(before, after)):
        return ()
    changed = after.priority is not before.priority
    what = "reopened" if reopened else "priority" if changed else "moved"
    scene = Scene(dossier=dossier, course=after, policy=policy, now=now)
    was = before.priority.value if changed else ""
    return status_update(scene, f"{cause}:{what}", what=what, why=why, was=was, questions=questions)


def speakable(course: Course) -> bool:
    """Whether a status update may go out for this ticket at all."""
    return course.state in _LIVE and course.reachable and not (course.void or course.merged)


def status_update(
    scene: Scene, cause: str, *, what: str, why: str = "", was: str = "", questions: bool = False
) -> tuple[QueueMail, ...]:
    """One mail, to the requester; a newer one takes the place of one that nobody has tried to send yet.
    `cause` gets the reader's address."""
    course, ticket = scene.course, scene.ticket
    return tuple(
        QueueMail(
            kind=KIND,
            ticket=ticket.id,
            recipient=address,
            cause=f"{cause}:{address}",
            context={
                **to_customer(scene, address),
                "what": what,
                "holder": holder_given(scene),
                **_last_said(scene),
                "news": scene.dossier.news,
                **_next(scene, news=bool(scene.dossier.news) or what != "update"),
                "response_due": due(response(course)),
                "resolution_due": due(resolution(course)),
                "priority": course.priority.value,
                "was": was,
                "why": why,
                "provisional": course.provisional,
                "questions": questions,
                "late": late(course, scene.now),
                "sorry": not _told(course, scene.now),
                "premium": course.coverage is Coverage.PREMIUM,
            },
            rank=rank(course.priority),
            at=scene.now,
            supersede_key=f"{KIND}:{ticket.id}:{address}",
        )
        for address in readers(scene, KIND)
    )


def late(course: Course, now: datetime) -> bool:
    """A promised time, of an answer or of the solution, has passed and nothing has met it."""
    return _missed(course, now) is not None


def _missed(course: Course, now: datetime) -> datetime | None:
    """The promised instant that has passed, of the solution before that of an answer."""
    promised = (resolution(course), response(course))
    return next((c.due for c in promised if c is not None and c.due is not None and c.due <= now), None)


def _told(course: Course, now: datetime) -> bool:
    """The customer has heard from us since that instant: being sorry is said once."""
    missed = _missed(course, now)
    heard = (c.met for c in course.chain(ClockName.STATUS_UPDATE) if c.met is not None)
    return missed is not None and any(at >= missed for at in heard)


def _last_said(scene: Scene) -> dict[str, object]:
    """When one of us last wrote to the customer, who, and how it began. What no server has taken yet was not
    said."""
    answer = scene.dossier.answer
    if answer is None or answer.at is None:
        return {"said_at": None, "said_by": "", "said": ""}
    by = given(agent_name(scene.policy, answer.by))
    return {"said_at": iso(answer.at), "said_by": by, "said": answer.words[:_SAID]}


def _next(scene: Scene, *, news: bool) -> dict[str, object]:
    """When the next update comes, if this one goes out now; None where only news brings one. `rarer`: the
    step grows from here on, for want of news; told once for each growth, not at every later update."""
    told = extend(scene.course, Updated(at=scene.now, mail="this one", news=news))
    following = told.running(ClockName.STATUS_UPDATE)
    return {"next_at": due(following), "rarer": update_step(told) > update_step(scene.course)}

"""Hours that were declared after a ticket was opened (`#horaire`) may move its promises; the customer is told
of those that became later, once."""

from __future__ import annotations

from dataclasses import replace

from daemon.core.actions import QueueMail
from daemon.core.dossier import course_of
from daemon.core.sla.declaring import Declared
from daemon.core.ticking.scene import Scene
from daemon.core.ticking.telling import moved_mail


def untold(scene: Scene) -> tuple[str, ...]:
    """Keys of the declarations that this ticket has lived through and that nobody has looked at for it."""
    since, done = scene.dossier.opening.at, scene.dossier.done
    found = (_key(one) for one in scene.dossier.declared if since < one.at <= scene.now)
    return tuple(dict.fromkeys(key for key in found if key not in done))


def moved(scene: Scene, keys: tuple[str, ...]) -> tuple[QueueMail, ...]:
    """The mail about what these declarations have moved, if they have."""
    if not keys:
        return ()
    dossier = scene.dossier
    earlier = replace(dossier, declared=tuple(d for d in dossier.declared if _key(d) not in keys))
    before = course_of(earlier, scene.policy, scene.now)
    cause = f"hours:{dossier.ticket.id}:{keys[-1]}"
    return moved_mail(before, scene.course, dossier, scene.policy, scene.now, "hours", cause)


def _key(declared: Declared) -> str:
    return f"hours:{declared.at.timestamp():.6f}:{declared.day.isoformat()}"

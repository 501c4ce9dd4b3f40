"""The last look at a mail that nobody has had yet: is what it says still so?

Between a decision and the first server that takes its mail lie seconds, or the hours of an outage. A status
update says what is true now, or is not sent; nobody is reminded, alarmed or warned of what is over. All that
was decided stays done: what is cancelled here is not made up for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from daemon.core.dossier import Dossier, course_of
from daemon.core.policy import Policy
from daemon.core.sla.course import Course
from daemon.core.sla.events import Replied, Updated
from daemon.core.ticking.scene import scene_of
from daemon.core.ticking.telling import speakable, status_update
from daemon.core.values import ClockName, OutboxRow, Priority, State

_OF_ONE_TICKET: Final = frozenset({"status-update", "reminder", "alarm", "closed"})
_OF_SEVERAL: Final = {"alarm": "several", "escalation": "warning"}
_OVER: Final = frozenset({State.RESOLVED, State.CLOSED})


def looked_at(row: OutboxRow) -> tuple[int, ...]:
    """The tickets whose dossiers `current` needs for this row; () for a mail that does not go stale."""
    if row.kind in _OF_ONE_TICKET and row.context.get("what") != "several":
        return (row.ticket,) if row.ticket is not None else ()
    if row.context.get("what") == _OF_SEVERAL.get(row.kind, ...):
        numbers = (line.get("ticket") for line in _lines(row))
        return tuple(dict.fromkeys(number for number in numbers if isinstance(number, int)))
    return ()


def current(
    row: OutboxRow, dossiers: Mapping[int, Dossier], policy: Policy, now: datetime
) -> dict[str, object] | str:
    """The facts of the mail as they are now, or why it is not sent any more."""
    if row.kind == "escalation":
        return _warning(row, dossiers, policy, now)
    if row.kind == "alarm" and row.ticket is None:
        return _alarms(row, dossiers, policy, now)
    dossier = dossiers.get(row.ticket) if row.ticket is not None else None
    if dossier is None:
        return row.context
    course = course_of(dossier, policy, now)
    if row.kind == "status-update":
        return _why_no_update(row, dossier, course) or _update(row, dossier, policy, now)
    return _why_not(row, course) or row.context


def _why_not(row: OutboxRow, course: Course) -> str:
    if row.kind == "alarm":
        if course.priority is not Priority.P1 or course.state in _OVER:
            return "it is no emergency any more"
        taken, since = course.taken_at, course.alarm_at
        return "somebody has taken it" if taken is not None and since is not None and taken > since else ""
    if row.kind == "closed":
        return "" if course.state is State.CLOSED else f"the ticket is {course.state.value} again"
    if course.state is not State.WAITING or course.hushed:
        return "the customer has answered"
    return "" if _same_silence(row, course) else "what the customer is asked has changed"


def _alarms(
    row: OutboxRow, dossiers: Mapping[int, Dossier], policy: Policy, now: datetime
) -> dict[str, object] | str:
    """Those that still ring."""

    def rings(line: Mapping[str, object]) -> bool:
        number = line.get("ticket")
        dossier = dossiers.get(number) if isinstance(number, int) else None
        return dossier is None or not _why_not(row, course_of(dossier, policy, now))

    left = [line for line in _lines(row) if rings(line)]
    return {**row.context, "lines": left} if left else "somebody has taken all of them"


def _same_silence(row: OutboxRow, course: Course) -> bool:
    """A reminder tells when the ticket closes: another instant means that somebody has written since."""
    told, since = row.context.get("closes_at"), course.waiting_from
    if not isinstance(told, str) or since is None:
        return True
    closes = course.standard.add_working(since, course.version.rules.close_waiting_after)
    return datetime.fromisoformat(told) == closes


def _why_no_update(row: OutboxRow, dossier: Dossier, course: Course) -> str:
    if not speakable(course):
        return f"the ticket is {course.state.value}" if course.reachable else "no address is left"
    if row.context.get("what") != "update":
        return ""
    cycle = course.running(ClockName.STATUS_UPDATE)
    if cycle is None or cycle.due is None:
        return "no update is wanted now"
    heard = any(isinstance(e, Replied | Updated) and e.at >= row.queued_at for e in dossier.events)
    return "the customer has heard from us meanwhile" if heard else ""


def _update(row: OutboxRow, dossier: Dossier, policy: Policy, now: datetime) -> dict[str, object]:
    """Told anew: who has it, what we last said, when the next one comes."""
    was, scene = row.context, scene_of(dossier, policy, now)
    anew = status_update(
        scene,
        row.cause,
        what=str(was.get("what", "update")),
        why=str(was.get("why", "")),
        was=str(was.get("was", "")),
        questions=bool(was.get("questions")) and scene.course.provisional,
    )
    return next(({**was, **mail.context} for mail in anew if mail.recipient == row.recipient), was)


def _warning(
    row: OutboxRow, dossiers: Mapping[int, Dossier], policy: Policy, now: datetime
) -> dict[str, object] | str:
    left = [line for line in _lines(row) if _still_due(line, dossiers, policy, now)]
    return {**row.context, "lines": left} if left else "nothing of what it warns of is due any more"


def _still_due(
    line: Mapping[str, object], dossiers: Mapping[int, Dossier], policy: Policy, now: datetime
) -> bool:
    """Whether that promise still runs towards the instant that is told."""
    number, clock = line.get("ticket"), str(line.get("clock", ""))
    dossier = dossiers.get(number) if isinstance(number, int) else None
    if dossier is None or clock not in set(ClockName):
        return True
    cycle = course_of(dossier, policy, now).running(ClockName(clock))
    told = line.get("due")
    return (
        cycle is not None
        and cycle.due is not None
        and (not isinstance(told, str) or datetime.fromisoformat(told) == cycle.due)
    )


def _lines(row: OutboxRow) -> list[dict[str, object]]:
    lines = row.context.get("lines")
    return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []

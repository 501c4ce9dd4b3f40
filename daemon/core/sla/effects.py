"""What each event does to a ticket's clocks: the table of `sla.md`, "The clocks of a ticket", as functions.

An event that the ticket's state does not take (`lifecycle.Refused`) changes nothing and is kept as refused.
How cycles are started, met and stopped is `moves`; what a changed priority does, `retargeting`; merges,
`merging`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from daemon.core.lifecycle import Event, Refused, next_state
from daemon.core.sla import events as ev
from daemon.core.sla import moves
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import RESPONSES, CycleOutcome
from daemon.core.sla.events import Opening, TicketEvent, Word
from daemon.core.sla.merging import absorbed, merged_away
from daemon.core.sla.promises import SlaVersion
from daemon.core.sla.retargeting import reprioritised
from daemon.core.values import ClockName, Priority, State

_OVER: Final = frozenset({State.RESOLVED, State.CLOSED})


def opened(opening: Opening, version: SlaVersion) -> Course:
    """First response, status update and resolution start with the ticket."""
    course = Course(
        opening=opening,
        version=version,
        standard=version.standard,
        log=(),
        seen=opening.at,
        priority=opening.priority,
        provisional=opening.provisional,
        state=State.NEW,
        cycles=(),
        had=frozenset({opening.priority}),
        alarm_at=opening.at if opening.priority is Priority.P1 else None,
    )
    course = moves.start_response(course, ClockName.FIRST_RESPONSE, opening.at)
    course = moves.start(course, ClockName.STATUS_UPDATE, opening.at, moves.update_step(course))
    target = version.priorities[course.priority].resolution
    return moves.start(course, ClockName.RESOLUTION, opening.at, target)


def effect(course: Course, event: TicketEvent) -> Course:
    """The course after `event`."""
    try:
        after = _EFFECTS[type(event)](course, event)
    except Refused:
        return replace(course, refused=(*course.refused, event))
    return moves.hold_or_go(after, event.at)


def _wrote(course: Course, event: ev.Wrote) -> Course:
    silent = event.at if course.state is State.RESOLVED else course.silent_from
    if event.word is Word.ASK:
        return _asked(course, event)
    if event.word is Word.THANKS:
        return replace(course, works_newest=False, silent_from=silent)
    if event.word is Word.WORKS:
        return replace(course, hushed=True, works_at=event.at, works_newest=True, silent_from=silent)
    if event.word is Word.LESS:
        return replace(course, only_news=True, works_newest=False, silent_from=silent)
    until = max(event.until or event.at, event.at)
    waiting = until if course.state is State.WAITING else course.waiting_from
    return replace(course, waiting_from=waiting, works_newest=False, silent_from=silent)


def _asked(course: Course, event: ev.Wrote) -> Course:
    was = course.state
    course = replace(
        course,
        state=next_state(was, Event.CUSTOMER_MESSAGE),
        hushed=False,
        works_at=None,
        works_newest=False,
        waiting_from=None,
    )
    if was in _OVER:
        course = _rung(moves.reopen(course, event.at), event.at)
    if not course.reachable:
        course = moves.reach_again(course, event.at)
    asks = course.version.rules.next_response and course.running(ClockName.FIRST_RESPONSE) is None
    if asks and course.running(ClockName.NEXT_RESPONSE) is None:
        course = moves.start_response(course, ClockName.NEXT_RESPONSE, event.at)
    return course


def _rung(course: Course, at: datetime) -> Course:
    """An emergency that its customer says is not over is one anew: whoever had it believes it solved, and may
    be asleep. As everywhere, one alarm where somebody has it, and until somebody does where nobody has."""
    return replace(course, alarm_at=at) if course.priority is Priority.P1 else course


def _replied(course: Course, event: ev.Replied) -> Course:
    for clock in RESPONSES:
        course = moves.meet(course, clock, event.at)
    course = replace(
        _worked(course, event.at), quiet=0, quiet_since=None, news=False, hushed=False, works_newest=False
    )
    if course.state is State.WAITING:
        course = replace(course, waiting_from=event.at)
    if course.state is State.RESOLVED:
        course = replace(course, silent_from=event.at)
    return moves.restart_updates(course, event.at)


def _called(course: Course, event: ev.Called) -> Course:
    if course.version.rules.call_meets_response:
        course = moves.meet(course, ClockName.FIRST_RESPONSE, event.at)
    return _worked(moves.meet(course, ClockName.NEXT_RESPONSE, event.at), event.at)


def _worked(course: Course, at: datetime) -> Course:
    """Somebody has it in hand."""
    return replace(course, state=next_state(course.state, Event.WORK), taken_at=course.taken_at or at)


def _updated(course: Course, event: ev.Updated) -> Course:
    """After so many in a row without news managers are told, once for each such silence."""
    quiet = 0 if event.news else course.quiet + 1
    told = event.at if quiet == course.version.rules.quiet_updates else course.quiet_since
    course = replace(course, quiet=quiet, quiet_since=None if event.news else told, news=False)
    return moves.restart_updates(course, event.at)


def _news(course: Course, _event: ev.News) -> Course:
    return replace(course, news=True, hushed=False)


def _resolved(course: Course, event: ev.Resolved) -> Course:
    """The customer's own "it works" ends the resolution where an agent confirms it, by a yes or by resolving
    while it is the newest message. The first response is an act of ours."""
    if course.state is State.RESOLVED:
        return course
    state = next_state(course.state, Event.RESOLVE)
    for clock in (*RESPONSES, ClockName.STATUS_UPDATE):
        course = moves.meet(course, clock, event.at)
    own = course.works_at if event.confirms or course.works_newest else None
    course = moves.meet(course, ClockName.RESOLUTION, own or event.at)
    return replace(
        course,
        state=state,
        resolved_at=event.at,
        silent_from=event.at,
        waiting_from=None,
        taken_at=course.taken_at or event.at,
    )


def _closed(course: Course, event: ev.Closed) -> Course:
    if course.state not in _OVER:
        course = _resolved(course, ev.Resolved(at=event.at))
    return _shut(course, event.at, Event.CLOSE)


def _lapsed(course: Course, event: ev.Lapsed) -> Course:
    if course.state is State.WAITING:
        course = moves.end_all(course, event.at, CycleOutcome.UNANSWERED)
    return _shut(course, event.at, Event.SILENCE)


def _shut(course: Course, at: datetime, why: Event) -> Course:
    state = next_state(course.state, why)
    if state is not State.CLOSED:
        return course
    return replace(course, state=state, closed_at=course.closed_at or at, silent_from=None, waiting_from=None)


def _reopened(course: Course, event: ev.Reopened) -> Course:
    was = course.state
    course = replace(course, state=next_state(was, Event.REOPEN), waiting_from=None)
    return moves.reopen(course, event.at) if was in _OVER else course


def _waited(course: Course, event: ev.Waited) -> Course:
    state = next_state(course.state, Event.WAIT)
    return replace(
        course,
        state=state,
        waiting_from=max(event.until or event.at, event.at),
        taken_at=course.taken_at or event.at,
    )


def _taken(course: Course, event: ev.Taken) -> Course:
    return _worked(course, event.at)


def _released(course: Course, _event: ev.Released) -> Course:
    return replace(course, taken_at=None)


def _unreachable(course: Course, event: ev.Unreachable) -> Course:
    """No answer and no update can reach anybody; the matter itself can still be solved."""
    for clock in (*RESPONSES, ClockName.STATUS_UPDATE):
        course = moves.end(course, clock, event.at, CycleOutcome.UNREACHABLE)
    return replace(course, reachable=False)


def _discarded(course: Course, event: ev.Discarded) -> Course:
    """Cycles void, by name: also those that had ended, so that no breach of theirs counts."""
    course = moves.end_all(course, event.at, CycleOutcome.VOID)
    void = tuple(replace(cycle, outcome=CycleOutcome.VOID) for cycle in course.cycles)
    return replace(_shut(course, event.at, Event.DISCARD), cycles=void, void=True)


def _merged(course: Course, event: ev.MergedAway) -> Course:
    return _shut(merged_away(course, event.at), event.at, Event.DISCARD)


def _hours_changed(course: Course, event: ev.HoursChanged) -> Course:
    return moves.change_hours(course, event.standard, event.at)


def _nothing(course: Course, _event: TicketEvent) -> Course:
    """What reaches back (a bounce, an account) has been heeded before the first event."""
    return course


_EFFECTS: Final[dict[type, Callable[[Course, Any], Course]]] = {
    ev.Wrote: _wrote,
    ev.Replied: _replied,
    ev.Called: _called,
    ev.Updated: _updated,
    ev.News: _news,
    ev.Resolved: _resolved,
    ev.Closed: _closed,
    ev.Lapsed: _lapsed,
    ev.Reopened: _reopened,
    ev.Waited: _waited,
    ev.Reprioritised: reprioritised,
    ev.Taken: _taken,
    ev.Released: _released,
    ev.Unreachable: _unreachable,
    ev.Discarded: _discarded,
    ev.MergedAway: _merged,
    ev.Absorbed: absorbed,
    ev.HoursChanged: _hours_changed,
    ev.Bounced: _nothing,
    ev.Attached: _nothing,
}

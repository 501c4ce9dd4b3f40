"""The life of a ticket as one table: state and event give the next state (sla.md, "State table").

Who may cause an event, and what else follows from it (clocks, mails), is not decided here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from daemon.core.values import State


class Event(StrEnum):
    """What can happen to a ticket."""

    WORK = "work"  # #prendre, #assigner, a public reply, #appel
    WAIT = "wait"  # #attente, accepted
    RESOLVE = "resolve"
    CLOSE = "close"  # #fermer: resolves first if unresolved
    REOPEN = "reopen"
    CUSTOMER_MESSAGE = "customer_message"  # with intent ticket
    COURTESY = "courtesy"  # only thanks, or "it works": nothing changes
    SILENCE = "silence"  # 7 business days without an answer
    DISCARD = "discard"  # #spam, merged away


class Refused(Exception):
    """This event is not for a ticket in this state. Nothing changes; whoever asked is told."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"a {state} ticket does not take {event}")
        self.state = state
        self.event = event


_NEW, _OPEN, _WAITING, _RESOLVED, _CLOSED = State.NEW, State.OPEN, State.WAITING, State.RESOLVED, State.CLOSED
_NO: Final = None

_STATES: Final = (_NEW, _OPEN, _WAITING, _RESOLVED, _CLOSED)
_TABLE: Final[dict[Event, tuple[State | None, ...]]] = {
    #                        new        open       waiting    resolved   closed
    Event.WORK:             (_OPEN,     _OPEN,     _WAITING,  _RESOLVED, _CLOSED),
    Event.WAIT:             (_WAITING,  _WAITING,  _WAITING,  _NO,       _NO),
    Event.RESOLVE:          (_RESOLVED, _RESOLVED, _RESOLVED, _RESOLVED, _NO),
    Event.CLOSE:            (_CLOSED,   _CLOSED,   _CLOSED,   _CLOSED,   _CLOSED),
    Event.REOPEN:           (_NEW,      _OPEN,     _OPEN,     _OPEN,     _OPEN),
    Event.CUSTOMER_MESSAGE: (_NEW,      _OPEN,     _OPEN,     _OPEN,     _OPEN),
    Event.COURTESY:         (_NEW,      _OPEN,     _WAITING,  _RESOLVED, _CLOSED),
    Event.SILENCE:          (_NEW,      _OPEN,     _CLOSED,   _CLOSED,   _CLOSED),
    Event.DISCARD:          (_CLOSED,   _CLOSED,   _CLOSED,   _CLOSED,   _CLOSED),
}  # fmt: skip


def next_state(state: State, event: Event) -> State:
    """The state after `event`; the same state where nothing changes. Raises `Refused`."""
    following = _TABLE[event][_STATES.index(state)]
    if following is None:
        raise Refused(state, event)
    return following


def reopens(state: State, closed_at: datetime | None, at: datetime, window: timedelta) -> bool:
    """Whether a customer's message may still continue this ticket. Past the window after closing it opens a
    new, linked ticket instead (sla.md, "The clocks of a ticket")."""
    return state is not State.CLOSED or closed_at is None or at <= closed_at + window

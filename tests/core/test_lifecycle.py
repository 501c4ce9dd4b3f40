"""The state table of sla.md, row by row."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core.lifecycle import Event, Refused, next_state, reopens
from daemon.core.values import State
from tests.core.build import T0

N, O, W, R, C = State.NEW, State.OPEN, State.WAITING, State.RESOLVED, State.CLOSED  # noqa: E741

ROWS = [
    (Event.WORK, [O, O, W, R, C]),
    (Event.WAIT, [W, W, W, None, None]),
    (Event.RESOLVE, [R, R, R, R, None]),
    (Event.CLOSE, [C, C, C, C, C]),
    (Event.REOPEN, [N, O, O, O, O]),
    (Event.CUSTOMER_MESSAGE, [N, O, O, O, O]),
    (Event.COURTESY, [N, O, W, R, C]),
    (Event.SILENCE, [N, O, C, C, C]),
    (Event.DISCARD, [C, C, C, C, C]),
]


@pytest.mark.parametrize(("event", "row"), ROWS, ids=[e.value for e, _ in ROWS])
def test_each_state_goes_where_the_table_of_the_contract_says(event: Event, row: list[State | None]) -> None:
    for state, after in zip(State, row, strict=True):
        if after is None:
            with pytest.raises(Refused) as refused:
                next_state(state, event)
            assert refused.value.state is state
        else:
            assert next_state(state, event) is after


def test_every_event_has_a_row() -> None:
    assert {event for event, _ in ROWS} == set(Event)


def test_a_closed_ticket_is_continued_for_thirty_days_and_not_a_moment_longer() -> None:
    window = timedelta(days=30)
    assert reopens(C, T0, T0 + window, window)
    assert not reopens(C, T0, T0 + window + timedelta(seconds=1), window)
    assert reopens(R, None, T0 + timedelta(days=400), window)

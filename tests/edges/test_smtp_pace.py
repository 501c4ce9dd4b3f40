"""When the pool may knock and how fast it may send, on seconds that the test makes up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.edges.smtp.pace import Allowance, Gate


def waits(gate: Gate, failures: list[bool]) -> list[float]:
    """The wait after each failure (True: refused), each tried as soon as it is allowed."""
    now, found = 1000.0, []
    for refused in failures:
        gate.shut(now, "why", refused=535 if refused else None)
        found.append(gate.wait(now))
        now += found[-1]
        assert gate.wait(now) == 0
    return found


def test_network_faults_are_tried_again_within_a_minute() -> None:
    assert waits(Gate(), [False] * 9) == [1, 2, 5, 10, 20, 30, 60, 60, 60]


def test_refused_logins_are_tried_again_in_minutes() -> None:
    assert waits(Gate(), [True] * 6) == [60, 120, 300, 900, 900, 900]


def test_a_network_fault_between_refusals_does_not_make_the_next_one_come_sooner() -> None:
    assert waits(Gate(), [True, True, False, True]) == [60, 120, 1, 300]


def test_a_success_forgets_all_failures() -> None:
    gate = Gate()
    waits(gate, [True, True, False])
    gate.open()
    assert (gate.wait(0.0), gate.reason) == (0, "")
    assert waits(gate, [True, False]) == [60, 1]


@given(st.integers(1, 120), st.lists(st.floats(0, 20), min_size=1, max_size=200))
def test_never_more_than_the_allowance_goes_in_any_sixty_seconds(limit: int, gaps: list[float]) -> None:
    allowance, now, sent = Allowance(limit), 0.0, []
    for gap in gaps:
        now += gap
        sent.append(now + allowance.take(now))
    assert sent == sorted(sent)
    for start in sent:
        assert sum(start <= t < start + 59.999 for t in sent) <= limit


def test_a_full_allowance_lets_a_sixth_go_at_once_and_the_rest_in_an_even_beat() -> None:
    allowance = Allowance(60)
    delays = [allowance.take(0.0) for _ in range(12)]
    assert delays[:10] == [0.0] * 10
    assert 0 < delays[10] < delays[11] < 3


def test_what_was_given_back_can_be_taken_again() -> None:
    allowance = Allowance(1)
    assert allowance.take(0.0) == 0
    allowance.give_back()
    assert allowance.take(0.0) == 0
    assert allowance.take(0.0) == 60


def test_without_a_limit_nobody_waits() -> None:
    allowance = Allowance(0)
    assert [allowance.take(0.0) for _ in range(1000)] == [0.0] * 1000

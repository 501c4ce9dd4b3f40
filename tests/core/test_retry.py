"""The retry table, and the properties that hold for every row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.retry import (
    DELAYS,
    GIVE_UP_AFTER,
    UNKNOWN_ATTEMPTS,
    UNKNOWN_DELAY,
    Done,
    GiveUp,
    RetryAt,
    next_attempt,
)
from daemon.core.values import Outcome

QUEUED = datetime(2026, 11, 2, 13, 0, tzinfo=UTC)
MIDDLE = 0.5
"""The jitter that leaves a delay as it stands in the table."""

TEMPORARY = (Outcome.DEFERRED, Outcome.UNKNOWN, Outcome.UNREACHABLE)
ages = st.timedeltas(timedelta(days=-1), timedelta(days=30))
jitters = st.floats(0, 1, exclude_max=True)


def after(outcome: Outcome, attempts: int, age: timedelta, jitter: float = MIDDLE) -> timedelta:
    """How long after the attempt the next one is due."""
    verdict = next_attempt(outcome, attempts, QUEUED, QUEUED + age, jitter)
    assert isinstance(verdict, RetryAt)
    return verdict.at - (QUEUED + age)


def test_an_accepted_mail_is_done_at_any_age() -> None:
    assert next_attempt(Outcome.ACCEPTED, 7, QUEUED, QUEUED + timedelta(days=9), MIDDLE) == Done()


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.LOCAL])
def test_a_permanent_failure_is_given_up_at_the_first_attempt(outcome: Outcome) -> None:
    assert isinstance(next_attempt(outcome, 1, QUEUED, QUEUED, MIDDLE), GiveUp)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [
        (1, 10),
        (2, 30),
        (3, 120),
        (4, 300),
        (5, 900),
        (6, 1800),
        (7, 3600),
        (8, 7200),
        (9, 14400),
        (40, 14400),
    ],
)
def test_a_deferred_mail_comes_again_by_the_table(attempts: int, seconds: int) -> None:
    assert after(Outcome.DEFERRED, attempts, timedelta(hours=1)) == timedelta(seconds=seconds)


def test_jitter_spreads_a_delay_by_a_fifth_to_either_side() -> None:
    assert after(Outcome.DEFERRED, 4, timedelta(), 0.0) == timedelta(seconds=240)
    assert timedelta(seconds=359) < after(Outcome.DEFERRED, 4, timedelta(), 0.9999) < timedelta(seconds=360)


@pytest.mark.parametrize("outcome", TEMPORARY)
def test_every_temporary_failure_is_given_up_after_four_days_and_not_before(outcome: Outcome) -> None:
    just_before = QUEUED + GIVE_UP_AFTER - timedelta(seconds=1)
    assert isinstance(next_attempt(outcome, 1, QUEUED, just_before, MIDDLE), RetryAt)
    assert isinstance(next_attempt(outcome, 1, QUEUED, QUEUED + GIVE_UP_AFTER, MIDDLE), GiveUp)


def test_a_mail_that_may_have_arrived_waits_a_minute_at_least() -> None:
    assert after(Outcome.UNKNOWN, 1, timedelta()) == UNKNOWN_DELAY
    assert after(Outcome.UNKNOWN, 1, timedelta(), 0.0) == UNKNOWN_DELAY


def test_a_mail_that_may_have_arrived_is_sent_again_once() -> None:
    once = next_attempt(Outcome.UNKNOWN, 9, QUEUED, QUEUED, MIDDLE, unknown_before=0)
    again = next_attempt(Outcome.UNKNOWN, 2, QUEUED, QUEUED, MIDDLE, unknown_before=1)
    assert isinstance(once, RetryAt)
    assert isinstance(again, GiveUp)
    assert "may have arrived" in again.reason


def test_without_knowing_the_earlier_outcomes_the_attempts_bound_the_copies() -> None:
    verdicts = [next_attempt(Outcome.UNKNOWN, n, QUEUED, QUEUED, MIDDLE) for n in range(1, 6)]
    assert [isinstance(v, GiveUp) for v in verdicts] == [n >= UNKNOWN_ATTEMPTS for n in range(1, 6)]


@pytest.mark.parametrize(
    ("age", "delay"),
    [
        (timedelta(seconds=-3600), timedelta(seconds=5)),
        (timedelta(0), timedelta(seconds=5)),
        (timedelta(minutes=2), timedelta(seconds=30)),
        (timedelta(hours=5), timedelta(minutes=5)),
    ],
)
def test_a_row_that_found_no_server_is_spaced_by_its_age_alone(age: timedelta, delay: timedelta) -> None:
    assert after(Outcome.UNREACHABLE, 1, age) == delay
    assert after(Outcome.UNREACHABLE, 500, age) == delay


@given(st.sampled_from(Outcome), st.integers(0, 10_000), ages, jitters, st.none() | st.integers(0, 5))
def test_a_retry_always_lies_ahead_and_never_farther_than_five_hours(
    outcome: Outcome, attempts: int, age: timedelta, jitter: float, unknown: int | None
) -> None:
    now = QUEUED + age
    verdict = next_attempt(outcome, attempts, QUEUED, now, jitter, unknown_before=unknown)
    if isinstance(verdict, RetryAt):
        assert now < verdict.at <= now + DELAYS[-1] * 1.2
        assert age < GIVE_UP_AFTER
        assert outcome in TEMPORARY


@given(st.integers(1, 50), ages.filter(lambda age: age < GIVE_UP_AFTER), jitters)
def test_more_attempts_never_make_a_deferred_mail_come_sooner(
    attempts: int, age: timedelta, jitter: float
) -> None:
    assert after(Outcome.DEFERRED, attempts, age, jitter) <= after(
        Outcome.DEFERRED, attempts + 1, age, jitter
    )


@given(jitters)
def test_a_mail_that_is_always_deferred_ends_after_four_days_within_45_attempts(jitter: float) -> None:
    now, attempts = QUEUED, 0
    while True:
        attempts += 1
        verdict = next_attempt(Outcome.DEFERRED, attempts, QUEUED, now, jitter)
        if not isinstance(verdict, RetryAt):
            break
        now = verdict.at
    assert isinstance(verdict, GiveUp)
    assert GIVE_UP_AFTER <= now - QUEUED <= GIVE_UP_AFTER + timedelta(hours=5)
    assert attempts < 45

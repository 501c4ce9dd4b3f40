"""Loops side by side, and how long they wait after trouble."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.loops.backoff import Backoff
from daemon.loops.running import LoopDied, run_together
from tests.loops.fakes import away

SOON = 0.01


async def until_stopped(stop: asyncio.Event, ended: list[str], name: str) -> None:
    await stop.wait()
    ended.append(name)


async def test_both_loops_end_when_they_are_asked_to() -> None:
    stop, ended = asyncio.Event(), list[str]()
    loops = {name: until_stopped(stop, ended, name) for name in ("a", "b")}
    asyncio.get_running_loop().call_soon(stop.set)
    await run_together(loops, stop, grace=60)
    assert sorted(ended) == ["a", "b"]


async def test_a_loop_that_ends_by_itself_stops_the_other_and_is_a_fault() -> None:
    stop, ended = asyncio.Event(), list[str]()

    async def ends() -> None:
        return

    with pytest.raises(LoopDied, match="the a loop ended by itself"):
        await run_together({"a": ends(), "b": until_stopped(stop, ended, "b")}, stop, grace=60)
    assert ended == ["b"]


async def test_the_fault_of_a_loop_is_raised_after_the_other_has_finished() -> None:
    stop, ended = asyncio.Event(), list[str]()

    async def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_together({"b": until_stopped(stop, ended, "b"), "a": fails()}, stop, grace=60)
    assert ended == ["b"]


async def test_a_fault_while_stopping_is_raised_too() -> None:
    stop = asyncio.Event()

    async def fails_at_the_end() -> None:
        await stop.wait()
        raise ZeroDivisionError

    stop.set()
    with pytest.raises(ZeroDivisionError):
        await run_together({"a": fails_at_the_end()}, stop, grace=60)


async def test_a_loop_that_does_not_end_within_the_grace_is_cancelled_without_a_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop, cancelled = asyncio.Event(), list[bool]()

    async def deaf() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    stop.set()
    await run_together({"deaf": deaf()}, stop, grace=SOON)
    assert cancelled == [True]
    assert "loop_overdue" in caplog.messages


async def test_a_cancellation_that_nobody_of_us_made_is_a_fault() -> None:
    stop = asyncio.Event()

    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run_together({"a": cancels_itself()}, stop, grace=60)


def test_after_network_faults_the_pauses_grow_to_a_minute() -> None:
    backoff = Backoff()
    assert [backoff.after(away()) for _ in range(9)] == [0.5, 1, 2, 5, 10, 20, 30, 60, 60]


def test_after_refusals_the_pauses_are_minutes_from_the_start() -> None:
    backoff = Backoff()
    assert [backoff.after(away(refused=True)) for _ in range(5)] == [60, 120, 300, 900, 900]


def test_reset_starts_anew_and_says_whether_there_was_trouble() -> None:
    backoff = Backoff()
    assert not backoff.reset()
    backoff.after(away())
    backoff.after(away())
    assert backoff.reset()
    assert not backoff.reset()
    assert backoff.after(away()) == 0.5


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_refusal_is_never_followed_quickly(refusals: list[bool]) -> None:
    backoff = Backoff()
    for refused in refusals:
        seconds = backoff.after(away(refused=refused))
        assert 0 < seconds <= (900 if refused else 60)
        assert seconds >= 60 or not refused

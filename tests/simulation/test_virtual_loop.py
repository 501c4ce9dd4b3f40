"""Virtual time: timers fire at their instants however far away they are, and plans come one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from daemon.simulation.loop import Stalled, VirtualLoop

YEAR = 365 * 86_400.0


def run(story: Callable[[VirtualLoop], Coroutine[object, object, None]]) -> VirtualLoop:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        runner.run(story(loop))
        return loop


@pytest.mark.parametrize("years", [0, 1, 10, 30])
def test_a_timer_fires_at_its_instant_after_any_number_of_years(years: int) -> None:
    """With the machine's own clock resolution the loop would turn for ever after some months."""
    seen: list[float] = []

    async def story(loop: VirtualLoop) -> None:
        if years:
            await asyncio.sleep(years * YEAR)
        for pause in (0.1, 1.0, 0.000001, 86_400.0, 1 / 3, 17_178_589.0):
            before = loop.virtual
            await asyncio.sleep(pause)
            seen.append(round(loop.virtual - before - pause, 6))

    run(story)
    assert seen == [0.0] * 6


def test_plans_of_one_instant_have_all_their_consequences_one_by_one() -> None:
    told: list[str] = []

    async def story(loop: VirtualLoop) -> None:
        async def consequence(name: str) -> None:
            for _ in range(5):
                await asyncio.sleep(0)
            told.append(f"{name} done")

        tasks: list[asyncio.Task[None]] = []

        def begin(name: str) -> None:
            told.append(name)
            tasks.append(asyncio.ensure_future(consequence(name)))

        for name in ("a", "b"):
            loop.plan(10.0, lambda name=name: begin(name))
        loop.plan(5.0, lambda: begin("first"))
        await asyncio.sleep(11)
        await asyncio.gather(*tasks)

    run(story)
    assert told == ["first", "first done", "a", "a done", "b", "b done"]


def test_a_plan_comes_before_the_timers_of_its_instant() -> None:
    told: list[str] = []

    async def story(loop: VirtualLoop) -> None:
        loop.plan(3.0, lambda: told.append("plan"))
        await asyncio.sleep(3.0)
        told.append("timer")

    run(story)
    assert told == ["plan", "timer"]


def test_waiting_for_what_can_never_come_is_an_error() -> None:
    async def story(_: VirtualLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stalled):
        run(story)


def test_work_for_threads_is_done_at_once() -> None:
    async def story(loop: VirtualLoop) -> None:
        assert await asyncio.to_thread(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        assert loop.virtual == 0.0

    run(story)

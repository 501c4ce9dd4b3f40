"""Small works of one kind that wait together are done as one, and each caller hears of its own alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from daemon.ports import Conflict, Unavailable
from daemon.store.batching import MOST, Batch


class Disk:
    """Doubles numbers; odd ones conflict, a 13 breaks the lot that it is in."""

    def __init__(self) -> None:
        self.lots: list[list[int]] = []
        self.go = asyncio.Event()
        self.away = False

    async def work(self, lot: Sequence[int]) -> list[int | Exception]:
        self.lots.append(list(lot))
        await self.go.wait()
        if self.away:
            raise Unavailable("store", "away")
        if 13 in lot:
            raise ValueError("13")
        return [Conflict(str(n)) if n % 2 else n * 2 for n in lot]


async def start(batch: Batch[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(batch(n)) for n in numbers]
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_one_lot_is_under_way_is_the_next_lot() -> None:
    disk = Disk()
    batch = Batch(disk.work)
    first = await start(batch, 2)
    await asyncio.sleep(0)
    others = await start(batch, 4, 6, 8)
    disk.go.set()
    assert await asyncio.gather(*first, *others) == [4, 8, 12, 16]
    assert disk.lots == [[2], [4, 6, 8]]


async def test_no_lot_is_larger_than_a_statement_may_be() -> None:
    disk = Disk()
    disk.go.set()
    tasks = await start(Batch(disk.work), *range(0, 4 * MOST, 2))
    await asyncio.gather(*tasks)
    assert [len(lot) for lot in disk.lots] == [MOST, MOST]


async def test_each_caller_gets_its_own_outcome() -> None:
    disk = Disk()
    disk.go.set()
    good, bad = await start(Batch(disk.work), 2, 3)
    assert await good == 4
    with pytest.raises(Conflict, match="3"):
        await bad


async def test_a_work_that_breaks_its_lot_fails_alone() -> None:
    disk = Disk()
    disk.go.set()
    good, broken, other = await start(Batch(disk.work), 2, 13, 4)
    assert (await good, await other) == (4, 8)
    with pytest.raises(ValueError, match="13"):
        await broken
    assert disk.lots == [[2, 13, 4], [2], [13], [4]]


async def test_while_the_database_is_away_everyone_is_told() -> None:
    disk = Disk()
    disk.go.set()
    disk.away = True
    tasks = await start(Batch(disk.work), 2, 4)
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in told] == [Unavailable, Unavailable]
    assert len({id(one) for one in told}) == 2
    assert disk.lots == [[2, 4]]


async def test_a_cancelled_caller_waits_until_its_work_is_done() -> None:
    disk = Disk()
    (task,) = await start(Batch(disk.work), 2)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    disk.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task

"""Small works of one kind that wait together, done as one: while one lot is on its way to the disk the next
gathers, so that a busy outbox costs few commits and an idle one waits for nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from daemon.ports import Unavailable
from daemon.store.tx import to_its_end

K = TypeVar("K")
R = TypeVar("R")

MOST: Final = 32
"""Works in one lot: a statement grows with them."""


class Batch(Generic[K, R]):
    """`work` does a lot and gives one outcome for each, in their order: a result, or the exception of one
    that failed alone. Where it raises, each is done by itself, so that one bad work fails alone."""

    def __init__(self, work: Callable[[Sequence[K]], Awaitable[Sequence[R | Exception]]]) -> None:
        self._work = work
        self._waiting: deque[tuple[K, asyncio.Future[R]]] = deque()
        self._server: asyncio.Task[None] | None = None

    async def __call__(self, one: K) -> R:
        """The outcome of this work. A cancelled caller waits until it is done, and is cancelled then."""
        place: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, place))
        if self._server is None or self._server.done():
            self._server = asyncio.create_task(self._serve())
        return await to_its_end(place)

    async def _serve(self) -> None:
        while self._waiting:
            lot = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
            outcomes = await self._outcomes([one for one, _ in lot])
            for (_, place), outcome in zip(lot, outcomes, strict=True):
                if place.done():
                    continue
                if isinstance(outcome, asyncio.CancelledError):
                    place.cancel()
                elif isinstance(outcome, BaseException):
                    place.set_exception(outcome)
                else:
                    place.set_result(outcome)

    async def _outcomes(self, lot: Sequence[K]) -> Sequence[R | BaseException]:
        try:
            return await self._work(lot)
        except Unavailable as trouble:
            return [Unavailable(trouble.service, str(trouble), refused=trouble.refused) for _ in lot]
        except Exception as fault:  # noqa: BLE001 - whoever asked for it is told
            if len(lot) == 1:
                return [fault]
            return [(await self._outcomes([one]))[0] for one in lot]
        except asyncio.CancelledError:  # the event loop is ending: nobody may wait for ever
            while self._waiting:
                self._waiting.popleft()[1].cancel()
            return [asyncio.CancelledError() for _ in lot]

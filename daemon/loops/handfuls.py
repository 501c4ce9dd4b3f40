"""A stream of mails in handfuls: large enough to share one commit, small enough to be no burden."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final

from daemon.loops.reading import Reading
from daemon.ports import RawMail, Unavailable

BATCH: Final = 50
"""Mails per fetch and per move: aioimaplib's parser fails on long answers."""

MAILS: Final = 16
BYTES: Final = 4_000_000

AHEAD: Final = 2
"""Handfuls that are read, or wait to be, while one is written: so neither side waits for the other."""


async def handfuls(mails: AsyncIterator[RawMail]) -> AsyncGenerator[list[RawMail], None]:
    """In their order; none is empty, and only a single mail may exceed `BYTES`. When the stream breaks off,
    what had come is handed over before its `Unavailable` is raised: a connection that always breaks at one
    mail must not keep back those before it."""
    hand: list[RawMail] = []
    weight = 0
    broken: Unavailable | None = None
    try:
        async for mail in mails:
            if hand and (len(hand) == MAILS or weight + len(mail.data) > BYTES):
                yield hand
                hand, weight = [], 0
            hand.append(mail)
            weight += len(mail.data)
    except Unavailable as trouble:
        broken = trouble
    if hand:
        yield hand
    if broken is not None:
        raise broken


async def read_ahead(
    mails: AsyncIterator[RawMail], read: Callable[[Sequence[RawMail]], Awaitable[list[Reading]]]
) -> AsyncGenerator[list[Reading], None]:
    """The mails, read by the handful; the next ones are read while their taker writes the last. When the
    stream breaks off, what had come is given out before its `Unavailable` is raised."""
    broken: Unavailable | None = None
    readings: deque[asyncio.Future[list[Reading]]] = deque()
    try:
        async with aclosing(handfuls(mails)) as hands:
            more = True
            while more:
                try:
                    some = await anext(hands, None)
                except Unavailable as trouble:
                    some, broken = None, trouble
                if some is not None:
                    readings.append(asyncio.ensure_future(read(some)))
                more = some is not None
                while len(readings) > (AHEAD if more else 0):
                    yield await readings.popleft()
        if broken is not None:
            raise broken
    finally:
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)

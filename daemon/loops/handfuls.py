"""A stream of mails in handfuls: large enough to share one commit, small enough to be no burden."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final

from daemon.loops.reading import Reading
from daemon.ports import RawMail, Unavailable

BATCH: Final = 50
"""Mails per fetch and per move: aioimaplib's parser fails on long answers."""

MAILS: Final = 16
BYTES: Final = 4_000_000


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
    """The mails, read by the handful; the next one is read while its taker writes the last. When the stream
    breaks off, what had come is given out before its `Unavailable` is raised."""
    broken: Unavailable | None = None
    reading: asyncio.Future[list[Reading]] | None = None
    try:
        async with aclosing(handfuls(mails)) as hands:
            while True:
                try:
                    some = await anext(hands, None)
                except Unavailable as trouble:
                    some, broken = None, trouble
                ready, reading = reading, asyncio.ensure_future(read(some)) if some is not None else None
                if ready is not None:
                    yield await ready
                if some is None:
                    break
        if broken is not None:
            raise broken
    finally:
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

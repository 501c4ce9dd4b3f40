"""A stream of mails in handfuls: large enough to share one commit, small enough to be no burden."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from daemon.ports import RawMail, Unavailable

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

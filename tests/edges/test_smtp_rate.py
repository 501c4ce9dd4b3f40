"""The rate limit in the pool: mails wait for their turn before they take a connection."""

from __future__ import annotations

import asyncio

from daemon.core.values import Outcome
from tests.edges.smtp_rig import pool_for, send
from tests.servers.smtp_peer import SmtpPeer


async def test_a_mail_beyond_the_rate_waits_without_a_connection_and_is_not_refused() -> None:
    async with SmtpPeer() as peer, pool_for(peer, max_per_minute=6) as pool:
        first, second = (asyncio.create_task(send(pool)) for _ in range(2))
        done, waiting = await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
        assert (done, waiting) == ({first}, {second})
        assert first.result().outcome is Outcome.ACCEPTED
        assert (peer.connections, len(peer.received)) == (1, 1)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)


async def test_a_server_out_of_reach_uses_up_no_allowance() -> None:
    async with SmtpPeer() as peer, pool_for(peer, max_per_minute=1) as pool:
        peer.script("GREET", "421 4.3.2 too busy")
        assert (await send(pool)).outcome is Outcome.UNREACHABLE
        pool._gate.open()  # as if its time had passed
        async with asyncio.timeout(5):
            assert (await send(pool)).outcome is Outcome.ACCEPTED

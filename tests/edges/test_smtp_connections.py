"""Which connection a mail goes over, and what happens to one that broke, idled or was given up."""

from __future__ import annotations

import asyncio

import pytest

from daemon.core.values import Outcome
from daemon.edges.smtp import SmtpServer
from daemon.edges.smtp.cancelling import cancellable
from daemon.edges.smtp.connection import Connection
from daemon.edges.smtp.opening import open_connection
from tests.edges.smtp_rig import MAIL, pool_for, send
from tests.servers.smtp_peer import DROP, SILENCE, TAKE_AND_SILENCE, SmtpPeer
from tests.servers.waiting import until


async def test_one_connection_carries_many_mails() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        for _ in range(5):
            assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert (peer.connections, len(peer.received)) == (1, 5)
        assert "RSET" not in peer.verbs()


async def test_several_mails_are_under_way_at_once_up_to_the_limit() -> None:
    async with SmtpPeer() as peer, pool_for(peer, connections=3) as pool:
        peer.always["BODY"] = SILENCE
        sends = [asyncio.create_task(send(pool)) for _ in range(6)]
        await until(lambda: peer.verbs().count("DATA") == 3)
        assert peer.connections == 3
        assert pool.status().connections == 3
        for task in sends:
            task.cancel()
        await asyncio.gather(*sends, return_exceptions=True)


async def test_one_stuck_mail_does_not_stop_the_others() -> None:
    async with SmtpPeer() as peer, pool_for(peer, connections=2) as pool:
        peer.script("BODY", SILENCE)
        stuck = asyncio.create_task(send(pool))
        await until(lambda: "DATA" in peer.verbs())
        outcomes = [(await send(pool)).outcome for _ in range(3)]
        assert outcomes == [Outcome.ACCEPTED] * 3
        assert not stuck.done()
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)


async def test_a_connection_that_died_while_idle_is_replaced_at_once_and_no_refusal_is_told() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        await send(pool)
        peer.drop_all()
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert (peer.connections, len(peer.received)) == (2, 2)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [DROP, SILENCE])
async def test_a_used_connection_that_breaks_before_the_mail_is_replaced_at_once(
    verb: str, answer: str
) -> None:
    async with SmtpPeer() as peer, pool_for(peer, timeout=0.2) as pool:
        await send(pool)
        peer.script(verb, answer)  # type: ignore[arg-type]
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert (peer.connections, len(peer.received)) == (2, 2)


async def test_a_server_that_says_421_to_an_idle_connection_is_met_with_a_new_one() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        await send(pool)
        peer.script("MAIL", "421 4.4.2 idle for too long")
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert peer.connections == 2


async def test_a_used_connection_that_breaks_after_the_mail_is_not_tried_again() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        await send(pool)
        peer.script("BODY", DROP)
        assert (await send(pool)).outcome is Outcome.UNKNOWN
        assert peer.connections == 1


async def test_an_idle_connection_is_asked_whether_it_lives_before_it_gets_a_mail() -> None:
    async with SmtpPeer() as peer, pool_for(peer, doubt_after=0.0, timeout=0.2) as pool:
        await send(pool)
        peer.script("RSET", SILENCE)
        assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert peer.connections == 2
        assert peer.verbs() == ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "EHLO", "MAIL", "RCPT", "DATA"]


async def test_an_idle_connection_takes_leave_by_itself() -> None:
    async with SmtpPeer() as peer, pool_for(peer, idle_limit=0.01) as pool:
        await send(pool)
        await until(lambda: peer.open_connections == 0)
        assert peer.verbs()[-1] == "QUIT"
        assert pool.status().connections == 0
        assert (await send(pool)).outcome is Outcome.ACCEPTED


async def test_closing_the_pool_says_quit_and_leaves_nothing_open() -> None:
    async with SmtpPeer() as peer:
        async with pool_for(peer) as pool:
            await send(pool)
        assert peer.verbs()[-1] == "QUIT"
        await until(lambda: peer.open_connections == 0)
        after = await send(pool)
        assert after.outcome is Outcome.UNREACHABLE
        assert peer.connections == 1


async def test_a_connection_that_opens_while_the_pool_closes_carries_no_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:

        async def opened_late(server: SmtpServer) -> Connection:
            connection = await open_connection(server)
            await pool.close()
            return connection

        monkeypatch.setattr("daemon.edges.smtp.pool.open_connection", opened_late)
        assert (await send(pool)).outcome is Outcome.UNREACHABLE
        assert peer.received == []
        await until(lambda: peer.open_connections == 0)


async def test_closing_the_pool_cuts_a_mail_that_is_under_way() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        peer.script("BODY", SILENCE)
        sending = asyncio.create_task(send(pool))
        await until(lambda: "DATA" in peer.verbs())
        await pool.close()
        assert (await sending).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("verb", ["GREET", "EHLO", "MAIL", "RCPT", "DATA", "BODY"])
async def test_a_cancelled_mail_takes_its_connection_with_it_and_the_next_mail_goes(verb: str) -> None:
    async with SmtpPeer() as peer, pool_for(peer, connections=1) as pool:
        peer.script(verb, TAKE_AND_SILENCE if verb == "BODY" else SILENCE)  # type: ignore[arg-type]
        sending = asyncio.create_task(send(pool))
        reached = (lambda: peer.received) if verb == "BODY" else (lambda: peer.connections == 1)
        await until(reached)
        if verb not in ("GREET", "BODY"):
            await until(lambda: verb in peer.verbs())
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        async with asyncio.timeout(5):
            assert (await send(pool)).outcome is Outcome.ACCEPTED
        assert peer.connections == 2
        await until(lambda: peer.open_connections == 1)


async def test_a_cancellation_that_was_swallowed_on_its_way_is_repeated_until_it_works() -> None:
    swallowed = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(True)
                if len(swallowed) == 3:
                    raise

    task = asyncio.create_task(cancellable(stubborn()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(swallowed) == 3


async def test_a_large_mail_that_was_given_up_is_not_sent_on_behind_our_back() -> None:
    """The server stops reading; what waits in our buffers must die with the mail."""
    big = MAIL + b"0123456789\r\n" * 3_000_000
    async with SmtpPeer(size_limit=None) as peer, pool_for(peer) as pool:
        sending = asyncio.create_task(send(pool, message=big))
        await until(lambda: "DATA" in peer.verbs())
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await until(lambda: peer.open_connections == 0)
        assert peer.received == []


async def test_one_failed_connection_answers_all_who_wait() -> None:
    async with SmtpPeer() as peer, pool_for(peer, connections=4) as pool:
        peer.always["GREET"] = "421 4.3.2 too busy"
        deliveries = await asyncio.gather(*(send(pool) for _ in range(20)))
        assert {d.outcome for d in deliveries} == {Outcome.UNREACHABLE}
        assert all("too busy" in d.text for d in deliveries)
        assert peer.connections == 1


async def test_a_server_that_allows_fewer_connections_than_we_want_gets_its_mails_over_those() -> None:
    async with SmtpPeer() as peer, pool_for(peer, connections=4) as pool:
        peer.script("GREET", "", "421 4.3.2 too many connections")
        deliveries = await asyncio.gather(*(send(pool) for _ in range(8)))
        assert [d.outcome for d in deliveries] == [Outcome.ACCEPTED] * 8
        assert len(peer.received) == 8
        assert peer.connections == 2


async def test_those_who_wait_for_a_connection_are_answered_when_the_last_one_breaks() -> None:
    async with SmtpPeer() as peer, pool_for(peer, connections=4) as pool:
        peer.script("GREET", "", "421 4.3.2 too many connections", "421 4.3.2 too many connections")
        peer.script("BODY", DROP)
        async with asyncio.timeout(5):
            deliveries = await asyncio.gather(*(send(pool) for _ in range(4)))
        outcomes = [d.outcome for d in deliveries]
        assert outcomes.count(Outcome.UNKNOWN) == 1
        assert outcomes.count(Outcome.UNREACHABLE) == 3


async def test_status_tells_of_trouble_until_the_server_serves_again() -> None:
    async with SmtpPeer() as peer, pool_for(peer) as pool:
        assert pool.status().last_ok is None
        await send(pool)
        assert pool.status().last_ok is not None
        peer.script("BODY", DROP)
        await send(pool)
        assert "it may have arrived" in pool.status().last_error
        await send(pool)
        assert pool.status().last_error == ""

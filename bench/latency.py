"""Idle desk, IDLE push → acknowledgement accepted. The mailbox is the demo's (pymap), which pushes within two
milliseconds of a delivery: Dovecot waits up to half a second before it pushes, by its own design, and that
wait says nothing of us. With --dovecot the same from delivery to acceptance on Dovecot, its wait included.

    python -m bench.latency [--mails 50] [--dovecot | --agents]

With --agents: from the end of an agent's APPEND (a reply to a notification) to the acceptance of what the
customer reads, on pymap.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from email.message import Message
from pathlib import Path
from typing import TypeAlias

from bench.throughput import mixed_mails
from daemon import app
from daemon.demo import mailserver
from daemon.demo.desk import DESK, write_desk
from daemon.settings.model import Settings
from tests.e2e.desk import make_desk
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_peer import Received, SmtpPeer

AGENT = "alex@azimutpos.com"
QUIET = 0.3
"""Seconds between two mails: the desk is idle again."""

Measure: TypeAlias = Callable[[Settings, list[bytes], Callable[[bytes], None]], Awaitable[list[float]]]


async def measure(settings: Settings, mails: list[bytes], deliver: Callable[[bytes], None]) -> list[float]:
    """Milliseconds from the end of a delivery to the acceptance of its acknowledgement, sorted."""
    accepted = asyncio.Event()
    moment = 0.0

    def taking(_: Received) -> None:
        nonlocal moment
        moment = time.perf_counter()
        accepted.set()

    took = []
    async with SmtpPeer(port=settings.smtp.port, taking=taking), app.open_desk(settings) as desk:
        await desk.opener.ready()
        serving = asyncio.create_task(app.serve(desk))
        for mail in mails:
            await asyncio.sleep(QUIET)
            accepted.clear()
            await asyncio.to_thread(deliver, mail)
            began = time.perf_counter()
            await asyncio.wait_for(accepted.wait(), 30)
            took.append((moment - began) * 1e3)
        desk.stop.set()
        await serving
    return sorted(took)


async def measure_agents(
    settings: Settings, mails: list[bytes], deliver: Callable[[bytes], None]
) -> list[float]:
    """Milliseconds from the end of an agent's reply to the acceptance of the customer's mail, sorted."""
    arrived: asyncio.Queue[tuple[float, Received]] = asyncio.Queue()

    def taking(mail: Received) -> None:
        arrived.put_nowait((time.perf_counter(), mail))

    async def next_of(kind: str, to: str) -> tuple[float, Message]:
        while True:
            moment, mail = await asyncio.wait_for(arrived.get(), 30)
            found = email.message_from_bytes(mail.data)
            if (found["X-Azimut-Kind"], mail.recipients[0]) == (kind, to):
                return moment, found

    took = []
    async with SmtpPeer(port=settings.smtp.port, taking=taking), app.open_desk(settings) as desk:
        await desk.opener.ready()
        serving = asyncio.create_task(app.serve(desk))
        for number, mail in enumerate(mails):
            await asyncio.to_thread(deliver, mail)
            _, told = await next_of("notification", AGENT)
            await asyncio.sleep(QUIET)
            customer = str(email.message_from_bytes(mail)["From"]).rpartition("<")[2].rstrip(">")
            await asyncio.to_thread(deliver, _reply(told, number))
            began = time.perf_counter()
            moment, _ = await next_of("reply", customer)
            took.append((moment - began) * 1e3)
        desk.stop.set()
        await serving
    return sorted(took)


def _reply(told: Message, number: int) -> bytes:
    return (
        f"From: Alex Roy <{AGENT}>\r\nTo: {told['Reply-To']}\r\nSubject: Re: {told['Subject']}\r\n"
        f"Message-ID: <answer{number}@azimutpos.com>\r\nIn-Reply-To: {told['Message-ID']}\r\n"
        "Date: Wed, 04 Nov 2026 10:00:00 -0500\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
        "Bonjour,\r\n\r\nNous regardons cela tout de suite.\r\n\r\nAlex\r\n"
    ).encode()


async def on_pymap(mails: list[bytes], measure: Measure) -> list[float]:
    with tempfile.TemporaryDirectory() as name:
        async with mailserver.serve(DESK) as server:
            user, password, port = server.desk
            server.smtp_port = mailserver.free_port()
            settings = write_desk(Path(name), server)
            return await measure(settings, mails, lambda mail: mailserver.append(port, user, password, mail))


def on_dovecot(mails: list[bytes]) -> list[float]:
    dovecot = Dovecot.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            desk = make_desk(Path(name), dovecot, "latency", mailserver.free_port())
            return asyncio.run(measure(desk.settings, mails, lambda mail: desk.deliver(mail)))
    finally:
        dovecot.stop()


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mails", type=int, default=50)
    p.add_argument("--dovecot", action="store_true")
    p.add_argument("--agents", action="store_true")
    args = p.parse_args()
    mails = mixed_mails(args.mails, seed=2)
    if args.dovecot:
        took, what = (
            on_dovecot(mails),
            "delivered -> acknowledgement accepted (Dovecot, its own wait included)",
        )
    elif args.agents:
        took = asyncio.run(on_pymap(mails, measure_agents))
        what = "agent's reply delivered -> customer's mail accepted (pymap)"
    else:
        took, what = asyncio.run(on_pymap(mails, measure)), "delivered -> acknowledgement accepted (pymap)"
    print(
        f"{what}, {len(took)} mails: "
        f"p50 {statistics.median(took):.1f} ms, p90 {took[int(len(took) * 0.9)]:.1f} ms, "
        f"p99 {took[int(len(took) * 0.99)]:.1f} ms, max {took[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main()

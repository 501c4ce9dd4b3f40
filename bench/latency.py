"""Idle desk, IDLE push → acknowledgement accepted. The mailbox is the demo's (pymap), which pushes within two
milliseconds of a delivery: Dovecot waits up to half a second before it pushes, by its own design, and that
wait says nothing of us. With --dovecot the same from delivery to acceptance on Dovecot, its wait included.

    python -m bench.latency [--mails 50] [--dovecot]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.throughput import mixed_mails
from daemon import app
from daemon.demo import mailserver
from daemon.demo.desk import DESK, write_desk
from daemon.settings.model import Settings
from tests.e2e.desk import make_desk
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_peer import Received, SmtpPeer

QUIET = 0.3
"""Seconds between two mails: the desk is idle again."""


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


async def on_pymap(mails: list[bytes]) -> list[float]:
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
    args = p.parse_args()
    mails = mixed_mails(args.mails, seed=2)
    took = on_dovecot(mails) if args.dovecot else asyncio.run(on_pymap(mails))
    where = "Dovecot, its own wait included" if args.dovecot else "pymap"
    print(
        f"delivered -> acknowledgement accepted ({where}), {len(took)} mails: "
        f"p50 {statistics.median(took):.1f} ms, p90 {took[int(len(took) * 0.9)]:.1f} ms, "
        f"p99 {took[int(len(took) * 0.99)]:.1f} ms, max {took[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main()

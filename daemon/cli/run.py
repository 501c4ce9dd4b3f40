"""`run`: the daemon in the foreground, as systemd starts it, or one pass of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.edges.reading_process import Begun


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = sub.add_parser("run", help="run the daemon")
    p.add_argument("--once", action="store_true", help="take in all that waits, send all that is due, exit")
    p.add_argument("--resume", action="store_true", help="release the brake: answer the mails that it held")
    p.add_argument("--log-json", action="store_true", help="one JSON object per log line")
    p.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    p.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    from daemon.edges import reading_process

    try:
        begun = reading_process.begin()  # before the imports: it loads its model beside them
    except OSError:
        begun = None  # the daemon tries again when it needs one, and says what is wrong
    try:
        return _run(args, begun)
    finally:
        if begun is not None:
            begun.end()


def _run(args: argparse.Namespace, begun: Begun | None) -> int:
    import asyncio

    from daemon import app
    from daemon.cli.failure import CommandFailed, UsageFault
    from daemon.cli.stored import settings_of
    from daemon.edges.system import configure_logging
    from daemon.ports import Unavailable
    from daemon.store.faults import StoreFault

    configure_logging(json=args.log_json, level=args.log_level)
    settings = settings_of(args)
    work = app.run_once if args.once else app.run
    try:
        asyncio.run(work(settings, resume=args.resume, begun=begun))
    except StoreFault as fault:
        raise UsageFault(str(fault)) from fault
    except Unavailable as trouble:
        raise CommandFailed(f"{trouble.service}: {trouble}") from trouble
    return 0

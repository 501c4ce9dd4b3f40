"""`check`: a line for each thing that the daemon needs, with the remedy where it is not right."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.settings.model import Settings


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = sub.add_parser("check", help="is this desk ready to run?")
    p.add_argument("--offline", action="store_true", help="leave the mail servers and the database alone")
    p.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from daemon.cli.stored import settings_of
    from daemon.edges.system import configure_logging

    configure_logging(json=False, level="error")
    return asyncio.run(_check(settings_of(args), offline=args.offline))


async def _check(settings: Settings, *, offline: bool) -> int:
    from daemon.checks import check
    from daemon.cli.output import emit

    status = 0
    async for finding in check(settings, offline=offline):
        emit(f"{finding.level:8} {finding.name:14} {finding.text}")
        if finding.level == "failed":
            status = 1
    return status

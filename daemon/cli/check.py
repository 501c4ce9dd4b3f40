"""`check`: a line for each thing that the daemon needs, with the remedy where it is not right."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daemon.checks import Finding
    from daemon.settings.model import Settings


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = sub.add_parser("check", help="is this desk ready to run?")
    p.add_argument("--offline", action="store_true", help="leave the mail servers and the database alone")
    p.add_argument(
        "--roundtrip",
        action="store_true",
        help="also mail the desk itself and tell what came back: plus addresses, authentication, delay",
    )
    p.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from daemon.cli.failure import UsageFault
    from daemon.cli.stored import settings_of
    from daemon.edges.system import configure_logging

    if args.offline and args.roundtrip:
        raise UsageFault("--roundtrip needs the mail servers that --offline leaves alone")
    configure_logging(json=False, level="error")
    return asyncio.run(_check(settings_of(args), offline=args.offline, round_too=args.roundtrip))


async def _check(settings: Settings, *, offline: bool, round_too: bool) -> int:
    from daemon.checks import check
    from daemon.checks.roundtrip import roundtrip

    status = await _tell(check(settings, offline=offline))
    if round_too:
        status = max(status, await _tell(roundtrip(settings)))
    return status


async def _tell(findings: AsyncIterator[Finding]) -> int:
    """Each as soon as it is there; 1 when one failed."""
    from daemon.cli.output import emit

    status = 0
    async for finding in findings:
        emit(f"{finding.level:8} {finding.name:14} {finding.text}")
        if finding.level == "failed":
            status = 1
    return status

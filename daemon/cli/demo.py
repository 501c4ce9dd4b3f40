"""`demo`: the whole desk without configuration, on an embedded mail server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from daemon.demo.mailserver import MailServer
    from daemon.settings.model import Settings


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = sub.add_parser("demo", help="see the main job on an embedded mail server, without configuration")
    p.add_argument("--dir", type=Path, help="folder for the store and the mails (default: a temporary one)")
    p.add_argument(
        "--keep", action="store_true", help="stay up for an ordinary mail client, until interrupted"
    )
    p.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    import asyncio
    import tempfile

    from daemon.cli.failure import CommandFailed
    from daemon.demo.play import DaemonStalled
    from daemon.edges.system import configure_logging
    from daemon.ports import Unavailable

    configure_logging(json=False, level="warning")
    folder = _folder(args.dir) if args.dir else Path(tempfile.mkdtemp(prefix="azimut-demo-"))
    try:
        asyncio.run(_demo(folder, keep=args.keep))
    except (DaemonStalled, Unavailable, OSError) as trouble:
        raise CommandFailed(f"the demo stopped: {trouble}") from trouble
    return 0


def _folder(named: Path) -> Path:
    """Raises `UsageFault` unless it is empty or still to be made: a desk that has seen the sample mails files
    them as duplicates and answers nobody."""
    from daemon.cli.failure import UsageFault

    if named.exists() and not named.is_dir():
        raise UsageFault(f"--dir is {str(named)!r}: expected a folder")
    if named.is_dir() and any(named.iterdir()):
        raise UsageFault(f"--dir is {str(named)!r}, which is not empty: expected an empty or a new folder")
    return named


async def _demo(folder: Path, *, keep: bool) -> None:
    from rich.console import Console

    from daemon import app
    from daemon.demo.desk import DESK, write_desk
    from daemon.demo.mailserver import serve
    from daemon.demo.story import act

    console = Console()
    console.print("Starting an embedded IMAP and SMTP server, and the daemon …")
    async with serve(DESK) as server:
        settings = write_desk(folder, server)
        await act(settings, server, folder, console)
        console.print(f"\nStore, mails and configuration: {folder}", highlight=False, soft_wrap=True)
        console.print(
            f"Look on with: azimut-support --config {settings.path} tickets", highlight=False, soft_wrap=True
        )
        if keep:
            _invite(console, server, settings)
            await app.run(settings)


def _invite(console: Console, server: MailServer, settings: Settings) -> None:
    user, password, port = server.world
    desk_user, desk_password, desk_port = server.desk
    console.print(
        f"\nThe desk stays up. Write to {settings.desk.address} with any mail client (no encryption):\n"
        f"  SMTP            127.0.0.1 port {server.smtp_port}, no login\n"
        f"  IMAP, answers   127.0.0.1 port {port}, user {user}, password {password}\n"
        f"  IMAP, the desk  127.0.0.1 port {desk_port}, user {desk_user}, password {desk_password}\n"
        "Ctrl-C ends it.",
        highlight=False,
    )

"""`db`: the database brought up to date, backed up, and looked through."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.cli.mailboxcount import Counted
    from daemon.settings.model import Settings
    from daemon.store.audit import Finding


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    family = sub.add_parser("db", help="the database: upgrade, backup, check")
    verbs = family.add_subparsers(dest="verb", metavar="VERB", required=True)
    command = verbs.add_parser(
        "upgrade",
        help="bring the store to this release's schema",
        description="Run with the daemon stopped. On SQLite the file is copied beside itself first; "
        "all of the upgrade happens, or nothing. Where there is no store yet, nothing is done.",
    )
    command.set_defaults(func=upgrade)
    command = verbs.add_parser(
        "backup",
        help="write one archive with database, attachments and token key",
        description="The daemon may run meanwhile. The archive is a tar file, readable by its owner alone: "
        "whoever has it has every mail and can sign reply addresses. docs/operations.md tells how to "
        "restore.",
    )
    command.add_argument("file", metavar="FILE", type=Path, help="the archive; it must not exist yet")
    command.set_defaults(func=backup)
    command = verbs.add_parser(
        "check",
        help="is everything there that should be?",
        description="Read the whole store: the file itself, the ledger, the outbox, the clocks, and the "
        "content of every attachment. The daemon may run meanwhile. Exit status 1 when a promise is broken.",
    )
    command.add_argument(
        "--mailbox",
        action="store_true",
        help="also: is every mail of the mailbox in the ledger? With the daemon stopped, what is missing is "
        "taken in: mail in the inbox as usual, mail in the other folders without an answer to anybody, and "
        "what is older than a day is held until `run --resume`",
    )
    command.add_argument("--json", action="store_true", help="one JSON document")
    command.set_defaults(func=check)


def upgrade(args: argparse.Namespace) -> int:
    """Run the migrations that are missing. A store that is not there yet is no fault: the daemon makes it."""
    from daemon.cli.output import emit
    from daemon.cli.stored import carried_out, settings_of
    from daemon.store import schema
    from daemon.store.faults import StoreMissing

    async def work(url: str) -> schema.Upgrade | None:
        try:
            return await schema.upgrade(url)
        except StoreMissing as missing:
            emit(str(missing))
            return None

    done = carried_out(work(settings_of(args).store.url))
    if done is None:
        return 0
    for name in done.applied:
        emit(f"applied {name}")
    if done.copy is not None:
        emit(f"the store as it was: {done.copy}")
    if not done.applied:
        emit(f"the store is up to date: {schema.released()[-1]}")
    return 0


def backup(args: argparse.Namespace) -> int:
    """Write the archive. Raises `CommandFailed` when there is none."""
    from daemon.app import secret_file
    from daemon.cli.failure import CommandFailed
    from daemon.cli.output import emit
    from daemon.cli.stored import carried_out, settings_of
    from daemon.store.backup import BackupFailed
    from daemon.store.backup import backup as write

    settings = settings_of(args)
    key, target = secret_file(settings), Path(args.file).absolute()
    try:
        made = carried_out(write(settings.store.url, settings.desk.data_dir, key, target))
    except BackupFailed as failure:
        raise CommandFailed(str(failure)) from failure
    told = "" if made.key else f"; there is no token key at {key} yet"
    emit(f"{target}: {made.size} bytes, {made.database}, {made.files} files{told}")
    return 0


def check(args: argparse.Namespace) -> int:
    """Tell every promise and what breaks it; 1 when any is broken."""
    from zoneinfo import ZoneInfo

    from daemon.cli.output import emit, to_json
    from daemon.cli.stored import carried_out, settings_of

    settings = settings_of(args)
    zone = ZoneInfo(settings.desk.timezone)
    findings = carried_out(_audit(settings, tell=not args.json))
    counted = carried_out(_mailbox(settings)) if args.mailbox else None
    if args.json:
        document: dict[str, object] = {"store": findings}
        if counted is not None:
            document["mailbox"] = counted.document
        emit(to_json(document, zone))
    elif counted is not None:
        counted.tell(zone)
    broken = any(finding.broken for finding in findings) or (counted is not None and not counted.proven)
    return 1 if broken else 0


async def _audit(settings: Settings, *, tell: bool) -> list[Finding]:
    from daemon.store.database import open_store

    findings = []
    async with open_store(settings.store.url, settings.desk.data_dir, create=False, read_only=True) as store:
        async for finding in store.audit():
            findings.append(finding)
            if tell:
                _tell(finding)
    return findings


async def _mailbox(settings: Settings) -> Counted:
    """With the daemon stopped, also take in what is missing; beside it, look only."""
    from daemon.checks.mailbox import look, take_in
    from daemon.cli.mailboxcount import Counted
    from daemon.edges.system import configure_logging
    from daemon.store.faults import StoreLocked

    configure_logging(json=False, level="error")
    try:
        return Counted(await take_in(settings), daemon_runs=False)
    except StoreLocked:
        return Counted(await look(settings), daemon_runs=True)


def _tell(finding: Finding) -> None:
    from daemon.cli.output import emit

    counted = "" if finding.looked_at is None else f" ({finding.looked_at})"
    emit(f"{'failed' if finding.broken else 'ok':8} {finding.promise}{counted}")
    for fault in finding.faults:
        emit(f"{'':8} {fault}")
    if finding.broken > len(finding.faults):
        emit(f"{'':8} and {finding.broken - len(finding.faults)} more")

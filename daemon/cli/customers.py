"""`customers`: the directory in and out of the store, as CSV or JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daemon.cli.failure import UsageFault

if TYPE_CHECKING:
    from daemon.core.values import Account
    from daemon.settings.model import Settings

_COLUMNS: Final = (
    "account",
    "name",
    "plan",
    "coverage",
    "installs",
    "language",
    "emails",
    "domains",
    "phones",
)


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    family = sub.add_parser("customers", help="the customer directory: import, list, export")
    verbs = family.add_subparsers(dest="verb", metavar="VERB", required=True)
    command = verbs.add_parser(
        "import",
        help="take in a CSV file, all of it or nothing",
        description="Add and change accounts. Accounts that are not in the file stay as they are. "
        "UTF-8, comma, lists in a cell separated by ';'. The header is: "
        "account,name,plan,coverage,installs,language,emails,domains,phones,billing_email",
    )
    command.add_argument("file", metavar="FILE.csv", help='the file; "-" reads standard input')
    command.set_defaults(func=take_in)
    command = verbs.add_parser("list", help="show the accounts")
    command.add_argument("--json", action="store_true", help="one JSON document")
    command.set_defaults(func=show)
    command = verbs.add_parser("export", help="write the accounts as CSV, as `import` reads them")
    command.set_defaults(func=export)


def take_in(args: argparse.Namespace) -> int:
    """Import a file. Raises `ConfigError` with every bad row and column, and then nothing was changed."""
    from daemon.cli.output import emit
    from daemon.cli.stored import settings_of, with_store
    from daemon.core.sla.promises import coverage_for, version_at
    from daemon.edges.system import SystemClock
    from daemon.settings.directory import decode, read_accounts
    from daemon.store.directory import ImportRefused

    settings = settings_of(args)
    source = "standard input" if args.file == "-" else args.file
    now = SystemClock().now()
    version = version_at(settings.sla, now)
    accounts = read_accounts(
        decode(_bytes(args.file), source),
        source,
        lambda plan: coverage_for(version, plan, None),
        _own(settings),
    )
    try:
        count = with_store(settings, lambda store: store.import_accounts(accounts, now), create=True)
    except ImportRefused as refused:
        raise UsageFault("\n".join(f"{source}: {fault}" for fault in refused.faults)) from refused
    emit(f"{count} accounts imported from {source}")
    return 0


def show(args: argparse.Namespace) -> int:
    """List the accounts, by their key."""
    from zoneinfo import ZoneInfo

    from daemon.cli.output import emit, table, to_json

    settings, accounts = _stored(args)
    if args.json:
        emit(to_json([as_json(account) for account in accounts], ZoneInfo(settings.desk.timezone)))
        return 0
    rows = ([_cell(as_json(account)[column]) for column in _COLUMNS] for account in accounts)
    table(_COLUMNS, rows, "There is no customer yet: azimut-support customers import FILE.csv")
    return 0


def export(args: argparse.Namespace) -> int:
    """Write the accounts as CSV."""
    from daemon.settings.directory import write_accounts

    _, accounts = _stored(args)
    sys.stdout.write(write_accounts(accounts))
    return 0


def as_json(account: Account) -> dict[str, object]:
    """An account under the names of its columns; lists as lists, what is unknown as None."""
    return {
        "account": account.key,
        "name": account.name,
        "plan": account.plan,
        "coverage": account.coverage,
        "installs": account.installs,
        "language": account.language,
        "emails": account.emails,
        "domains": account.domains,
        "phones": account.phones,
        "billing_email": account.billing_email or None,
    }


def _stored(args: argparse.Namespace) -> tuple[Settings, Sequence[Account]]:
    from daemon.cli.stored import settings_of, with_store

    settings = settings_of(args)
    accounts = with_store(settings, lambda store: store.list_accounts())
    return settings, sorted(accounts, key=lambda account: account.key)


def _own(settings: Settings) -> frozenset[str]:
    agents = (address for agent in settings.agents for address in agent.addresses)
    return frozenset({settings.desk.address, *agents})


def _bytes(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as trouble:
        reason = trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else str(trouble)
        raise UsageFault(f"{name}: {reason}: expected a CSV file that can be read") from trouble


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return "\n".join(value)
    return "" if value is None else str(value)

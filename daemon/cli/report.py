"""`report`: the statement of a month, of the desk or of one account, with the words of the mail that tells
it."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daemon.cli.failure import CommandFailed, UsageFault

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.core.reports.month import AccountMonth
    from daemon.core.sla.statement import Statement
    from daemon.core.values import Account, Language
    from daemon.mail.compose import Rendered
    from daemon.settings.model import Settings
    from daemon.store.database import SqlStore

_MONTH: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = sub.add_parser(
        "report",
        help="the figures of a month",
        description="Show what was promised and kept in a month, credits and minutes: of the whole desk, "
        "or of one account.",
    )
    command.add_argument(
        "--month", metavar="YYYY-MM", help="default: the month that runs, as far as it has come"
    )
    command.add_argument("--account", metavar="A", help="one account, by its key")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON document")
    form.add_argument("--csv", action="store_true", help="a table for a spreadsheet")
    form.add_argument("--html", action="store_true", help="a page, as it is mailed")
    command.set_defaults(func=report)


def report(args: argparse.Namespace) -> int:
    """Raises `UsageFault` for what is no month, `CommandFailed` for an account that nobody knows."""
    from daemon.cli.output import emit, to_json
    from daemon.cli.stored import settings_of
    from daemon.core.sla.promises import version_at
    from daemon.core.sla.statement_csv import write_csv
    from daemon.edges.system import SystemClock

    settings = settings_of(args)
    zone = ZoneInfo(settings.desk.timezone)
    now = SystemClock().now()
    month = _month(args.month, now, zone)
    made, account, accounts = _made(settings, month, args.account, now)
    if args.json:
        emit(to_json(_document(made, account, accounts), zone))
    elif args.csv:
        sys.stdout.write(write_csv(made, version_at(settings.sla, now).rules, zone))
    else:
        mail = _rendered(settings, made, account, now)
        sys.stdout.write(mail.html if args.html else f"{mail.subject}\n\n{mail.text}")
    return 0


def _month(written: str | None, now: datetime, zone: ZoneInfo) -> str:
    if written is None:
        return now.astimezone(zone).strftime("%Y-%m")
    if not _MONTH.fullmatch(written) or written < "1970":
        raise UsageFault(f"--month is {written!r}: expected a month such as 2026-11")
    return written


def _made(
    settings: Settings, month: str, key: str | None, now: datetime
) -> tuple[Statement, Account | None, tuple[AccountMonth, ...]]:
    """The statement that was asked for, whose it is, and for the desk those of its accounts."""
    from daemon.cli.stored import with_store
    from daemon.core.reports.month import Month, span
    from daemon.settings.load import policy

    since, until = span(month, ZoneInfo(settings.desk.timezone))
    figures = Month(month, policy(settings), now)

    async def gathered(store: SqlStore) -> tuple[Statement, Account | None, tuple[AccountMonth, ...]]:
        directory = await store.list_accounts()
        account = _named(directory, key) if key is not None else None
        async for part in store.statement_material(since, until, account.key if account else None):
            figures.add(part)
        if account is not None:
            return figures.of(account), account, ()
        return figures.desk(), None, figures.accounts(directory)

    return with_store(settings, gathered)


def _named(accounts: list[Account], key: str) -> Account:
    found = next((one for one in accounts if one.key.casefold() == key.strip().casefold()), None)
    if found is None:
        raise CommandFailed(f"there is no account {key!r}: `azimut-support customers list` shows them")
    return found


def _document(
    made: Statement, account: Account | None, accounts: tuple[AccountMonth, ...]
) -> dict[str, object]:
    """The statement under its own names, tickets by their references; of the desk with a line per account."""
    document = _with_references(made)
    document["name"] = account.name if account is not None else None
    if account is None:
        document["accounts"] = [
            {"name": one.account.name, "plan": one.account.plan, **_with_references(one.made)}
            for one in accounts
        ]
    return document


def _with_references(made: Statement) -> dict[str, object]:
    from dataclasses import asdict, fields

    from daemon.core.values import reference

    shown = {field.name: getattr(made, field.name) for field in fields(made)}
    for name in ("lines", "credits"):
        shown[name] = [{**asdict(one), "ticket": reference(one.ticket)} for one in shown[name]]
    return shown


def _rendered(settings: Settings, made: Statement, account: Account | None, now: datetime) -> Rendered:
    """The statement as the mail that tells it, to nobody."""
    from dataclasses import replace

    from daemon.core.reports.mailing import context
    from daemon.core.values import OutboxRow, SendState
    from daemon.mail.compose import Composer
    from daemon.mail.proof import SAMPLE_DESK
    from daemon.mail.template_set import BadTemplate

    desk = settings.desk
    identity = replace(
        SAMPLE_DESK, desk_address=desk.address, desk_name=desk.name, timezone=desk.timezone, phone=desk.phone
    )
    language: Language = desk.language
    row = OutboxRow(
        id=1,
        version=1,
        kind="statement",
        ticket=None,
        recipient=desk.address,
        cause="report",
        context=context(account.name if account is not None else "", made, language, customer=True),
        rank=5,
        state=SendState.QUEUED,
        attempts=0,
        queued_at=now,
        due_at=None,
    )
    try:
        return Composer(identity, desk.templates).render(row, now)
    except BadTemplate as fault:
        raise CommandFailed(str(fault)) from fault

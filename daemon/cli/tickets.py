"""`tickets` and `ticket`: what the desk has before it, for people and as the contract's JSON."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from daemon.cli.failure import CommandFailed, UsageFault

_REFERENCE: Final = re.compile(r"(?:az[- ]?)?([1-9]\d{0,17})", re.IGNORECASE | re.ASCII)
_COLUMNS: Final = (
    "ref",
    "state",
    "prio",
    "plan",
    "contact",
    "account",
    "subject",
    "assignee",
    "opened",
    "first response",
    "resolution",
)


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    several = sub.add_parser("tickets", help="list the unresolved tickets")
    several.add_argument("--all", action="store_true", help="the resolved and closed ones too")
    several.add_argument("--json", action="store_true", help="one JSON document")
    several.set_defaults(func=show_all)
    one = sub.add_parser("ticket", help="show all that is known of one ticket")
    one.add_argument("ref", metavar="REF", help="its reference: AZ-1042, az-1042 or 1042")
    one.add_argument("--json", action="store_true", help="one JSON document")
    one.set_defaults(func=show_one)


def show_all(args: argparse.Namespace) -> int:
    """List tickets, oldest first."""
    from daemon.cli.output import emit, table, to_json
    from daemon.cli.stored import settings_of, with_store
    from daemon.cli.timeleft import left_in
    from daemon.edges.system import SystemClock

    settings = settings_of(args)
    zone = ZoneInfo(settings.desk.timezone)
    now, left = SystemClock().now(), left_in(settings.sla)
    tickets = with_store(settings, lambda store: store.tickets(args.all, now=now, left=left))
    if args.json:
        emit(to_json(tickets, zone))
        return 0
    nothing = "There is no ticket yet." if args.all else "There is no unresolved ticket."
    table(_COLUMNS, (_row(ticket, zone) for ticket in tickets), nothing)
    return 0


def show_one(args: argparse.Namespace) -> int:
    """Show one ticket. Raises `CommandFailed` when there is none of this reference."""
    from daemon.cli.output import emit, to_json
    from daemon.cli.stored import settings_of, with_store
    from daemon.cli.ticketpage import page
    from daemon.cli.timeleft import left_in
    from daemon.edges.system import SystemClock

    ref = reference_of(args.ref)
    settings = settings_of(args)
    zone = ZoneInfo(settings.desk.timezone)
    now, left = SystemClock().now(), left_in(settings.sla)
    ticket = with_store(settings, lambda store: store.ticket(ref, now=now, left=left))
    if ticket is None:
        raise CommandFailed(f"there is no ticket {ref}: `azimut-support tickets --all` lists them")
    emit(to_json(ticket, zone) if args.json else page(ticket, zone))
    return 0


def reference_of(written: str) -> str:
    """ "AZ-1042" out of "AZ-1042", "az-1042" or "1042". Raises `UsageFault`."""
    found = _REFERENCE.fullmatch(written.strip().removeprefix("#"))
    if found is None:
        raise UsageFault(f"REF is {written!r}: expected a reference such as AZ-1042")
    return f"AZ-{found[1]}"


def _row(ticket: Mapping[str, object], zone: ZoneInfo) -> list[str]:
    from daemon.cli.output import clock_line, instant

    mark = "?" if ticket["provisional"] else ""
    return [
        str(ticket["ref"]),
        str(ticket["state"]),
        f"{ticket['priority']}{mark}",
        str(ticket["plan"]),
        str(ticket["contact"] or ""),
        str(ticket["account"] or ""),
        str(ticket["subject"]),
        str(ticket["assignee"] or ""),
        instant(ticket["opened"], zone),
        clock_line(ticket["first_response"], zone),
        clock_line(ticket["resolution"], zone),
    ]

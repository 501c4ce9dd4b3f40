"""`tickets` and `ticket`: what the desk has before it, for people and as the contract's JSON."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from daemon.cli.failure import CommandFailed, UsageFault

if TYPE_CHECKING:
    from daemon.core.dossier import Dossier
    from daemon.core.policy import Policy
    from daemon.store.database import SqlStore

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
    from daemon.settings.load import policy

    ref = reference_of(args.ref)
    settings = settings_of(args)
    zone = ZoneInfo(settings.desk.timezone)
    now, left = SystemClock().now(), left_in(settings.sla)

    async def asked(store: SqlStore) -> tuple[dict[str, Any] | None, list[Dossier]]:
        return await store.ticket(ref, now=now, left=left), await store.dossiers([number_of(ref)])

    ticket, dossiers = with_store(settings, asked)
    if ticket is None:
        raise CommandFailed(f"there is no ticket {ref}: `azimut-support tickets --all` lists them")
    counted = [told for one in dossiers for told in intervals(one, policy(settings), now)]
    ticket = {**ticket, "intervals": counted}
    emit(to_json(ticket, zone) if args.json else page(ticket, zone))
    return 0


def intervals(dossier: Dossier, policy: Policy, now: datetime) -> list[dict[str, Any]]:
    """Every counted span of every cycle, so that each promise can be told back."""
    from daemon.core.commands.showing import explained
    from daemon.core.dossier import course_of

    return [
        {
            "clock": cycle["clock"],
            "cycle": datetime.fromisoformat(str(cycle["start"])),
            "kind": told["kind"],
            "start": datetime.fromisoformat(told["since"]),
            "end": datetime.fromisoformat(told["until"]),
            "calendar": told["calendar"],
            "version": told["version"],
            "seconds": told["seconds"],
            "reason": told["reason"],
        }
        for cycle in explained(course_of(dossier, policy, now))
        for told in _list(cycle["intervals"])
    ]


def _list(value: object) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else []


def number_of(ref: str) -> int:
    return int(ref.removeprefix("AZ-"))


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

"""`sla simulate --history`: the store's tickets under a revised sla.toml, beside what they came to."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from daemon.core.dossier import Dossier
    from daemon.core.reports.revision import Compared, Outcome, Revision, Total
    from daemon.store.database import SqlStore

_CHUNK: Final = 500
_COLUMNS: Final = ("ticket", "account", "priority", "before", "credit", "after", "credit")


def revise(args: argparse.Namespace) -> int:
    """Print the comparison. Raises `ConfigError` for a revised file that is wrong."""
    from daemon.cli.output import emit, to_json
    from daemon.cli.stored import settings_of, with_store
    from daemon.core.reports.revision import revise as compare
    from daemon.edges.system import SystemClock
    from daemon.settings.load import policy
    from daemon.settings.sla import load_sla

    settings = settings_of(args)
    newest = load_sla(Path(args.sla))[-1]
    dossiers = with_store(settings, _all_dossiers)
    found = compare(dossiers, policy(settings), newest, SystemClock().now())
    zone = ZoneInfo(settings.desk.timezone)
    if args.json:
        emit(to_json(_document(found), zone))
        return 0
    _show(found, args.sla)
    return 0


async def _all_dossiers(store: SqlStore) -> list[Dossier]:
    found: list[Dossier] = []
    last = 0
    while numbers := await store.every_ticket(last, _CHUNK):
        found += await store.dossiers(numbers)
        last = numbers[-1]
    return found


def _document(found: Revision) -> dict[str, object]:
    return {
        "version": found.version,
        "tickets": found.tickets,
        "before": _total(found.before),
        "after": _total(found.after),
        "compared": [
            {
                "ref": one.ticket.ref,
                "subject": one.ticket.subject,
                "account": one.ticket.account,
                "priority": one.ticket.priority,
                "before": _outcome(one.before),
                "after": _outcome(one.after),
            }
            for one in found.compared
        ],
    }


def _total(total: Total) -> dict[str, object]:
    return {"breaches": dict(total.missed), "credits": total.credits}


def _outcome(outcome: Outcome) -> dict[str, object]:
    return {
        "breaches": [{"clock": missed.clock, "due": missed.due} for missed in outcome.missed],
        "credit": outcome.credit,
    }


def _show(found: Revision, file: str) -> None:
    from daemon.cli.output import emit, table

    emit(f"{found.tickets} tickets, as they were kept and under version {found.version} of {file}\n")
    rows = [
        [clock.replace("_", " "), str(before), str(found.after.missed[clock])]
        for clock, before in found.before.missed.items()
    ]
    rows.append(["credits, before taxes", f"${found.before.credits}", f"${found.after.credits}"])
    table(("missed", "before", "after"), rows, "")
    table(_COLUMNS, map(_row, found.compared), "No promise was missed on either side.")


def _row(one: Compared) -> list[str]:
    return [
        one.ticket.ref,
        one.ticket.account or "",
        one.ticket.priority.value,
        _missed(one.before),
        f"${one.before.credit}" if one.before.credit else "",
        _missed(one.after),
        f"${one.after.credit}" if one.after.credit else "",
    ]


def _missed(outcome: Outcome) -> str:
    return ", ".join(missed.clock.value.replace("_", " ") for missed in outcome.missed)

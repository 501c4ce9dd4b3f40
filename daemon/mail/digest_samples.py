"""Invented outbox rows of the morning's digest. Part of the samples; nothing here is ever sent."""

from __future__ import annotations

from typing import Any, Final

from daemon.core.values import Language
from daemon.mail.managers_samples import at

_SUBJECT: Final = {
    Language.FR: "L’imprimante ne sort plus les reçus",
    Language.EN: "Receipts no longer print",
}


def digests(language: Language) -> dict[str, dict[str, Any]]:
    def row(
        number: int, priority: str, due: str | None, holder: str, *, late: bool = False
    ) -> dict[str, object]:
        first = None if due is None else {"clock": "resolution", "due": due, "breached": late}
        return {
            "ref": f"AZ-{number}",
            "subject": _SUBJECT[language],
            "account": "Café Karim",
            "priority": priority,
            "provisional": False,
            "state": "open" if due is not None else "waiting",
            "holder": holder,
            "first": first,
        }

    def part(*lines: dict[str, object], more: int = 0) -> dict[str, object]:
        return {"lines": list(lines), "more": more, "count": len(lines) + more}

    soon = row(1049, "P2", at(12, 1, 10, 1), "Alex Roy")
    late = row(1050, "P2", at(11, 30, 14, 1), "", late=True)
    waits = row(1051, "P3", None, "Alex Roy")
    desk: dict[str, object] = {
        "unresolved": 3,
        "today": 1,
        "soon": part(soon),
        "late": part(late),
        "missed": part(row(1044, "P3", at(11, 30, 16, 30), "Sam Tran", late=True)),
        "credits": [{"ref": "AZ-1044", "account": "Café Karim", "amount": "31.25"}],
        "quarantine": 1,
        "needs": ["imap.azimutpos.com: login refused"],
        "tells": True,
    }
    calm = {"soon": part(), "late": part(), "missed": part(), "credits": [], "quarantine": 0, "needs": []}
    shared: dict[str, object] = {
        "language": language.value,
        "subject": "",
        "date": "2026-12-01",
        "mine": part(soon, waits),
        "free": part(late),
        "whole": None,
        "in_reply_to": "",
        "references": [],
    }
    return {
        "agent": shared,
        "free": {**shared, "mine": part(), "free": part(late, row(1052, "P4", at(12, 2, 9, 1), ""), more=51)},
        "manager": {**shared, "whole": desk},
        "escalation": {**shared, "mine": part(), "free": part(), "whole": desk},
        "calm": {**shared, "free": part(), "whole": {**desk, **calm}},
    }

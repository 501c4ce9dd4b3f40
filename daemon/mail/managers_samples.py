"""Invented outbox rows of alarms, of what tells that a deadline is near or over, and of what managers read.
Part of the samples; nothing here is ever sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from daemon.core.values import Language

ZONE: Final = "America/Toronto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """A customer's mail."""

    subject: str
    text: str
    evidence: tuple[str, ...]


FROZEN: Final = {
    Language.FR: Wrote(
        subject="Caisse gelée, impossible d’encaisser",
        text="Bonjour, la caisse est gelée, on ouvre à 6 h et je peux rien encaisser.\n\nMarie",
        evidence=("gelée", "je peux rien encaisser"),
    ),
    Language.EN: Wrote(
        subject="Till frozen, can't take payments",
        text="Hi, the till's frozen, we open at 6 and I can't take any payments.\n\nMarie",
        evidence=("frozen", "can't take any payments"),
    ),
}
_SUBJECT: Final = {
    Language.FR: "L’imprimante ne sort plus les reçus",
    Language.EN: "Receipts no longer print",
}


def at(month: int, day: int, hour: int, minute: int = 0) -> str:
    """An instant of 2026 in the desk's zone, as the context of a row holds it."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(ZONE)).isoformat()


def alarms(language: Language) -> dict[str, dict[str, Any]]:
    words = FROZEN[language]

    def alarm(**changes: object) -> dict[str, Any]:
        return {
            "language": language.value,
            "subject": words.subject,
            "oncall": False,
            "number": 0,
            "last": False,
            "account": "Boulangerie Roy",
            "requester": "Marie Roy",
            "phones": ["418 555-0199"],
            "words": words.text,
            "evidence": list(words.evidence),
            "priority": "P1",
            "provisional": True,
            "asked_two": True,
            "opened": at(11, 7, 5, 30),
            "first_due": at(11, 7, 6, 30),
            "resolution_due": at(11, 7, 9, 30),
            "plan": "platine",
            "continuous": True,
            "in_reply_to": "",
            "references": [],
            **changes,
        }

    def several(many: int, **changes: object) -> dict[str, Any]:
        lines = [
            {
                "ticket": number,
                "ref": f"AZ-{number}",
                "subject": words.subject,
                "account": "Boulangerie Roy",
                "phones": ["418 555-0199"] if number % 2 else [],
                "number": number % 3,
                "first_due": at(11, 7, 6, 30) if number % 4 else at(11, 7, 5, 15),
            }
            for number in range(1042, 1042 + many)
        ]
        told = {"subject": "", "what": "several", "lines": lines, "oncall": False}
        return {"language": language.value, "in_reply_to": "", "references": [], **told, **changes}

    wordy = {"account": "Boulangerie-Pâtisserie Roy, Gagnon et Fils inc. " * 3, "phones": ["418 555-0199"]}
    return {
        "first": alarm(),
        "oncall": alarm(oncall=True),
        "wordy": alarm(oncall=True, evidence=[], subject="Œuvre gelée… " * 12, **wordy),
        "again": alarm(oncall=True, number=2, provisional=False),
        "several": several(12),
        "several_left": several(1),
        "several_oncall": several(33, oncall=True),
        "last": alarm(number=5, last=True, first_due=at(11, 7, 5, 30), phones=[], words="", evidence=[]),
    }


def _line(language: Language, number: int = 1049, **changes: object) -> dict[str, object]:
    return {
        "ticket": number,
        "ref": f"AZ-{number}",
        "subject": _SUBJECT[language],
        "account": "Café Karim",
        "priority": "P2",
        "clock": "resolution",
        "percent": 75,
        "due": at(11, 4, 14, 1),
        "holder": "Alex Roy",
        **changes,
    }


def escalations(language: Language) -> dict[str, dict[str, Any]]:
    def told(what: str, *lines: dict[str, object]) -> dict[str, Any]:
        subject = str(lines[0]["subject"]) if len(lines) == 1 else ""
        return {
            "language": language.value,
            "what": what,
            "subject": subject,
            "lines": list(lines),
            "in_reply_to": "",
            "references": [],
        }

    one = _line(language)
    two = _line(language, 1057, priority="P3", clock="first_response", holder="", due=at(11, 5, 9, 20))
    late = _line(language, 1058, due=at(11, 3, 10, 30), account="", percent=300)
    return {
        "warning": told("warning", one),
        "warnings": told("warning", one, two),
        "quiet": told("quiet", {**one, "percent": 2}),
        "quiets": told("quiet", {**one, "percent": 2}, {**two, "percent": 3}),
        "last_tier": told("last_tier", late),
        "last_tiers": told("last_tier", late, _line(language, 1060, priority="P3", due=at(11, 2, 9, 20))),
    }


def breaches(language: Language) -> dict[str, dict[str, Any]]:
    def told(**changes: object) -> dict[str, Any]:
        late = {"breached": at(11, 4, 10, 30), "due": at(11, 4, 10, 30), "target": 32_400.0}
        usual: dict[str, object] = {
            "language": language.value,
            "plan": "or",
            "in_reply_to": "",
            "references": [],
        }
        return {**_line(language), **late, **usual, **changes}

    nobody = {"clock": "first_response", "holder": "", "priority": "P1", "account": "", "plan": "gratuit"}
    return {"resolution": told(), "response": told(**nobody, target=3_600.0)}


def proposals(language: Language) -> dict[str, dict[str, Any]]:
    shared: dict[str, object] = {
        "language": language.value,
        "subject": _SUBJECT[language],
        "account": "Café Karim",
    }
    shared |= {"in_reply_to": "", "references": []}
    credit: dict[str, object] = {
        "what": "credit",
        "ticket": 1049,
        "plan": "or",
        "price": "125.00",
        "share": 25,
        "amount": "31.25",
        "month": "2026-11",
        "due": at(11, 4, 10, 30),
        "late": 9_000.0,
        "given": "0.00",
        "left": "125.00",
    }
    failures = [
        {"ticket": number, "ref": f"AZ-{number}", "priority": "P2", "due": at(11, day, 10, 30), "late": late}
        for number, day, late in ((1021, 2, 9_000.0), (1033, 3, 3_600.0), (1049, 4, 60.0))
    ]
    grave = {**failures[0], "priority": "P1", "late": 46_800.0}
    finding = {"what": "finding", "ground": "repeated", "failures": failures, "days": 90, "clause": "6"}
    return {
        "credit": {**shared, **credit},
        "capped": {**shared, **credit, "given": "100.00", "left": "25.00"},
        "finding": {**shared, "subject": "", **finding},
        "grave": {**shared, **finding, "ticket": 1021, "ground": "grave", "failures": [grave]},
    }


def statements(language: Language) -> dict[str, dict[str, Any]]:
    def line(number: int, clock: str, took: float | None, *, missed: bool) -> dict[str, object]:
        met = at(11, 4, 12) if took is not None else None
        outcome = ("late" if missed else "met") if met else None
        target = 32_400.0 if clock == "resolution" else 7_200.0
        usual = {"priority": "P2", "target": target, "due": at(11, 4, 10, 30), "outcome": outcome}
        return {"ticket": number, "clock": clock, **usual, "took": took, "met": met, "breached": missed}

    made: dict[str, Any] = {
        "account": "karim",
        "month": "2026-11",
        "opened": 12,
        "resolved": 11,
        "lines": [
            line(1049, "resolution", 40_000.0, missed=True),
            line(1050, "resolution", None, missed=True),
            line(1051, "first_response", 2_460.0, missed=False),
        ],
        "by_clock": {
            "first_response": {"met": 12, "breached": 0},
            "resolution": {"met": 9, "breached": 2},
        },
        "by_priority": {"P1": {"met": 2, "breached": 0}, "P2": {"met": 19, "breached": 2}},
        "by_plan": {"or": {"met": 21, "breached": 2}},
        "by_week": {"2026-11-02": {"met": 11, "breached": 2}, "2026-11-09": {"met": 10, "breached": 0}},
        "void": 1,
        "median_response": 2_460.0,
        "median_resolution": 12_000.0,
        "credits": [
            {"ticket": 1049, "account": "karim", "proposed": "31.25", "given": "31.25", "state": "accepted"}
            | {"month": "2026-11", "accepted_month": "2026-11"},
            {"ticket": 1050, "account": "karim", "proposed": "62.50", "given": None, "state": "proposed"}
            | {"month": "2026-11", "accepted_month": None},
        ],
        "credited": "31.25",
        "usage": {"month": "2026-11", "used": 65, "included": 60, "extra": 5, "left": 0, "cost": "10.00"},
    }
    empty: dict[str, Any] = {"lines": [], "by_clock": {}, "by_priority": {}, "by_plan": {}, "by_week": {}}
    empty |= {"opened": 0, "resolved": 0, "void": 0, "median_response": None, "median_resolution": None}
    empty |= {"credits": [], "credited": "0.00", "usage": None}
    shared: dict[str, object] = {
        "language": language.value,
        "month": "2026-11",
        "subject": "",
        "in_reply_to": "",
        "references": [],
    }
    return {
        "account": {**shared, "account": "Café Karim", "statement": made},
        "desk": {**shared, "account": "", "statement": {**made, "account": None, "usage": None}},
        "customer": {**shared, "account": "Café Karim", "statement": made, "customer": True},
        "empty": {**shared, "account": "Café Karim", "statement": {**made, **empty}},
    }

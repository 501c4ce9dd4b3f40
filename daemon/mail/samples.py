"""Invented outbox rows, one situation each: what `preview` shows, `check` renders and the tests walk through.

The deadlines are those of the published promises for a mail of Wednesday afternoon (open) or of Saturday
before dawn (closed), counted by hand; nothing here is ever sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.values import Language, OutboxRow, Plan, Priority, SendState
from daemon.mail import agents_samples, customers_samples
from daemon.mail.customers_samples import ZONE as ZONE

KINDS: Final = ("ack", "notice", *customers_samples.KINDS, *agents_samples.KINDS)
NOTICES: Final = (
    "undeliverable",
    "bounce",
    "quarantine",
    "oversize",
    "breaker",
    "brake",
    "loop",
    "colleague",
)
RULES: Final = {
    Priority.P1: ("P1-provisional", "P1-single"),
    Priority.P2: ("severity", "P2-many", "P2-other-means"),
    Priority.P3: ("severity",),
    Priority.P4: ("severity",),
}
_SEVERITIES: Final = {Priority.P1: "S1", Priority.P2: "S2", Priority.P3: "S3", Priority.P4: "S4"}
_MINUTES: Final = {Plan.BASE: 5, Plan.BRONZE: 15, Plan.ARGENT: 22, Plan.OR: 45, Plan.PLATINE: 52}
_PREMIUM: Final = (Plan.OR, Plan.PLATINE)


def _at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(ZONE))


OPEN: Final = _at(11, 4, 16, 20)
CLOSED: Final = _at(11, 7, 5, 30)
_REOPENS: Final = _at(11, 9, 9)
_DUES: Final = {
    OPEN: {
        Priority.P1: (_at(11, 4, 17, 20), _at(11, 5, 11, 20)),
        Priority.P2: (_at(11, 5, 9, 20), _at(11, 5, 16, 20)),
        Priority.P3: (_at(11, 5, 11, 20), _at(11, 6, 16, 20)),
        Priority.P4: (_at(11, 5, 16, 20), _at(11, 11, 16, 20)),
    },
    CLOSED: {
        Priority.P1: (_at(11, 9, 10), _at(11, 9, 13)),
        Priority.P2: (_at(11, 9, 11), _at(11, 9, 18)),
        Priority.P3: (_at(11, 9, 13), _at(11, 10, 18)),
        Priority.P4: (_at(11, 9, 18), _at(11, 13, 18)),
    },
}
_CONTINUOUS: Final = {
    OPEN: (_at(11, 4, 17, 20), _at(11, 4, 20, 20)),
    CLOSED: (_at(11, 7, 6, 30), _at(11, 7, 9, 30)),
}
_WORDS: Final = {
    Language.FR: {
        "P1": ("Marie", "Caisse gelée, impossible d’encaisser", ["gelée", "impossible d’encaisser"]),
        "P2": ("Karim", "L’imprimante ne sort plus les reçus", ["ne sort plus"]),
        "stopped": ("Karim", "La caisse 2 est gelée", ["La caisse 2 est gelée"]),
        "P3": ("Sylvie", "Rapport des ventes incomplet", ["rapport", "incomplet"]),
        "P4": ("Jean-Guy", "Des cartes-cadeaux en ligne?", []),
    },
    Language.EN: {
        "P1": ("Mary", "Till frozen, can't take payments", ["frozen", "can't take payments"]),
        "P2": ("Karim", "Receipts no longer print", ["no longer print"]),
        "stopped": ("Karim", "Till 2 is frozen", ["Till 2 is frozen"]),
        "P3": ("Sylvie", "Sales report incomplete", ["report", "incomplete"]),
        "P4": ("Jean-Guy", "Gift cards online?", []),
    },
}
_NOTICE: Final = {
    "undeliverable": {"error": "refused: 550 5.1.1 User unknown", "mail_kind": "ack"},
    "bounce": {"error": "5.2.2 Mailbox full", "mail_kind": "ack"},
    "quarantine": {"reason": "no From header field", "subject": "???", "ticket_subject": "???"},
    "oversize": {"sender": "marie@boulangerieroy.example", "subject": "Photos de l’écran"},
    "bounce_perhaps": {"error": "5.2.2 Mailbox full", "mail_kind": "ack"},
    "breaker": {"sender": "robot@alarmes.example", "reason": "acks_per_address"},
    "brake": {"reason": "brake"},
    "colleague": {"recipient": "sam@azimutpos.com", "error": "refused: 552 5.2.2 Full", "mail_kind": "alarm"},
    "loop": {"sender": "marie@boulangerieroy.example", "subject": "Photos de l’écran"},
}


def ack(
    language: Language = Language.FR,
    plan: Plan = Plan.PLATINE,
    priority: Priority = Priority.P1,
    *,
    rule: str | None = None,
    closed: bool = False,
    **changes: object,
) -> OutboxRow:
    """An acknowledgement. `rule`: one of `RULES`; `closed`: written on Saturday before dawn; `changes`
    replace facts of the context."""
    rule = rule or RULES[priority][0]
    opened = CLOSED if closed else OPEN
    premium = plan in _PREMIUM
    continuous = premium and priority is Priority.P1
    first, resolution = _CONTINUOUS[opened] if continuous else _DUES[opened][priority]
    paying = plan is not Plan.GRATUIT
    shut = closed and not continuous
    # Sales are stopped somewhere: self-help may bring them back.
    gone = priority is Priority.P1 or rule in ("P2-many", "P2-other-means")
    words = "stopped" if gone and priority is Priority.P2 else priority.value
    given, subject, evidence = _WORDS[language][words]
    context: dict[str, object] = {
        "language": language.value,
        "uncertain_language": False,
        "known": True,
        "recognized": paying,
        "given_name": given,
        "subject": subject,
        "opened": opened.isoformat(),
        "first_response_due": first.isoformat(),
        "resolution_due": resolution.isoformat(),
        "priority": priority.value,
        "provisional": rule == "P1-provisional",
        "severity": "S1" if gone else _SEVERITIES[priority],
        "rule": rule,
        "evidence": list(evidence),
        "plan": plan.value,
        "premium": premium,
        "missing": ["noticed", "affected", "steps"] if priority is Priority.P3 else [],
        "wish": priority is Priority.P4,
        "open_now": not shut,
        "continuous": continuous,
        "opens_at": _REOPENS.isoformat() if shut else None,
        "closed_why": None,
        "minutes_left": _MINUTES.get(plan),
        "oncall": False,
        "phone": "418 555-0142" if paying else "",
        "aide": "caisse-gelee" if gone and (shut or not paying) else None,
        "late": False,
        "oversize": False,
        "in_reply_to": "m1@boulangerieroy.example",
        "references": [],
    }
    return _row("ack", "marie@boulangerieroy.example", {**context, **changes}, opened)


def notice(
    language: Language = Language.FR,
    what: str = "undeliverable",
    *,
    ticket: int | None = 1042,
    **changes: object,
) -> OutboxRow:
    """A notice to the team; `what`: one of `NOTICES`."""
    context: dict[str, object] = {
        "language": language.value,
        "what": what,
        "ticket_subject": _WORDS[language]["P1"][1],
        "recipient": "marie@boulangerieroy.example",
        "mail_kind": "",
        "error": "",
        "reason": "",
        "sender": "",
        "subject": "",
        "about": "",
        "in_reply_to": "",
        "references": [],
    }
    desk_wide = what in ("breaker", "brake", "loop", "colleague")
    facts = {**context, **({"ticket_subject": ""} if desk_wide else {}), **_NOTICE[what], **changes}
    return _row("notice", "alex@azimutpos.com", facts, OPEN, None if desk_wide else ticket)


def every(kind: str, language: Language) -> list[OutboxRow]:
    """Each situation of a kind, for a rehearsal. Empty for a kind without sample data."""
    if kind == "ack":
        rows = [
            ack(language, plan, priority, rule=rule, closed=closed)
            for plan in Plan
            for priority, rules in RULES.items()
            for rule in rules
            for closed in (False, True)
        ]
        stranger = ack(
            language, Plan.GRATUIT, known=False, given_name="", subject="", evidence=[], closed=True
        )
        unsure = ack(language, Plan.OR, uncertain_language=True, oversize=True, late=True)
        return [*rows, stranger, unsure]
    return list(named(kind, language).values())


def named(kind: str, language: Language) -> dict[str, OutboxRow]:
    """The situations of a kind by their names; those of an acknowledgement are made by `ack`."""
    if kind == "notice":
        return {what: notice(language, what) for what in NOTICES}
    if kind in customers_samples.KINDS:
        return customers_samples.named(kind, language)
    return agents_samples.named(kind, language) if kind in agents_samples.KINDS else {}


def _row(
    kind: str, recipient: str, context: dict[str, object], at: datetime, ticket: int | None = 1042
) -> OutboxRow:
    return OutboxRow(
        id=17,
        version=1,
        kind=kind,
        ticket=ticket,
        recipient=recipient,
        cause=f"{kind}:sample",
        context=context,
        rank=5,
        state=SendState.QUEUED,
        attempts=1,
        queued_at=at,
        due_at=at,
    )

"""Invented outbox rows for the mails that the team reads, by the name of their situation: what `preview`
shows, `check` renders and the tests walk through. Nothing here is ever sent.

It is Saturday before dawn for an emergency, Wednesday afternoon for the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from daemon.core.commands import showing
from daemon.core.values import Language, OutboxRow, SendState
from daemon.mail import digest_samples, managers_samples
from daemon.mail.agents_receipts import ASKED, DONE, FAULTS, receipt
from daemon.mail.agents_shown import shown
from daemon.mail.managers_samples import FROZEN, at

KINDS: Final = (
    "notification",
    "transcript",
    "confirm",
    "alarm",
    "escalation",
    "breach",
    "proposal",
    "statement",
    "digest",
)


_NIGHT: Final = at(11, 7, 5, 31)
_DAY: Final = at(11, 4, 13, 20)
_MORNING: Final = at(12, 1, 9)

_WORDS: Final = {
    Language.FR: {
        "similar": "Caisse gelée après une mise à jour",
        "how": "Réglé en redémarrant le service de base de données.",
        "question": "Quel modèle d’imprimante avez-vous?",
        "note": "Même panne que chez Gagnon en mars.",
    },
    Language.EN: {
        "similar": "Till frozen after an update",
        "how": "Solved by restarting the database service.",
        "question": "Which printer model do you have?",
        "note": "Same fault as at Gagnon's in March.",
    },
}
_PHOTO: Final = {"name": "ecran.jpg", "media_type": "image/jpeg", "size": 421_888, "sha256": "a" * 64}
_MARIE: Final = {"author": "Marie Roy", "address": "marie@boulangerieroy.example"}


def _clock(name: str, due: str | None, **more: object) -> dict[str, object]:
    usual: dict[str, object] = {"paused": due is None, "left": None, "breached": None, "source": "sla"}
    return {"clock": name, "due": due, **usual, **more}


def _notification(language: Language, **changes: object) -> dict[str, Any]:
    words = _WORDS[language]
    return {
        "language": language.value,
        "what": "new",
        "subject": FROZEN[language].subject,
        "display": "P1 · Boulangerie Roy",
        "state": "new",
        "priority": "P1",
        "provisional": True,
        "first": {"clock": "first_response", "due": at(11, 7, 6, 30), "breached": False},
        "holder": "",
        "readers": ["Marie Roy"],
        "unreachable": False,
        "takes": True,
        "direction": "in",
        **_MARIE,
        "at": at(11, 7, 5, 30),
        "text": FROZEN[language].text,
        "shortened": False,
        "attachments": [_PHOTO],
        "conversation": [],
        "rule": "P1-provisional",
        "evidence": list(FROZEN[language].evidence),
        "installs_unknown": True,
        "asked_two": True,
        "clocks": [
            _clock("first_response", at(11, 7, 6, 30)),
            _clock("status_update", at(11, 7, 6, 30)),
            _clock("resolution", at(11, 7, 9, 30)),
        ],
        "continuous": True,
        "opened": at(11, 7, 5, 30),
        "account": "Boulangerie Roy",
        "account_key": "roy",
        "plan": "platine",
        "coverage": "premium",
        "installs": None,
        "phones": ["418 555-0199"],
        "minutes_left": 52,
        "others": 0,
        "requester": "Marie Roy",
        "requester_address": _MARIE["address"],
        "writes_in": language.value,
        "similar": [{"ticket": 871, "at": at(3, 3, 9), "subject": words["similar"], "how": words["how"]}],
        "commands": [],
        "in_reply_to": "",
        "references": [],
        **changes,
    }


def _talk(language: Language) -> list[dict[str, object]]:
    words = _WORDS[language]
    first: dict[str, object] = {
        "direction": "in",
        **_MARIE,
        "text": FROZEN[language].text,
        "attachments": [_PHOTO],
    }
    asked: dict[str, object] = {
        "direction": "out",
        "author": "Alex Roy",
        "text": words["question"],
        "attachments": [],
    }
    noted: dict[str, object] = {
        "direction": "note",
        "author": "Alex Roy",
        "text": words["note"],
        "attachments": [],
    }
    times = (at(11, 3, 10, 30), at(11, 3, 11, 15), at(11, 3, 11, 20))
    return [
        {"shortened": False, "at": time, "address": "alex@azimutpos.com", **one}
        for time, one in zip(times, (first, asked, noted), strict=True)
    ]


def _notifications(language: Language) -> dict[str, dict[str, Any]]:
    late = {"clock": "resolution", "due": at(11, 4, 10, 30), "breached": True}
    second = {
        "priority": "P2",
        "provisional": False,
        "rule": "P2-many",
        "state": "open",
        "holder": "Alex Roy",
        "takes": False,
        "continuous": False,
        "display": "P2 · Boulangerie Roy",
        "attachments": [],
        "similar": [],
        "at": at(11, 4, 13, 15),
        "opened": at(11, 3, 10, 30),
    }
    running = [_clock("resolution", at(11, 4, 16, 30)), _clock("status_update", at(11, 4, 15, 15))]
    stopped = [_clock("resolution", None, left=12_000.0), _clock("status_update", None, left=None)]
    soon = {"clock": "resolution", "due": at(11, 4, 16, 30), "breached": False}
    stranger = {
        "account": "",
        "account_key": "",
        "plan": "gratuit",
        "minutes_left": None,
        "phones": [],
        "others": 3,
        "requester": "info@ailleurs.example",
        "requester_address": "info@ailleurs.example",
        "author": "info@ailleurs.example",
        "address": "info@ailleurs.example",
        "subject": "",
        "text": "",
        "evidence": [],
        "rule": "severity",
        "readers": ["info@ailleurs.example"],
    }
    third = {"author": "Imprimantes Plus", "address": "aide@imprimantes.example"}
    readers = ["Marie Roy", "Luc Roy", "comptable@boulangerieroy.example", "Jo"]
    return {
        "new": _notification(language),
        "answer": _notification(
            language, what="answer", first=soon, clocks=running, readers=readers[:2], **second
        ),
        "late": _notification(
            language,
            what="answer",
            first=late,
            clocks=[_clock("resolution", at(11, 4, 10, 30), breached=at(11, 4, 10, 30))],
            **{**second, "readers": readers, "shortened": True},
        ),
        "waiting": _notification(
            language, what="answer", first=None, clocks=stopped, **{**second, "state": "waiting"}
        ),
        "third_party": _notification(
            language, what="third_party", first=soon, clocks=running, **{**second, **third}
        ),
        "assigned": _notification(
            language, what="assigned", first=soon, clocks=running, conversation=_talk(language), **second
        ),
        "taken": _notification(
            language, what="taken", first=soon, clocks=running, conversation=_talk(language), **second
        ),
        "closed": _notification(
            language, what="answer", first=None, clocks=[], **{**second, "state": "closed", "rule": "agent"}
        ),
        "unreachable": _notification(language, readers=[], unreachable=True, takes=False),
        "internal": _notification(language, readers=[], takes=False, plan="argent", continuous=False),
        "stranger": _notification(language, **{**second, **stranger, "first": soon, "clocks": running}),
    }


def _receipts(language: Language, kind: str) -> dict[str, dict[str, Any]]:
    found = ASKED
    if kind == "transcript":
        ticket = _notification(language, conversation=_talk(language), readers=[], takes=False)
        helped = showing.helped(language.value, manager=True)
        found = {**FAULTS, **DONE, **shown(language, ticket, helped)}
    return {name: receipt(language, changes) for name, changes in found.items()}


_MADE: Final[dict[str, Callable[[Language], dict[str, dict[str, Any]]]]] = {
    "notification": _notifications,
    "transcript": lambda language: _receipts(language, "transcript"),
    "confirm": lambda language: _receipts(language, "confirm"),
    "alarm": managers_samples.alarms,
    "escalation": managers_samples.escalations,
    "breach": managers_samples.breaches,
    "proposal": managers_samples.proposals,
    "statement": managers_samples.statements,
    "digest": digest_samples.digests,
}
_DESK_WIDE: Final = frozenset({"statement", "digest"})
_NO_TICKET: Final = frozenset(
    {"warnings", "quiets", "last_tiers", "finding", "several", "several_left", "several_oncall"}
)


def named(kind: str, language: Language) -> dict[str, OutboxRow]:
    """Every situation of one of `KINDS`, by its name."""
    return {name: _row(kind, name, context) for name, context in _MADE[kind](language).items()}


def _row(kind: str, name: str, context: dict[str, Any]) -> OutboxRow:
    night = kind == "alarm" or (kind == "notification" and context["priority"] == "P1")
    queued = datetime.fromisoformat(_NIGHT if night else _MORNING if kind in _DESK_WIDE else _DAY)
    desk_wide = name in _NO_TICKET or kind in _DESK_WIDE
    told = next(iter(context.get("lines", ())), context)
    return OutboxRow(
        id=18,
        version=1,
        kind=kind,
        ticket=None if desk_wide else told.get("ticket", 1042),
        recipient="alex@azimutpos.com",
        cause=f"{kind}:{name}:sample",
        context=context,
        rank=5,
        state=SendState.QUEUED,
        attempts=1,
        queued_at=queued,
        due_at=queued,
    )

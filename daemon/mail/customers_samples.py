"""Invented rows of the mails that follow an acknowledgement, one situation each: what `preview` shows,
`check` renders and the tests walk through.

The instants are those of the voice page, counted by hand; nothing here is ever sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.values import Language, OutboxRow, SendState

ZONE: Final = "America/Toronto"
KINDS: Final = ("reply", "resolved", "status-update", "reminder", "closed", "credit")

_FR: Final = Language.FR
_FILE: Final[dict[str, object]] = {
    "name": "pilote.zip",
    "media_type": "application/zip",
    "size": 48_211,
    "sha256": "a" * 64,
}
_STRANGER: Final[dict[str, object]] = {"known": False, "given_name": "", "subject": ""}


def named(kind: str, language: Language) -> dict[str, OutboxRow]:
    """Situation -> row. Empty for a kind that has none here."""
    return {
        "reply": _replies,
        "resolved": _resolutions,
        "status-update": _updates,
        "reminder": _reminders,
        "closed": _closings,
        "credit": _credits,
    }.get(kind, lambda _: {})(language)


def reply(language: Language, at: datetime, **changes: object) -> OutboxRow:
    """An agent's answer, `resolved` where it also resolves. `changes` replace facts of the context."""
    words = (
        "Bonjour Sylvie,\n\nQuelles dates avez-vous choisies dans le rapport? Une capture de l’écran "
        "aiderait :\nhttps://azimutpos.example/aide/rapports\n\nAlex"
        if language is _FR
        else "Hi Sylvie,\n\nWhich dates did you choose in the report? A screenshot would help:\n"
        "https://azimutpos.example/help/reports\n\nAlex"
    )
    facts: dict[str, object] = {
        "text": words,
        "agent": "Alex",
        "resolved": None,
        "closed": False,
        "waits": False,
        "until": None,
        "attachments": [],
        "reply": "reply:sample:1057",
        "by": "alex",
        "said": "",
        "said_at": None,
        "said_by": "",
    }
    kind = "resolved" if changes.get("resolved") else "reply"
    return _row(kind, language, at, "Sylvie", _report(language), {**facts, **changes}, ticket=1057)


def status_update(language: Language, at: datetime, **changes: object) -> OutboxRow:
    """A status update of Tuesday afternoon about receipts that do not print."""
    facts: dict[str, object] = {
        "what": "update",
        "holder": "Alex",
        "said_at": _at(3, 11, 15),
        "said_by": "Alex",
        "said": "Je regarde le pilote de l’imprimante et je vous reviens."
        if language is _FR
        else "I'm looking at the printer driver and will get back to you.",
        "news": "",
        "next_at": _at(4, 10, 15),
        "response_due": None,
        "resolution_due": _at(4, 10, 30),
        "priority": "P2",
        "was": "",
        "why": "",
        "provisional": False,
        "questions": False,
        "late": False,
        "sorry": True,
        "premium": True,
        "rarer": False,
    }
    subject = "L’imprimante ne sort plus les reçus" if language is _FR else "Receipts no longer print"
    return _row("status-update", language, at, "Karim", subject, {**facts, **changes}, ticket=1049)


def reminder(language: Language, at: datetime, **changes: object) -> OutboxRow:
    """The first reminder of Monday about a question of Thursday."""
    facts: dict[str, object] = {
        "number": 1,
        "last": False,
        "asked_at": _at(5, 10, 5),
        "asked_by": "Alex",
        "question": "Quelles dates avez-vous choisies dans le rapport?"
        if language is _FR
        else "Which dates did you choose in the report?",
        "closes_at": _at(16, 10, 5),
    }
    return _row("reminder", language, at, "Sylvie", _report(language), {**facts, **changes}, ticket=1057)


def closing(language: Language, at: datetime, **changes: object) -> OutboxRow:
    facts: dict[str, object] = {
        "asked_at": _at(5, 10, 5),
        "asked_by": "Alex",
        "closed_at": _at(16, 10, 5),
        "reopen_until": _at(16, 10, 5, month=12),
    }
    return _row("closed", language, at, "Sylvie", _report(language), {**facts, **changes}, ticket=1057)


def credit(language: Language, at: datetime, **changes: object) -> OutboxRow:
    subject = "L’imprimante ne sort plus les reçus" if language is _FR else "Receipts no longer print"
    return _row("credit", language, at, "Karim", subject, {"amount": "31.25", **changes}, ticket=1049)


def _replies(language: Language) -> dict[str, OutboxRow]:
    at = datetime.fromisoformat(_at(5, 10, 5))
    short = "C’est noté, je regarde." if language is _FR else "Noted, I'm looking into it."
    return {
        "answer": reply(language, at),
        "unsigned": reply(language, at, text=short),
        "waits": reply(language, at, waits=True),
        "later": reply(language, at, waits=True, until=_at(16, 0)),
        "closed": reply(language, at, text=short, closed=True),
        "files": reply(language, at, attachments=[_FILE, {**_FILE, "name": "écran.png", "sha256": "b" * 64}]),
        "stranger": reply(language, at, **_STRANGER),
        "long": reply(language, at, text="\n\n".join([f"{short} " * 12] * 4)),
    }


def _resolutions(language: Language) -> dict[str, OutboxRow]:
    at = datetime.fromisoformat(_at(9, 14, 30))
    solved: dict[str, object] = {"resolved": at.isoformat()}
    words = (
        "Bonjour Sylvie,\n\nLe rapport laissait de côté les ventes payées par carte-cadeau. C’est corrigé, "
        "et les journées du 28 au 31 octobre y sont maintenant. Vous pouvez le relancer.\n\nAlex"
        if language is _FR
        else "Hi Sylvie,\n\nThe report was leaving out sales paid by gift card. That's fixed, and October 28 "
        "to 31 are now in it. You can run it again.\n\nAlex"
    )
    said = (
        "Bonjour Sylvie,\nLe rapport est corrigé, vous pouvez le relancer."
        if language is _FR
        else "Hi Sylvie,\nThe report is fixed, you can run it again."
    )
    silent = {**solved, "text": "", "said": said, "said_at": _at(9, 11, 2), "said_by": "Alex"}
    return {
        "words": reply(language, at, text=words, **solved),
        "closed": reply(language, at, text=words, closed=True, **solved),
        "silent": reply(language, at, **silent),
        "silent-closed": reply(language, at, **{**silent, "said": "", "closed": True}),
        "stranger": reply(language, at, **silent, **_STRANGER),
    }


def _updates(language: Language) -> dict[str, OutboxRow]:
    at = datetime.fromisoformat(_at(3, 15, 15))
    past = datetime.fromisoformat(_at(4, 15, 0))
    news = (
        "Le pilote est remplacé. Il reste à l’essayer avec votre imprimante."
        if language is _FR
        else "The driver is replaced. It still has to be tried with your printer."
    )
    nobody: dict[str, object] = {"holder": "", "said": "", "said_at": None, "said_by": ""}
    later: dict[str, object] = {"next_at": _at(5, 10, 0), "late": True}
    raised: dict[str, object] = {
        "what": "priority",
        "was": "P3",
        "priority": "P1",
        "provisional": True,
        "response_due": _at(3, 16, 15),
        "resolution_due": _at(3, 19, 15),
        "next_at": _at(3, 16, 15),
    }
    moved: dict[str, object] = {"what": "moved", "response_due": _at(4, 11), "resolution_due": _at(5, 18)}
    return {
        "nothing": status_update(language, at),
        "other-holder": status_update(language, at, holder="Sam"),
        "no-holder": status_update(language, at, **nobody),
        "released": status_update(language, at, holder=""),
        "unheard": status_update(language, at, **{**nobody, "holder": "Alex", "response_due": _at(3, 17)}),
        "news": status_update(language, at, news=news),
        "news-late": status_update(language, past, news=news, **later),
        "late": status_update(language, past, **later),
        "late-no-holder": status_update(
            language,
            past,
            **{**nobody, **later, "response_due": _at(4, 9, 0), "resolution_due": _at(5, 10, 30)},
        ),
        "late-again": status_update(language, past, **{**later, "sorry": False}),
        "late-again-unheard": status_update(
            language,
            past,
            **{**nobody, **later, "response_due": _at(4, 9, 0), "resolution_due": _at(5, 10, 30)},
            sorry=False,
        ),
        "late-again-news": status_update(language, past, news=news, **{**later, "sorry": False}),
        "late-update": status_update(language, at, late=True),
        "rarer": status_update(language, at, rarer=True, next_at=_at(5, 10, 15)),
        "less": status_update(language, at, next_at=None),
        "far": status_update(language, at, priority="P4", resolution_due=_at(18, 16), next_at=_at(6, 15, 15)),
        "provisional": status_update(language, at, why="message", questions=True, **raised),
        "urgent": status_update(language, at, why="urgent", questions=True, **raised),
        "raised": status_update(language, at, why="agent", **{**raised, "provisional": False}),
        "raised-news": status_update(language, at, why="agent", news=news, **{**raised, "questions": True}),
        "eased": status_update(
            language, at, why="answer", was="P1", **{**moved, "what": "priority", "said_at": None}
        ),
        "eased-by-agent": status_update(language, at, why="agent", was="P1", **{**moved, "what": "priority"}),
        "merged": status_update(language, at, why="merge", **moved),
        "hours": status_update(language, at, why="hours", **moved),
        "account": status_update(language, at, why="account", **moved),
        "moved": status_update(language, at, **moved),
        "paused": status_update(
            language, at, **{**moved, "what": "priority", "was": "P3", "why": "agent", **_PAUSED}
        ),
        "reopened": status_update(language, at, **{**moved, "what": "reopened"}),
        "reopened-no-holder": status_update(language, at, **{**moved, **nobody, "what": "reopened"}),
        "stranger": status_update(language, at, **_STRANGER),
        "stranger-news": status_update(language, at, news=news, **_STRANGER),
    }


def _reminders(language: Language) -> dict[str, OutboxRow]:
    at = datetime.fromisoformat(_at(9, 10, 5))
    last = datetime.fromisoformat(_at(11, 10, 5))
    several = (
        "Est-ce arrivé aussi hier?\nEt sur quelle caisse, « la 1 » ou « la 2 »?"
        if language is _FR
        else 'Did it happen yesterday too?\nAnd on which till, "1" or "2"?'
    )
    far: dict[str, object] = {"asked_at": _at(26, 10, 5, month=10), "closes_at": _at(20, 9)}
    return {
        "first": reminder(language, at),
        "last": reminder(language, last, number=2, last=True),
        "several": reminder(language, at, question=several, asked_by="Sam"),
        "long-ago": reminder(language, at, **far),
        "no-question": reminder(language, at, question="", asked_by=""),
        "closing": reminder(language, at, closes_at=_at(9, 9)),
        "stranger": reminder(language, at, **_STRANGER),
    }


def _closings(language: Language) -> dict[str, OutboxRow]:
    at = datetime.fromisoformat(_at(16, 10, 5))
    return {
        "unanswered": closing(language, at),
        "no-question": closing(language, at, asked_at=None, asked_by=""),
        "nameless": closing(language, at, asked_by=""),
        "for-good": closing(language, at, reopen_until=None),
        "stranger": closing(language, at, **_STRANGER),
    }


def _credits(language: Language) -> dict[str, OutboxRow]:
    at = datetime.fromisoformat(_at(9, 14, 30))
    return {
        "solved": credit(language, at, resolved=True),
        "unsolved": credit(language, at, resolved=False),
        "plain": credit(language, at, amount="1250"),
    }


_PAUSED: Final[dict[str, object]] = {"resolution_due": None, "next_at": None, "response_due": None}


def _report(language: Language) -> str:
    return "Rapport des ventes incomplet" if language is _FR else "Sales report incomplete"


def _at(day: int, hour: int, minute: int = 0, *, month: int = 11) -> str:
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(ZONE)).isoformat()


def _row(
    kind: str,
    language: Language,
    at: datetime,
    given: str,
    subject: str,
    facts: dict[str, object],
    *,
    ticket: int,
) -> OutboxRow:
    """A row to the ticket's customer, who is known unless the facts say otherwise."""
    context: dict[str, object] = {
        "language": language.value,
        "known": True,
        "given_name": given,
        "subject": subject,
        "in_reply_to": "m1@boulangerieroy.example",
        "references": [],
    }
    return OutboxRow(
        id=17,
        version=1,
        kind=kind,
        ticket=ticket,
        recipient="marie@boulangerieroy.example",
        cause=f"{kind}:sample",
        context={**context, **facts},
        rank=3,
        state=SendState.QUEUED,
        attempts=1,
        queued_at=at,
        due_at=at,
    )

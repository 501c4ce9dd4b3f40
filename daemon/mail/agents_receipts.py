"""Invented transcripts and questions to agents: one for every fault and every deed. Part of the samples;
nothing here is ever sent."""

from __future__ import annotations

from typing import Any, Final

from daemon.core.values import Language

ISO: Final = "2026-11-{}-05:00"
DUE: Final = ISO.format("04T14:01:00")
_TEXT: Final = {
    Language.FR: "Bonjour Karim,\n\nLe pilote est remplacé, vos reçus devraient sortir.",
    Language.EN: "Hi Karim,\n\nThe driver has been replaced, your receipts should print.",
}
SUBJECT: Final = {
    Language.FR: "L’imprimante ne sort plus les reçus",
    Language.EN: "Receipts no longer print",
}


def receipt(language: Language, changes: dict[str, Any]) -> dict[str, Any]:
    """The context of a `transcript` or a `confirm`; "TEXT" in `changes` is the agent's text."""
    text = changes.get("text", "")
    usual: dict[str, Any] = {
        "language": language.value,
        "what": "refused",
        "subject": SUBJECT[language],
        "customer": "Karim",
        "shortened": False,
        "attachments": [],
        "state": "open",
        "due": {},
        "from": "alex@azimutpos.com",
        "faults": [],
        "done": [],
        "said": [],
        "shown": [],
        "spoke": False,
        "yes": None,
        "send": None,
        "held": None,
        "in_reply_to": "m2@azimutpos.com",
        "references": [],
    }
    return {**usual, **changes, "text": _TEXT[language] if text == "TEXT" else text}


def _fault(why: str, said: str = ".attente 3/4", *, line: int = 1, **more: str | None) -> dict[str, Any]:
    blank = {"proposal": "", "expected": "", "detail": "", "at": None}
    return {"why": why, "line": line, "said": said, **blank, **more}


_HELD: Final[dict[str, Any]] = {"text": "TEXT", "held": "held:m2", "due": {"resolution": DUE}}
_CAUTION: Final[dict[str, Any]] = {**_HELD, "yes": ["#résolu"], "send": ["#résolu"]}
_PLAIN: Final = {
    "missing": _fault("missing", ".assigner", expected="agent", detail="alex, sam"),
    "extra": _fault("extra", ".prendre vite", detail="vite"),
    "bad_number": _fault("bad_number", ".appel 900", expected="minutes", detail="900"),
    "bad_date": _fault("bad_date", ".attente mardi 4", expected="date", detail="mardi 4"),
    "ambiguous_date": _fault("ambiguous_date", expected="date", detail="3/4", proposal=".attente 2027-04-03"),
    "past": _fault("past", ".attente 2020-01-01", expected="date"),
    "far": _fault("far", ".attente 2030-01-01", expected="date"),
    "bad_address": _fault("bad_address", ".ajouter Luc", expected="address", detail="Luc"),
    "bad_hours": _fault("bad_hours", ".horaire 24 déc. 25-26", expected="hours", detail="25-26"),
    "ambiguous_amount": _fault("ambiguous_amount", ".crédit accepter 50", expected="amount", detail="50"),
    "too_many": _fault("too_many", ".prendre", detail="20"),
    "unknown_agent": _fault("unknown_agent", ".assigner same", detail="alex, sam", proposal=".assigner sam"),
    "contradiction": _fault("contradiction", ".attente", line=2, detail=".résolu"),
    "contradiction_text": _fault("contradiction", ".spam", detail="text"),
    "unknown_ticket": _fault("unknown_ticket", ".voir 9999", detail="9999"),
    "unknown_account": _fault("unknown_account", ".compte Roi", proposal="Boulangerie Roy"),
    "unknown_accounts": _fault("unknown_account", ".compte Roy", detail="Roy (roy), Roy et fils (royf)"),
    "no_ticket": _fault("no_ticket", ".résolu"),
    "no_ticket_at_all": _fault("no_ticket", "", line=0),
    "not_allowed": _fault("not_allowed", ".crédit accepter"),
    "not_proven": _fault("not_proven", "", line=0),
    "text_not_allowed": _fault("text_not_allowed", ".public Bonjour"),
    "state": _fault("state", ".attente", detail="closed"),
    "no_question": _fault("no_question", ".attente"),
    "no_message": _fault("no_message", ".nouveau"),
    "same_ticket": _fault("same_ticket", ".fusion AZ-1042"),
    "ours": _fault("ours", ".ajouter sam@azimutpos.com", detail="sam@azimutpos.com"),
    "no_credit": _fault("no_credit", ".crédit accepter", detail="AZ-1042"),
    "nothing_to_undo": _fault("nothing_to_undo", ".annuler"),
    "nothing_asked": _fault("nothing_asked", "oui"),
    "settled": _fault("settled", "oui"),
    "unreachable": _fault("unreachable", "", line=0, detail="luc@cafekarim.example"),
    "unreachable_at_all": _fault("unreachable", "", line=0),
}
_MENDED: Final = {
    "unknown": _fault("unknown", ".resoulu", proposal=".résolu"),
    "unknown_word": _fault("unknown", "#xyz"),
    "elsewhere": _fault("elsewhere", ".résolu", line=3, proposal=".résolu"),
}
_CAUTIONS: Final = {
    "within_line": _fault("within_line", "#résolu", line=2, proposal="#résolu"),
    "collision": _fault(
        "collision",
        "Redémarrez la caisse, ça devrait repartir.",
        line=0,
        detail="Sam Côté",
        at=ISO.format("04T09:04:00"),
    ),
    "collision_unknown": _fault("collision", "", line=0, detail="Sam Côté"),
    "greeting": _fault("greeting", "Luc", line=0, detail="Karim Haddad"),
    "attachment": _fault("attachment", "ci-joint", line=0),
    "other_ticket": _fault("other_ticket", "AZ-1043", line=0),
    "other_address": _fault("other_address", "marie@boulangerieroy.example", line=0),
    "doubtful_cut": _fault("doubtful_cut", "Répondre prend aussi le billet.", line=0),
}
FAULTS: Final[dict[str, dict[str, Any]]] = {
    **{name: {**_HELD, "faults": [one], "yes": ["#résolu"], "send": []} for name, one in _MENDED.items()},
    **{name: {**_CAUTION, "faults": [one]} for name, one in _CAUTIONS.items()},
    **{name: {"text": "TEXT", "faults": [one]} for name, one in _PLAIN.items()},
    "no_text": {"faults": [_PLAIN["missing"]], "customer": "", "state": ""},
    "repaired": {"faults": [_MENDED["unknown"]], "yes": ["#résolu"], "held": "held:m2"},
    "all_at_once": {
        **_HELD,
        "faults": [_MENDED["unknown"], _CAUTIONS["greeting"], _CAUTIONS["attachment"]],
        "yes": ["#résolu", "#p2"],
        "send": ["#p2"],
        "customer": "",
        "shortened": True,
        "attachments": [{"name": "pilote.zip", "size": 42_000}],
        "due": {"first_response": ISO.format("04T12:00:00"), "resolution": DUE},
    },
}
"""Refused, by the reason: what its answers can repair is held."""


def _deed(said: str, verb: str = "take", *, was: object = "", **detail: Any) -> dict[str, Any]:
    """`was`: what stood before, which is called "from" there."""
    before = {"from": was} if was != "" else {}
    return {"verb": verb, "said": said, "ref": "" if verb == "hours" else "AZ-1042", **before, **detail}


_UNTIL: Final = ISO.format("05T09:00:00")
_DEEDS: Final = (
    _deed("already"),
    _deed("taken", agent="alex", was=None),
    _deed("taken", agent="alex", was="sam"),
    _deed("assigned", "assign", agent="sam", was="alex"),
    _deed("released", "release"),
    _deed("waiting", "wait", until=None),
    _deed("will_wait", "wait", until=_UNTIL),
    _deed("resolved", "resolve"),
    _deed("closed", "close", resolves=True),
    _deed("reopened", "reopen"),
    _deed("spam", "spam"),
    _deed("priority", "priority", to="P2", was="P1"),
    _deed("settled", "priority", to="P1", was="P1"),
    _deed("merged", "merge", into="AZ-1042", merged=["AZ-1043", "AZ-1044"]),
    _deed("split", "split"),
    _deed("linked", "link", tickets=["AZ-871"]),
    _deed("attached", "account", account="Boulangerie Roy", plan="or"),
    _deed("added", "add", addresses=["luc@boulangerieroy.example"], watchers=[]),
    _deed("added", "add", addresses=[], watchers=["Sam Côté"]),
    _deed("added", "add", addresses=["luc@boulangerieroy.example"], watchers=["Sam Côté"]),
    _deed("called", "call", minutes=12, left=10, extra=2, not_included=False),
    _deed("called", "call", minutes=12, left=30, extra=0, not_included=False),
    _deed("called", "call", minutes=12, left=None, extra=0, not_included=True),
    _deed("credit_accepted", "credit", proposed="31.25", amount="25.00", capped=True, month="2026-11"),
    _deed("credit_refused", "credit", proposed="31.25", amount=None, capped=False, month="2026-11"),
    _deed("hours", "hours", day="2026-12-24", closed=True, spans=[[43_200, 64_800]]),
    _deed("hours", "hours", day="2026-12-26", closed=True, spans=[]),
    _deed("erased", "erase"),
    _deed("undone", "undo", what="priority"),
    _deed("unsent", "undo"),
)
DONE: Final[dict[str, dict[str, Any]]] = {
    **{f"done_{one['said']}": {"what": "done", "done": [one]} for one in _DEEDS},
    "done": {"what": "done", "done": list(_DEEDS), "spoke": True},
}
"""Done, by the key of the deed (of several deeds of one key, the last)."""


ASKED: Final[dict[str, dict[str, Any]]] = {
    "command": {"what": "asked", "said": [".fusion AZ-1043"], "yes": ["#fusion AZ-1043"], "held": "held:m3"},
    "with_text": {
        "what": "asked",
        "said": ["#résolu"],
        "yes": ["#résolu"],
        "held": "held:m4",
        "text": "TEXT",
    },
    "credit": {
        "what": "asked",
        "said": ["oui"],
        "yes": ["#crédit accepter"],
        "credit": {"accept": True, "amount": "31.25"},
        "held": "held:m5",
        "state": "resolved",
    },
    "credit_refused": {
        "what": "asked",
        "said": ["non"],
        "yes": ["#crédit refuser"],
        "credit": {"accept": False, "amount": "31.25"},
        "held": "held:m6",
        "state": "resolved",
    },
    "works": {
        "what": "asked",
        "about": "works",
        "words": "C’est beau, ça marche!\n\nMerci",
        "author": "Karim Haddad",
        "at": ISO.format("04T13:10:00"),
    },
    "update": {
        "what": "asked",
        "about": "update",
        "next_at": ISO.format("04T13:35:00"),
        "said_at": ISO.format("04T11:15:00"),
        "said_by": "Alex Roy",
        "last": "Je regarde le pilote de l’imprimante et je vous reviens.",
    },
    "update_unsaid": {"what": "asked", "about": "update", "customer": "", "next_at": None},
}
"""Asked once more, that it works, and for news before an update."""

"""What the reading commands show: « expliquer » tells back every counted interval, « aide » every command."""

from __future__ import annotations

from typing import Final

from daemon.core.commands.values import Verb
from daemon.core.commands.vocabulary import shown
from daemon.core.sla.course import Course
from daemon.core.sla.cycles import Cycle, worked
from daemon.core.sla.explain import explain
from daemon.core.values import Priority

EXAMPLES: Final[dict[Verb, tuple[str, str]]] = {
    Verb.TAKE: ("prendre", "take"),
    Verb.RELEASE: ("libérer", "release"),
    Verb.ASSIGN: ("assigner sam", "assign sam"),
    Verb.PRIORITY: ("p2", "p2"),
    Verb.WAIT: ("attente jeudi", "waiting Thursday"),
    Verb.RESOLVE: ("résolu", "resolved"),
    Verb.CLOSE: ("fermer", "close"),
    Verb.REOPEN: ("rouvrir", "reopen"),
    Verb.NOTE: ("note", "note"),
    Verb.PUBLIC: ("public La pièce arrive demain", "public The part arrives tomorrow"),
    Verb.CALL: ("appel 12 vu ensemble", "call 12 went through it"),
    Verb.MERGE: ("fusion AZ-1042", "merge AZ-1042"),
    Verb.SPLIT: ("nouveau", "split"),
    Verb.LINK: ("lier AZ-1042", "link AZ-1042"),
    Verb.FOR: ("pour client@commerce.example", "for customer@shop.example"),
    Verb.ACCOUNT: ("compte Boulangerie Roy", "account Boulangerie Roy"),
    Verb.ADD: ("ajouter comptable@commerce.example", "cc bookkeeper@shop.example"),
    Verb.SPAM: ("spam", "spam"),
    Verb.EXPLAIN: ("expliquer", "explain"),
    Verb.SHOW: ("voir 1042", "show 1042"),
    Verb.CUSTOMER: ("client", "customer"),
    Verb.LIST: ("liste moi", "list me"),
    Verb.CREDIT: ("crédit accepter", "credit accept"),
    Verb.UNDO: ("annuler", "undo"),
    Verb.HOURS: ("horaire 2026-12-24 12:00-18:00 fermé", "hours 2026-12-24 12:00-18:00 closed"),
    Verb.ERASE: ("effacer", "erase"),
    Verb.HELP: ("aide", "help"),
}
"""As one writes it, without the prefix; every one is read as the command that it stands for."""

_MANAGERS: Final = frozenset({Verb.CREDIT, Verb.HOURS, Verb.ERASE})


def helped(language: str, *, manager: bool) -> list[dict[str, str]]:
    """Every command that this agent may use: its name in their language, the other name, an example."""
    other = "en" if language == "fr" else "fr"
    return [
        {"verb": verb.value, "name": shown(verb, language), "other": shown(verb, other), "example": example}
        for verb, examples in EXAMPLES.items()
        if (manager or verb not in _MANAGERS) and (example := examples[language == "en"])
    ]


def _held_until(course: Course, cycle: Cycle) -> str | None:
    """When it is due, where that is later than its target and its pauses make it: a change of priority leaves
    at least a response target from the change on (sla.md, "Priority change")."""
    if cycle.paused or worked(cycle, cycle.promised, course.hours_of(cycle)) < cycle.target + 1:
        return None
    return cycle.promised.isoformat()


def explained(course: Course) -> list[dict[str, object]]:
    """Every cycle of every clock, oldest first, with the intervals that counted and the pauses."""
    return [
        {
            "clock": cycle.clock.value,
            "priority": Priority(cycle.priority).value,
            "start": cycle.start.isoformat(),
            "target": cycle.target,
            "source": cycle.source,
            "calendar": cycle.calendar,
            "promised": cycle.promised.isoformat(),
            "held_until": _held_until(course, cycle),
            "begun": cycle.begun.isoformat(),
            "due": cycle.due.isoformat() if cycle.due is not None else None,
            "met": cycle.met.isoformat() if cycle.met is not None else None,
            "breached": cycle.breached.isoformat() if cycle.breached is not None else None,
            "outcome": cycle.outcome.value if cycle.outcome is not None else None,
            "intervals": [
                {
                    "kind": told.kind,
                    "since": told.since.isoformat(),
                    "until": told.until.isoformat(),
                    "calendar": told.calendar,
                    "version": told.version,
                    "seconds": told.seconds,
                    "reason": told.reason,
                }
                for told in explain(course, cycle)
            ],
        }
        for cycle in course.cycles
    ]

"""A customer who does not answer is reminded of the question, and in the end the ticket is closed. A resolved
ticket about which nobody writes is closed without a word."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from daemon.core.actions import Action, AddEvent, AddHistory, QueueMail, SetState
from daemon.core.sla.events import Lapsed
from daemon.core.sla.steps import Step
from daemon.core.ticking.scene import NOBODY_WAITS, Scene, agent_name, given, iso, readers, to_customer
from daemon.core.ticking.updating import unheard
from daemon.core.values import State

LONGEST_QUESTION: Final = 300
"""Characters of the agent's words that a reminder repeats (voice.md, section 4)."""

_SENTENCE: Final = re.compile(r"[^.!?\n]*[.!?]+[\s»”\"')]*|[^.!?\n]+\n*|\n+")


def remind(scene: Scene, step: Step) -> tuple[Action, ...]:
    """The newer reminder takes the place of one that nobody has tried to send yet."""
    ticket, rules = scene.ticket, scene.course.version.rules
    closes_at = _closes_at(scene)
    mails = tuple(
        QueueMail(
            kind="reminder",
            ticket=ticket.id,
            recipient=address,
            cause=f"reminder:{ticket.id}:{step.key}:{address}",
            context={
                **to_customer(scene, address),
                "number": step.number,
                "last": step.number == len(rules.reminders),
                **_asked(scene),
                "question": question(scene.dossier.answer.words) if scene.dossier.answer is not None else "",
                "closes_at": closes_at,
            },
            rank=NOBODY_WAITS,
            at=scene.now,
            supersede_key=f"reminder:{ticket.id}:{address}",
        )
        for address in readers(scene, "reminder")
    )
    return mails or unheard(scene, "reminder")


def close(scene: Scene, step: Step) -> tuple[Action, ...]:
    """Closed at the instant of the tick: what the customer sends until then still finds an open ticket."""
    ticket, now = scene.ticket, scene.now
    detail: dict[str, object] = {"from": scene.course.state.value, "to": State.CLOSED.value}
    changes: tuple[Action, ...] = (
        AddEvent(ticket=ticket.id, event=Lapsed(at=now)),
        SetState(ticket=ticket.id, state=State.CLOSED, at=now, by="desk"),
        AddHistory(ticket=ticket.id, at=now, event="state", by="desk", detail=detail),
    )
    if scene.course.state is not State.WAITING:
        return changes
    reopen_until = now + timedelta(seconds=scene.course.version.rules.reopen_within)
    mails = tuple(
        QueueMail(
            kind="closed",
            ticket=ticket.id,
            recipient=address,
            cause=f"closed:{ticket.id}:{step.key}:{address}",
            context={
                **to_customer(scene, address),
                **_asked(scene),
                "closed_at": iso(now),
                "reopen_until": iso(reopen_until),
            },
            rank=NOBODY_WAITS,
            at=now,
            supersede_key=f"reminder:{ticket.id}:{address}",
        )
        for address in readers(scene, "closed")
    )
    return (*changes, *(mails or unheard(scene, "closed")))


def question(words: str) -> str:
    """What an agent asked: the last questions of their words, as many as fit; else how the words begin."""
    sentences = [s for s in _SENTENCE.findall(words.strip()) if s.strip()]
    last = next((i for i in range(len(sentences) - 1, -1, -1) if _asks(sentences[i])), None)
    if last is None:
        return _beginning(words.strip())
    first = last
    while first and _asks(sentences[first - 1]) and _fits(sentences[first - 1 : last + 1]):
        first -= 1
    return _beginning("".join(sentences[first : last + 1]).strip())


def _asks(sentence: str) -> bool:
    return sentence.rstrip(" \n\t»”\"')").endswith("?")


def _fits(sentences: list[str]) -> bool:
    return len("".join(sentences).strip()) <= LONGEST_QUESTION


def _beginning(words: str) -> str:
    if len(words) <= LONGEST_QUESTION:
        return words
    return words[: LONGEST_QUESTION - 1].rsplit(None, 1)[0].rstrip(" ,;:") + "…"


def _asked(scene: Scene) -> dict[str, object]:
    """Who asked what the customer has not answered, and when a server took it."""
    answer = scene.dossier.answer
    if answer is None:
        return {"asked_at": None, "asked_by": ""}
    return {"asked_at": iso(answer.at), "asked_by": given(agent_name(scene.policy, answer.by))}


def _closes_at(scene: Scene) -> str | None:
    course = scene.course
    if course.waiting_from is None:
        return None
    seconds = course.version.rules.close_waiting_after
    return iso(course.standard.add_working(course.waiting_from, seconds))

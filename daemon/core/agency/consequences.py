"""What follows from an agent's commands beside the commands themselves: the customer is told of a promise
that moved later, managers of a credit to propose, the new assignee of the whole conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from daemon.core.actions import Action, AddEvent, AttachAccount, Decision, OpenTicket, QueueMail
from daemon.core.agency.afterwards import ticket_after
from daemon.core.agency.telling import handed_over, split_off
from daemon.core.commands.hearing import Hearing
from daemon.core.commands.judging import Ruling
from daemon.core.commands.queueing import left_behind
from daemon.core.commands.values import Verb
from daemon.core.dossier import Dossier, course_of
from daemon.core.facts import Snapshot
from daemon.core.keeping import course_after
from daemon.core.sla.course import Course
from daemon.core.sla.events import Released, Taken
from daemon.core.ticking import crediting
from daemon.core.ticking.telling import moved_mail

_WORDS: Final = frozenset({"reply", "resolved"})
_WHY: Final = {Verb.ACCOUNT: "account", Verb.MERGE: "merge"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changed:
    """A ticket without and with the decision."""

    dossier: Dossier
    before: Course
    after: Course


def consequences(
    hearing: Hearing, ruling: Ruling, actions: Sequence[Action], snapshot: Snapshot
) -> list[Action]:
    """`actions`: the whole decision so far. Mails that leave with it must say what it makes true."""
    happened = [a.ticket for a in actions if isinstance(a, AddEvent)]
    numbers = [n for n in dict.fromkeys(happened) if n in snapshot.dossiers]
    changed = {n: _changed(hearing, snapshot.dossiers[n], actions) for n in numbers}
    found: list[Action] = []
    for number in ruling.retargeted:
        if number in changed and not words_to_customer(actions, number):
            found += _told(hearing, ruling, number, changed[number])
    for one in changed.values():
        found += crediting.after(one.before, one.after, one.dossier, hearing.policy, hearing.now)
    for number, one in changed.items():
        if _is_news(hearing, snapshot.dossiers[number], one.dossier.ticket.assignee):
            words = words_to_customer(actions, number)
            found += handed_over(hearing, one.dossier, one.dossier.ticket, one.after, words)
    found += _split(hearing, ruling, actions, snapshot)
    return found


def words_to_customer(actions: Sequence[Action], number: int) -> str:
    """What this decision says to the customer of a ticket in an agent's words."""
    texts = (
        str(a.context.get("text", ""))
        for a in actions
        if isinstance(a, QueueMail) and a.kind in _WORDS and a.ticket == number
    )
    return next(texts, "")


def _is_news(hearing: Hearing, dossier: Dossier, assignee: str | None) -> bool:
    """Whether whoever has the ticket now has not been sent all of it: who gets it from another; who takes it
    after somebody had it, or while only its small files had gone to everybody."""
    before = dossier.ticket.assignee
    if assignee is None or assignee == before:
        return False
    if assignee != hearing.agent.handle or before is not None:
        return True
    return _said_while_held(dossier) or left_behind(dossier.conversation)


def _said_while_held(dossier: Dossier) -> bool:
    """Only its assignee heard of what was said in these times."""
    since: datetime | None = None
    for happened in dossier.events:
        if isinstance(happened, Taken):
            since = since or happened.at
        elif isinstance(happened, Released) and since is not None:
            if any(since <= said.at <= happened.at for said in dossier.conversation):
                return True
            since = None
    return False


def _changed(hearing: Hearing, dossier: Dossier, actions: Sequence[Action]) -> _Changed:
    after = replace(dossier, ticket=ticket_after(dossier.ticket, actions))
    attached = (a for a in actions if isinstance(a, AttachAccount) and a.ticket == dossier.ticket.id)
    key = next((a.account for a in attached), None)
    if key is not None:
        accounts = (account for found in hearing.accounts.values() for account in found)
        after = replace(after, account=next((a for a in accounts if a.key == key), after.account))
    return _Changed(
        dossier=after,
        before=course_of(dossier, hearing.policy, hearing.at),
        after=course_after(Decision(actions=tuple(actions)), dossier, hearing.policy),
    )


def _told(hearing: Hearing, ruling: Ruling, number: int, changed: _Changed) -> tuple[QueueMail, ...]:
    verbs = [d.verb for d in ruling.deeds if d.retargets and d.ticket == number]
    why = next((_WHY[verb] for verb in verbs if verb in _WHY), "agent")
    cause = f"moved:{hearing.cause}:{number}"
    return moved_mail(changed.before, changed.after, changed.dossier, hearing.policy, hearing.now, why, cause)


def _split(
    hearing: Hearing, ruling: Ruling, actions: Sequence[Action], snapshot: Snapshot
) -> tuple[QueueMail, ...]:
    deed = next((d for d in ruling.deeds if d.verb is Verb.SPLIT), None)
    opened = next((a for a in actions if isinstance(a, OpenTicket)), None)
    dossier = snapshot.dossiers.get(deed.ticket) if deed is not None and deed.ticket is not None else None
    if opened is None or dossier is None:
        return ()
    return split_off(hearing, opened, dossier, dossier.spoke_text)

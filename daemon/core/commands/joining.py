"""What a ticket belongs to: merges, splits, links, its account, the people on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from daemon.core.actions import (
    NEW,
    Action,
    AddHistory,
    AddParticipant,
    AttachAccount,
    LinkTickets,
    MergeTickets,
    MoveMessage,
    OpenTicket,
    SetPriority,
    SetState,
)
from daemon.core.commands.deed import Deed, already, declined, event, history
from daemon.core.commands.hearing import Hearing, Standing
from daemon.core.commands.values import Command, Why
from daemon.core.commands.vocabulary import fold
from daemon.core.recipients import REQUESTER, WATCHER, is_desk
from daemon.core.sla.events import Absorbed, Attached, MergedAway, Reopened
from daemon.core.sla.merging import unanswered_since
from daemon.core.sla.promises import version_at
from daemon.core.values import Account, Participant, State

_OVER: Final = frozenset({State.RESOLVED, State.CLOSED})


def merge(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """All of them into the oldest: it has the earliest start, and gets the gravest priority and everybody."""
    others = [hearing.others[number] for number in command.tickets]
    group = {one.ticket.id: one for one in (standing, *others)}
    if len(group) < 2:
        raise declined(Why.SAME_TICKET, command)
    oldest, *younger = sorted(group.values(), key=lambda one: (one.ticket.opened_at, one.ticket.id))
    actions: list[Action] = []
    survivor = oldest
    for one in younger:
        merged, survivor = _absorb(hearing, one, survivor)
        actions += merged
    return Deed(
        verb=command.verb,
        ticket=survivor.ticket.id,
        said="merged",
        after=survivor,
        actions=tuple(actions),
        detail={"into": survivor.ticket.ref, "merged": [one.ticket.ref for one in younger]},
        receipt=True,
        retargets=True,
        merged_into=survivor.ticket.id,
    )


def _absorb(hearing: Hearing, one: Standing, survivor: Standing) -> tuple[list[Action], Standing]:
    ticket, into, at, by = one.ticket, survivor.ticket, hearing.at, hearing.agent.handle
    course = one.course
    absorbed = Absorbed(
        at=at,
        priority=ticket.priority,
        provisional=ticket.provisional,
        cycles=course.cycles if course is not None else (),
        unanswered=unanswered_since(course) if course is not None else None,
    )
    new = [p for p in ticket.participants if not into.has_participant(p.address)]
    roles = [replace(p, role="colleague" if p.role == REQUESTER else p.role) for p in new]
    actions: list[Action] = [
        MergeTickets(ticket=ticket.id, into=into.id, at=at, by=by),
        event(one, MergedAway(at=at)),
        *_state(hearing, one, State.CLOSED),
        event(survivor, absorbed),
        *(AddParticipant(ticket=into.id, address=p.address, name=p.name, role=p.role) for p in roles),
        history(hearing, one, "merged", into=into.ref),
        history(hearing, survivor, "absorbed", ticket=ticket.ref),
    ]
    after = replace(into, participants=(*into.participants, *roles))
    if into.state in _OVER and ticket.state not in _OVER:
        actions += [event(survivor, Reopened(at=at)), *_state(hearing, survivor, State.OPEN)]
        after = replace(after, state=State.OPEN, closed_at=None)
    if ticket.priority < into.priority:
        actions.append(
            SetPriority(
                ticket=into.id,
                priority=ticket.priority,
                provisional=ticket.provisional,
                rule="merge",
                at=at,
                by=by,
            )
        )
        after = replace(after, priority=ticket.priority, provisional=ticket.provisional)
    return actions, replace(survivor, ticket=after)


def _state(hearing: Hearing, standing: Standing, state: State) -> list[Action]:
    ticket = standing.ticket
    if ticket.state is state:
        return []
    detail: dict[str, object] = {"from": ticket.state.value, "to": state.value}
    return [
        SetState(ticket=ticket.id, state=state, at=hearing.at, by=hearing.agent.handle),
        history(hearing, standing, "state", **detail),
    ]


def split(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """The newest customer message becomes a ticket of its own, which starts at that message. It keeps terms
    and priority until an agent says otherwise. The message that opened the ticket stays."""
    ticket, spoke = standing.ticket, standing.spoke
    if spoke is None or spoke.at <= ticket.opened_at:
        raise declined(Why.NO_MESSAGE, command)
    version = version_at(hearing.policy.sla, spoke.at)
    by = hearing.agent.handle
    opened = OpenTicket(
        at=spoke.at,
        subject=spoke.subject or ticket.subject,
        requester=spoke.sender,
        account=ticket.account,
        language=ticket.language,
        plan=ticket.plan,
        coverage=ticket.coverage,
        sla_version=version.name,
        priority=ticket.priority,
        provisional=False,
        severity=None,
        confidence=0.0,
        rule="agent",
        intent="ticket",
        related_to=ticket.id,
    )
    detail: dict[str, object] = {"priority": ticket.priority.value, "rule": "agent", "from": ticket.ref}
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="split",
        after=replace(standing, spoke=None, works=False),
        actions=(
            opened,
            AddParticipant(ticket=NEW, address=spoke.sender.address, name=spoke.sender.name, role=REQUESTER),
            MoveMessage(ticket=ticket.id, to=NEW, message_id=spoke.message_id),
            AddHistory(ticket=NEW, at=hearing.at, event="opened", by=by, detail=detail),
            history(hearing, standing, "split", message_id=spoke.message_id),
        ),
        receipt=True,
        retargets=True,
    )


def link(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    ticket = standing.ticket
    numbers = {
        hearing.others[number].ticket.id: hearing.others[number].ticket.ref for number in command.tickets
    }
    if ticket.id in numbers:
        raise declined(Why.SAME_TICKET, command)
    by = hearing.agent.handle
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="linked",
        after=standing,
        actions=(
            *(LinkTickets(ticket=ticket.id, other=other, at=hearing.at, by=by) for other in numbers),
            history(hearing, standing, "linked", tickets=list(numbers.values())),
        ),
        detail={"tickets": list(numbers.values())},
    )


def attach(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """`compte`: ticket and address belong to the account, and the clocks are computed anew from the start."""
    ticket = standing.ticket
    account = _meant(command, hearing.accounts.get(command.words, ()))
    if account.key == ticket.account:
        return already(command, standing)
    after = replace(ticket, account=account.key, plan=account.plan, coverage=account.coverage)
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="attached",
        after=replace(standing, ticket=after),
        actions=(
            AttachAccount(
                ticket=ticket.id,
                account=account.key,
                address=ticket.requester,
                plan=account.plan,
                coverage=account.coverage,
                at=hearing.at,
                by=hearing.agent.handle,
            ),
            event(standing, Attached(at=hearing.at, plan=account.plan, coverage=account.coverage)),
            history(hearing, standing, "account", **{"from": ticket.account, "to": account.key}),
        ),
        detail={"account": account.name, "plan": account.plan.value},
        receipt=True,
        retargets=True,
    )


def _meant(command: Command, found: Sequence[Account]) -> Account:
    """By key, whole name, or the only one whose name holds the words. Raises Declined, with what is near."""
    wanted = fold(command.words)
    same = [a for a in found if wanted in {fold(a.key), fold(a.name)}]
    like = same or [a for a in found if wanted in fold(a.name)]
    if len(like) == 1:
        return like[0]
    if like:
        raise declined(Why.UNKNOWN_ACCOUNT, command, ", ".join(f"{a.name} ({a.key})" for a in like[:10]))
    names = {fold(a.name): a for a in found}
    near = get_close_matches(wanted, names, 1, 0.6)
    raise declined(Why.UNKNOWN_ACCOUNT, command, proposal=names[near[0]].name if near else "")


def add(hearing: Hearing, command: Command, standing: Standing) -> Deed:
    """From here on they receive what an agent writes to the customer; an agent is told what happens on it."""
    ticket = standing.ticket
    ours = next((address for address in command.addresses if is_desk(address, hearing.policy)), None)
    if ours is not None:
        raise declined(Why.OURS, command, ours)
    agents = {address: found for address in command.addresses if (found := hearing.policy.agent(address))}
    known = {p.address for p in ticket.participants if p.role != "third_party"}
    watching = [a for a in agents.values() if a.addresses[0] not in known and a.handle != ticket.assignee]
    new = [address for address in command.addresses if address not in known and address not in agents]
    if not new and not watching:
        return already(command, standing)
    name = command.words if len(command.addresses) == 1 else ""
    added = [
        *(AddParticipant(ticket=ticket.id, address=a, name=name, role="added") for a in new),
        *(
            AddParticipant(ticket=ticket.id, address=a.addresses[0], name=a.name, role=WATCHER)
            for a in watching
        ),
    ]
    people = tuple(p for p in ticket.participants if p.address not in {one.address for one in added})
    more = tuple(_participant(one) for one in added)
    return Deed(
        verb=command.verb,
        ticket=ticket.id,
        said="added",
        after=replace(standing, ticket=replace(ticket, participants=(*people, *more))),
        actions=(*added, history(hearing, standing, "added", addresses=[one.address for one in added])),
        detail={"addresses": new, "watchers": [a.name or a.handle for a in watching]},
    )


def _participant(one: AddParticipant) -> Participant:
    return Participant(address=one.address, name=one.name, role=one.role)

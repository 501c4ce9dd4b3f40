"""The one door: an agent's mail with everything known about it goes in, what is done comes out.

All or nothing: one fault anywhere, and nothing of the mail is carried out or sent. Then the agent is told
what was wrong, with their text, and a yes suffices. Whatever happens, the mail is recorded on its ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from daemon.core.actions import Action, QueueMail, SettleHeld
from daemon.core.commands import having, joining, money, refusing, speaking, states, undoing
from daemon.core.commands.answering import heard
from daemon.core.commands.deed import Deed
from daemon.core.commands.hearing import Declined, Hearing, Proof, Standing
from daemon.core.commands.receipts import receipt
from daemon.core.commands.rights import forbidden, needs_yes
from daemon.core.commands.values import Command, Fault, Verb, Why
from daemon.core.recipients import is_desk
from daemon.core.values import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something to be shown to the agent: show, explain, customer, list or help. `tickets` are numbers;
    `scope`: whose a list shows."""

    verb: Verb
    tickets: tuple[int, ...] = ()
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBehalf:
    """`pour`: this mail opens a ticket of that customer, with what was forwarded."""

    address: Address
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What follows from an agent's mail.

    reads      ticket id -> version of what it was judged from
    faults     why nothing was done; empty: everything was
    retargeted tickets whose promises may have moved: the customer is told of what became later
    """

    actions: tuple[Action, ...]
    reads: Mapping[int, int]
    faults: tuple[Fault, ...] = ()
    deeds: tuple[Deed, ...] = ()
    retargeted: tuple[int, ...] = ()
    asked: tuple[Asked, ...] = ()
    on_behalf: OnBehalf | None = None


_Handler = Callable[[Hearing, Command, Standing], Deed]
_HANDLERS: Final[dict[Verb, _Handler]] = {
    Verb.TAKE: having.take,
    Verb.RELEASE: having.release,
    Verb.ASSIGN: having.assign,
    Verb.CALL: money.log_call,
    Verb.PRIORITY: states.prioritise,
    Verb.ACCOUNT: joining.attach,
    Verb.ADD: joining.add,
    Verb.RESOLVE: states.resolve,
    Verb.CLOSE: states.close,
    Verb.REOPEN: states.reopen,
    Verb.SPAM: states.discard,
    Verb.WAIT: states.wait,
    Verb.UNDO: undoing.undo,
    Verb.CREDIT: money.decide_credit,
    Verb.LINK: joining.link,
    Verb.SPLIT: joining.split,
    Verb.ERASE: money.erase,
    Verb.MERGE: joining.merge,
}
"""In the order in which they are done, whatever their order in the mail: meet, change priority, change state,
start and pause (sla.md, "Which instant counts"); a merge comes last, for it changes which ticket is meant."""

_SHOWN: Final = (Verb.SHOW, Verb.EXPLAIN, Verb.CUSTOMER, Verb.LIST, Verb.HELP)
_ORDER: Final = {verb: position for position, verb in enumerate((*_HANDLERS, Verb.HOURS, *_SHOWN))}
_OF_THE_DESK: Final = frozenset({Verb.HOURS, Verb.LIST, Verb.HELP, Verb.FOR, Verb.NOTE})
"""Commands that need no ticket."""
_NO_WORDS_WITH: Final = frozenset({Verb.SPAM, Verb.ERASE})


def judge(hearing: Hearing) -> Ruling:
    """What this mail does, or why it does nothing."""
    answer = heard(hearing)
    case = answer.hearing
    settles: tuple[Action, ...] = ()
    if answer.settles and case.held is not None:
        by = hearing.agent.handle
        settles = (SettleHeld(cause=case.held.cause, how=answer.settles, at=hearing.at, by=by),)
    kept = speaking.record(hearing, refused=True)
    reads = _reads(case)
    faults = (answer.fault,) if answer.fault is not None else (*case.reply.faults, *_forbidden(case))
    if faults:
        return Ruling(actions=(*kept, *refusing.refuse(case, faults)), reads=reads, faults=faults)
    if any(needs_yes(case, command) for command in case.reply.commands):
        return Ruling(actions=(*kept, *refusing.ask(case)), reads=reads)
    try:
        ruling = _carry_out(case, reads)
    except Declined as declined:
        faults = (declined.fault,)
        return Ruling(actions=(*kept, *refusing.refuse(case, faults)), reads=reads, faults=faults)
    if ruling.faults:
        held = refusing.refuse(case, ruling.faults)
        return Ruling(actions=(*kept, *held), reads=reads, faults=ruling.faults)
    return replace(ruling, actions=(*speaking.record(hearing), *settles, *ruling.actions))


def _forbidden(hearing: Hearing) -> tuple[Fault, ...]:
    reply = hearing.reply
    found = [fault for command in reply.commands if (fault := forbidden(hearing, command)) is not None]
    if found:
        return tuple(found)
    speaks = states.speaks(hearing)
    told = speaks or (hearing.about == "update" and bool(reply.words.strip()))
    if told and (hearing.denied or (hearing.proof is Proof.NONE and not hearing.confirmed)):
        return (Fault(why=Why.NOT_PROVEN),)
    for command in reply.commands:
        if command.verb is Verb.FOR and _is_ours(hearing, command.addresses[0]):
            why, address = Why.OURS, command.addresses[0]
            return (Fault(why=why, line=command.line, said=command.said, detail=address),)
        if speaks and command.verb in _NO_WORDS_WITH:
            return (Fault(why=Why.CONTRADICTION, line=command.line, said=command.said, detail="text"),)
        if not hearing.on(command) and command.verb not in _OF_THE_DESK:
            return (Fault(why=Why.NO_TICKET, line=command.line, said=command.said),)
        missing = next((n for n in command.tickets if n not in _known(hearing)), None)
        if missing is not None:
            return (Fault(why=Why.UNKNOWN_TICKET, line=command.line, said=command.said, detail=str(missing)),)
        if command.verb in {Verb.MERGE, Verb.LINK} and hearing.standing is None:
            return (Fault(why=Why.NO_TICKET, line=command.line, said=command.said),)
    return ()


def _is_ours(hearing: Hearing, address: str) -> bool:
    """No ticket of a customer is the desk's own or an agent's."""
    return is_desk(address, hearing.policy) or hearing.policy.agent(address) is not None


def _known(hearing: Hearing) -> dict[int, Standing]:
    own = hearing.standing
    return {**({own.ticket.id: own} if own is not None else {}), **hearing.others}


def _reads(hearing: Hearing) -> dict[int, int]:
    named = {number for command in hearing.reply.commands for number in hearing.on(command)}
    known = _known(hearing)
    found = [known[number] for number in named if number in known]
    own = [hearing.standing] if hearing.standing is not None else []
    return {one.ticket.id: one.ticket.version for one in (*own, *found)}


def _carry_out(hearing: Hearing, reads: dict[int, int]) -> Ruling:
    commands = sorted(hearing.reply.commands, key=lambda c: _ORDER.get(c.verb, len(_ORDER)))
    deeds = _done(hearing, [c for c in commands if c.verb in _HANDLERS])
    hours = [money.declare_hours(hearing, c) for c in commands if c.verb is Verb.HOURS]
    news = [speaking.news(hearing, c) for c in commands if c.verb is Verb.PUBLIC]
    spoken, faults = speaking.spoken(hearing, deeds)
    everything = (*deeds, *hours)
    actions = [*(a for deed in everything for a in deed.actions), *(a for n in news for a in n), *spoken]
    spoke = any(isinstance(a, QueueMail) and a.context.get("text") for a in spoken)
    told = receipt(hearing, everything, spoke=spoke)
    own = hearing.standing.ticket.id if hearing.standing is not None else None
    return Ruling(
        actions=(*actions, *told),
        reads=reads,
        faults=faults,
        deeds=everything,
        retargeted=tuple(dict.fromkeys(d.ticket for d in deeds if d.retargets and d.ticket is not None)),
        asked=tuple(
            Asked(verb=c.verb, tickets=c.tickets or ((own,) if own else ()), scope=c.words)
            for c in commands
            if c.verb in _SHOWN
        ),
        on_behalf=_on_behalf(hearing, commands),
    )


def _done(hearing: Hearing, commands: Sequence[Command]) -> list[Deed]:
    """Each on the ticket as the commands before it left it."""
    standings = _known(hearing)
    deeds: list[Deed] = []
    for command in commands:
        whole = command.verb in {Verb.MERGE, Verb.LINK}  # it names the other side
        own = hearing.standing
        for number in (own.ticket.id,) if whole and own is not None else hearing.on(command):
            current = replace(hearing, others=standings)
            deed = _HANDLERS[command.verb](current, command, standings[number])
            deeds.append(deed)
            after = deed.after
            if after is not None:
                same = [n for n, one in standings.items() if one.ticket.id == after.ticket.id]
                standings |= dict.fromkeys(same, after)
            if command.verb is Verb.CREDIT and deed.detail["amount"]:
                standings = money.given(standings, standings[number], deed)
    return deeds


def _on_behalf(hearing: Hearing, commands: Sequence[Command]) -> OnBehalf | None:
    command = next((c for c in commands if c.verb is Verb.FOR), None)
    if command is None:
        return None
    words = hearing.held.words if hearing.confirmed and hearing.held is not None else hearing.reply.words
    return OnBehalf(address=Address(address=command.addresses[0], name=command.words), words=words)

"""A mail that is not carried out: what is kept of it, and what a yes to the answer would do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from daemon.core.actions import Action, HoldMail
from daemon.core.commands.caution import cautions
from daemon.core.commands.hearing import Hearing
from daemon.core.commands.receipts import question, refusal
from daemon.core.commands.rights import for_managers
from daemon.core.commands.states import speaks
from daemon.core.commands.values import Command, Fault, Why
from daemon.core.commands.writing import written

CAUTIONS: Final = frozenset(
    {
        Why.COLLISION,
        Why.GREETING,
        Why.ATTACHMENT,
        Why.OTHER_TICKET,
        Why.OTHER_ADDRESS,
        Why.DOUBTFUL_CUT,
        Why.WITHIN_LINE,
    }
)
"""Nothing is wrong with the commands: a yes means as it stands."""

_NEVER: Final = frozenset({Why.NOT_PROVEN, Why.TOO_MANY, Why.UNREACHABLE, Why.SETTLED, Why.NOTHING_ASKED})
"""No yes helps: whoever wrote it may not be the agent, or there is nothing that could be done."""


def refuse(hearing: Hearing, faults: Sequence[Fault]) -> tuple[Action, ...]:
    """The text goes back to the agent. Where a short answer can repair it, the mail is held for that. All
    reasons are told at once: a slip must not hide the wrong name in the greeting."""
    standing = hearing.standing
    if standing is not None and speaks(hearing) and not hearing.confirmed:
        seen = {fault.why for fault in faults}
        words = hearing.reply.words
        faults = (*faults, *(f for f in cautions(hearing, standing, words) if f.why not in seen))
    whys = {fault.why for fault in faults}
    if whys & _NEVER or hearing.confirmed:
        return (refusal(hearing, faults, None, None, held=None),)
    yes, send = _yes(hearing, faults), _send(hearing, faults)
    if yes is None and send is None:
        return (refusal(hearing, faults, None, None, held=None),)
    hold = _hold(hearing, yes, send, managers=False)
    return hold, refusal(hearing, faults, yes, send, held=hold.cause)


def ask(hearing: Hearing) -> tuple[Action, ...]:
    """Done when a yes has come back to the agent's own address."""
    commands = hearing.reply.commands
    yes = _written(hearing, commands)
    managers = any(for_managers(hearing, command) for command in commands)
    hold = _hold(hearing, yes, None, managers=managers)
    return hold, question(hearing, commands, yes, hold.cause)


def _yes(hearing: Hearing, faults: Sequence[Fault]) -> tuple[str, ...] | None:
    """The mail as it was meant: every fault is one that a proposal mends."""
    if any(fault.mended is None and fault.why not in CAUTIONS for fault in faults):
        return None
    mended = [*hearing.reply.commands, *(f.mended for f in faults if f.mended is not None)]
    return _written(hearing, sorted(mended, key=lambda command: command.line))


def _send(hearing: Hearing, faults: Sequence[Fault]) -> tuple[str, ...] | None:
    """The words and what is right of the commands, without what is wrong."""
    if not speaks(hearing) or hearing.standing is None:
        return None
    wrong = {(f.line, f.said) for f in faults if f.why not in CAUTIONS}
    clash = {f.detail for f in faults if f.why is Why.CONTRADICTION}
    right = [c for c in hearing.reply.commands if (c.line, c.said) not in wrong and c.said not in clash]
    return _written(hearing, right)


def _written(hearing: Hearing, commands: Collection[Command]) -> tuple[str, ...]:
    language = hearing.policy.language.value
    return tuple(written(command, hearing.zone, language) for command in commands)


def _hold(
    hearing: Hearing, yes: tuple[str, ...] | None, send: tuple[str, ...] | None, *, managers: bool
) -> HoldMail:
    return HoldMail(
        cause=f"held:{hearing.cause}",
        ticket=hearing.standing.ticket.id if hearing.standing is not None else None,
        agent=hearing.agent.handle,
        at=hearing.at,
        words=hearing.reply.words if speaks(hearing) or hearing.standing is None else "",
        yes=yes,
        send=send,
        attachments=hearing.attachments,
        managers=managers,
    )

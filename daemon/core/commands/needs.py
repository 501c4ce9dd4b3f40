"""What the store has to be asked before an agent's mail can be judged."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.core.commands.values import Reply, Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """`tickets`: numbers to give a `Standing` for; `accounts`: words to find accounts by (key, name, or a
    part of it); `addresses`: of customers for whom a ticket is opened."""

    tickets: tuple[int, ...] = ()
    accounts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def needs(*replies: Reply) -> Needs:
    """The facts that the commands of a mail ask for, those that a yes would mend included. Where it answers a
    held one, that one's are asked for too (`answering.read_held`)."""
    commands = [c for reply in replies for c in reply.commands]
    commands += [f.mended for reply in replies for f in reply.faults if f.mended is not None]
    return Needs(
        tickets=tuple(dict.fromkeys(number for c in commands for number in c.tickets)),
        accounts=tuple(dict.fromkeys(c.words for c in commands if c.verb is Verb.ACCOUNT)),
        addresses=tuple(dict.fromkeys(a for c in commands if c.verb is Verb.FOR for a in c.addresses)),
    )

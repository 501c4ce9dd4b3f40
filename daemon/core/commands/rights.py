"""Who may do what (mail.md, "Who may"): who wrote the mail and how that is proven, in three tiers.

Reading and replying, and changing a ticket, take an agent's token for that ticket, or the authenticated From.
Money, erasing, declared hours and merges across accounts are for managers, and asked once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.core.commands.hearing import Hearing, Proof, Standing
from daemon.core.commands.values import Command, Fault, Verb, Why
from daemon.core.policy import Agent, Policy
from daemon.core.values import Claim, ClaimKind

_MANAGERS: Final = frozenset({Verb.CREDIT, Verb.ERASE, Verb.HOURS})
_WITHOUT_TOKEN: Final = frozenset({Verb.LIST, Verb.FOR})
"""Mail that answers nothing holds no token; it is carried out when a yes has come back."""
_HARMLESS: Final = frozenset({Verb.HELP, Verb.NOTE})


def who(address: str, policy: Policy) -> Agent | None:
    """The agent with this address or alias. Escalation addresses are managers without a handle."""
    agent = policy.agent(address)
    if agent is None and address in policy.escalation:
        return Agent(name="", handle=address, addresses=(address,), manager=True)
    return agent


def addresses_of(address: str, policy: Policy) -> tuple[str, ...]:
    """Every address of the agent who has this one; of anybody else this one alone."""
    agent = who(address, policy)
    return agent.addresses if agent is not None else (address,)


def proof(claims: Sequence[Claim], ticket: int | None, *, authenticated: bool) -> tuple[Proof, str]:
    """How far a mail proves its agent, and the purpose of its token. A token for somebody else, or for
    another ticket, proves nothing. Token claims name ticket 0 where the mail was about many."""
    held = [c for c in claims if c.kind is ClaimKind.TOKEN and c.for_sender and c.purpose in _PURPOSES]
    own = next((c for c in held if c.ticket == ticket), None) if ticket is not None else None
    wide = next((c for c in held if c.ticket == 0), None)
    best = own or wide
    purpose = best.purpose if best is not None else ""
    if authenticated:
        return Proof.AUTHENTICATED, purpose
    if own is not None:
        return Proof.TOKEN, purpose
    return (Proof.DESK_TOKEN if wide is not None else Proof.NONE), purpose


_PURPOSES: Final = frozenset({"agent", "command", "confirm"})


def forbidden(hearing: Hearing, command: Command) -> Fault | None:
    """Why this agent may not have this done, or None."""
    if command.verb in _HARMLESS:
        return None
    if hearing.denied:
        return _fault(Why.NOT_PROVEN, command)
    if hearing.proof is Proof.NONE and command.verb not in _WITHOUT_TOKEN and not hearing.confirmed:
        return _fault(Why.NOT_PROVEN, command)
    if command.verb is Verb.PUBLIC and hearing.purpose == "command":
        return _fault(Why.TEXT_NOT_ALLOWED, command)
    if for_managers(hearing, command) and not hearing.agent.manager:
        return _fault(Why.NOT_ALLOWED, command)
    return None


def needs_yes(hearing: Hearing, command: Command) -> bool:
    """Whether it is asked once more before it is done, at the agent's configured address."""
    if hearing.confirmed or command.verb in _HARMLESS:
        return False
    if for_managers(hearing, command) or hearing.proof is Proof.NONE:
        return True
    own = hearing.standing.ticket.id if hearing.standing is not None else None
    elsewhere = any(number != own for number in command.tickets)
    return hearing.proof is Proof.TOKEN and elsewhere


def for_managers(hearing: Hearing, command: Command) -> bool:
    if command.verb is not Verb.MERGE:
        return command.verb in _MANAGERS
    found = [hearing.standing, *(hearing.others.get(number) for number in command.tickets)]
    tickets = [standing for standing in found if standing is not None]
    return any(_apart(tickets[0], other) for other in tickets[1:])


def _apart(one: Standing, other: Standing) -> bool:
    """Two customers: of different accounts, or two strangers."""
    if one.ticket.account is None and other.ticket.account is None:
        return one.ticket.requester != other.ticket.requester
    return one.ticket.account != other.ticket.account


def _fault(why: Why, command: Command) -> Fault:
    return Fault(why=why, line=command.line, said=command.said)

"""Who receives a mail of ours (mail.md, "Who receives"; contract, "Headers of every mail we send").

One row of the outbox is one reader, so the answer is always a list of addresses, each once. `TABLE` says
which audience a kind has. An audience may be empty: an answer that nobody can receive is refused to the agent
at once, an automatic mail is not written.

What no row can do: write to the desk itself, to an address behind which nobody reads, to the one that failed,
or show an agent's words to anybody outside the ticket's customers and those whom its requester copied.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.core.policy import Policy
from daemon.core.robots import nobody_reads
from daemon.core.values import Participant

REQUESTER: Final = "requester"
"""Roles on a ticket. `added`: by an agent's #ajouter. A third party may speak and is never written to."""

WATCHER: Final = "watcher"
"""The role of an agent who reads along what happens on a ticket that another has (#ajouter sam)."""

_OF_THE_CONVERSATION: Final = frozenset({REQUESTER, "colleague", "cc", "added"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Everybody around one mail.

    people      the ticket's participants, the requester among them
    copied      whom the requester's own mail had in To and Cc; the caller leaves it empty where the receiving
                server did not vouch for that mail, for a forged one would add its writer
    assignee    handle of the agent who has the ticket
    agent       address of the one agent that this mail is about (whose command it answers)
    suppressed  addresses that hard bounces have shown to take no mail
    failed      the address whose failing this mail tells of
    desk_wide   it is about the desk and no ticket
    last_resort nobody has answered yet: `escalation` joins in
    """

    policy: Policy
    people: Sequence[Participant] = ()
    copied: Sequence[str] = ()
    assignee: str | None = None
    agent: str = ""
    suppressed: Collection[str] = frozenset()
    failed: str = ""
    desk_wide: bool = False
    last_resort: bool = False


def _requester(c: Circle) -> Iterable[str]:
    return [p.address for p in c.people if p.role == REQUESTER]


def _conversation(c: Circle) -> Iterable[str]:
    return [*(p.address for p in c.people if p.role in _OF_THE_CONVERSATION), *c.copied]


def _agents(c: Circle) -> list[str]:
    return [a.addresses[0] for a in c.policy.agents]


def _managers(c: Circle) -> list[str]:
    return list(c.policy.managers) or _agents(c)


def _named_agent(c: Circle) -> Iterable[str]:
    """The agent's configured address, never the one that stands in From (it may be forged)."""
    found = c.policy.agent(c.agent)
    return [found.addresses[0]] if found is not None else []


def _in_charge(c: Circle) -> list[str]:
    """Who has the ticket, else all agents; managers where there are no agents."""
    assigned = [a.addresses[0] for a in c.policy.agents if a.handle == c.assignee]
    return assigned or _agents(c) or _managers(c)


def _following(c: Circle) -> list[str]:
    """With those who watch it, for as long as they are agents."""
    watching = (p.address for p in c.people if p.role == WATCHER and c.policy.agent(p.address) is not None)
    return [*_in_charge(c), *watching]


def _told(c: Circle) -> Iterable[str]:
    return _managers(c) if c.desk_wide else _in_charge(c)


def _everybody_here(c: Circle) -> Iterable[str]:
    return [*_agents(c), *_managers(c)]


def _alarmed(c: Circle) -> Iterable[str]:
    return [*_agents(c), *c.policy.oncall, *(c.policy.escalation if c.last_resort else ())]


_Audience = Callable[[Circle], Iterable[str]]

CUSTOMERS: Final[dict[str, _Audience]] = {
    "ack": _requester,
    "status-update": _requester,
    "reminder": _requester,
    "closed": _requester,
    "credit": _requester,
    "reply": _conversation,
    "resolved": _conversation,
}
TEAM: Final[dict[str, _Audience]] = {
    "notification": _following,
    "transcript": _named_agent,
    "confirm": _named_agent,
    "digest": _everybody_here,
    "escalation": _told,
    "alarm": _alarmed,
    "breach": _managers,
    "proposal": _managers,
    "statement": _managers,
    "notice": _told,
}
TABLE: Final = CUSTOMERS | TEAM


def recipients(kind: str, circle: Circle) -> tuple[str, ...]:
    """The addresses that a mail of this kind goes to, each once, in the order of the table. Raises KeyError
    for a kind that the contract does not know."""
    audience = dict.fromkeys(address for address in TABLE[kind](circle) if address)
    allowed = _may_get if kind in CUSTOMERS else _may_be_told
    return tuple(address for address in audience if allowed(address, circle))


def is_desk(address: str, policy: Policy) -> bool:
    """The desk's own address, with or without a plus part."""
    local, _, domain = address.lower().rpartition("@")
    own, _, home = policy.desk_address.rpartition("@")
    return (local.partition("+")[0], domain) == (own, home)


def _may_be_told(address: str, c: Circle) -> bool:
    """Agents' and escalation addresses are written to even when mail to them has bounced: the desk would fall
    silent. Only of its own failing nobody is told."""
    return address != c.failed and not is_desk(address, c.policy)


def _may_get(address: str, c: Circle) -> bool:
    """Agents read what a customer gets in their notification; the phone system reads nothing."""
    if not _may_be_told(address, c) or address in c.suppressed or nobody_reads(address):
        return False
    return c.policy.agent(address) is None and not _is_phone_system(address, c.policy)


def _is_phone_system(address: str, policy: Policy) -> bool:
    return any(
        address == sender or (sender.startswith("@") and address.endswith(sender))
        for sender in policy.voicemail_senders
    )

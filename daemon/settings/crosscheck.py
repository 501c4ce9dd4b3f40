"""What only shows when several keys are seen together: faults that no single key has, and warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from daemon.settings.faults import Fault
from daemon.settings.judging import Location, Source
from daemon.settings.model import AGENTS, Agent, Desk, Imap, Section, Smtp

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def faults(sections: Mapping[str, Section], agents: Mapping[int, Agent], source: Source) -> list[Fault]:
    """Faults among the sections and agents that are right by themselves; the others are told already."""
    desk, imap = sections.get("desk"), sections.get("imap")
    found = list(_twice(agents, source))
    if isinstance(desk, Desk):
        found += _own_address(desk, agents, source)
    if isinstance(imap, Imap):
        found += _folders(imap, source)
    return found


def warnings(desk: Desk, imap: Imap, smtp: Smtp, agents: tuple[Agent, ...]) -> tuple[str, ...]:
    """What works and still deserves attention, one line each."""
    addresses = {address for agent in agents for address in agent.addresses}
    found = [
        f"desk.oncall: {address} is no agent's address or alias, so nothing that it answers is carried out"
        for address in desk.oncall
        if address not in addresses
    ]
    if not agents:
        found.append("agents: there is no [[agents]] table, so nobody is told of a ticket")
    if not desk.escalation and not any(agent.manager for agent in agents):
        found.append("desk.escalation: empty, and no agent has manager = true: nobody is told of a breach")
    if not desk.phone:
        found.append("desk.phone: empty, so nobody is told of the voice mailbox that paid plans include")
    if not imap.trusted_authserv:
        found.append("imap.trusted_authserv: empty, so no sender counts as authenticated")
    found += [
        f"{section}.tls: none, so mail and password go to {host} in clear"
        for section, tls, host in (("imap", imap.tls, imap.host), ("smtp", smtp.tls, smtp.host))
        if tls == "none" and host not in _LOOPBACK
    ]
    return tuple(found)


def _twice(agents: Mapping[int, Agent], source: Source) -> Iterator[Fault]:
    handles: dict[str, int] = {}
    holders: dict[str, int] = {}
    for index, agent in agents.items():
        first = handles.setdefault(agent.handle, index)
        if first != index:
            expected = f"expected a handle of its own, agent {first + 1} has this one"
            yield source.fault((AGENTS, index, "handle"), agent.handle, expected)
        for key, address in [("address", agent.address), *(("aliases", alias) for alias in agent.aliases)]:
            first = holders.setdefault(address, index)
            if first != index:
                expected = f"expected an address that no other agent has, agent {first + 1} has this one"
                yield source.fault((AGENTS, index, key), address, expected)


def _own_address(desk: Desk, agents: Mapping[int, Agent], source: Source) -> Iterator[Fault]:
    """Mail of ours to ourselves would be a loop."""
    expected = "expected another address than that of the desk itself"
    places: list[tuple[Location, tuple[str, ...]]] = [
        (("desk", "escalation"), desk.escalation),
        (("desk", "oncall"), desk.oncall),
    ]
    for index, agent in agents.items():
        places += [
            ((AGENTS, index, "address"), (agent.address,)),
            ((AGENTS, index, "aliases"), agent.aliases),
        ]
    for where, addresses in places:
        if desk.address in addresses:
            yield source.fault(where, desk.address, expected)


def _folders(imap: Imap, source: Source) -> Iterator[Fault]:
    """A mail that was dealt with must leave the folder that is read. INBOX is the one folder name whose case
    does not count (RFC 9051 section 5.1)."""
    seen: dict[str, str] = {}
    for key in ("mailbox", "processed", "quarantine", *(("sent",) if imap.sent else ())):
        written = str(getattr(imap, key))
        name = "INBOX" if written.upper() == "INBOX" else written
        first = seen.setdefault(name, key)
        if first != key:
            yield source.fault(("imap", key), written, f"expected another folder than imap.{first}")

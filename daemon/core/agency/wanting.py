"""What the store is asked before an agent's mail can be judged: what its commands name, read in both ways in
which they may be meant, for whether they answer a notification is known only with the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.commands.answering import read_held
from daemon.core.commands.needs import needs
from daemon.core.commands.people import addresses_in
from daemon.core.commands.reading import read_reply
from daemon.core.commands.rights import who
from daemon.core.commands.values import Reply, Setting, Verb
from daemon.core.facts import Lookup, Snapshot
from daemon.core.policy import Agent, Policy
from daemon.core.values import Mail, MailClass

MOST_AWAY: Final = 500
"""Tickets that one absence gives back."""

_LISTING: Final = frozenset({Verb.LIST, Verb.CUSTOMER})
_PERSONAL_SIGNS: Final = frozenset({"spam-flag", "auto-response-suppress"})
_NO_WORDS: Final = frozenset({MailClass.BOUNCE, MailClass.LOOP, MailClass.VOICEMAIL})


def setting(agent: Agent, policy: Policy, at: datetime, *, bare: bool) -> Setting:
    return Setting(
        now=at, zone=ZoneInfo(policy.timezone), agents=policy.agents, agent=agent.handle, bare=bare
    )


def writer(mail: Mail, policy: Policy) -> Agent | None:
    """The agent, or the escalation address, whom this mail is from; None: it is a customer's, or nobody's
    own words."""
    return None if mail.mail_class in _NO_WORDS else who(mail.from_.address, policy)


def is_automatic(mail: Mail) -> bool:
    """A program answered in the agent's name. What a provider or a mail program puts on a person's mail does
    not make it one."""
    return mail.mail_class is MailClass.AUTO_REPLY and not _PERSONAL_SIGNS.issuperset(mail.signs)


def wanted(lookup: Lookup, mail: Mail, words: str, policy: Policy, at: datetime) -> Lookup:
    """The lookup of an agent's mail with all that its `words` may ask for; of any other mail as it is."""
    agent = writer(mail, policy)
    if agent is None:
        return lookup
    own = replace(lookup, agent=True, tickets=tuple(number for number in lookup.tickets if number))
    if is_automatic(mail):
        return replace(own, listing=policy.away_on_autoreply)
    replies = [read_reply(words, setting(agent, policy, at, bare=bare)) for bare in (False, True)]
    return replace(_with(own, replies), named=addresses_in(words))


def wanted_still(
    lookup: Lookup, snapshot: Snapshot, mail: Mail, policy: Policy, at: datetime
) -> Lookup | None:
    """What a first answer shows to be needed too: the tickets of a held mail that this one answers, those of
    an agent who is away. None: nothing more."""
    agent = writer(mail, policy)
    if agent is None:
        return None
    more = lookup
    if is_automatic(mail):
        theirs = [one.ticket.id for one in snapshot.listing if one.ticket.assignee == agent.handle]
        more = replace(more, tickets=_joined(more.tickets, theirs[:MOST_AWAY]))
    elif snapshot.held is not None:
        held = snapshot.held
        again = setting(agent, policy, at, bare=True)
        more = _with(more, [read_held([*(held.yes or ()), *(held.send or ())], again)])
    return None if more == lookup else more


def _with(lookup: Lookup, replies: Sequence[Reply]) -> Lookup:
    found = needs(*replies)
    commands = [c for reply in replies for c in reply.commands]
    mended = [f.mended for reply in replies for f in reply.faults if f.mended is not None]
    return replace(
        lookup,
        tickets=_joined(lookup.tickets, found.tickets),
        accounts=tuple(dict.fromkeys([*lookup.accounts, *found.accounts])),
        customers=tuple(dict.fromkeys([*lookup.customers, *found.addresses])),
        listing=lookup.listing or any(c.verb in _LISTING for c in (*commands, *mended)),
    )


def _joined(some: Sequence[int], more: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys([*some, *more]))

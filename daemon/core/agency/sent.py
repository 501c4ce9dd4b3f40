"""A mail in the Sent folder of the desk's mailbox: an agent has written to a customer with a mail program of
their own. Only who has the mailbox's password can file it there, so it counts as authenticated; nothing is
carried out or answered, and of what is about no ticket only that it was seen is kept."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core.actions import Decision
from daemon.core.agency.direct import as_reply
from daemon.core.agency.listening import hear
from daemon.core.agency.wanting import is_automatic, writer
from daemon.core.commands.judging import Ruling
from daemon.core.facts import Snapshot
from daemon.core.inbound import Inbound, record
from daemon.core.keeping import kept
from daemon.core.policy import Agent, Policy
from daemon.core.recipients import is_desk
from daemon.core.values import Disposition, Mail, MailClass

RULE: Final = "sent by an agent's own program"
_DESK: Final = "desk"
_OWN: Final = "desk-address"
"""The sign of a mail from the desk's own address, which is why it was taken for a loop."""


def author(mail: Mail, policy: Policy) -> Agent | None:
    """Who wrote this mail of the Sent folder: the agent in From; where the desk's own address stands there,
    the agent of that name, else the desk, which takes no ticket. None: nobody of ours, or a program."""
    if mail.from_.address != policy.desk_address:
        return None if is_automatic(mail) else writer(mail, policy)
    if mail.mail_class is MailClass.LOOP and set(mail.signs) != {_OWN}:
        return None
    named = [agent for agent in policy.agents if _same(agent.name, mail.from_.name)]
    if len(named) == 1:
        return named[0]
    return Agent(name=mail.from_.name, handle=_DESK, addresses=(policy.desk_address,))


def concerns(inbound: Inbound, policy: Policy) -> bool:
    """Whether it may be an answer to a customer at all. Providers file there what the desk itself sends, some
    under another Message-ID: its Reply-To tells it."""
    mail = inbound.mail
    if not isinstance(mail, Mail) or inbound.ours or any(_is_token(a.address, policy) for a in mail.reply_to):
        return False
    return author(mail, policy) is not None


def on_sent(inbound: Inbound, snapshot: Snapshot, policy: Policy, now: datetime) -> Decision:
    """Recorded on its ticket as our reply at its arrival, where a customer of the ticket was among its
    readers. Raises ValueError for a mail that concerns nobody (`concerns`)."""
    mail = inbound.mail
    agent = author(mail, policy) if isinstance(mail, Mail) else None
    if not isinstance(mail, Mail) or agent is None:
        raise ValueError("no agent wrote this mail")
    if snapshot.duplicate:
        return Decision(actions=(record(inbound, Disposition.DUPLICATE, "duplicate"),))
    heard = hear(inbound, mail, agent, snapshot, policy, now, filed=True)
    own = heard.hearing.standing
    if own is None or not heard.readers or not inbound.words.strip():
        row = record(inbound, Disposition.RECORDED, f"{RULE}, about no ticket")
        return Decision(actions=(replace(row, raw=b"", subject=""),))
    said = as_reply(heard, Ruling(actions=(), reads={}), mail, takes=agent.handle != _DESK)
    row = record(inbound, Disposition.MESSAGE, RULE, ticket=own.ticket.id)
    decision = Decision(actions=(row, *said), reads={own.ticket.id: own.ticket.version})
    return kept(decision, snapshot.dossiers, policy, snapshot.declared)


def _is_token(address: str, policy: Policy) -> bool:
    return is_desk(address, policy) and "+" in address


def _same(one: str, other: str) -> bool:
    return bool(one) and _plain(one) == _plain(other)


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())

"""The agents' door: a mail from an agent's or an escalation address goes in with everything known about it, a
`Decision` comes out.

No agent's mail opens a ticket, but one that says for whom (`pour`). Whatever it is, it is recorded once: on
its ticket where it has one, and where it could not be carried out its text goes back to the agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from daemon.core.actions import NEW, Action, Decision, RecordMail
from daemon.core.agency import absence, direct, on_behalf
from daemon.core.agency.consequences import consequences
from daemon.core.agency.listening import Heard, hear
from daemon.core.agency.showing import shown
from daemon.core.agency.wanting import is_automatic, writer
from daemon.core.commands.hearing import Hearing
from daemon.core.commands.judging import Ruling, judge
from daemon.core.commands.refusing import refuse
from daemon.core.commands.values import Fault, Why
from daemon.core.facts import Snapshot
from daemon.core.inbound import Inbound, record
from daemon.core.keeping import kept
from daemon.core.policy import Agent, Policy
from daemon.core.values import Disposition, Mail

RULE: Final = "an agent's mail"


def on_agent_mail(inbound: Inbound, snapshot: Snapshot, policy: Policy, now: datetime) -> Decision:
    """Everything that follows from a mail that an agent wrote. `inbound.words` are their own
    (`mail.agent_reply`). Raises ValueError for a mail of anybody else."""
    mail, agent = _who(inbound, policy)
    heard = hear(inbound, mail, agent, snapshot, policy, now)
    hearing = heard.hearing
    ruling = judge(hearing)
    actions = on_behalf.with_findings(hearing, ruling.actions, inbound.findings)
    if _came_to_nothing(hearing, ruling):
        actions = _without_ticket(hearing, snapshot)
    elif direct.counts(heard):
        actions = direct.as_reply(heard, ruling, mail)
    actions = (_row(inbound, heard, ruling), *actions)
    if ruling.on_behalf is not None:
        actions += on_behalf.opened_for(hearing, ruling.on_behalf, inbound, mail, snapshot)
    actions += shown(hearing, ruling.asked, snapshot)
    actions += tuple(consequences(hearing, ruling, actions, snapshot))
    decision = Decision(actions=actions, reads=dict(ruling.reads))
    return kept(decision, snapshot.dossiers, policy, snapshot.declared)


def on_agent_away(inbound: Inbound, snapshot: Snapshot, policy: Policy, now: datetime) -> Decision:
    """Everything that follows from a mail that a program sent in an agent's name. One that merely carries a
    provider's mark is theirs. Raises ValueError for a mail of anybody else."""
    mail, agent = _who(inbound, policy)
    if not is_automatic(mail):
        return on_agent_mail(inbound, snapshot, policy, now)
    decision = absence.on_automatic(inbound, mail, agent, snapshot, policy, now)
    return kept(decision, snapshot.dossiers, policy, snapshot.declared)


def _who(inbound: Inbound, policy: Policy) -> tuple[Mail, Agent]:
    mail = inbound.mail
    agent = writer(mail, policy) if isinstance(mail, Mail) else None
    if not isinstance(mail, Mail) or agent is None:
        raise ValueError("no agent wrote this mail")
    return mail, agent


def _row(inbound: Inbound, heard: Heard, ruling: Ruling) -> RecordMail:
    reason = f"{RULE}, not carried out: {ruling.faults[0].why.value}" if ruling.faults else RULE
    own = heard.hearing.standing
    if ruling.on_behalf is not None:
        return record(inbound, Disposition.TICKET, reason, ticket=NEW)
    if own is not None:
        return record(inbound, Disposition.MESSAGE, reason, ticket=own.ticket.id)
    return record(inbound, Disposition.RECORDED, reason)


def _came_to_nothing(hearing: Hearing, ruling: Ruling) -> bool:
    """It belongs to no ticket, and asks for nothing that the desk could do without one."""
    done: Sequence[Action] = ruling.actions
    return hearing.standing is None and not (done or ruling.asked or ruling.on_behalf)


def _without_ticket(hearing: Hearing, snapshot: Snapshot) -> tuple[Action, ...]:
    """The text goes back, unless so much went back within the hour that two programs may be answering each
    other."""
    limit = hearing.policy.limits.acks_per_address
    if limit and snapshot.acks_last_hour >= limit:
        return ()
    return refuse(hearing, (Fault(why=Why.NO_TICKET),))

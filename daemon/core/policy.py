"""What the owner decided, as the core reads it: built once from the configuration by `settings`, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from daemon.core.values import Language

if TYPE_CHECKING:
    from daemon.core.sla.promises import SlaVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """`addresses`: the address mail goes to first, then the aliases; all bare and lower case."""

    name: str
    handle: str
    addresses: tuple[str, ...]
    manager: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Breakers, per hour; 0: none (contract, [limits])."""

    acks_per_address: int = 10
    same_text_per_address: int = 2
    tickets_per_address: int = 20
    mails_per_ticket: int = 60
    reopens_per_ticket: int = 5
    acks_desk: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`timezone` is an IANA name. `sla` holds every version, ascending by effective date.

    voicemail_p1       a voice message without words may be an emergency (mail.md, "Parsing")
    hold               seconds that an agent's answer waits before it leaves
    ask_before_update  seconds of working time before a status update at which its assignee is asked for news;
                       0: nobody is
    auto_resolve       the customer's "it works" resolves without an agent's yes
    digest             when the morning's digest goes out, in the desk's zone; None: never
    """

    desk_address: str
    desk_name: str
    timezone: str
    language: Language
    phone: str
    agents: tuple[Agent, ...]
    escalation: tuple[str, ...]
    oncall: tuple[str, ...]
    sla: tuple[SlaVersion, ...]
    limits: Limits
    voicemail_senders: tuple[str, ...] = ()
    voicemail_p1: bool = True
    trusted_authserv: tuple[str, ...] = ()
    plus_addressing: bool = True
    hold: float = 0.0
    ask_before_update: int = 0
    away_on_autoreply: bool = True
    auto_resolve: bool = False
    digest: time | None = None

    def agent(self, address: str) -> Agent | None:
        """The agent whose address or alias this is."""
        return next((a for a in self.agents if address in a.addresses), None)

    @property
    def managers(self) -> tuple[str, ...]:
        """Where mail for managers goes: agents that are managers, then `escalation`; each once."""
        named = [a.addresses[0] for a in self.agents if a.manager]
        return tuple(dict.fromkeys([*named, *self.escalation]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What intake knows about the circumstances of an arrival and the core must respect.

    answer_since  mail that arrived before it is recorded, never answered (`answer_newer_than` at the very
                  first start); None: all is answered
    braked        the brake after a mailbox was replaced under a used store is on: mail that arrived before
                  this instant is held until `run --resume`; None: off
    quiet         it was found where only mail lies that was taken in before (Processed), and the ledger does
                  not know it: somebody may have answered it already, so nobody is answered now
    sent          it lies in the Sent folder of the desk's mailbox: one of us has sent it
    """

    answer_since: datetime | None = None
    braked: datetime | None = None
    quiet: bool = False
    sent: bool = False

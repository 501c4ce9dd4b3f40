"""The configuration as values: one frozen class per section, with the defaults of the contract.

It knows no file format and no environment; `load` fills it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from daemon.core.values import Language
from daemon.settings import fields
from daemon.settings.notation import MB

if TYPE_CHECKING:
    from daemon.core.sla.promises import SlaVersion


class Section(BaseModel):
    """A section of the file: an unknown key is a fault, a value never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Desk(Section):
    """[desk]. `templates`, `secret_file`: None when not set."""

    address: fields.AddressText = "support@azimutpos.com"
    name: fields.RequiredLine = "Soutien Azimut POS"
    timezone: fields.Zone = "America/Toronto"
    language: fields.DeskLanguage = Language.FR
    data_dir: fields.FilePath = Path("/var/lib/azimut-support")
    secret_file: fields.OptionalFile = None
    sla: fields.FilePath = Field(default=Path("sla.toml"), validate_default=True)
    templates: fields.OptionalFolder = None
    plus_addressing: fields.Flag = True
    phone: fields.Phone = ""
    escalation: fields.Addresses = ()
    oncall: fields.Addresses = ()


class Imap(Section):
    """[imap]. Durations in seconds, `max_size` in bytes; `username` "" is filled with the desk's address."""

    host: fields.RequiredLine = "127.0.0.1"
    port: fields.Port = 993
    tls: fields.Tls = "implicit"
    auth: fields.Auth = "password"
    username: fields.Line = ""
    password_file: fields.OptionalFile = Field(default=Path("imap-password"), validate_default=True)
    mailbox: fields.RequiredLine = "INBOX"
    processed: fields.RequiredLine = "Processed"
    quarantine: fields.RequiredLine = "Quarantine"
    poll_interval: fields.PositiveDuration = 30
    idle: fields.Flag = True
    answer_newer_than: fields.OptionalDuration = None
    max_size: fields.Size = 30 * MB
    trusted_authserv: fields.Names = ()
    sent: fields.Line = ""


class Smtp(Section):
    """[smtp]. `username` "": no login."""

    host: fields.RequiredLine = "127.0.0.1"
    port: fields.Port = 465
    tls: fields.Tls = "implicit"
    username: fields.Line = ""
    password_file: fields.OptionalFile = None
    connections: fields.Connections = 4
    max_per_minute: fields.Count = 0
    only_to: fields.Domains = ()


class Store(Section):
    """[store]. The URL may hold a password, so it is not shown."""

    url: fields.StoreUrl = Field(default="sqlite:///var/lib/azimut-support/desk.sqlite3", repr=False)


class Mail(Section):
    """[mail]. Durations in seconds, 0: off; `digest` None: off."""

    voicemail_senders: fields.Senders = ()
    hold: fields.Duration = 0
    card_mails: fields.CardMails = "replace"
    voicemail_p1: fields.Flag = True
    digest: fields.OptionalClockTime = time(8, 50)
    ask_before_update: fields.Duration = 15 * 60
    away_on_autoreply: fields.Flag = True
    auto_resolve: fields.Flag = False


class Limits(Section):
    """[limits]. Per hour, 0: none."""

    acks_per_address: fields.Count = 10
    same_text_per_address: fields.Count = 2
    tickets_per_address: fields.Count = 20
    mails_per_ticket: fields.Count = 60
    reopens_per_ticket: fields.Count = 5
    acks_desk: fields.Count = 0


class Agent(Section):
    """One [[agents]] table."""

    name: fields.RequiredLine
    handle: fields.Handle
    address: fields.AddressText
    aliases: fields.Addresses = ()
    manager: fields.Flag = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """The address mail goes to, then the aliases, each once."""
        return tuple(dict.fromkeys((self.address, *self.aliases)))


class Http(Section):
    """[http]. `listen` "": off."""

    listen: fields.Listen = "127.0.0.1:9464"

    @property
    def endpoint(self) -> tuple[str, int] | None:
        """Host and port to listen on, None when off."""
        host, _, port = self.listen.rpartition(":")
        return (host.strip("[]"), int(port)) if self.listen else None


class Alarm(Section):
    """[alarm]. `command` "": none."""

    command: fields.Line = ""


SECTIONS: Final[dict[str, type[Section]]] = {
    "desk": Desk,
    "imap": Imap,
    "smtp": Smtp,
    "store": Store,
    "mail": Mail,
    "limits": Limits,
    "http": Http,
    "alarm": Alarm,
}
"""Every section that is one table; [[agents]] stands beside them."""

AGENTS: Final = "agents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration, checked. `warnings`: what works and still deserves the owner's attention."""

    desk: Desk
    imap: Imap
    smtp: Smtp
    store: Store
    mail: Mail
    limits: Limits
    agents: tuple[Agent, ...]
    http: Http
    alarm: Alarm
    sla: tuple[SlaVersion, ...]
    path: Path
    warnings: tuple[str, ...] = ()

"""A desk of its own in one folder: configuration, directory and store, wired to the embedded mail server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daemon.core.sla.promises import coverage_for, version_at
from daemon.demo.mailserver import HOST, MailServer
from daemon.edges.system import SystemClock
from daemon.settings.directory import read_accounts
from daemon.settings.load import load_settings
from daemon.settings.model import Settings
from daemon.settings.resources import resource
from daemon.store.database import SqlStore

DESK: Final = "support@azimutpos.com"

_CONFIG: Final = """\
# Written by `azimut-support demo`: a desk on an embedded mail server.
[desk]
address = "{desk}"
data_dir = "{data}"
sla = "{sla}"
phone = "418 555-0142"
escalation = ["direction@azimutpos.com"]

[imap]
host = "{host}"
port = {imap}
tls = "none"
username = "{user}"
password_file = "imap-password"
poll_interval = "2s"

[smtp]
host = "{host}"
port = {smtp}
tls = "none"

[store]
url = "sqlite:///{data}/desk.sqlite3"

[http]
listen = ""

[[agents]]
name = "Alex Roy"
handle = "alex"
address = "alex@azimutpos.com"

[[agents]]
name = "Sam Côté"
handle = "sam"
address = "sam@azimutpos.com"
manager = true
"""


def write_desk(folder: Path, server: MailServer) -> Settings:
    """Write a configuration for `server` into `folder` and load it like any other."""
    user, password, port = server.desk
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    secret = folder / "imap-password"
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="utf-8")
    config = folder / "azimut-support.toml"
    config.write_text(
        _CONFIG.format(
            desk=DESK,
            data=data,
            sla=resource("config", "sla.toml"),
            host=HOST,
            imap=port,
            smtp=server.smtp_port,
            user=user,
        ),
        encoding="utf-8",
    )
    return load_settings(config, environ={})


async def fill_directory(settings: Settings, store: SqlStore) -> None:
    """The sample customers that the sample mails come from."""
    now = SystemClock().now()
    version = version_at(settings.sla, now)
    table = resource("config", "customers.csv")
    accounts = read_accounts(
        table.read_text(encoding="utf-8"), table.name, lambda plan: coverage_for(version, plan, None)
    )
    await store.import_accounts(accounts, now)

"""`check`: is this desk ready to run? One finding per thing, each with its remedy, none stops the others."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from daemon import app
from daemon.checks.finding import Finding, failed, ok, warning
from daemon.checks.surroundings import alarm, http
from daemon.core.values import Coverage
from daemon.edges.imap import open_mailbox
from daemon.edges.smtp.opening import Unreachable, open_connection
from daemon.edges.system import SystemClock
from daemon.mail.compose import check_templates
from daemon.ports import Unavailable
from daemon.settings.model import Settings
from daemon.settings.secrets import SecretMissing, imap_secret, smtp_secret
from daemon.store.database import SqlStore, open_store
from daemon.store.faults import StoreFault, StoreMissing

LEAVE: Final = 5.0
OLDEST_CLOCK: Final = datetime(2026, 1, 1, tzinfo=UTC)


async def check(settings: Settings, *, offline: bool) -> AsyncIterator[Finding]:
    """The findings, in the order of the start; `offline` leaves the servers and the database alone."""
    yield ok("configuration", str(settings.path))
    for text in settings.warnings:
        yield warning("configuration", text)
    yield _templates(settings)
    yield await _model()
    yield _secret(settings)
    for finding in _passwords(settings):
        yield finding
    if not offline:
        async for finding in _servers(settings):
            yield finding
    for finding in (await http(settings.http), await alarm(settings.alarm.command)):
        yield finding
    yield _clock()


def _templates(settings: Settings) -> Finding:
    faults = check_templates(settings.desk.templates)
    if faults:
        return failed("templates", "; ".join(faults))
    return ok("templates", "every kind renders in both languages")


async def _model() -> Finding:
    from classifiers.pipeline import ModelFault, load

    try:
        triage = await asyncio.to_thread(load)
    except ModelFault as fault:
        return failed("model", str(fault))
    return ok("model", f"{triage.meta.get('name', 'model')} {triage.meta.get('version', '')}".strip())


def _secret(settings: Settings) -> Finding:
    """The token key is made at the first start; here it is only looked at."""
    path: Path = app.secret_file(settings)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ok("token key", f"{path} will be created at the first start")
    except OSError as trouble:
        return failed("token key", f"{path} cannot be looked at: {trouble.strerror}")
    if mode & 0o077:
        return failed("token key", f"{path} can be read by others: chmod 600 {path}")
    return ok("token key", str(path))


def _passwords(settings: Settings) -> Iterator[Finding]:
    """That they can be read, not that they are right: the logins below tell that. One that is missing may be
    a credential that systemd gives to the service alone."""
    for name, secret in (("imap password", imap_secret(settings)), ("smtp password", smtp_secret(settings))):
        if secret is None:
            continue
        try:
            secret.read()
        except SecretMissing as missing:
            yield warning(name, str(missing))
        except OSError as trouble:
            yield failed(name, trouble.strerror or str(trouble))
        else:
            yield ok(name, "can be read")


async def _servers(settings: Settings) -> AsyncIterator[Finding]:
    first_start = True
    try:
        async with open_store(settings.store.url, settings.desk.data_dir, create=False) as store:
            first_start = await store.mailbox_state(settings.imap.mailbox) is None
            counts = await store.counts()
            yield ok("database", ", ".join(f"{name} {value}" for name, value in counts.items()))
            async for finding in _accounts(settings, store):
                yield finding
    except StoreMissing as missing:
        yield ok("database", str(missing))
    except StoreFault as fault:
        yield failed("database", str(fault))
    except Unavailable as trouble:
        yield failed("database", str(trouble))
    yield await _imap(settings, first_start)
    if settings.imap.sent:
        yield await _sent(settings)
    yield await _smtp(settings)


async def _accounts(settings: Settings, store: SqlStore) -> AsyncIterator[Finding]:
    accounts = await store.list_accounts()
    if not accounts:
        yield warning(
            "directory",
            "no customers: everybody is a stranger on plan gratuit; `customers import FILE.csv` fills it",
        )
        return
    premium = [a.key for a in accounts if a.coverage is Coverage.PREMIUM]
    if premium and not settings.desk.oncall:
        named = ", ".join(premium[:5]) + (" …" if len(premium) > 5 else "")
        yield warning(
            "directory",
            f"premium accounts ({named}) but nobody on call: set [desk] oncall in the configuration",
        )
    else:
        yield ok("directory", f"{len(accounts)} accounts")


async def _imap(settings: Settings, first_start: bool) -> Finding:
    """Log in and look: what waits, and at a first start what of it would be answered."""
    try:
        mailbox = await open_mailbox(app.imap_server(settings), settings.imap.mailbox)
    except Unavailable as trouble:
        return failed("imap", str(trouble))
    try:
        waiting = len(await mailbox.search(1))
        lacks = [c for c in ("IDLE", "MOVE", "UIDPLUS") if c not in mailbox.capabilities]
    except Unavailable as trouble:
        return failed("imap", str(trouble))
    finally:
        await mailbox.close()
    text = f"{settings.imap.host}:{settings.imap.port}, {waiting} mails wait in {settings.imap.mailbox}"
    if lacks:
        text += f"; the server lacks {', '.join(lacks)}, which is made up for"
    if first_start and waiting:
        text += f"; {_first_start(settings)}"
    return ok("imap", text)


async def _sent(settings: Settings) -> Finding:
    try:
        folder = await open_mailbox(app.imap_server(settings), settings.imap.sent, key="sent")
    except Unavailable as trouble:
        return failed("imap sent", str(trouble))
    await folder.close()
    return ok("imap sent", f"agents' answers filed in {settings.imap.sent} are recorded")


def _first_start(settings: Settings) -> str:
    newer = settings.imap.answer_newer_than
    if newer is None:
        return "this would be the first start: all of them would be answered (see [imap] answer_newer_than)"
    hours = newer / 3600
    return f"this would be the first start: only those of the last {hours:g} h would be answered"


async def _smtp(settings: Settings) -> Finding:
    try:
        connection = await open_connection(app.smtp_server(settings))
    except Unreachable as trouble:
        return failed("smtp", f"{trouble}; {smtp_remedy(trouble)}")
    await connection.quit(LEAVE)
    return ok("smtp", f"{settings.smtp.host}:{settings.smtp.port} lets us in")


def smtp_remedy(trouble: Unreachable) -> str:
    """What to do about a server that lets nobody in."""
    causes = list(_causes(trouble))
    if trouble.refused is not None or "password" in trouble.why or "login" in trouble.why:
        return "check [smtp] username and password_file"
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "have its certificate renewed, or set [smtp] host to the name that it was made for"
    if any(isinstance(cause, ssl.SSLError) for cause in causes) or "TLS" in trouble.why:
        return 'check that [smtp] port and tls belong together (465 "implicit", 587 "starttls")'
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "the host's name is not known: check [smtp] host"
    if any(isinstance(cause, OSError) for cause in causes):
        return "check [smtp] host and port, that it is up, and that no firewall is in between"
    return "check [smtp] host, port and tls, or ask whoever runs that server"


def _causes(trouble: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = trouble
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _clock() -> Finding:
    now = SystemClock().now()
    if now < OLDEST_CLOCK:
        return failed("clock", f"this machine believes it is {now:%Y-%m-%d %H:%M} UTC: set its clock (NTP)")
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")

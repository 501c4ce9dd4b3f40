"""The composition root: settings in, a running daemon out. Start order is reading order; one stop event."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from daemon.core.commands.rights import addresses_of
from daemon.core.policy import Policy
from daemon.core.values import Mail, Unreadable
from daemon.edges.imap import ImapServer, open_mailbox
from daemon.edges.reading import ReadingRoom, Setup
from daemon.edges.reading_process import Begun
from daemon.edges.smtp import SmtpPool, SmtpServer
from daemon.edges.system import SystemClock, sd_notify, stop_on_signals
from daemon.loops import handfuls
from daemon.loops.card_mails import CardMails
from daemon.loops.folders import Folders
from daemon.loops.intake import IntakeLoop
from daemon.loops.outbox import OutboxLoop
from daemon.loops.pausing import either
from daemon.loops.progress import Progress
from daemon.loops.reader import MailReader
from daemon.loops.running import run_together
from daemon.loops.sent import SentLoop
from daemon.loops.statements import MonthlyStatements
from daemon.loops.ticker import TickerLoop
from daemon.mail import proof
from daemon.mail.compose import Composer, Identity
from daemon.mail.masked_copy import copy_mark
from daemon.mail.tokens import TokenKey, TokenReader, load_or_create_secret
from daemon.outlook import watchers
from daemon.ports import Clock, Mailbox, Opener, Sender, Store
from daemon.settings.load import policy as policy_of
from daemon.settings.model import Settings
from daemon.settings.secrets import imap_secret, smtp_secret
from daemon.store.database import SqlStore, open_store

log = logging.getLogger("azimut.daemon")

GRACE: Final = 8.0
"""Seconds for the mail in hand after SIGTERM; the whole stop stays below ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What the desk meets the world with: real servers here, a simulated world in tests. `longest_sleep`:
    seconds after which a loop looks even if nobody wakes it. `open_sent`: the folder [imap] sent, if any."""

    open_mailbox: Callable[[], Awaitable[Mailbox]]
    sender: Sender
    opener: Opener
    clock: Clock
    jitter: Callable[[], float]
    longest_sleep: float = 60.0
    open_sent: Callable[[], Awaitable[Mailbox]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that runs, wired together."""

    store: SqlStore
    reader: MailReader
    intake: IntakeLoop
    outbox: OutboxLoop
    ticker: TickerLoop
    composer: Composer
    opener: Opener
    policy: Policy
    stop: asyncio.Event
    sent: SentLoop | None = None

    @property
    def progress(self) -> tuple[Progress, ...]:
        """Of every loop that reads, sends or keeps promises."""
        loops = (self.intake, self.outbox, self.ticker, self.sent)
        return tuple(loop.progress for loop in loops if loop is not None)


@asynccontextmanager
async def open_store_for(settings: Settings, *, create: bool = False) -> AsyncIterator[SqlStore]:
    """The configured store, for one command. Raises `Unavailable`, or what a wrong schema raises."""
    async with open_store(settings.store.url, settings.desk.data_dir, create=create) as store:
        yield store


@asynccontextmanager
async def open_desk(
    settings: Settings, *, resume: bool = False, begun: Begun | None = None
) -> AsyncIterator[Desk]:
    """Build the daemon; nothing runs yet. An empty store is created; it is locked while open. `begun`: a
    reading process that is loading already."""
    async with AsyncExitStack() as stack:
        room = ReadingRoom(reading_setup(settings), begun=begun)
        stack.push_async_callback(room.close)
        room.start()  # the model loads while the rest is built
        key = TokenKey(load_or_create_secret(secret_file(settings)))
        store = await stack.enter_async_context(open_store_for(settings, create=True))
        await store.acquire_daemon_lock()
        sender = SmtpPool(smtp_server(settings))
        sender.load()
        stack.push_async_callback(sender.close)
        imap, sent = imap_server(settings), settings.imap.sent
        edges = Edges(
            open_mailbox=lambda: open_mailbox(imap, settings.imap.mailbox),
            open_sent=(lambda: open_mailbox(imap, sent, key="sent")) if sent else None,
            sender=sender,
            opener=room,
            clock=SystemClock(),
            jitter=random.random,
        )
        desk = await wire(settings, store, key, edges, resume=resume)
        _rehearse(desk.composer)  # while the model loads
        yield desk


async def wire(
    settings: Settings, store: SqlStore, key: TokenKey, edges: Edges, *, resume: bool = False
) -> Desk:
    """The loops around a store and edges. The store must be this daemon's alone: claims that a crash left
    are released here."""
    await store.release_claims()
    stop = asyncio.Event()
    policy = policy_of(settings)
    composer = Composer(identity(settings, key), settings.desk.templates)
    outbox = OutboxLoop(
        store=store,
        sender=edges.sender,
        composer=composer,
        policy=policy,
        clock=edges.clock,
        parallel=settings.smtp.connections * 2,
        jitter=edges.jitter,
        stop=stop,
        longest_sleep=edges.longest_sleep,
    )
    ticker = TickerLoop(
        store=store,
        policy=policy,
        clock=edges.clock,
        wake_outbox=outbox.wake,
        stop=stop,
        statements=MonthlyStatements(store, policy, edges.clock),
        longest_sleep=edges.longest_sleep,
    )
    outbox.wake_ticker = ticker.wake
    reader = MailReader(
        store=store,
        opener=edges.opener,
        evidence=TokenReader(key, policy.desk_address, edges.clock.now, partial(addresses_of, policy=policy)),
        policy=policy,
        clock=edges.clock,
        wake=partial(_wake, outbox.wake, ticker.wake),
    )
    newer_than = settings.imap.answer_newer_than
    intake = IntakeLoop(
        open_mailbox=edges.open_mailbox,
        folders=folders(settings),
        store=store,
        reader=reader,
        clock=edges.clock,
        poll=settings.imap.poll_interval,
        answer_newer_than=timedelta(seconds=newer_than) if newer_than else None,
        resume=resume,
        stop=stop,
        cards=card_mails(settings, store, key, edges),
    )
    sent = edges.open_sent and SentLoop(
        open_mailbox=edges.open_sent,
        folder=settings.imap.sent,
        store=store,
        reader=reader,
        policy=policy,
        clock=edges.clock,
        poll=settings.imap.poll_interval,
        stop=stop,
    )
    desk = Desk(
        store=store,
        reader=reader,
        intake=intake,
        outbox=outbox,
        ticker=ticker,
        composer=composer,
        opener=edges.opener,
        policy=policy,
        stop=stop,
        sent=sent,
    )
    ticker.digest.needs = lambda: [p.trouble for p in desk.progress if p.trouble]
    ticker.taken_in = lambda: intake.progress.last is not None
    outbox.claims.behind = lambda: intake.progress.waiting > handfuls.MAILS
    intake.give_way = outbox.claims.caught_up
    return desk


def _rehearse(composer: Composer) -> None:
    """The first customer is not to wait for what is loaded with the first mail. A fault of the wording will
    be told with the mails that it spoils, and by `check`."""
    for fault in proof.rehearse(composer):
        log.warning("template_faulty", extra={"fields": {"fault": fault, "remedy": "azimut-support check"}})


def _wake(*loops: Callable[[], None]) -> None:
    for wake in loops:
        wake()


async def run(settings: Settings, *, resume: bool = False, begun: Begun | None = None) -> None:
    """The daemon: until SIGTERM or SIGINT. READY only after the model is loaded and the store is open."""
    async with open_desk(settings, resume=resume, begun=begun) as desk:
        with stop_on_signals(desk.stop):
            await either(desk.opener.ready(), desk.stop.wait())
            if desk.stop.is_set():
                return
            sd_notify(READY=1, STATUS=f"serving {settings.imap.mailbox}")
            log.info("ready", extra={"fields": {"mailbox": settings.imap.mailbox}})
            try:
                await serve(desk, watchers(settings, desk.progress, SystemClock(), desk.stop))
            finally:
                sd_notify(STOPPING=1)
                log.info("stopped", extra={"fields": {"mails": desk.intake.progress.done}})


async def serve(desk: Desk, beside: Mapping[str, Coroutine[Any, Any, None]] | None = None) -> None:
    """The loops, side by side and with what watches them, until `desk.stop`. Raises the fault of a loop that
    failed."""
    loops = {
        "intake": desk.intake.run(),
        "outbox": desk.outbox.run(),
        "ticker": desk.ticker.run(),
        **({"sent": desk.sent.run()} if desk.sent is not None else {}),
        **(beside or {}),
    }
    await run_together(loops, desk.stop, GRACE)


async def run_once(settings: Settings, *, resume: bool = False, begun: Begun | None = None) -> None:
    """Take in all that waits, do all due work, flush the outbox. Raises `Unavailable`."""
    async with open_desk(settings, resume=resume, begun=begun) as desk:
        await desk.opener.ready()
        await desk.intake.once()
        if desk.sent is not None:
            await desk.sent.once()
        await desk.ticker.once()
        await desk.outbox.flush()
        await desk.ticker.once()  # what a server took has moved clocks


def card_mails(settings: Settings, store: Store, key: TokenKey, edges: Edges) -> CardMails | None:
    if settings.mail.card_mails == "keep":
        return None
    inbox = settings.imap.mailbox
    return CardMails(
        store=store,
        clock=edges.clock,
        inbox=inbox,
        processed=settings.imap.processed,
        copy=edges.opener.masked_copy,
        mark=partial(copy_mark, key, inbox),
    )


def folders(settings: Settings) -> Folders:
    imap = settings.imap
    return Folders(inbox=imap.mailbox, processed=imap.processed, quarantine=imap.quarantine)


def secret_file(settings: Settings) -> Path:
    return settings.desk.secret_file or settings.desk.data_dir / "token-key"


def identity(settings: Settings, key: TokenKey) -> Identity:
    return Identity(
        desk_address=settings.desk.address,
        desk_name=settings.desk.name,
        timezone=settings.desk.timezone,
        phone=settings.desk.phone,
        plus_addressing=settings.desk.plus_addressing,
        key=key,
    )


def imap_server(settings: Settings) -> ImapServer:
    imap = settings.imap
    return ImapServer(
        host=imap.host,
        port=imap.port,
        tls=imap.tls,
        auth=imap.auth,
        username=imap.username,
        secret=imap_secret(settings).read,
        idle=imap.idle,
        max_size=imap.max_size,
    )


def smtp_server(settings: Settings) -> SmtpServer:
    smtp = settings.smtp
    secret = smtp_secret(settings)
    return SmtpServer(
        host=smtp.host,
        port=smtp.port,
        tls=smtp.tls,
        username=smtp.username,
        secret=secret.read if secret else None,
        connections=smtp.connections,
        max_per_minute=smtp.max_per_minute,
        only_to=tuple(smtp.only_to),
    )


def reading_setup(settings: Settings) -> Setup:
    return Setup(
        desk_address=settings.desk.address,
        voicemail_senders=tuple(settings.mail.voicemail_senders),
    )


def parser(settings: Settings) -> Callable[[bytes, bool], Mail | Unreadable]:
    """`mail.parse` with what it must know of this desk."""
    return reading_setup(settings).parse

"""The demo from curtain to curtain: the mails are played, then told with what the store and the mail server
say of them."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from daemon.app import open_desk
from daemon.demo.desk import fill_directory
from daemon.demo.mailserver import Letter, MailServer
from daemon.demo.play import Sample, parsed, play
from daemon.demo.telling import Story, keep_letters, tell
from daemon.edges.system import SystemClock
from daemon.settings.model import Settings
from daemon.store.database import SqlStore


async def act(settings: Settings, server: MailServer, folder: Path, console: Console) -> None:
    """Play the samples on a fresh desk and tell the story on `console`."""
    async with open_desk(settings) as desk:
        await fill_directory(settings, desk.store)
        samples = await play(desk, server)
        letters = [x for x in server.accepted if "X-Azimut-Kind" in parsed(x.data)]
        kept = keep_letters(letters, folder / "sent")
        stories = [await _story(sample, desk.store, kept) for sample in samples]
    tell(stories, console, ZoneInfo(settings.desk.timezone))


async def _story(sample: Sample, store: SqlStore, kept: list[tuple[Letter, Path]]) -> Story:
    """The ledger row that holds this sample, its ticket, and what was sent because of it."""
    ledger = await store.inbound(1000)
    row = next(r for r in ledger if r["message_id"] == sample.message_id)
    ref = row["ticket"]
    now = SystemClock().now()
    ticket = await store.ticket(ref, now=now, left=lambda _clock, _now: None) if ref else None
    kinds = {"ticket": "ack", "bounce": "notice"}
    kind = kinds.get(row["disposition"])
    sent = [
        (letter, page)
        for letter, page in kept
        if (message := parsed(letter.data))["X-Azimut-Ticket"] == ref and message["X-Azimut-Kind"] == kind
    ]
    return Story(
        sample=sample,
        disposition=row["disposition"],
        reason=row["reason"],
        ticket=ticket,
        sent=sent,
    )

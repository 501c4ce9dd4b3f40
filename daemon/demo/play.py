"""The demo's one act: sample mails are sent to the desk, and the real daemon works until nothing is left."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from pathlib import Path
from typing import Final

from daemon.app import Desk, serve
from daemon.demo.desk import DESK
from daemon.demo.mailserver import HOST, Letter, MailServer
from daemon.mail.parse import parse
from daemon.settings.resources import resource

PATIENCE: Final = 90.0
"""Seconds until the demo gives up on the daemon; it takes two or three."""

# Two samples answer a mail of ours. Their files name made-up ids; here they get those of the real
# acknowledgement to this address, so that the desk meets its own mail.
_ANSWERS: Final[Mapping[str, tuple[str, tuple[bytes, ...]]]] = {
    "06-avis-de-non-remise": (
        "huguette.pare@courrier.example",
        (b"az.1040.ack.k7q2m5@azimutpos.com",),
    ),
    "07-absence-du-bureau": (
        "gerance@quincaillerielemieux.example",
        (b"az.1041.reply.p3x8w1@azimutpos.com", b"az.1041.ack.h2n6t4@azimutpos.com"),
    ),
}
_BOUNCED: Final = b"caisse@depanneurgagnon.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample mail as it was sent; `message_id` as the desk reads it, made from the content where there is
    none."""

    name: str
    message_id: str
    sender: str
    subject: str


class DaemonStalled(Exception):
    """The daemon did not finish the sample mails in time."""


async def play(desk: Desk, server: MailServer) -> list[Sample]:
    """Send every sample and let the daemon handle them; the loops are stopped at the end."""
    await desk.opener.ready()
    running = asyncio.create_task(serve(desk))
    try:
        return await _scenes(desk, server, running)
    finally:
        desk.stop.set()
        await running


async def _scenes(desk: Desk, server: MailServer, running: asyncio.Task[None]) -> list[Sample]:
    files = sorted(resource("mails").glob("*.eml"))
    first = [f for f in files if f.stem not in _ANSWERS]
    sent = [await _send(server, f.stem, f.read_bytes(), DESK) for f in first]
    await _until(lambda: _settled(desk, len(first)), running)
    for file in files:
        if file.stem in _ANSWERS:
            recipient, data = _answer(file, server)
            sent.append(await _send(server, file.stem, data, recipient))
    await _until(lambda: _settled(desk, len(files)), running)
    return sorted(sent, key=lambda sample: sample.name)


def _answer(file: Path, server: MailServer) -> tuple[str, bytes]:
    """Envelope recipient and bytes of a sample that answers one of our acknowledgements."""
    address, made_up = _ANSWERS[file.stem]
    ack = next((letter for letter in server.accepted if letter.recipient == address), None)
    if ack is None:
        raise DaemonStalled(f"no acknowledgement was sent to {address}")
    data = file.read_bytes()
    for identifier in made_up:
        data = data.replace(identifier, message_id(ack).encode())
    return ack.envelope_from or DESK, data.replace(_BOUNCED, address.encode())


async def _send(server: MailServer, name: str, data: bytes, recipient: str) -> Sample:
    def by_smtp() -> None:
        with smtplib.SMTP(HOST, server.smtp_port) as client:
            client.sendmail("", [recipient], data)

    await asyncio.to_thread(by_smtp)
    mail = parse(data)
    sender = mail.from_
    return Sample(
        name=name,
        message_id=mail.message_id,
        sender=f"{sender.name} <{sender.address}>" if sender else "",
        subject=mail.subject,
    )


async def _settled(desk: Desk, mails: int) -> bool:
    """Every mail has its ledger row and has left the inbox, and nothing is left to be sent."""
    ledger = await desk.store.inbound(1000)
    counts = await desk.store.counts()
    return len(ledger) >= mails and all(row["moved"] for row in ledger) and counts["outbox"] == 0


async def _until(settled: Callable[[], Awaitable[bool]], running: asyncio.Task[None]) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not await settled():
                if running.done():
                    await running
                await asyncio.sleep(0.05)
    except TimeoutError as late:
        raise DaemonStalled(f"the daemon was not done with the sample mails after {PATIENCE:.0f} s") from late


def message_id(letter: Letter) -> str:
    return str(parsed(letter.data)["Message-ID"]).strip("<>")


def parsed(data: bytes) -> EmailMessage:
    message = BytesParser(policy=modern).parsebytes(data)
    if not isinstance(message, EmailMessage):
        raise TypeError("the modern policy makes EmailMessage")
    return message

"""An embedded mail server on loopback: real IMAP (pymap) and SMTP (aiosmtpd) for the demo and tests.

Mail for the desk's address, plus addresses included, lands in the desk's mailbox; mail for anybody else lands
in one mailbox that plays the rest of the world. Everything is in memory and ends with the process.
"""

from __future__ import annotations

import argparse
import asyncio
import imaplib
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that the SMTP server accepted, as it came over the wire."""

    envelope_from: str
    recipient: str
    data: bytes = field(repr=False)


@dataclass(slots=True)
class MailServer:
    """`desk` and `world` are (user, password, IMAP port). `accepted` grows as mail arrives."""

    smtp_port: int
    desk: tuple[str, str, int]
    world: tuple[str, str, int]
    accepted: list[Letter] = field(default_factory=list)


@asynccontextmanager
async def serve(desk_address: str) -> AsyncIterator[MailServer]:
    """Start the servers on free ports, stop them on the way out."""
    from aiosmtpd.smtp import SMTP as SmtpProtocol  # noqa: N811 - the class is a protocol, not a constant

    ports = [free_port() for _ in range(3)]
    server = MailServer(
        smtp_port=ports[0], desk=("support", "demo", ports[1]), world=("client", "demo", ports[2])
    )
    async with AsyncExitStack() as stack:
        for user, password, port in (server.desk, server.world):
            await _start_imap(stack, user, password, port)
        loop = asyncio.get_running_loop()
        handler = _Delivery(server, desk_address)
        listener = await loop.create_server(
            lambda: SmtpProtocol(handler, enable_SMTPUTF8=True, hostname="demo.example", loop=loop),
            HOST,
            server.smtp_port,
        )
        stack.push_async_callback(listener.wait_closed)
        stack.callback(listener.close)
        yield server


class _Delivery:
    """aiosmtpd's handler: the accepted mail is in a mailbox before the 250 is said."""

    def __init__(self, server: MailServer, desk_address: str) -> None:
        self._server = server
        self._local, _, self._domain = desk_address.partition("@")

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        data = envelope.content
        for recipient in envelope.rcpt_tos:
            letter = Letter(envelope_from=envelope.mail_from or "", recipient=recipient.lower(), data=data)
            user, password, port = self._server.desk if self._is_desk(recipient) else self._server.world
            await asyncio.to_thread(append, port, user, password, data)
            self._server.accepted.append(letter)
        return "250 OK"

    def _is_desk(self, recipient: str) -> bool:
        local, _, domain = recipient.lower().partition("@")
        return domain == self._domain and local.partition("+")[0] == self._local


def append(port: int, user: str, password: str, data: bytes) -> None:
    """Put a mail into the user's inbox. Raises OSError when the server will not take it."""
    with imaplib.IMAP4(HOST, port) as imap:
        imap.login(user, password)
        status, _ = imap.append("INBOX", "", "", data)
        if status != "OK":
            raise OSError(f"the demo's mailbox refused a mail: {status}")


async def _start_imap(stack: AsyncExitStack, user: str, password: str, port: int) -> None:
    """One pymap service with one user. Its own command line is the only door to its configuration."""
    from pymap.backend.dict import DictBackend
    from pymap.imap import IMAPService

    parser = argparse.ArgumentParser()
    parser.set_defaults(skip_services=[], passlib_cfg=None, debug=False, cert=None, key=None)
    parser.set_defaults(proxy_protocol=None)
    backends = parser.add_subparsers(dest="backend")
    DictBackend.add_subparser("dict", backends).set_defaults(backend_type=DictBackend)
    IMAPService.add_arguments(parser)
    args = parser.parse_args(
        [*f"--host {HOST} --port {port} --no-tls dict --demo-user {user} --demo-password".split(), password]
    )
    backend, config = await DictBackend.init(args)
    config.apply_context()
    await backend.start(stack)
    await IMAPService(backend, config).start(stack)


def free_port() -> int:
    """A port on loopback that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port

"""From a server's name to a connection that takes mail: TLS that is verified or nothing, EHLO, one login."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final

from daemon.edges.smtp.connection import Connection
from daemon.edges.smtp.server import SmtpServer, shown
from daemon.ports import Unavailable

if TYPE_CHECKING:
    from aiosmtplib import SMTP

_METHODS: Final = ("plain", "login", "cram-md5")
"""One of them is tried: a wrong password tried by each in turn counts three times against the account."""

_FULL_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+")


class Unreachable(Exception):
    """No conversation came about. `refused`: the code by which the server said no to our login, so that it is
    tried again slowly; None: it is another trouble."""

    def __init__(self, server: SmtpServer, text: str, *, refused: int | None = None) -> None:
        super().__init__(f"{server.place}: {text}")
        self.why = text
        self.refused = refused


async def open_connection(server: SmtpServer) -> Connection:
    """A connection ready for mail. Raises `Unreachable`, which never holds a secret."""
    from aiosmtplib import SMTP, SMTPException

    secret = _secret(server)
    context = await _tls_context(server)
    client = SMTP(
        hostname=server.host,
        port=server.port,
        timeout=server.timeout,
        use_tls=server.tls == "implicit",
        start_tls=False,  # taken in hand below; left to itself the library goes on in clear
        tls_context=context,
        local_hostname=server.local_hostname or "localhost",  # else it asks the DNS, for seconds
    )
    connection = Connection(client, server)
    opened = False
    try:
        await client.connect()
        await _greet(client, server, context)
        if secret is not None:
            await _login(client, server, secret)
        opened = True
    except (SMTPException, OSError, UnicodeError) as fault:
        raise Unreachable(server, _told(fault)) from fault
    finally:
        if not opened:
            connection.abort()
    return connection


async def _greet(client: SMTP, server: SmtpServer, context: ssl.SSLContext | None) -> None:
    name = server.local_hostname or _machine(client)
    await client.ehlo(hostname=name)
    if server.tls == "starttls":
        if not client.supports_extension("starttls"):
            raise Unreachable(server, "it offers no STARTTLS, and nothing is sent in clear")
        await client.starttls(tls_context=context)
        await client.ehlo(hostname=name)  # RFC 3207 section 4.2: what was offered before counts no more
    if server.tls != "none" and client.get_transport_info("sslcontext") is None:
        raise Unreachable(server, "the connection is not encrypted")


async def _login(client: SMTP, server: SmtpServer, secret: str) -> None:
    from aiosmtplib import SMTPAuthenticationError

    if client.get_transport_info("sslcontext") is None and not _on_loopback(client):
        raise Unreachable(server, "a password is not sent in clear over the network; set tls")
    method = next((m for m in _METHODS if m in client.server_auth_methods), None)
    if method is None:
        offered = " ".join(client.server_auth_methods) or "none"
        raise Unreachable(server, f"it offers no login that we know, but {shown(offered)}")
    login = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}[method]
    try:
        await login(server.username.encode(), secret.encode())
    except SMTPAuthenticationError as refusal:
        code = refusal.code
        text = f"it refuses the login of {server.username}: {code} {shown(refusal.message)}"
        raise Unreachable(server, text, refused=code if 500 <= code < 600 else None) from refusal


def _secret(server: SmtpServer) -> str | None:
    """Read anew for each login, so that a changed password needs no restart; None: nobody logs in."""
    if not server.username:
        return None
    if server.secret is None:
        raise Unreachable(server, f"there is no password for {server.username}")
    try:
        return server.secret()
    except (OSError, Unavailable) as fault:
        raise Unreachable(server, shown(fault)) from fault


async def _tls_context(server: SmtpServer) -> ssl.SSLContext | None:
    if server.tls == "none":
        return None
    try:
        return await asyncio.to_thread(_verifying_context, server)
    except OSError as fault:
        raise Unreachable(server, f"the certificates in {server.ca_file}: {shown(fault)}") from fault


def _verifying_context(server: SmtpServer) -> ssl.SSLContext:
    """Reads the system's certificates, some ten milliseconds. Raises OSError."""
    context = ssl.create_default_context()
    if server.ca_file is not None:
        context.load_verify_locations(cafile=server.ca_file)
    return context


def _machine(client: SMTP) -> str:
    """The name for EHLO without asking the DNS: the machine's full name, else its address on this connection
    (RFC 5321 section 4.1.4)."""
    name = socket.gethostname()
    if _FULL_NAME.fullmatch(name):
        return name
    ours = ipaddress.ip_address(str(client.get_transport_info("sockname")[0]).partition("%")[0])
    return f"[IPv6:{ours}]" if ours.version == 6 else f"[{ours}]"


def _on_loopback(client: SMTP) -> bool:
    peer = str(client.get_transport_info("peername")[0]).partition("%")[0]
    return ipaddress.ip_address(peer).is_loopback


def _told(fault: BaseException) -> str:
    """The innermost cause that says something: aiosmtplib wraps what the socket and TLS layers told."""
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate does not hold: {shown(cause.verify_message)}; it must name this host, "
                "be in date, and come from an authority that this machine trusts"
            )
        cause = cause.__cause__
    code = getattr(fault, "code", None)
    words = getattr(fault, "message", None) or str(fault) or type(fault).__name__
    return f"{code} {shown(words)}" if isinstance(code, int) and code > 0 else shown(words)

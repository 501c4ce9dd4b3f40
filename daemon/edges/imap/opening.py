"""Reaching a server: TCP, TLS from the start or by STARTTLS, the greeting. Nothing secret is sent here.

With `tls` other than none no byte of a login ever travels in clear, whatever the server says or leaves out.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any, Final

from daemon.edges.imap.connection import Connection
from daemon.edges.imap.server import said
from daemon.ports import Unavailable

_KEEPALIVE: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


async def connect(connection: Connection) -> None:
    """Connect, read the greeting, secure, ask what the server can do. Raises `Unavailable`, after which the
    connection has to be closed."""
    await _reach(connection)
    await _greet(connection)
    await connection.ask_capabilities()
    if connection.server.tls == "starttls":
        await _start_tls(connection)
        await connection.ask_capabilities()


async def _reach(connection: Connection) -> None:
    server = connection.server
    loop = asyncio.get_running_loop()
    secured: dict[str, Any] = {}
    if server.tls == "implicit":
        secured = {"ssl": _trust(connection), "server_hostname": server.host}
    try:
        async with asyncio.timeout(server.timeout):
            transport, _ = await loop.create_connection(
                lambda: connection.wire, server.host, server.port, **secured
            )
    except ssl.SSLCertVerificationError as fault:
        raise _bad_certificate(connection, fault) from fault
    except ssl.SSLError as fault:
        raise server.trouble(
            f"no TLS ({said(str(fault.reason or fault))}); "
            'is this the port for [imap] tls = "implicit", and not one for "starttls"?'
        ) from fault
    except socket.gaierror as fault:
        raise server.trouble(f"the host's name is not known ({fault.strerror}); check [imap] host") from fault
    except TimeoutError as fault:
        raise server.trouble(f"no connection within {server.timeout:g} s") from fault
    except OSError as fault:
        raise server.trouble(
            f"cannot connect ({fault.strerror or fault}); check [imap] host and port, and that it is up"
        ) from fault
    _keep_alive(transport.get_extra_info("socket"))


async def _greet(connection: Connection) -> None:
    wire, server = connection.wire, connection.server
    if not await connection.first(wire.greeting, limit=server.timeout):
        raise connection.dead(f"no greeting within {server.timeout:g} s")
    line = wire.greeting.result()
    status = line[2:].split(b" ", 1)[0].upper()
    if status == b"PREAUTH" and server.tls == "starttls":
        # STARTTLS is not possible any more, which is what somebody in between would want (RFC 9051, 11.3).
        raise connection.dead("it greets with PREAUTH, so that STARTTLS cannot be used", refused=True)
    if not line.startswith(b"* ") or status not in (b"OK", b"PREAUTH"):
        raise connection.dead(f"it does not serve us now: {said(line)}")


async def _start_tls(connection: Connection) -> None:
    wire, server = connection.wire, connection.server
    if "STARTTLS" not in connection.capabilities:
        raise connection.dead(
            "it does not offer STARTTLS; no login was sent. "
            'Set [imap] tls = "implicit" with its port, or switch STARTTLS on there',
            refused=True,
        )
    answer = await connection.command("STARTTLS")
    if answer.result != "OK":
        raise connection.dead(f"it refuses STARTTLS: {said(answer.text)}", refused=True)
    if wire.injected:
        raise connection.dead(
            "it sent more in clear after STARTTLS: somebody may be in between", refused=True
        )
    try:
        async with asyncio.timeout(server.timeout):
            wire.transport = await asyncio.get_running_loop().start_tls(
                wire.transport, wire, _trust(connection), server_hostname=server.host
            )
    except (OSError, TimeoutError) as fault:
        wire.connection_lost(None)  # asyncio tells only its TLS layer
        if isinstance(fault, ssl.SSLCertVerificationError):
            raise _bad_certificate(connection, fault) from fault
        raise connection.dead(f"the TLS handshake failed ({type(fault).__name__})") from fault
    wire.sealed = False


def _trust(connection: Connection) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca_file = connection.server.ca_file
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as fault:  # ssl.SSLError is one
            raise connection.dead(
                f"the certificates in {ca_file} cannot be read ({fault})", refused=True
            ) from fault
    return context


def _bad_certificate(connection: Connection, fault: ssl.SSLCertVerificationError) -> Unavailable:
    return connection.dead(
        f"its certificate is not accepted: {said(fault.verify_message or str(fault))}. "
        "Have it renewed, or set [imap] host to the name that it was made for",
        refused=True,
    )


def _keep_alive(plug: socket.socket) -> None:
    """A cable that was pulled is noticed within two minutes even where nothing is being asked."""
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            plug.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

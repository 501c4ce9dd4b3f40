"""A pool on a peer, with timeouts that a test can wait for, and certificates made for the test."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from daemon.core.values import Delivery
from daemon.edges.smtp import SmtpPool, SmtpServer
from tests.servers.smtp_peer import HOST, SmtpPeer

DESK: Final = "support@azimutpos.com"
MARIE: Final = "marie@boulangerie.example"
MAIL: Final = (
    b"Message-ID: <1@azimutpos.com>\r\nSubject: =?utf-8?q?Re=C3=A7u?=\r\n\r\nBonjour,\r\nc'est fait.\r\n"
)


def server_for(peer: SmtpPeer, **changes: Any) -> SmtpServer:
    """The server as a desk would be told of it; short timeouts, since the peer never is slow by accident."""
    usual: dict[str, Any] = {
        "host": HOST,
        "port": peer.port,
        "tls": peer.tls or "none",
        "timeout": 5.0,
        "data_timeout": 5.0,
        "local_hostname": "desk.example",
    }
    if peer.login is not None:
        user, password = peer.login
        usual |= {"username": user, "secret": lambda: password}
    return SmtpServer(**(usual | changes))


@asynccontextmanager
async def pool_for(
    peer: SmtpPeer, *, idle_limit: float = 60.0, doubt_after: float = 60.0, **changes: Any
) -> AsyncIterator[SmtpPool]:
    pool = SmtpPool(server_for(peer, **changes), idle_limit=idle_limit, doubt_after=doubt_after)
    try:
        yield pool
    finally:
        await pool.close()


async def send(pool: SmtpPool, recipient: str = MARIE, message: bytes = MAIL) -> Delivery:
    return await pool.send(DESK, recipient, message)


def certificate_for(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-made certificate for one subjectAltName such as `IP:127.0.0.1`: (key and chain, chain alone)."""
    key, chain, both = folder / "key.pem", folder / "chain.pem", folder / "both.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", str(key), "-out", str(chain), "-days", "2", "-subj", "/CN=peer"),
            *("-addext", f"subjectAltName={name}"),
        ],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + chain.read_bytes())
    return both, chain

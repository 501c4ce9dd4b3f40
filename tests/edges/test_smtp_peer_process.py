"""The peer as a process of its own, as crash tests use it: what it says it took over is on the disk."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.core.values import Outcome
from daemon.edges.smtp import SmtpPool, SmtpServer
from tests.edges.smtp_rig import MAIL, MARIE, send
from tests.servers.smtp_peer import HOST

ROOT = Path(__file__).parents[2]


@contextmanager
def peer_process(log: Path, *options: str) -> Iterator[int]:
    """The port of a running peer."""
    command = [sys.executable, "-m", "tests.servers.smtp_peer", "--log", str(log), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def outcomes(port: int, mails: int) -> list[Outcome]:
    pool = SmtpPool(SmtpServer(host=HOST, port=port, tls="none", timeout=10, data_timeout=10))
    try:
        return [(await send(pool)).outcome for _ in range(mails)]
    finally:
        await pool.close()


async def test_every_mail_it_takes_is_in_its_log_and_no_other(tmp_path: Path) -> None:
    log = tmp_path / "accepted.jsonl"
    rates = ("--fail-rate", "0.3", "--drop-after-rate", "0.2", "--drop-before-rate", "0.2", "--seed", "7")
    with peer_process(log, *rates) as port:
        found = await outcomes(port, 30)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    accepted, unknown = found.count(Outcome.ACCEPTED), found.count(Outcome.UNKNOWN)
    assert accepted
    assert unknown
    assert found.count(Outcome.DEFERRED)
    assert accepted < len(lines) < accepted + unknown
    assert lines[0] == {
        "message_id": "<1@azimutpos.com>",
        "kind": "",
        "from": "support@azimutpos.com",
        "rcpt": [MARIE],
        "sha256": hashlib.sha256(MAIL).hexdigest(),
    }

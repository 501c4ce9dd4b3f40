"""Postfix's own smtp-sink, a real SMTP server that costs the machine next to nothing: the other end of the
benches, so that they time the daemon and not their own server.

Debian's `postfix` holds it. Where it is not installed its package is downloaded and unpacked into `build/`;
no mail server is set up.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_BUILD = Path(__file__).parents[1] / "build" / "smtp-sink"
_HEAD = 4000


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that was taken over. `at`: in seconds since the epoch; `kind`: of our own mails, else ""."""

    at: float
    recipient: str
    kind: str


class Sink:
    """`with Sink() as sink:` and then `sink.port`; afterwards `sink.taken()`."""

    def __init__(self) -> None:
        with closing(socket.socket()) as found:
            found.bind(("127.0.0.1", 0))
            self.port: int = found.getsockname()[1]
        # In memory: the disk is the daemon's.
        self._folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        command, libraries = _program()
        drop = ["-u", pwd.getpwuid(os.getuid()).pw_name] if os.getuid() == 0 else []
        self._process = subprocess.Popen(
            [command, *drop, "-d", str(self._folder / "m"), f"127.0.0.1:{self.port}", "100"],
            env={**os.environ, **libraries},
        )

    def __enter__(self) -> Self:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with closing(socket.socket()) as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise SystemExit("smtp-sink does not listen")

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder)

    def taken(self) -> list[Taken]:
        """In the order in which they were taken over."""
        return sorted((_taken(path) for path in self._folder.iterdir()), key=lambda mail: mail.at)


def _taken(path: Path) -> Taken:
    with path.open("rb") as file:
        head = file.read(_HEAD).decode("latin-1")
    at = path.stat().st_mtime
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    return Taken(at=at, recipient=fields["X-Rcpt-Args"].strip("<>"), kind=fields.get("X-Azimut-Kind", ""))


def _program() -> tuple[str, dict[str, str]]:
    """The program, and the environment in which it finds its libraries."""
    installed = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")
    if installed:
        return installed, {}
    unpacked = _BUILD / "usr" / "sbin" / "smtp-sink"
    if not unpacked.exists():
        _unpack()
    return str(unpacked), {"LD_LIBRARY_PATH": str(_BUILD / "usr" / "lib" / "postfix")}


def _unpack() -> None:
    _BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        try:
            subprocess.run(["apt-get", "download", "-qq", "postfix"], cwd=name, check=True)
            (package,) = Path(name).glob("postfix_*.deb")
            subprocess.run(["dpkg", "-x", str(package), str(_BUILD)], check=True)
        except (OSError, subprocess.CalledProcessError) as trouble:
            raise SystemExit(f"the benches need smtp-sink, of Debian's package postfix: {trouble}") from None

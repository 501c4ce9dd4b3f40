"""Starting the reading process. It imports next to nothing, so that the process can begin to load its model
while the daemon is still importing its own parts: together they would take a second longer."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Final

_NOT_FOR_IT: Final = ("AZIMUT_SUPPORT_", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_")
"""It reads what strangers write: it gets no password, and does not speak for the service."""

_NO_INPUT: Final = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)


@dataclass(frozen=True, slots=True)
class Begun:
    """A reading process that loads its model, and our end of the way to it."""

    pid: int
    sock: socket.socket

    def end(self) -> None:
        """Nobody wants it. Once somebody took its socket over, it is theirs and this does nothing."""
        if self.sock.fileno() < 0:
            return
        self.sock.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def taken(self) -> socket.socket:
        """The socket, for whoever talks with the process from now on."""
        return socket.socket(fileno=self.sock.detach())


def begin() -> Begun:
    """Raises `OSError`."""
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            return Begun(spawn(theirs), ours)
    except OSError:
        ours.close()
        raise


def spawn(sock: socket.socket) -> int:
    """Start the reading process on this end of a socket pair; returns its process id. Raises `OSError`.

    It imports nothing from where it is started (-P). A signal to all of the service that reaches it before it
    can ignore them waits (the mask) until it does.
    """
    os.set_inheritable(sock.fileno(), True)
    command = [sys.executable, "-P", "-m", "daemon.edges.reading.worker", str(sock.fileno())]
    known = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_IT)}
    stops = (signal.SIGTERM, signal.SIGINT)
    return os.posix_spawn(command[0], command, known, file_actions=[_NO_INPUT], setsigmask=stops)

"""What systemd and the process have to say to each other: readiness, watchdog, credentials, the end.

Plain sd_notify(3) datagrams; outside systemd every question is answered with nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

log = logging.getLogger("azimut.daemon")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def sd_notify(**state: object) -> bool:
    """Tell systemd, e.g. `READY=1` or `STATUS="serving"`; whether it could be told.

    Never waits and never raises: a message that systemd cannot take now must not hold up the daemon.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    lines = [f"{key}={_one_line(value)}" for key, value in state.items()]
    place = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.setblocking(False)
            notify.connect(place)
            notify.send("\n".join(lines).encode())
    except OSError as trouble:
        log.warning("systemd_not_told", extra={"fields": {"reason": str(trouble)}})
        return False
    return True


def watchdog_interval() -> float | None:
    """Seconds between two `sd_notify(WATCHDOG=1)`: half of what systemd waits for; None: nobody watches."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not (microseconds.isascii() and microseconds.isdigit()) or int(microseconds) == 0:
        return None
    return int(microseconds) / 2_000_000


def credential(name: str) -> str | None:
    """A credential of the unit (LoadCredential=) without its final newline, read anew at each call; None when
    there is none of this name. Raises OSError when it is there and cannot be read, ValueError when `name` is
    no plain file name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a credential")
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    try:
        return Path(folder, name).read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except FileNotFoundError:
        return None


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """While inside, SIGTERM and SIGINT set `stop`. A second one of the same kind ends the process at once,
    for a person who will not wait. To be entered where the event loop runs."""
    loop = asyncio.get_running_loop()
    armed = {signal.SIGTERM, signal.SIGINT}

    def disarm(which: signal.Signals) -> None:
        if which in armed:
            armed.discard(which)
            loop.remove_signal_handler(which)

    def received(which: signal.Signals) -> None:
        log.info("stopping", extra={"fields": {"signal": which.name}})
        stop.set()
        disarm(which)

    for which in tuple(armed):
        loop.add_signal_handler(which, received, which)
    try:
        yield
    finally:
        for which in tuple(armed):
            disarm(which)


def _one_line(value: object) -> str:
    """A line break would begin another assignment."""
    return "".join(c if c.isprintable() else " " for c in str(value))

"""The owner's means of being called: a command that gets a text on its standard input, and bounded time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from typing import Final

log = logging.getLogger("azimut.alarm")

PATIENCE: Final = 30.0
"""Seconds for the command."""

_OURS: Final = ("AZIMUT_SUPPORT_", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_")
"""Variables that hold our secrets, or our line to systemd."""


async def run_alarm(command: str, text: str, patience: float = PATIENCE) -> bool:
    """Run `command` with the shell and give it `text`; whether it ended well. What goes wrong is logged,
    never raised: the alarm is the last resort, and the daemon goes on. When time is up, or we are cancelled,
    it is killed with all that it started."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    try:
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=environ,
            start_new_session=True,
        )
    except OSError as trouble:
        log.error("alarm_failed", extra={"fields": {"reason": str(trouble)}})
        return False
    try:
        async with asyncio.timeout(patience):
            await process.communicate(text.encode())
    except TimeoutError:
        log.error("alarm_failed", extra={"fields": {"reason": f"not done within {patience:g} s"}})
        return False
    finally:
        _kill(process)
        await process.wait()
    if process.returncode != 0:
        log.error("alarm_failed", extra={"fields": {"reason": f"it ended with {process.returncode}"}})
    return process.returncode == 0


def _kill(process: asyncio.subprocess.Process) -> None:
    """The whole session, which a command that ended well has left nothing in."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

"""What the daemon needs of its machine besides mail and database: a place to listen, a command to call."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shlex
import socket
from pathlib import Path
from typing import Final

from daemon.checks.finding import Finding, failed, ok, warning
from daemon.settings.model import Http

PATIENCE: Final = 3.0

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")


async def http(settings: Http) -> Finding:
    """Can [http] listen be had? A running daemon has it already, and answers there."""
    if settings.endpoint is None:
        return ok("http", "off ([http] listen is empty): nothing but systemd watches the daemon")
    host, port = settings.endpoint
    what = f"[http] listen {settings.listen}"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as plug:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            plug.bind(address)
    except socket.gaierror as fault:
        return failed("http", f"{what}: {fault.strerror}; set another")
    except PermissionError:
        return failed("http", f"{what} may not be listened on: set a port over 1023")
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            return await _taken(settings.listen, host, port)
        return failed("http", f"{what}: {fault.strerror}; set an address of this machine")
    return ok("http", f"{settings.listen} is free")


async def _taken(listen: str, host: str, port: int) -> Finding:
    """Whoever answers /readyz as we do is our daemon."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                answer = await reader.read(65_536)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        answer = b""
    if b'"last_poll"' in answer:
        return ok("http", f"a running daemon answers at {listen}")
    return failed("http", f"another program listens on {listen}: set another [http] listen, or an empty one")


async def alarm(command: str) -> Finding:
    """Would the shell find [alarm] command? It is not run."""
    if not command:
        return warning(
            "alarm", "nobody is called when mail itself fails: set [alarm] command (see docs/operations.md)"
        )
    if await _shell("-n", "-c", command):
        return failed("alarm", f"/bin/sh does not understand [alarm] command: {command}")
    word = _first_word(command)
    if word is not None and not await _executable(word):
        return failed("alarm", f"[alarm] command: there is no {word} that may be executed")
    return ok("alarm", command)


def _first_word(command: str) -> str | None:
    """The program, when it can be told without running the shell."""
    try:
        words = [word for word in shlex.split(command, comments=True) if not _ASSIGNMENT.match(word)]
    except ValueError:
        return None
    plain = words and re.fullmatch(r"[\w./+@%:-]+", words[0])
    return words[0] if plain else None


async def _executable(word: str) -> bool:
    """A path that may be executed, or a name that the shell knows. dash's `command -v` takes any path."""
    if "/" in word:
        return _may_run(Path(word))
    return await _shell("-c", 'command -v -- "$1"', "sh", word) == 0


def _may_run(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


async def _shell(*arguments: str) -> int:
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()

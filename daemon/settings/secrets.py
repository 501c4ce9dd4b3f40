"""Passwords, read from where they lie each time they are needed, and never kept or shown.

The order is: a variable of the environment, a credential of systemd, a file that only its owner can read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.settings.environment import IMAP_PASSWORD, SMTP_PASSWORD
from daemon.settings.model import Settings

_LONGEST: Final = 65_536


class SecretMissing(OSError):
    """There is no secret in any of the places; the text names them."""


class SecretRefused(OSError):
    """There is one, and it must not be used as it lies; the text names the file, its mode and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a secret is to be found: `env` a variable, `credential` a file of $CREDENTIALS_DIRECTORY."""

    file: Path | None
    credential: str
    env: str

    def read(self) -> str:
        """The secret as it is now, without a final newline. Raises `SecretMissing`, `SecretRefused`."""
        value = os.environ.get(self.env)
        if value:
            return value
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if folder:
            try:
                return _content(Path(folder, self.credential), guarded=True)
            except FileNotFoundError:  # systemd runs us, but was not told of this credential
                pass
        if self.file is None:
            raise SecretMissing(f"no password: {self._places()}")
        try:
            return _content(self.file, guarded=folder is not None and self.file.is_relative_to(folder))
        except FileNotFoundError as missing:
            raise SecretMissing(f"no password: {self.file} does not exist; {self._places()}") from missing
        except PermissionError as closed:
            raise SecretRefused(
                f"{self.file} cannot be read by this user: {closed.strerror}. The service gets it from"
                f" systemd, other commands from `azimut-desk` (docs/operations.md) or the variable {self.env}"
            ) from closed

    def _places(self) -> str:
        return (
            f"put it into a file named by `password_file` (mode 0600), the systemd credential "
            f"{self.credential!r}, or the variable {self.env}"
        )


def imap_secret(settings: Settings) -> Secret:
    return Secret(file=settings.imap.password_file, credential="imap-password", env=IMAP_PASSWORD)


def smtp_secret(settings: Settings) -> Secret | None:
    """None when [smtp] has no `username`: then nobody logs in."""
    if not settings.smtp.username:
        return None
    return Secret(file=settings.smtp.password_file, credential="smtp-password", env=SMTP_PASSWORD)


def _content(path: Path, *, guarded: bool) -> str:
    """What the file holds. `guarded`: it lies in systemd's own folder, whose access is systemd's matter.

    The mode is asked of the open file, so that it cannot be exchanged between the question and the reading.
    """
    try:
        # Without O_NONBLOCK a pipe of this name would hold the program for ever.
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as trouble:
        raise SecretRefused(f"{path} cannot be read: {trouble.strerror}") from trouble
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise SecretRefused(f"{path} is no ordinary file")
        mode = stat.S_IMODE(found.st_mode)
        if mode & 0o077 and not guarded:
            raise SecretRefused(f"{path} has mode {mode:04o}, others can read it: chmod 600 {path}")
        data = os.read(number, _LONGEST + 1)
    finally:
        os.close(number)
    if len(data) > _LONGEST:
        raise SecretRefused(f"{path} holds more than {_LONGEST} bytes, so it is no password")
    try:
        value = data.decode("utf-8")
    except UnicodeDecodeError as trouble:
        # The cause would carry the bytes themselves into a traceback.
        raise SecretRefused(f"{path} holds no UTF-8 text (byte {trouble.start})") from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SecretMissing(f"{path} is empty: write the password into it")
    return value

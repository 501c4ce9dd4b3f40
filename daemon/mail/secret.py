"""The file that holds the desk's signing key: made once, by whoever comes first, for the desk's eyes only."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from daemon.settings.faults import ConfigError, Fault

_KEY: Final = "desk.secret_file"
_SIZE: Final = 32
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def load_or_create_secret(path: Path) -> bytes:
    """The key in `path`, made there with mode 0600 when the file does not exist yet.

    Whoever reads it can forge reply addresses, so a file that others can read is refused. Raises
    `ConfigError`.
    """
    try:
        if not path.exists():
            _create(path)
        return _load(path)
    except OSError as trouble:
        raise _unusable(
            path, trouble.strerror or str(trouble), "expected a file that we can read"
        ) from trouble


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise _unusable(path, "no regular file", "expected a file with the token key")
        if mode & _OTHERS:
            remedy = f"expected mode 0600: run chmod 600 {path}"
            raise _unusable(path, f"open to others (mode {stat.S_IMODE(mode):04o})", remedy)
        secret = file.read().strip()
    if len(secret) < _SIZE:
        remedy = f"expected at least {_SIZE} characters: restore it from a backup, or remove it to start anew"
        raise _unusable(path, f"{len(secret)} bytes long", remedy)
    return secret


def _create(path: Path) -> None:
    """Whole or not at all: written beside it, flushed to the disk, then linked into place. A link never
    replaces a file, so of two processes that start at once both go on with the first one's key."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(secrets.token_hex(_SIZE).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _flush(path.parent)
    finally:
        draft.unlink()


def _flush(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _unusable(path: Path, holds: str, expected: str) -> ConfigError:
    return ConfigError([Fault(file=str(path), key=_KEY, holds=holds, expected=expected)])

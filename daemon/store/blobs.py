"""Attachments and large mails as files, named by their SHA-256. Written before the transaction that names
them: a crash leaves a file that nobody names, never a name without its file. It knows nothing of tables.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daemon.store.faults import serving

_NAME: Final = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """The folder `blobs` of the data directory. All methods raise `Unavailable` when the disk is full or out
    of reach."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "blobs"

    def path(self, sha256: str) -> Path:
        """Where this content lies. Raises ValueError for what is no hex digest: it becomes a path."""
        if not _NAME.fullmatch(sha256):
            raise ValueError(f"not a SHA-256 in hex: {sha256!r}")
        return self._root / sha256[:2] / sha256

    async def write(self, contents: Mapping[str, bytes]) -> None:
        """Keep each content under its digest, durably. What is there already stays as it is."""
        if contents:
            with serving():
                await asyncio.to_thread(self._write_all, dict(contents))

    async def read(self, sha256: str) -> bytes:
        with serving():
            return await asyncio.to_thread(self.path(sha256).read_bytes)

    def _write_all(self, contents: dict[str, bytes]) -> None:
        for sha256, content in contents.items():
            target = self.path(sha256)
            if not target.exists():
                self._write(target, content)

    def _write(self, target: Path, content: bytes) -> None:
        """Under another name first: a half-written file must never bear the name of the whole."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).rename(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        for folder in (target.parent, target.parent.parent):
            _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """The new name is on disk too (a rename alone is not)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

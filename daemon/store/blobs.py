"""Attachments and large mails as files, named by their SHA-256. Written before the transaction that names
them: a crash leaves a file that nobody names, never a name without its file. It knows nothing of tables.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from daemon.ports import Unavailable
from daemon.store.faults import serving

_NAME: Final = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """The folder `blobs` of the data directory. All methods raise `Unavailable` when the disk is full or out
    of reach."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "blobs"
        self._wanted: Counter[str] = Counter()

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

    @asynccontextmanager
    async def kept(self, contents: Mapping[str, bytes]) -> AsyncIterator[None]:
        """The same, and nobody removes them while the rows that name them are being written."""
        self._wanted.update(contents.keys())
        try:
            await self.write(contents)
            yield
        finally:
            self._wanted.subtract(contents.keys())
            self._wanted = +self._wanted

    def remove(self, sha256: str) -> None:
        """The file goes, unless somebody is about to name it. Without a pause between look and deed."""
        if sha256 not in self._wanted:
            with serving():
                self.path(sha256).unlink(missing_ok=True)

    async def read(self, sha256: str) -> bytes:
        content = await self.find(sha256)
        if content is None:
            text = f"the file {self.path(sha256)} is missing: restore it from the last backup"
            raise Unavailable("store", text, refused=True)
        return content

    async def find(self, sha256: str) -> bytes | None:
        """The same, None where there is no such file: it was erased."""
        path = self.path(sha256)
        with serving():
            try:
                return await asyncio.to_thread(path.read_bytes)
            except FileNotFoundError:
                return None

    def all(self) -> Iterator[tuple[str, Path]]:
        """Every kept file by its name under the data directory (`blobs/ab/ab12…`), in order. What is still
        being written, or was when the machine died, is none."""
        for path in sorted(self._root.glob("[0-9a-f][0-9a-f]/*")):
            if _NAME.fullmatch(path.name):
                yield f"blobs/{path.parent.name}/{path.name}", path

    async def fault_of(self, sha256: str) -> str | None:
        """What is wrong with this file ("missing", "its content has changed"), None when nothing is."""
        with serving():
            return await asyncio.to_thread(self._fault_of, sha256)

    def _fault_of(self, sha256: str) -> str | None:
        if not _NAME.fullmatch(sha256):
            return "no SHA-256"
        try:
            with self.path(sha256).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return "missing"
        return None if found == sha256 else "its content has changed"

    def _write_all(self, contents: dict[str, bytes]) -> None:
        for sha256, content in contents.items():
            target = self.path(sha256)
            if not target.exists():
                self._write(target, content)

    def _write(self, target: Path, content: bytes) -> None:
        """Under another name first: a half-written file must never bear the name of the whole."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.parent.mkdir(mode=0o700, exist_ok=True)
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
        for folder in (target.parent, self._root, self._root.parent):
            _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """The new name is on disk too (a rename alone is not)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

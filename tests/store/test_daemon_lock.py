"""The lock of a store dies with its holder, and its file is never more than a lock."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.ports import Unavailable
from daemon.store.database import open_store
from daemon.store.faults import StoreLocked

_HOLDER = """
import asyncio, sys
from pathlib import Path
from daemon.store.database import open_store

async def hold() -> None:
    async with open_store(sys.argv[1], Path(sys.argv[2]), create=True) as store:
        await store.acquire_daemon_lock()
        print("locked", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


def hold(url: str, folder: Path) -> subprocess.Popen[str]:
    """Another process that is a daemon on this store."""
    command = [sys.executable, "-c", _HOLDER, url, str(folder)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)


async def test_the_lock_of_a_killed_daemon_is_free(url: str, tmp_path: Path) -> None:
    holder = hold(url, tmp_path)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        async with open_store(url, tmp_path, create=False) as store:
            with pytest.raises(StoreLocked, match="another daemon") as held:
                await store.acquire_daemon_lock()
            if url.startswith("sqlite"):
                assert held.value.pid == holder.pid
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    async with open_store(url, tmp_path, create=False) as store:
        for _ in range(200):  # PostgreSQL takes a moment to notice that the connection is gone
            try:
                await store.acquire_daemon_lock()
                break
            except StoreLocked:
                continue
        else:
            pytest.fail("the lock of a dead process is still held")


async def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("keep", "utf-8")
    (tmp_path / "a.db.lock").symlink_to(target)
    async with open_store(f"sqlite://{tmp_path}/a.db", tmp_path, create=True) as store:
        with pytest.raises(Unavailable, match=r"a\.db\.lock"):
            await store.acquire_daemon_lock()
    assert target.read_text("utf-8") == "keep"


async def test_what_a_former_holder_wrote_is_gone(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/a.db"
    async with (
        open_store(url, tmp_path, create=True) as first,
        open_store(url, tmp_path, create=False) as second,
    ):
        (tmp_path / "a.db.lock").write_text("4194304 a-machine-with-a-very-long-name.example\n", "utf-8")
        await first.acquire_daemon_lock()
        with pytest.raises(StoreLocked) as held:
            await second.acquire_daemon_lock()
        assert (held.value.pid, held.value.host) == (os.getpid(), socket.gethostname())


async def test_a_lock_file_that_says_nothing_still_locks(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/a.db"
    async with (
        open_store(url, tmp_path, create=True) as first,
        open_store(url, tmp_path, create=False) as second,
    ):
        await first.acquire_daemon_lock()
        os.truncate(tmp_path / "a.db.lock", 0)
        with pytest.raises(StoreLocked) as held:
            await second.acquire_daemon_lock()
        assert held.value.pid == 0

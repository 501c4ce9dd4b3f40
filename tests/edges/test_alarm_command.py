"""The owner's alarm command: it gets the text, little time, none of our secrets, and cannot harm us."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from daemon.edges.system import run_alarm
from daemon.outlook import call
from tests.servers.waiting import until


async def test_the_command_gets_the_text_on_its_standard_input(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert await run_alarm(f"cat > '{out}'", "Courrier arrêté\n")
    assert out.read_text("utf-8") == "Courrier arrêté\n"


async def test_a_command_that_reads_nothing_is_no_trouble() -> None:
    assert await run_alarm("exec true", "x" * 1_000_000)


@pytest.mark.parametrize("command", ["exit 3", "/no/such/command", "kill -9 $$"])
async def test_a_command_that_fails_is_logged_and_not_raised(
    command: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert not await run_alarm(command, "text")
    assert "alarm_failed" in caplog.text


async def test_a_command_that_does_not_end_is_killed_with_its_children(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pids = tmp_path / "pids"
    command = f"sleep 1000 & echo $! > '{pids}'; wait"
    with caplog.at_level(logging.ERROR):
        assert not await run_alarm(command, "text", patience=0.3)
    assert "alarm_failed" in caplog.text
    await until(lambda: _gone(int(pids.read_text())))


async def test_a_cancelled_alarm_leaves_nothing_behind(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    task = asyncio.create_task(run_alarm(f"echo $$ > '{pids}'; exec sleep 1000", "text"))
    await until(lambda: pids.exists() and pids.read_text().strip())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: _gone(int(pids.read_text())))


async def test_our_secrets_are_not_handed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AZIMUT_SUPPORT_IMAP__PASSWORD", "geheim")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    monkeypatch.setenv("PAGER_TOKEN", "of the owner")
    out = tmp_path / "env"
    assert await run_alarm(f"env > '{out}'", "text")
    names = {line.partition("=")[0] for line in out.read_text().splitlines()}
    assert "PAGER_TOKEN" in names
    assert not [n for n in names if n.startswith(("AZIMUT", "CREDENTIALS", "NOTIFY"))]


async def test_without_a_command_the_alarm_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        await call("", "imap", "Mail is not being read\n")
    assert "mail_fails" in caplog.text


def _gone(pid: int) -> bool:
    """No process of this number runs; a killed orphan may still await its reaper."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True

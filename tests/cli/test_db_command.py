"""`db upgrade | backup | check` as an operator, or the systemd unit, runs them."""

from __future__ import annotations

import asyncio
import sqlite3
import tarfile
from pathlib import Path

import pytest

from daemon.app import open_store_for
from daemon.settings.load import load_settings
from daemon.store import schema
from tests.cli.command import azimut
from tests.cli.desk import write_desk
from tests.store.build import new_ticket


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    return write_desk(tmp_path / "desk")


@pytest.fixture
def config(empty: Path) -> Path:
    """A desk with one ticket."""

    async def fill() -> None:
        async with open_store_for(load_settings(empty, {}), create=True) as store:
            await store.apply(new_ticket())

    asyncio.run(fill())
    return empty


def database(config: Path) -> Path:
    return config.parent / "data" / "desk.sqlite3"


def test_an_upgrade_before_the_first_start_is_no_fault_and_makes_nothing(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The systemd unit runs it before every start."""
    status, out, err = azimut(capsys, "--config", empty, "db", "upgrade")
    assert (status, err) == (0, "")
    assert "`azimut-support run` creates it" in out
    assert list((empty.parent / "data").iterdir()) == []


def test_an_upgrade_of_a_current_store_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = azimut(capsys, "--config", config, "db", "upgrade")
    assert (status, out, err) == (0, f"the store is up to date: {schema.released()[-1]}\n", "")


def test_an_upgrade_tells_what_it_did_and_where_the_copy_is(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = database(config).with_name("copy")

    async def upgrade(url: str) -> schema.Upgrade:
        assert url == f"sqlite://{database(config)}"
        return schema.Upgrade(applied=("0002_next",), copy=copy)

    monkeypatch.setattr(schema, "upgrade", upgrade)
    status, out, _ = azimut(capsys, "--config", config, "db", "upgrade")
    assert (status, out) == (0, f"applied 0002_next\nthe store as it was: {copy}\n")


def test_an_upgrade_beside_a_running_daemon_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = asyncio.new_event_loop()
    opening = open_store_for(load_settings(config, {}))
    store = loop.run_until_complete(opening.__aenter__())
    loop.run_until_complete(store.acquire_daemon_lock())
    try:
        status, _, err = azimut(capsys, "--config", config, "db", "upgrade")
    finally:
        loop.run_until_complete(opening.__aexit__(None, None, None))
        loop.close()
    assert status == 2
    assert "another daemon holds this store" in err


def test_a_backup_is_an_archive_and_says_what_is_in_it(
    config: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (config.parent / "data" / "token-key").write_text("k" * 64, "utf-8")
    target = tmp_path / "desk.tar"
    status, out, err = azimut(capsys, "--config", config, "db", "backup", target)
    assert (status, err) == (0, "")
    assert out == f"{target}: {target.stat().st_size} bytes, desk.sqlite3, 0 files\n"
    with tarfile.open(target) as opened:
        assert opened.getnames() == ["desk.sqlite3", "token-key"]
    status, out, err = azimut(capsys, "--config", config, "db", "backup", target)
    assert (status, out) == (1, "")
    assert f"{target} exists" in err


def test_a_backup_without_a_token_key_says_so(
    config: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, _ = azimut(capsys, "--config", config, "db", "backup", "desk.tar")
    assert status == 0
    assert out.startswith(str(tmp_path / "desk.tar"))
    assert "there is no token key" in out


@pytest.mark.parametrize("verb", [("backup", "x.tar"), ("check",)])
def test_without_a_store_there_is_nothing_to_back_up_or_check(
    empty: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: tuple[str, ...]
) -> None:
    arguments = [tmp_path / a if a.endswith(".tar") else a for a in verb]
    status, out, err = azimut(capsys, "--config", empty, "db", *arguments)
    assert (status, out) == (2, "")
    assert "there is no store at" in err
    assert not (tmp_path / "x.tar").exists()


def test_a_check_tells_each_promise_and_each_fault(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = azimut(capsys, "--config", config, "db", "check")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 18
    assert all(line.startswith("ok  ") for line in lines)
    assert "ok       the bytes of every arrived mail are kept (1)" in lines
    other = sqlite3.connect(database(config))
    other.execute("DELETE FROM inbound_content")
    other.commit()
    other.close()
    status, out, err = azimut(capsys, "--config", config, "db", "check")
    assert (status, err) == (1, "")
    assert "failed   the bytes of every arrived mail are kept (1)" in out.splitlines()
    assert "         INBOX/7/1: its bytes are gone" in out.splitlines()

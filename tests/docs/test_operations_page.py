"""docs/operations.md, typed as it stands: its paths moved into a folder, its users left out."""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.app import open_store_for
from daemon.cli import parser
from daemon.settings.load import load_settings
from tests.cli.command import azimut
from tests.docs.pages import ROOT, commands, page, section
from tests.store.build import new_ticket
from tests.store.test_audit import busy

PAGE = "operations.md"
OWNED = re.compile(r" -o azimut-support -g azimut-support|^chown .*$|^systemctl .*$", re.MULTILINE)


def typed(script: str, root: Path, **instead: str) -> None:
    """Run it by a shell that stops at the first failure; `instead`: programs that are not on this machine."""
    script = OWNED.sub("", script)
    script = re.sub(r"(?<![\w./])/(etc|opt|var/lib|usr/local|backup)\b", rf"{root}/\1", script)
    functions = "".join(f"{name.replace('_', '-')}() {{ {body}; }}\n" for name, body in instead.items())
    done = subprocess.run(
        ["bash", "-euc", functions + script], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{script}\n{done.stderr}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine after `pip install`: what Debian has, and what the wheel brings."""
    data = tmp_path / "opt/azimut-support/lib/python3.11/site-packages/daemon/_data"
    for name in ("systemd", "config"):
        shutil.copytree(ROOT / name, data / name)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "opt/azimut-support/bin").mkdir()
    (tmp_path / "opt/azimut-support/bin/python").symlink_to(sys.executable)
    return tmp_path


def test_the_installation_puts_everything_where_the_unit_looks(root: Path) -> None:
    block = commands(section(PAGE, "Install in ten minutes"))[0]
    wheel, files = block.split("\n\n", 1)
    assert "pip install ./azimut_support-*.whl" in wheel
    typed(files, root, systemd_sysusers="true")
    typed(files, root, systemd_sysusers="true")  # twice does no harm
    assert sorted(p.name for p in (root / "etc/systemd/system").iterdir()) == [
        "azimut-support-failed@.service",
        "azimut-support.service",
    ]
    assert (root / "etc/sysusers.d/azimut-support.conf").is_file()
    assert stat.S_IMODE((root / "usr/local/sbin/azimut-desk").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "var/lib/azimut-support").stat().st_mode) == 0o700
    settings = load_settings(root / "etc/azimut-support/azimut-support.toml", environ={})
    assert settings.imap.password_file == root / "etc/azimut-support/imap-password"


def test_the_upgrade_of_the_files_is_what_the_installation_put_there(root: Path) -> None:
    files = commands(section(PAGE, "Install in ten minutes"))[0].split("\n\n", 1)[1]
    typed(files, root, systemd_sysusers="true")
    for old in (root / "etc/systemd/system").iterdir():
        old.write_text("of the old release")
    (root / "opt/azimut-support/bin/pip").write_text("#!/bin/sh\n")
    (root / "opt/azimut-support/bin/pip").chmod(0o755)
    typed(commands(section(PAGE, "Upgrade"))[0], root, azimut_desk="true")
    for new in (root / "etc/systemd/system").iterdir():
        assert new.read_bytes() == (ROOT / "systemd" / new.name).read_bytes()


def test_a_desk_is_restored_and_gives_no_number_twice(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = commands(section(PAGE, "Install in ten minutes"))[0].split("\n\n", 1)[1]
    typed(files, root, systemd_sysusers="true")
    config, data = root / "etc/azimut-support/azimut-support.toml", root / "var/lib/azimut-support"
    config.write_text(config.read_text("utf-8").replace("/var/lib/azimut-support", str(data)), "utf-8")
    (root / "backup").mkdir()
    fill(config)
    (data / "token-key").write_text("k" * 64, "utf-8")
    status, _, err = azimut(capsys, "--config", config, "db", "backup", root / "backup/desk-2026-11-25.tar")
    assert (status, err) == (0, "")

    unpack, _postgres, _then, numbers = commands(section(PAGE, "Restore"))
    typed(unpack, root)
    assert {stat.S_IMODE(p.stat().st_mode) for p in data.rglob("*") if p.is_file()} == {0o600}
    assert azimut(capsys, "--config", config, "db", "upgrade")[0] == 0
    assert azimut(capsys, "--config", config, "db", "check")[0] == 0
    typed(numbers, root, runuser='shift 3; "$@"')
    assert fill(config, 900) == 1004 + 1000 + 1


def fill(config: Path, uid: int = 0) -> int:
    """The number of the ticket of this mail; without one, four tickets with all that belongs to them."""

    async def work() -> int:
        async with open_store_for(load_settings(config, {}), create=True) as store:
            if uid:
                return (await store.apply(new_ticket(uid))).ticket or 0
            await busy(store)
            return 0

    return asyncio.run(work())


def test_every_command_of_ours_that_the_pages_tell_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """With its options: argparse takes them. A command that is only named may lack its arguments."""
    found = set()
    for name in ("docs/operations.md", "docs/architecture.md", "README.md"):
        found |= set(CALLS.findall((ROOT / name).read_text("utf-8")))
    asked = [re.sub(r"\s+#.*|\s{3,}.*", "", words) for words in found]
    tried = [words for words in asked if words.split()[0] in COMMANDS]
    assert len(tried) > 15
    for words in tried:
        try:
            parser().parse_args(words.split())
        except SystemExit:
            assert "the following arguments are required" in capsys.readouterr().err, words


CALLS = re.compile(r"(?:azimut-desk|azimut-support(?: --config \S+)?) ((?:[a-z]+)\b[^`\n]*)")
COMMANDS = next(
    action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
)


def test_the_page_names_no_user_that_the_unit_does_not_have() -> None:
    unit = (ROOT / "systemd/azimut-support.service").read_text("utf-8")
    assert "User=azimut-support\n" in unit
    assert set(re.findall(r"runuser -u (\S+)|chown -R (\S+):", page(PAGE))) <= {
        ("azimut-support", ""),
        ("", "azimut-support"),
    }

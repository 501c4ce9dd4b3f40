"""A reader who goes away and a full disk end a command with a status, and never with a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon import cli
from daemon.checks import check
from daemon.settings.load import load_settings
from tests.cli.command import azimut
from tests.mail.threat_mails import FOLDER

MAIL = FOLDER / "001-plain-fr-qp.eml"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_the_output_is_one_line_and_status_1() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "daemon", "parse", "--json", str(MAIL)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == f"azimut-support: {os.strerror(errno.ENOSPC)}\n"


def test_a_reader_who_goes_away_gets_silence_and_status_1() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        ended = subprocess.run(
            [sys.executable, "-m", "daemon", "parse", "--json", str(MAIL)],
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (1, "")


def test_a_systems_refusal_names_its_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(args: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/desk")

    class Arguments:
        func = staticmethod(refuse)

    class Parser:
        def parse_args(self, argv: list[str] | None) -> Arguments:
            return Arguments()

    monkeypatch.setattr(cli, "parser", Parser)
    assert azimut(capsys) == (1, "", "azimut-support: /srv/desk: Permission denied\n")


@pytest.mark.parametrize(
    ("mode", "level"), [(None, "warning"), (0o644, "failed"), (0o600, "ok")], ids=["missing", "open", "safe"]
)
async def test_an_offline_check_looks_whether_passwords_can_be_read(
    tmp_path: Path, mode: int | None, level: str
) -> None:
    if mode is not None:
        secret = tmp_path / "imap-password"
        secret.write_text("s3cret\n")
        secret.chmod(mode)
    config = tmp_path / "azimut-support.toml"
    sla = Path(__file__).parents[2] / "config" / "sla.toml"
    config.write_text(
        f'[desk]\naddress = "support@azimutpos.com"\ndata_dir = "{tmp_path}"\nsla = "{sla}"\n'
        '[imap]\nusername = "support"\npassword_file = "imap-password"\n'
    )
    found = [finding async for finding in check(load_settings(config, {}), offline=True)]
    (password,) = [finding for finding in found if finding.name == "imap password"]
    assert password.level == level
    assert "s3cret" not in password.text

"""The unit files as systemd reads them: nothing ignored, hardened, and true to what the daemon does.

systemd-analyze ends with 0 on a setting that it ignores, so every line that names the unit is a fault.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

UNITS: Final = Path(__file__).parents[2] / "systemd"
SERVICE: Final = "azimut-support.service"
FAILED: Final = "azimut-support-failed@.service"
PROGRAM: Final = "/opt/azimut-support/bin/azimut-support"


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("systemd-analyze is missing, and CI must not skip: install Debian's package systemd")
        pytest.skip("systemd-analyze is not on this machine (Debian's package systemd)")
    return found


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Copies that name a program which is there: verify asks for it."""
    for path in UNITS.glob("*.service"):
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace(PROGRAM, "/bin/true"), "utf-8")
    return tmp_path


def complaints(analyze: str, unit: Path) -> list[str]:
    checked = subprocess.run(
        [analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, env={"LC_ALL": "C"}
    )
    lines = (checked.stderr + checked.stdout).splitlines()
    return [line for line in lines if unit.name in line or str(unit.parent) in line]


def settings(name: str) -> dict[str, list[str]]:
    """What the unit sets, in order; a key may come more than once."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text("utf-8").splitlines():
        if match := re.fullmatch(r"([A-Za-z]+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


@pytest.mark.parametrize("name", [SERVICE, FAILED])
def test_systemd_has_nothing_to_complain_of(analyze: str, units: Path, name: str) -> None:
    assert complaints(analyze, units / name) == []


@pytest.mark.parametrize(
    "wrong", ["Type=notfy", "WatchdogSec=abc", "NoSuchSetting=yes", "SetCredential=smtp-password:"]
)
def test_a_setting_that_systemd_would_ignore_is_seen(analyze: str, units: Path, wrong: str) -> None:
    path = units / SERVICE
    path.write_text(path.read_text("utf-8").replace("[Service]", f"[Service]\n{wrong}", 1), "utf-8")
    assert complaints(analyze, path)


def test_the_service_is_hardened(analyze: str, units: Path) -> None:
    judged = subprocess.run(
        [analyze, "security", "--no-pager", "--offline=true", "--threshold=15", str(units / SERVICE)],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C"},
    )
    assert judged.returncode == 0, judged.stdout
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", judged.stdout)
    assert exposure is not None
    assert float(exposure[1]) <= 1.5


def test_every_program_of_ours_that_it_starts_is_a_command_of_ours() -> None:
    from daemon.cli import parser

    known = parser().format_help()
    for key in ("ExecStartPre", "ExecStart"):
        for line in settings(SERVICE)[key]:
            program, command, *_ = line.split()
            assert program.removeprefix("-") == PROGRAM
            assert re.search(rf"^    {command}\b", known, re.MULTILINE), f"{key}: no command {command}"


def test_it_notifies_and_is_watched_and_does_not_start_again_on_a_configuration_fault() -> None:
    unit = settings(SERVICE)
    assert unit["Type"] == ["notify"]
    assert unit["WatchdogSec"] == ["3min"]
    assert unit["Restart"] == ["on-failure"]
    assert unit["RestartPreventExitStatus"] == ["2 243"]
    # systemd asks it of the main process only: what comes before may not fail the start by itself.
    assert all(line.startswith("-") for line in unit["ExecStartPre"])
    assert (unit["StartLimitIntervalSec"], unit["StartLimitBurst"]) == (["1h"], ["10"])
    assert unit["OnFailure"] == [FAILED.replace("@", "@%n")]


def test_the_passwords_are_credentials_under_the_names_that_the_daemon_reads() -> None:
    from daemon.settings.load import load_settings
    from daemon.settings.secrets import imap_secret, smtp_secret

    sample = load_settings(
        UNITS.parent / "config" / "azimut-support.toml", environ={"AZIMUT_SUPPORT_SMTP__USERNAME": "desk"}
    )
    smtp = smtp_secret(sample)
    assert smtp is not None
    names = {line.partition(":")[0] for line in settings(SERVICE)["LoadCredential"]}
    assert names == {imap_secret(sample).credential, smtp.credential}


def test_it_may_write_where_the_sample_configuration_writes() -> None:
    from daemon.settings.load import load_settings

    sample = load_settings(UNITS.parent / "config" / "azimut-support.toml", environ={})
    assert sample.desk.data_dir == Path("/var/lib") / settings(SERVICE)["StateDirectory"][0]

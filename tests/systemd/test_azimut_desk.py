"""`azimut-desk`: an operator's command runs as the service's user, with the service's passwords."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "systemd" / "azimut-desk"
RUNUSER = """#!/bin/sh
echo "$@"
env | grep ^AZIMUT_SUPPORT_ | sort
"""


def run(tmp_path: Path, uid: int, *words: str) -> subprocess.CompletedProcess[str]:
    """The script with its folder moved to `tmp_path`, by a user of this number, on a recording `runuser`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"runuser": RUNUSER, "id": f"#!/bin/sh\necho {uid}\n"}.items():
        (programs / name).write_text(text, "utf-8")
        (programs / name).chmod(0o755)
    script = tmp_path / "azimut-desk"
    script.write_text(
        SCRIPT.read_text("utf-8").replace("etc=/etc/azimut-support", f"etc={tmp_path}"), "utf-8"
    )
    return subprocess.run(
        ["/bin/sh", str(script), *words],
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("written", "found"),
    [("pass word\\n\n", "pass word\\n"), ("bare", "bare"), ("saved elsewhere\r\n", "saved elsewhere")],
)
def test_a_command_runs_as_the_services_user_with_its_passwords(
    tmp_path: Path, written: str, found: str
) -> None:
    (tmp_path / "imap-password").write_bytes(written.encode())
    (tmp_path / "smtp-password").touch()  # nobody logs in there
    done = run(tmp_path, 0, "ticket", "AZ 1001")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "-u azimut-support -- /opt/azimut-support/bin/azimut-support ticket AZ 1001\n"
        f"AZIMUT_SUPPORT_IMAP__PASSWORD={found}\n"
    )


def test_without_password_files_it_runs_all_the_same(tmp_path: Path) -> None:
    done = run(tmp_path, 0, "tickets")
    assert done.stdout == "-u azimut-support -- /opt/azimut-support/bin/azimut-support tickets\n"


def test_others_are_told_who_may(tmp_path: Path) -> None:
    done = run(tmp_path, 1000, "tickets")
    assert (done.returncode, done.stdout) == (2, "")
    assert "run it as root" in done.stderr

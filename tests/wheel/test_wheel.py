"""The wheel is the whole program: built, installed into an empty environment, run from a folder that holds
nothing of the checkout."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from daemon.demo.desk import DESK
from daemon.demo.mailserver import serve

CHECKOUT: Final = Path(__file__).parents[2]
LARGEST: Final = 60_000_000
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment of its own that holds the wheel, and a folder to work in."""

    program: Path
    packages: Path
    folder: Path

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AZIMUT_", "PYTHON", "COV_"))}
        return subprocess.run(
            [str(self.program), *words],
            cwd=self.folder,
            env=clean | environ,
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The dependencies are lent by this environment through a path file, which comes after the wheel's own
    packages and whose own path files are not read: the editable checkout is not in sight."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    installer = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run(
        [*installer, "--no-index", "--disable-pip-version-check", str(wheel)], check=True, capture_output=True
    )
    (packages,) = (venv / "lib").glob("python*/site-packages")
    lent = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (packages / "zz-lent.pth").write_text("\n".join(dict.fromkeys(lent)) + "\n")
    return Installed(
        program=venv / "bin" / "azimut-support",
        packages=packages,
        folder=tmp_path_factory.mktemp("elsewhere"),
    )


@pytest.fixture(scope="module")
def demo(installed: Installed) -> Path:
    """The folder that `demo` left behind."""
    folder = installed.folder / "demo"
    shown = installed.run("demo", "--dir", str(folder))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "AZ-" in shown.stdout
    return folder


def test_the_wheel_brings_two_packages_and_nothing_beside_them(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].removesuffix("-0.1.0.dist-info") for name in names} == {
        "daemon",
        "classifiers",
        "azimut_support",
    }
    assert not [n for n in names if "/corpus/" in n or "__pycache__" in n or "test_" in n]


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST


@pytest.mark.parametrize(
    ("folder", "kept_as"),
    [
        ("templates/email", "daemon/_data/templates/email"),
        ("config", "daemon/_data/config"),
        ("tests/fixtures/mails", "daemon/_data/mails"),
        ("systemd", "daemon/_data/systemd"),
        ("classifiers/model", "classifiers/model"),
        ("daemon/store/migrations", "daemon/store/migrations"),
    ],
)
def test_every_file_that_the_program_reads_is_in_the_wheel(wheel: Path, folder: str, kept_as: str) -> None:
    here = {
        str(path.relative_to(CHECKOUT / folder))
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        there = {n.removeprefix(kept_as + "/") for n in archive.namelist() if n.startswith(kept_as + "/")}
    assert here
    assert here - there == set()


def test_the_demo_runs_from_the_installed_wheel(demo: Path, installed: Installed) -> None:
    assert str(installed.packages) in (demo / "azimut-support.toml").read_text("utf-8")
    assert str(CHECKOUT) not in (demo / "azimut-support.toml").read_text("utf-8")
    assert list((demo / "sent").iterdir())


def test_check_finds_templates_and_model_and_takes_the_sample_configuration(installed: Installed) -> None:
    sample = installed.packages / "daemon" / "_data" / "config" / "azimut-support.toml"
    data = installed.folder / "data"
    data.mkdir(exist_ok=True)
    checked = installed.run(
        *("--config", str(sample), "check", "--offline"), AZIMUT_SUPPORT_DESK__DATA_DIR=str(data)
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_without_a_configuration_it_says_where_it_looked(installed: Installed) -> None:
    if Path("/etc/azimut-support/azimut-support.toml").exists():
        pytest.skip("this machine has a desk of its own")
    checked = installed.run("check", "--offline")
    assert checked.returncode == 2
    assert "/etc/azimut-support/azimut-support.toml" in checked.stderr
    assert "Traceback" not in checked.stderr


async def test_one_pass_of_the_daemon_answers_a_mail(demo: Path, installed: Installed) -> None:
    async with serve(DESK) as server:
        user, password, imap = server.desk
        mail = (
            b"From: Marie <marie@boulangerie.example>\r\nTo: support@azimutpos.com\r\n"
            b"Message-ID: <wheel@boulangerie.example>\r\nSubject: La caisse est gelee\r\n"
            b"Date: Mon, 02 Nov 2026 09:10:00 -0500\r\n\r\nPlus rien ne repond sur la caisse.\r\n"
        )
        import smtplib

        def deliver() -> None:
            with smtplib.SMTP("127.0.0.1", server.smtp_port) as smtp:
                smtp.sendmail("marie@boulangerie.example", [DESK], mail)

        await asyncio.to_thread(deliver)
        ran = await asyncio.to_thread(
            lambda: installed.run(
                *("--config", str(demo / "azimut-support.toml"), "run", "--once"),
                AZIMUT_SUPPORT_IMAP__PORT=str(imap),
                AZIMUT_SUPPORT_IMAP__USERNAME=user,
                AZIMUT_SUPPORT_IMAP__PASSWORD=password,
                AZIMUT_SUPPORT_SMTP__PORT=str(server.smtp_port),
            )
        )
        assert ran.returncode == 0, ran.stderr
        assert any(b"X-Azimut-Kind: ack" in letter.data for letter in server.accepted)


def test_training_says_what_the_wheel_does_not_bring(installed: Installed) -> None:
    trained = installed.run("model", "train")
    assert trained.returncode == 1
    assert "checkout" in trained.stderr
    assert "Traceback" not in trained.stderr

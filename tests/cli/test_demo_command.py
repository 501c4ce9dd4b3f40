"""`demo --dir`: what it cannot play in, it says before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.cli import demo
from tests.cli.command import azimut


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where it would have played."""
    folders: list[Path] = []

    async def play(folder: Path, *, keep: bool) -> None:
        folders.append(folder)

    monkeypatch.setattr(demo, "_demo", play)
    return folders


def test_a_folder_in_use_is_refused(
    tmp_path: Path, played: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The second demo in one folder would find every mail answered, and wait for answers that do not come."""
    (tmp_path / "data").mkdir()
    status, out, err = azimut(capsys, "demo", "--dir", tmp_path)
    assert (status, out) == (2, "")
    assert err == f"--dir is '{tmp_path}', which is not empty: expected an empty or a new folder\n"
    assert played == []


def test_a_file_is_no_folder(tmp_path: Path, played: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    status, _, err = azimut(capsys, "demo", "--dir", file)
    assert (status, err) == (2, f"--dir is '{file}': expected a folder\n")
    assert played == []


@pytest.mark.parametrize("made", [True, False])
def test_an_empty_or_a_new_folder_is_played_in(
    tmp_path: Path, played: list[Path], capsys: pytest.CaptureFixture[str], made: bool
) -> None:
    folder = tmp_path / "demo"
    if made:
        folder.mkdir()
    assert azimut(capsys, "demo", "--dir", folder)[0] == 0
    assert played == [folder]

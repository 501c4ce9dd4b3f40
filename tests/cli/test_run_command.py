"""`run` before anything of the daemon is there: what fails is told by the daemon, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.edges import reading_process
from tests.cli.command import azimut


def test_a_process_that_cannot_be_started_is_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(reading_process, "begin", full)
    status, out, err = azimut(capsys, "--config", tmp_path / "missing.toml", "run")
    assert (status, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert "missing.toml" in err

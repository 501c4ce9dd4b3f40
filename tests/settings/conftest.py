"""The shipped promises are read once for all these tests: building their holidays takes a while."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from daemon.settings import sla

_read = sla.load_sla
_of_file = cache(_read)


@pytest.fixture(autouse=True)
def _promises_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_sla(path: Path) -> object:
        return _of_file(path.resolve()) if path.is_symlink() else _read(path)

    monkeypatch.setattr(sla, "load_sla", load_sla)

"""The shipped promises are read once for all these tests: building their holidays takes a while."""

from __future__ import annotations

from functools import cache

import pytest

from daemon.settings import sla

_read_once = cache(sla.load_sla)


@pytest.fixture(autouse=True)
def _promises_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sla, "load_sla", _read_once)

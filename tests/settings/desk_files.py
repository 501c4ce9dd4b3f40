"""A configuration in a folder of its own, as an owner would write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from daemon.settings.faults import ConfigError, Fault
from daemon.settings.load import load_settings
from daemon.settings.model import Settings

REPOSITORY = Path(__file__).parents[2]
SHIPPED = REPOSITORY / "config" / "azimut-support.toml"


def write(folder: Path, text: str) -> Path:
    """A configuration with this text. The shipped promises lie beside it, so that `sla` may be left out."""
    folder.mkdir(parents=True, exist_ok=True)
    promises = folder / "sla.toml"
    if not promises.exists():
        promises.symlink_to(REPOSITORY / "config" / "sla.toml")
    path = folder / "azimut-support.toml"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    return load_settings(write(folder, text), environ or {})


def faults(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[Fault]:
    """What is wrong with this configuration; a test fails when nothing is."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, environ)
    return list(caught.value.faults)


def fault(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Fault:
    """The one thing that is wrong."""
    found = faults(folder, text, environ)
    assert len(found) == 1, [str(f) for f in found]
    return found[0]

"""docs/architecture.md names what exists: every function of the walk, every folder, and the layers."""

from __future__ import annotations

import importlib
import re
import tomllib
from types import ModuleType
from typing import Final

import pytest

from tests.docs.pages import ROOT, page, section

PAGE: Final = "architecture.md"
NAME: Final = re.compile(r"`((?:[a-z_]\w*\.)+[A-Za-z_]\w*(?:\.\w+)?|[A-Z]\w*(?:\.\w+)?)`")
PORTS: Final = ("ports", "core.values", "core.actions")
"""Where the values that the walk speaks of are at home."""


def names(text: str) -> list[str]:
    return list(dict.fromkeys(NAME.findall(text)))


def resolve(name: str, known: list[ModuleType]) -> ModuleType | None:
    """The module that a name leads into, by its path or through the modules named before it."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        for package in ("", "daemon."):
            try:
                module = importlib.import_module(package + ".".join(parts[:length]))
            except ModuleNotFoundError:
                continue
            if has(module, parts[length:]):
                return module
    return next((module for module in known if has(module, parts)), None)


def has(module: object, path: list[str]) -> bool:
    for part in path:
        if not hasattr(module, part):
            return False
        module = getattr(module, part)
    return True


def test_every_function_of_the_walk_exists() -> None:
    known = [importlib.import_module(f"daemon.{name}") for name in PORTS]
    unknown = []
    walk = names(section(PAGE, "One mail, function by function"))
    assert len(walk) > 40
    for name in walk:
        module = resolve(name, known)
        if module is None:
            unknown.append(name)
        else:
            known.append(module)
    assert unknown == []


def test_a_function_that_does_not_exist_would_be_noticed() -> None:
    known = [importlib.import_module("daemon.loops.intake")]
    assert resolve("IntakeLoop._take", known) is not None
    assert resolve("IntakeLoop._eat", known) is None
    assert resolve("loops.intake.IntakeLoop._eat", known) is None
    assert resolve("loops.nothing.at_all", known) is None


@pytest.mark.parametrize("path", re.findall(r"^\| `(daemon/\S+)` \|", page(PAGE), re.MULTILINE))
def test_every_folder_of_the_table_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_layers_are_those_that_are_checked() -> None:
    told = re.search(r"^    (__main__, cli .*)$", page(PAGE), re.MULTILINE)
    assert told is not None
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    top, cli, *others = layers
    assert [layer.strip() for layer in told[1].split("→")] == [f"{top}, {cli}", *others]

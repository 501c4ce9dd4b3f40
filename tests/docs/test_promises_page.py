"""docs/promises.md: its scenario is played as it stands, its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from daemon.cli import parser
from tests.cli.command import azimut
from tests.docs.pages import commands, page

PAGE = "promises.md"


def test_the_scenario_gives_the_lines_that_the_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario, lines, _ = re.findall(r"```(?:toml)?\n(.*?)```", page(PAGE), re.DOTALL)
    file = tmp_path / "scenario.toml"
    file.write_text(scenario, encoding="utf-8")
    status, out, err = azimut(capsys, "sla", "simulate", file)
    assert (status, err) == (0, "")
    assert out.strip() == lines.strip()


@pytest.mark.parametrize("command", commands(re.sub(r"```.*?```", "", page(PAGE), flags=re.DOTALL)))
def test_its_commands_are_commands(command: str) -> None:
    program, *words = shlex.split(command)
    assert program == "azimut-support"
    parser().parse_args(words)

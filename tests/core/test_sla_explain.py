"""`sla explain` as a person calls it: a configuration file on disk, a document or a text on stdout."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from daemon.cli import sla
from daemon.cli.failure import UsageFault
from daemon.settings.faults import ConfigError
from tests.core.sla_cases import SHIPPED


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "sla.toml").write_bytes(SHIPPED.read_bytes())
    file = tmp_path / "azimut-support.toml"
    file.write_text('[[agents]]\nname = "Alex Roy"\nhandle = "alex"\naddress = "alex@azimutpos.com"\n')
    return file


def explain(config: Path, *words: str) -> int:
    top = argparse.ArgumentParser()
    top.add_argument("--config")
    sla.register(top.add_subparsers(required=True))
    args = top.parse_args(["--config", str(config), "sla", "explain", *words])
    status: int = args.func(args)
    return status


def test_the_document_is_the_one_of_the_contract(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--opened", "2026-11-07T10:30:00Z", "--priority", "P1", "--plan", "platine", "--json")
    assert explain(config, *words) == 0
    assert json.loads(capsys.readouterr().out) == {
        "version": "2026-01",
        "calendar": "continuous",
        "first_response": {"due": "2026-11-07T06:30:00-05:00", "source": "sla"},
        "status_update": {"due": "2026-11-07T06:30:00-05:00"},
        "resolution": {"due": "2026-11-07T09:30:00-05:00"},
    }


def test_a_plan_that_decides_and_a_coverage_of_its_own_are_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = ("--opened", "2026-11-04T16:20:00-05:00", "--json")
    explain(config, *opened, "--priority", "P4", "--plan", "or")
    assert json.loads(capsys.readouterr().out)["first_response"] == {
        "due": "2026-11-05T13:20:00-05:00",
        "source": "plan",
    }
    explain(config, *opened, "--priority", "P1", "--plan", "gratuit", "--coverage", "premium")
    assert json.loads(capsys.readouterr().out)["calendar"] == "continuous"


def test_the_text_shows_every_interval_that_was_counted(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--opened", "2026-06-23T17:00:00-04:00", "--priority", "p2", "--plan", "OR")
    assert explain(config, *words) == 0
    assert capsys.readouterr().out.splitlines()[3:6] == [
        "first response: due Thu 2026-06-25 10:00 (2h)",
        "  Tue 2026-06-23 17:00 to 18:00, standard 2026-01, 1h",
        "  Thu 2026-06-25 09:00 to 10:00, standard 2026-01, 1h",
    ]


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        ("yesterday", "an instant with its offset"),
        ("2026-11-03", "without an offset"),
        ("2026-11-03T10:30:00", "without an offset"),
        ("2026-13-03T10:30:00Z", "an instant with its offset"),
        ("1999-01-01T00:00:00Z", "a year from 2001 to 2064"),
        ("9999-12-31T23:59:59Z", "a year from 2001 to 2064"),
        ("0001-01-01T00:00:00+23:59", "a year from 2001 to 2064"),
    ],
)
def test_an_instant_that_cannot_be_used_is_refused_in_words(config: Path, opened: str, expected: str) -> None:
    with pytest.raises(UsageFault, match=expected) as caught:
        explain(config, "--opened", opened, "--priority", "P2", "--plan", "or")
    assert repr(opened) in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"), [("--priority", "P5"), ("--plan", "gold"), ("--coverage", "half")]
)
def test_an_unknown_word_ends_with_status_2(
    config: Path, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"--opened": "2026-11-03T10:30:00-05:00", "--priority": "P2", "--plan": "or", option: value}
    with pytest.raises(SystemExit) as caught:
        explain(config, *(part for pair in words.items() for part in pair))
    assert caught.value.code == 2
    assert value.lower() in capsys.readouterr().err.lower()


def test_a_mistake_in_the_promises_is_told_by_file_and_key(config: Path) -> None:
    file = config.with_name("sla.toml")
    file.write_text(file.read_text(encoding="utf-8").replace("price = 85", "price = -85"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"sla\.toml: \[version\.plan\.argent\] price \(line \d+\) is -85"):
        explain(config, "--opened", "2026-11-03T10:30:00-05:00", "--priority", "P2", "--plan", "or")

"""`customers`: a file goes in whole or not at all, and comes out as it went in. On a real store."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.command import azimut
from tests.cli.desk import REPOSITORY, write_desk

SAMPLE = REPOSITORY / "config" / "customers.csv"
HEADER = "account,name,plan,coverage,installs,language,emails,domains,phones,billing_email\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_desk(tmp_path / "desk")


def listed(capsys: pytest.CaptureFixture[str], config: Path) -> list[dict[str, object]]:
    status, out, _ = azimut(capsys, "--config", config, "customers", "list", "--json")
    assert status == 0
    found: list[dict[str, object]] = json.loads(out)
    return found


def test_what_was_imported_is_listed(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = azimut(capsys, "--config", config, "customers", "import", SAMPLE)
    assert (status, err) == (0, "")
    assert out == f"6 accounts imported from {SAMPLE}\n"
    accounts = listed(capsys, config)
    assert [a["account"] for a in accounts] == ["GAGNON", "LEMIEUX", "QUAI", "RIVAGE", "ROY", "STEPH"]
    assert accounts[4] == {
        "account": "ROY",
        "name": "Boulangerie Roy",
        "plan": "platine",
        "coverage": "premium",
        "installs": 1,
        "language": "fr",
        "emails": ["marie@boulangerieroy.example", "compta@boulangerieroy.example"],
        "domains": ["boulangerieroy.example"],
        "phones": ["4185550123"],
        "billing_email": "compta@boulangerieroy.example",
    }
    assert accounts[2]["installs"] is None
    assert accounts[0]["billing_email"] is None


def test_the_coverage_is_that_of_the_plan_unless_the_account_has_its_own(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    azimut(capsys, "--config", config, "customers", "import", SAMPLE)
    coverage = {a["account"]: (a["plan"], a["coverage"]) for a in listed(capsys, config)}
    assert coverage["LEMIEUX"] == ("or", "premium")
    assert coverage["RIVAGE"] == ("argent", "standard")
    assert coverage["STEPH"] == ("bronze", "premium")


def test_an_export_can_be_imported_and_changes_nothing(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    azimut(capsys, "--config", config, "customers", "import", SAMPLE)
    before = listed(capsys, config)
    _, exported, _ = azimut(capsys, "--config", config, "customers", "export")
    again = tmp_path / "again.csv"
    again.write_text(exported, encoding="utf-8")
    assert azimut(capsys, "--config", config, "customers", "import", again)[0] == 0
    assert listed(capsys, config) == before
    assert azimut(capsys, "--config", config, "customers", "export")[1] == exported


def test_accounts_that_are_not_in_the_file_stay_and_those_in_it_change(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    azimut(capsys, "--config", config, "customers", "import", SAMPLE)
    change = tmp_path / "change.csv"
    change.write_text(HEADER + "QUAI,Librairie du Quai,argent,,4,en,,,,\n", encoding="utf-8")
    azimut(capsys, "--config", config, "customers", "import", change)
    accounts = {a["account"]: a for a in listed(capsys, config)}
    assert len(accounts) == 6
    assert (accounts["QUAI"]["plan"], accounts["QUAI"]["installs"]) == ("argent", 4)
    assert accounts["QUAI"]["emails"] == []


def test_a_file_with_a_bad_row_changes_nothing_and_names_it(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    azimut(capsys, "--config", config, "customers", "import", SAMPLE)
    before = listed(capsys, config)
    bad = tmp_path / "bad.csv"
    rows = "NEW,New,or,,,,,,,\nQUAI,Quai,gold,,x,en,,,,\n"
    bad.write_text(HEADER + rows, encoding="utf-8")
    status, out, err = azimut(capsys, "--config", config, "customers", "import", bad)
    assert (status, out) == (2, "")
    assert [line.split(":")[1] for line in err.splitlines()] == [
        ' line 3, plan is "gold"',
        ' line 3, installs is "x"',
    ]
    assert listed(capsys, config) == before


def test_an_address_of_an_account_that_the_file_does_not_name_is_refused(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    azimut(capsys, "--config", config, "customers", "import", SAMPLE)
    before = listed(capsys, config)
    bad = tmp_path / "bad.csv"
    bad.write_text(HEADER + "NEW,New,or,,,,lea@librairieduquai.example,,,\n", encoding="utf-8")
    status, _, err = azimut(capsys, "--config", config, "customers", "import", bad)
    assert status == 2
    assert err.startswith(f"{bad}: lea@librairieduquai.example of NEW belongs to QUAI")
    assert listed(capsys, config) == before


def test_an_agent_is_no_customer(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(HEADER + "A1,,or,,,,alex@azimutpos.com,,,\n", encoding="utf-8")
    status, _, err = azimut(capsys, "--config", config, "customers", "import", bad)
    assert status == 2
    assert "line 2, emails" in err


def test_the_file_may_come_from_standard_input(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SAMPLE.read_bytes())))
    status, out, _ = azimut(capsys, "--config", config, "customers", "import", "-")
    assert (status, out) == (0, "6 accounts imported from standard input\n")


def test_a_file_that_is_not_there_is_a_usage_error(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = azimut(capsys, "--config", config, "customers", "import", tmp_path / "no.csv")
    assert status == 2
    assert err == f"{tmp_path / 'no.csv'}: No such file or directory: expected a CSV file that can be read\n"


def test_people_see_a_table(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    azimut(capsys, "--config", config, "customers", "import", SAMPLE)
    _, out, _ = azimut(capsys, "--config", config, "customers", "list")
    assert "Café du Rivage" in out
    assert "4185550162" in out
    assert "\x1b" not in out


def test_a_store_that_does_not_exist_is_told_in_a_line(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = azimut(capsys, "--config", config, "customers", "list")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1

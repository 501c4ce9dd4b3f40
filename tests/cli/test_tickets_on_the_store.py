"""The commands on a real store: the objects have exactly the keys of the contract."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from daemon.app import open_store_for
from daemon.settings.load import load_settings
from tests.cli.command import azimut
from tests.cli.desk import write_desk
from tests.store.build import new_ticket

LISTED = [
    "ref",
    "subject",
    "contact",
    "account",
    "language",
    "plan",
    "state",
    "priority",
    "provisional",
    "assignee",
    "opened",
    "first_response",
    "resolution",
]
WHOLE = [
    "coverage",
    "severity",
    "rule",
    "evidence",
    "next_response",
    "status_update",
    "participants",
    "links",
    "merged_into",
    "messages",
    "history",
    "intervals",
    "calls",
    "credits",
    "outbox",
]
FACTS = LISTED[:11]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A desk with one ticket."""
    path = write_desk(tmp_path / "desk")

    async def fill() -> None:
        async with open_store_for(load_settings(path, {}), create=True) as store:
            await store.apply(new_ticket())

    asyncio.run(fill())
    return path


def test_a_ticket_is_listed_and_shown_with_every_key_of_the_contract(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = azimut(capsys, "--config", config, "tickets", "--json")
    (listed,) = json.loads(out)
    assert (status, err) == (0, "")
    assert sorted(listed) == sorted(LISTED)
    assert listed["opened"].endswith(("-05:00", "-04:00"))
    status, out, err = azimut(capsys, "--config", config, "ticket", listed["ref"].lower(), "--json")
    whole = json.loads(out)
    assert (status, err) == (0, "")
    assert sorted(whole) == sorted(LISTED + WHOLE)
    assert {key: whole[key] for key in FACTS} == {key: listed[key] for key in FACTS}
    clock = whole["first_response"]
    assert sorted(clock) == sorted(["due", "met", "breached", "paused", "left", "outcome"])
    assert isinstance(clock["left"], int)


def test_a_page_and_a_table_can_be_made_of_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, table, _ = azimut(capsys, "--config", config, "tickets")
    assert status == 0
    assert "AZ-1001" in table
    status, page, _ = azimut(capsys, "--config", config, "ticket", "1001")
    assert status == 0
    assert page.startswith("AZ-1001")
    assert "resolution      due 20" in page

"""`tickets` and `ticket`: what the store holds, in the contract's shape or on a page for people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.cli.failure import UsageFault
from daemon.cli.tickets import intervals, reference_of
from daemon.core.dossier import Dossier
from daemon.core.sla.events import Opening, Replied, Waited, Wrote
from daemon.core.values import Coverage, Plan, Priority
from daemon.settings.sla import load_sla
from tests.cli.command import azimut
from tests.cli.desk import write_desk
from tests.core.build import policy
from tests.core.build import ticket as core_ticket

OPENED = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
DUE = datetime(2026, 11, 3, 16, 30, tzinfo=UTC)
CLOCK: dict[str, Any] = {
    "due": DUE,
    "met": None,
    "breached": None,
    "paused": False,
    "left": 3600,
    "outcome": None,
}
LISTED: dict[str, Any] = {
    "ref": "AZ-1001",
    "subject": "La caisse [bold]est[/bold] gelée",
    "contact": "marie@boulangerieroy.example",
    "account": "ROY",
    "language": "fr",
    "plan": "platine",
    "state": "new",
    "priority": "P1",
    "provisional": True,
    "assignee": None,
    "opened": OPENED,
    "first_response": CLOCK,
    "resolution": {**CLOCK, "due": None, "paused": True, "left": 7200},
}
TICKET: dict[str, Any] = {
    **LISTED,
    "coverage": "premium",
    "severity": "S1",
    "rule": "P1-provisional",
    "evidence": [{"facet": "severity", "text": "est\ngelée", "weight": 2.5}],
    "next_response": None,
    "status_update": CLOCK,
    "participants": [{"address": "marie@boulangerieroy.example", "name": "Marie", "role": "requester"}],
    "messages": [
        {
            "direction": "in",
            "from": "marie@boulangerieroy.example",
            "at": OPENED,
            "text": "Plus rien ne répond.\nC'est notre seule caisse.",
            "message_id": "a@b.example",
            "attachments": [{"name": "photo.jpg", "type": "image/jpeg", "size": 12, "sha256": "ab"}],
        }
    ],
    "history": [{"at": OPENED, "event": "opened", "by": "desk", "detail": {"priority": "P1"}}],
    "intervals": [],
    "calls": [{"at": OPENED, "by": "alex", "minutes": 12, "text": "rappelée"}],
    "credits": [{"amount": "12.50", "state": "proposed", "month": "2026-11"}],
    "outbox": [
        {"kind": "ack", "to": "marie@boulangerieroy.example", "state": "sent", "attempts": 1, "due": None}
    ],
}


class _Store:
    """A store of two tickets, one of them closed."""

    async def tickets(self, everything: bool, *, now: datetime, left: object) -> list[dict[str, Any]]:
        closed = {**LISTED, "ref": "AZ-1002", "state": "closed"}
        return [LISTED, closed] if everything else [LISTED]

    async def ticket(self, ref: str, *, now: datetime, left: object) -> dict[str, Any] | None:
        return TICKET if ref == "AZ-1001" else None

    async def dossiers(self, numbers: Sequence[int]) -> list[Dossier]:
        return [dossier()] if list(numbers) == [1001] else []


def dossier() -> Dossier:
    """A P2 that was opened on Tuesday at 10:30; the customer's answer was waited for from 11:00 to 12:00."""
    return Dossier(
        ticket=core_ticket(1001),
        opening=Opening(
            at=OPENED, plan=Plan.PLATINE, coverage=Coverage.STANDARD, priority=Priority.P2, provisional=False
        ),
        sla_version="2026-01",
        events=(
            Replied(at=OPENED + timedelta(minutes=30), mail="r"),
            Waited(at=OPENED + timedelta(minutes=30), mail="r"),
            Wrote(at=OPENED + timedelta(minutes=90)),
        ),
    )


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk whose store is `_Store`."""

    async def opened(settings: object, work: Callable[[Any], Awaitable[object]], create: bool) -> object:
        return await work(_Store())

    monkeypatch.setattr("daemon.cli.stored._opened", opened)
    return write_desk(tmp_path)


@pytest.mark.parametrize(
    "written", ["AZ-1042", "az-1042", "Az-1042", "1042", "#1042", " AZ-1042 ", "az1042", "AZ 1042"]
)
def test_a_reference_is_read_however_it_is_written(written: str) -> None:
    assert reference_of(written) == "AZ-1042"


@pytest.mark.parametrize("written", ["", "AZ-", "AZ-0", "AZ-01042", "AZ-10x", "BZ-1042", "-1042", "١٠٤٢"])
def test_anything_else_is_a_usage_error(written: str) -> None:
    with pytest.raises(UsageFault, match="expected a reference such as AZ-1042"):
        reference_of(written)


@given(st.text())
def test_any_text_is_a_reference_or_a_usage_error(written: str) -> None:
    try:
        ref = reference_of(written)
    except UsageFault:
        return
    assert reference_of(ref) == ref


def test_the_list_is_the_objects_of_the_contract(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = azimut(capsys, "--config", config, "tickets", "--json")
    (ticket,) = json.loads(out)
    assert (status, err) == (0, "")
    assert list(ticket) == list(LISTED)
    assert ticket["opened"] == "2026-11-03T10:30:00-05:00"
    assert ticket["first_response"]["due"] == "2026-11-03T11:30:00-05:00"
    assert ticket["assignee"] is None
    assert ticket["subject"] == LISTED["subject"]


def test_all_shows_what_is_closed_too(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = azimut(capsys, "--config", config, "tickets", "--all", "--json")
    assert [t["ref"] for t in json.loads(out)] == ["AZ-1001", "AZ-1002"]


def test_the_list_for_people_names_what_matters(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = azimut(capsys, "--config", config, "tickets")
    assert status == 0
    for part in ("AZ-1001", "P1?", "ROY", "[bold]est[/bold]", "2026-11-03 10:30", "1 h 00 left", "paused"):
        assert part in out
    assert "\x1b" not in out


@pytest.mark.parametrize("ref", ["AZ-1001", "az-1001", "1001"])
def test_a_ticket_is_the_object_of_the_contract(
    config: Path, capsys: pytest.CaptureFixture[str], ref: str
) -> None:
    status, out, _ = azimut(capsys, "--config", config, "ticket", ref, "--json")
    ticket = json.loads(out)
    assert status == 0
    assert list(ticket) == list(TICKET)
    assert ticket["messages"][0]["at"] == "2026-11-03T10:30:00-05:00"
    assert ticket["next_response"] is None
    assert ticket["credits"][0]["amount"] == "12.50"


def test_every_counted_interval_of_a_ticket_is_told_back(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = azimut(capsys, "--config", config, "ticket", "1001", "--json")
    counted = [i for i in json.loads(out)["intervals"] if i["clock"] == "resolution"]
    assert counted[1] == {
        "clock": "resolution",
        "cycle": "2026-11-03T10:30:00-05:00",
        "kind": "paused",
        "start": "2026-11-03T11:00:00-05:00",
        "end": "2026-11-03T12:00:00-05:00",
        "calendar": "standard",
        "version": "2026-01",
        "seconds": 3600.0,
        "reason": "waiting",
    }
    assert [i["kind"] for i in counted[:3]] == ["running", "paused", "running"]


def test_the_intervals_of_a_running_clock_add_up_to_what_was_used_of_it() -> None:
    agreed = policy(sla=load_sla(Path(__file__).parents[2] / "config" / "sla.toml"))
    told = intervals(dossier(), agreed, OPENED + timedelta(hours=3))
    running = [i for i in told if i["clock"] == "resolution" and i["kind"] == "running"]
    assert sum(i["seconds"] for i in running) == 2 * 3600


def test_a_page_tells_all_that_is_known(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = azimut(capsys, "--config", config, "ticket", "1001")
    for part in (
        "AZ-1001  La caisse [bold]est[/bold] gelée",
        "new, P1, provisional by P1-provisional",
        "opened 2026-11-03 10:30 by marie@boulangerieroy.example",
        "ROY, plan platine, coverage premium",
        "assigned to nobody",
        "first response  due 2026-11-03 11:30, 1 h 00 left",
        "resolution      paused, 2 h 00 left",
        "severity: « est gelée » (2.50)",
        "  C'est notre seule caisse.",
        "[photo.jpg, 12 bytes]",
        "12 min, alex: rappelée",
        "2026-11  12.50 $, proposed",
        "ack to marie@boulangerieroy.example: sent, 1 attempt",
        "opened by desk: priority P1",
    ):
        assert part in out
    assert "next response" not in out


def test_a_ticket_that_is_not_there_fails_with_a_line(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = azimut(capsys, "--config", config, "ticket", "az-7", "--json")
    assert (status, out) == (1, "")
    assert err.startswith("azimut-support: there is no ticket AZ-7")
    assert err.count("\n") == 1


def test_a_wrong_reference_is_a_usage_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = azimut(capsys, "--config", config, "ticket", "the-last-one")
    assert (status, out) == (2, "")
    assert err == "REF is 'the-last-one': expected a reference such as AZ-1042\n"


def test_a_configuration_with_faults_is_told_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "azimut-support.toml"
    path.write_text("[imap]\nprot = 1\n[smtp]\nport = 0\n", encoding="utf-8")
    status, out, err = azimut(capsys, "--config", path, "tickets")
    assert (status, out) == (2, "")
    assert f"{path}: imap.prot is 1: is no key: did you mean 'port'?" in err.splitlines()
    assert f"{path}: smtp.port is 0: expected a whole number from 1 to 65535" in err.splitlines()

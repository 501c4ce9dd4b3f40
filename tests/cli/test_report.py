"""`report` and `sla simulate --history` on a real store: a month that was worked out by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.app import open_store_for
from daemon.core import actions as act
from daemon.core.actions import Action, AddEvent, Decision
from daemon.core.keeping import kept
from daemon.core.sla.events import Replied, Resolved, TicketEvent
from daemon.core.values import Coverage, Plan, Priority
from daemon.edges import system
from daemon.settings.load import load_settings, policy
from tests.cli.command import azimut
from tests.cli.desk import REPOSITORY, write_desk
from tests.docs.pages import page
from tests.store.build import new_ticket

CUSTOMERS = """account,name,plan,coverage,installs,language,emails,domains,phones,billing_email
A1,Boulangerie Roy,or,,1,fr,marie@boulangerie.example,,,compta@boulangerie.example
B2,Café du Rivage,base,,2,fr,cafe@rivage.example,,,
C3,Librairie,bronze,,2,fr,lea@librairie.example,,,
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}-05:00")


TICKETS: Sequence[tuple[dict[str, Any], tuple[TicketEvent, ...]]] = (
    # P2, or: answered after 30 min, solved after 1 h.
    (
        {"account": "A1", "at": at("03T10:30")},
        (Replied(at=at("03T11:00"), mail="m1"), Resolved(at=at("03T11:30"))),
    ),
    # P2, or: answered 40 min late; due Wednesday 10:30, solved on Friday 10:00.
    (
        {"account": "A1", "at": at("03T10:30")},
        (Replied(at=at("03T13:10"), mail="m1"), Resolved(at=at("06T10:00"))),
    ),
    # P2, base: answered in time, not solved yet, due on Tuesday the 10th 9:00.
    (
        {"account": "B2", "at": at("09T09:00"), "plan": Plan.BASE, "coverage": Coverage.STANDARD},
        (Replied(at=at("09T10:00"), mail="m1"),),
    ),
)


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk with three tickets, a call and an accepted credit; it is the end of November."""

    class Clock:
        def now(self) -> datetime:
            return at("30T16:00")

    path = write_desk(tmp_path / "desk")
    customers = tmp_path / "customers.csv"
    customers.write_text(CUSTOMERS, encoding="utf-8")
    assert azimut(capsys, "--config", path, "customers", "import", customers)[0] == 0
    asyncio.run(_fill(path))
    monkeypatch.setattr(system, "SystemClock", Clock)
    return path


async def _fill(path: Path) -> None:
    settings = load_settings(path, {})
    rules = policy(settings)
    async with open_store_for(settings, create=True) as store:
        for uid, (opened, events) in enumerate(TICKETS, 1):
            made = new_ticket(uid, priority=Priority.P2, provisional=False, **opened)
            actions: list[Action] = [
                a for a in made.actions if not isinstance(a, act.WriteClocks | act.QueueMail)
            ]
            actions = [replace(a, at=opened["at"]) if isinstance(a, act.OpenTicket) else a for a in actions]
            actions += [AddEvent(ticket=0, event=event) for event in events]
            await store.apply(kept(Decision(actions=tuple(actions)), {}, rules))
        late = act.ProposeCredit(
            ticket=1002, account="A1", amount=Decimal("62.50"), month="2026-11", at=at("06T10:00")
        )
        given = act.DecideCredit(
            ticket=1002, accepted=True, amount=Decimal("50.00"), month="2026-11", at=at("09T09:00"), by="sam"
        )
        call = act.LogCall(ticket=1003, account="B2", minutes=20, text="", at=at("10T09:00"), by="alex")
        for action in (late, given, call):
            await store.apply(Decision(actions=(action,)))


def report(
    capsys: pytest.CaptureFixture[str], config: Path, *arguments: object
) -> tuple[dict[str, Any], str]:
    status, out, err = azimut(capsys, "--config", config, "report", *arguments)
    assert (status, err) == (0, "")
    return (json.loads(out) if "--json" in arguments else {}), out


def test_the_desks_month(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, _ = report(capsys, config, "--month", "2026-11", "--json")
    assert (made["account"], made["name"], made["month"]) == (None, None, "2026-11")
    assert (made["opened"], made["resolved"], made["void"]) == (3, 2, 0)
    assert made["by_clock"] == {
        "first_response": {"met": 2, "breached": 1},
        "resolution": {"met": 1, "breached": 2},
    }
    assert made["by_plan"] == {"base": {"met": 1, "breached": 1}, "or": {"met": 2, "breached": 2}}
    assert made["median_response"] == 60 * 60.0  # of 30 min, 1 h and 2 h 40
    broken = [(line["ticket"], line["clock"]) for line in made["lines"] if line["breached"]]
    assert broken == [("AZ-1002", "first_response"), ("AZ-1002", "resolution"), ("AZ-1003", "resolution")]
    assert made["lines"][0]["due"].endswith("-05:00")
    (credit,) = made["credits"]
    assert (credit["ticket"], credit["state"], credit["proposed"], credit["given"]) == (
        "AZ-1002",
        "accepted",
        "62.50",
        "50.00",
    )
    assert made["credited"] == "50.00"
    assert made["usage"] is None
    accounts = {one["account"]: one for one in made["accounts"]}
    assert list(accounts) == ["A1", "B2"]  # the bookshop had nothing
    assert accounts["A1"]["name"] == "Boulangerie Roy"
    assert accounts["B2"]["usage"]["used"] == 20


def test_an_accounts_month(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, _ = report(capsys, config, "--month", "2026-11", "--account", "a1", "--json")
    assert (made["account"], made["name"], made["opened"]) == ("A1", "Boulangerie Roy", 2)
    assert "accounts" not in made
    assert {line["ticket"] for line in made["lines"]} == {"AZ-1001", "AZ-1002"}
    quiet, _ = report(capsys, config, "--month", "2026-11", "--account", "C3", "--json")
    assert (quiet["opened"], quiet["lines"], quiet["credits"], quiet["credited"]) == (0, [], [], "0.00")


def test_without_a_month_it_is_the_one_that_runs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(capsys, config, "--json")[0]["month"] == "2026-11"
    assert report(capsys, config, "--month", "2026-10", "--json")[0]["opened"] == 0


def test_a_month_that_is_over_is_told_as_it_stood_at_its_end(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The third ticket is solved in December: in November it was not."""

    async def solve() -> None:
        settings = load_settings(config, {})
        async with open_store_for(settings) as store:
            (dossier,) = await store.dossiers([1003])
            solved = Resolved(at=datetime.fromisoformat("2026-12-02T10:00-05:00"))
            decision = Decision(actions=(AddEvent(ticket=1003, event=solved),))
            await store.apply(kept(decision, {1003: dossier}, policy(settings)))

    before, _ = report(capsys, config, "--month", "2026-11", "--json")
    asyncio.run(solve())
    assert report(capsys, config, "--month", "2026-11", "--json")[0] == before


def test_the_table_for_a_spreadsheet(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = report(capsys, config, "--month", "2026-11", "--csv")
    rows = [line.split(";") for line in out.splitlines()]
    assert rows[0][:4] == ["month", "account", "row", "ticket"]
    assert {len(row) for row in rows} == {len(rows[0])}
    assert [row[2] for row in rows[1:]] == ["promise"] * 6 + ["credit", "credited"]
    assert rows[-1][rows[0].index("amount")] == "50,00"


def test_people_read_the_words_of_the_mail(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text = report(capsys, config, "--month", "2026-11")
    assert "novembre 2026" in text
    assert "AZ-1002" in text
    assert "reste interne" not in text
    _, html = report(capsys, config, "--month", "2026-11", "--account", "A1", "--html")
    assert html.lower().startswith("<!doctype html")
    assert "Boulangerie Roy" in html


@pytest.mark.parametrize("month", ["2026-13", "november", "2026-1", "0001-01"])
def test_what_is_no_month(config: Path, capsys: pytest.CaptureFixture[str], month: str) -> None:
    status, out, err = azimut(capsys, "--config", config, "report", "--month", month)
    assert (status, out) == (2, "")
    assert err == f"--month is {month!r}: expected a month such as 2026-11\n"


def test_an_account_that_nobody_knows(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = azimut(capsys, "--config", config, "report", "--account", "Z9")
    assert status == 1
    assert "there is no account 'Z9'" in err


def test_the_past_under_other_promises(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """P2 resolved within three business days: the second ticket would have kept it, the third not."""
    shipped = (REPOSITORY / "config" / "sla.toml").read_text(encoding="utf-8")
    head, mark, rest = shipped.partition("[version.priority.P2]")
    lines = rest.split("\n")
    number = next(n for n, line in enumerate(lines) if line.startswith("resolution"))
    lines[number] = 'resolution = "3bd"'
    revised = tmp_path / "revised.toml"
    revised.write_text(head + mark + "\n".join(lines), encoding="utf-8")
    command = ("--config", config, "sla", "simulate", "--history", "--sla", revised)
    status, out, err = azimut(capsys, *command, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["tickets"] == 3
    assert found["before"]["breaches"] == {"first_response": 1, "next_response": 0, "resolution": 2}
    assert found["after"]["breaches"] == {"first_response": 1, "next_response": 0, "resolution": 1}
    compared = {one["ref"]: one for one in found["compared"]}
    assert list(compared) == ["AZ-1002", "AZ-1003"]
    # Due on Wednesday 10:30, solved on Friday 10:00: 17 h 30 late, more than once the 9 h, less than thrice.
    assert compared["AZ-1002"]["before"]["credit"] == "62.50"
    assert compared["AZ-1002"]["after"]["credit"] == "0.00"
    assert [b["clock"] for b in compared["AZ-1002"]["after"]["breaches"]] == ["first_response"]
    assert Decimal(found["before"]["credits"]) > Decimal(found["after"]["credits"])
    status, out, _ = azimut(capsys, *command)
    assert status == 0
    shown = [line.rstrip() for line in out.splitlines() if line.strip()][1:]
    block = next(b for b in page("promises.md").split("```") if b.strip().startswith("missed"))
    assert shown == [line for line in block.splitlines() if line], "docs/promises.md shows this desk"


def test_the_revised_file_must_be_right(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("--config", config, "sla", "simulate", "--history", "--sla", tmp_path / "no.toml")
    status, out, err = azimut(capsys, *command)
    assert (status, out) == (2, "")
    assert "no.toml" in err


def test_a_month_ends_where_the_next_begins(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, _ = report(capsys, config, "--month", "2026-12", "--json")
    assert (made["opened"], made["lines"], made["accounts"]) == (0, [], [])

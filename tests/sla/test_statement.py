"""The figures of a month, worked out by hand for a handful of tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from daemon.core.sla.minutes import LoggedCall, usage
from daemon.core.sla.replay import replay
from daemon.core.sla.rules import Rules
from daemon.core.sla.statement import (
    CreditLine,
    Record,
    Statement,
    Tally,
    billing_copy,
    statement,
)
from daemon.core.sla.statement_csv import COLUMNS, write_csv
from daemon.core.values import ClockName, Plan, Priority
from tests.core.sla_cases import shipped
from tests.sla.casefile import MONTREAL, event, instant, opening

NOW = instant("2026-12-01T09:00-05:00")


def record(number: int, account: str | None, opened: str, *events: str) -> Record:
    course = replay(opening(opened), [event(e) for e in events], shipped(), NOW)
    return Record(ticket=number, account=account, subject="", course=course)


RECORDS = [
    # Answered 30 min after, solved 1 h after: both kept.
    record(
        1,
        "A1",
        "2026-11-03T10:30-05:00 or P2",
        "2026-11-03T11:00-05:00 reply m1",
        "2026-11-03T11:30-05:00 resolve",
    ),
    # Answered late (13:10 of 12:30), solved on Wednesday 12:30, due 10:30: both missed; 2 h 40 and 11 h of
    # work.
    record(
        2,
        "A1",
        "2026-11-03T10:30-05:00 or P2",
        "2026-11-03T13:10-05:00 reply m1",
        "2026-11-04T12:30-05:00 resolve",
    ),
    # Another account, the week after; first response kept after 2 h, resolution kept after 3 h.
    record(
        3,
        "B2",
        "2026-11-09T09:00-05:00 base P3",
        "2026-11-09T11:00-05:00 reply m1",
        "2026-11-09T12:00-05:00 resolve",
    ),
    # Spam: three promises, two of them breakable, all void.
    record(4, None, "2026-11-10T09:00-05:00 gratuit P4", "2026-11-12T09:00-05:00 spam"),
    # Opened in October, due in November (30 October 17:00 + 9 h = Monday 2 November 17:00), never answered.
    record(5, "B2", "2026-10-30T17:00-04:00 base P2"),
    # Merged away: counted where it went.
    record(6, "A1", "2026-11-05T09:00-05:00 or P2", "2026-11-06T09:00-05:00 merged"),
    # Waiting since: nothing decided but the response.
    record(
        7,
        "B2",
        "2026-11-05T09:00-05:00 base P4",
        "2026-11-05T10:00-05:00 reply m1",
        "2026-11-05T10:00-05:00 wait m1",
    ),
]
CREDITS = [
    CreditLine(
        ticket=2, account="A1", proposed=Decimal("31.25"), state="accepted", month="2026-11",
        accepted_month="2026-12", given=Decimal("31.25"),
    ),
    CreditLine(
        ticket=8, account="A1", proposed=Decimal("62.50"), state="accepted", month="2026-10",
        accepted_month="2026-11", given=Decimal("50.00"),
    ),
    CreditLine(ticket=5, account="B2", proposed=Decimal("6.25"), state="proposed", month="2026-11"),
    CreditLine(ticket=9, account="A1", proposed=Decimal("9.00"), state="refused", month="2026-11"),
]  # fmt: skip


def made(account: str | None = None) -> Statement:
    return statement(RECORDS, CREDITS, "2026-11", MONTREAL, account)


def test_the_desks_month() -> None:
    desk = made()
    assert (desk.opened, desk.resolved, desk.void) == (6, 3, 2)
    assert desk.by_clock == {
        # Kept: 1, 3, 7. Missed: 2. Ticket 5 was due Friday 30 October 18:00 + 1 h: Monday 2 November 10:00,
        # missed.
        ClockName.FIRST_RESPONSE: Tally(met=3, breached=2),
        ClockName.RESOLUTION: Tally(met=2, breached=2),
    }
    assert desk.by_priority == {
        Priority.P2: Tally(met=2, breached=4),
        Priority.P3: Tally(met=2, breached=0),
        Priority.P4: Tally(met=1, breached=0),
    }
    assert desk.by_plan == {Plan.BASE: Tally(met=3, breached=2), Plan.OR: Tally(met=2, breached=2)}
    # By week of the due date: all but ticket 3's resolution (due Tuesday 10) and response (Monday 9).
    assert desk.by_week == {date(2026, 11, 2): Tally(met=3, breached=4), date(2026, 11, 9): Tally(met=2)}
    # Responses took 30 min, 2 h 40, 2 h and 1 h: between 1 h and 2 h lies 1.5 h. Resolutions 1 h, 3 h and 11
    # h.
    assert desk.median_response == 5400
    assert desk.median_resolution == 3 * 3600


def test_an_accounts_month() -> None:
    account = made("A1")
    assert (account.opened, account.resolved) == (3, 2)
    assert [(line.ticket, line.clock.value, line.breached) for line in account.lines] == [
        (1, "first_response", False),
        (2, "first_response", True),
        (1, "resolution", False),
        (2, "resolution", True),
    ]
    assert account.by_clock[ClockName.RESOLUTION].kept == 0.5
    assert [(line.target, line.took) for line in account.lines] == [
        (7200, 1800), (7200, 9600), (32400, 3600), (32400, 39600)
    ]  # fmt: skip


def test_a_credit_stands_in_the_month_of_its_acceptance() -> None:
    assert [(c.ticket, c.state) for c in made("A1").credits] == [(8, "accepted"), (9, "refused")]
    assert made("A1").credited == Decimal("50.00")
    assert [(c.ticket, c.state) for c in made("B2").credits] == [(5, "proposed")]
    december = statement(RECORDS, CREDITS, "2026-12", MONTREAL, "A1")
    assert [c.ticket for c in december.credits] == [2]
    assert december.credited == Decimal("31.25")


def test_void_promises_are_listed_by_name_and_counted_nowhere() -> None:
    void = [line for line in made().lines if line.ticket == 4]
    assert [line.outcome.value for line in void if line.outcome] == ["void", "void"]


def test_an_empty_month_has_no_medians_and_no_shares() -> None:
    empty = statement([], [], "2026-11", MONTREAL)
    assert (empty.median_response, empty.median_resolution, empty.credited) == (None, None, Decimal("0.00"))
    assert Tally().kept is None


def test_the_table_for_a_spreadsheet() -> None:
    used = usage(
        [LoggedCall(at=instant("2026-11-03T10:00-05:00"), minutes=48)], "2026-11", shipped().plans[Plan.OR],
        shipped().rules, MONTREAL,
    )  # fmt: skip
    table = write_csv(replace(made("A1"), usage=used), shipped().rules, MONTREAL)
    lines = table.split("\r\n")
    assert lines[0] == ";".join(COLUMNS)
    assert lines[1] == (
        "2026-11;A1;promise;AZ-1;first_response;P2;120,0;30,0;2026-11-03T12:30:00-05:00;2026-11-03T11:00:00-05:00;0;met;;;"
    )
    assert "2026-11;A1;credit;AZ-8;;;;;;;;;accepted;50,00;" in lines
    assert "2026-11;A1;extra;;;;;;;;;;;6,00;3" in lines
    english = replace(Rules(), csv_decimal=".", csv_separator=",")
    assert "2026-11,A1,extra,,,,,,,,,,,6.00,3" in write_csv(
        replace(made("A1"), usage=used), english, MONTREAL
    )


def test_an_accounts_name_is_no_formula() -> None:
    table = write_csv(replace(made("A1"), account="=1+1"), shipped().rules, MONTREAL)
    assert "2026-11;'=1+1;credited" in table


def test_the_billing_contact_gets_a_copy_where_the_owner_wants_it() -> None:
    assert billing_copy(Rules(), "billing@a1.example") is None
    wanted = replace(Rules(), statement_to_billing=True)
    assert billing_copy(wanted, "billing@a1.example") == "billing@a1.example"
    assert billing_copy(wanted, "") is None

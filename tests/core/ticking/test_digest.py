"""The morning's digest: when, to whom, and what stands in it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from daemon.core.actions import QueueMail
from daemon.core.facts import Listed
from daemon.core.policy import Policy
from daemon.core.ticking.digest import (
    LONGEST,
    Daily,
    Morning,
    OpenCredit,
    before,
    digest_mails,
    digest_on,
    following,
)
from daemon.core.values import Priority
from tests.core.build import ticket
from tests.core.ticking.build import at, desk

HOUR = timedelta(hours=1)
ALEX, SAM, BOSS = "alex@azimutpos.com", "sam@azimutpos.com", "direction@azimutpos.com"


def policy() -> Policy:
    return desk(digest=time(8, 50))


def listed(number: int, due: datetime | None, *, late: bool = False, **changes: Any) -> Listed:
    return Listed(
        ticket=ticket(number, **changes),
        account="Boulangerie Roy",
        clock="resolution" if due else "",
        due=due,
        breached=late,
    )


def daily() -> Daily:
    found = digest_on(policy(), date(2026, 11, 4))
    assert found is not None
    return found


def mails(morning: Morning, *needs: str) -> dict[str, QueueMail]:
    found = digest_mails(morning, policy(), daily(), at("2026-11-04 08:50"), needs)
    return {mail.recipient: mail for mail in found}


def refs(part: object) -> list[str]:
    assert isinstance(part, dict)
    return [line["ref"] for line in part["lines"]]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-04 07:00", "2026-11-04 08:50"),
        ("2026-11-04 08:50", "2026-11-05 08:50"),
        ("2026-11-06 12:00", "2026-11-09 08:50"),  # over the week-end
        ("2026-12-24 12:00", "2026-12-28 08:50"),  # Christmas
    ],
)
def test_it_goes_out_on_working_mornings(now: str, due: str) -> None:
    found = following(policy(), at(now))
    assert found is not None
    assert found.at == at(due)


def test_it_is_of_use_until_the_desk_closes_and_what_is_new_is_new_since_the_working_day_before() -> None:
    assert daily().until == at("2026-11-04 18:00")
    monday = digest_on(policy(), date(2026, 11, 9))
    assert monday is not None
    assert before(policy(), monday) == at("2026-11-06 08:50")


def test_no_hour_no_digest_and_none_on_a_day_of_rest() -> None:
    assert digest_on(desk(), date(2026, 11, 4)) is None
    assert following(desk(), at("2026-11-04 07:00")) is None
    assert digest_on(policy(), date(2026, 11, 7)) is None


def test_each_agent_gets_their_tickets_and_those_to_take_by_what_is_due_first() -> None:
    late = listed(1001, at("2026-11-03 16:00"), late=True, assignee="alex")
    soon = listed(1002, at("2026-11-04 09:30"), assignee="alex")
    waits = listed(1003, None, assignee="alex")
    free = listed(1004, at("2026-11-04 15:00"))
    sams = listed(1005, at("2026-11-05 09:00"), assignee="sam")
    found = mails(Morning(listing=(waits, sams, free, soon, late)))
    assert set(found) == {ALEX, SAM, BOSS}
    alex, sam, boss = (found[who].context for who in (ALEX, SAM, BOSS))
    assert (refs(alex["mine"]), refs(alex["free"])) == (["AZ-1001", "AZ-1002", "AZ-1003"], ["AZ-1004"])
    assert alex["whole"] is None
    assert (refs(sam["mine"]), refs(sam["free"])) == (["AZ-1005"], ["AZ-1004"])
    assert (refs(boss["mine"]), refs(boss["free"])) == ([], [])
    for manager in (sam, boss):
        whole = manager["whole"]
        assert isinstance(whole, dict)
        assert (whole["unresolved"], whole["today"]) == (5, 2)
        assert (refs(whole["soon"]), refs(whole["late"])) == (["AZ-1002"], ["AZ-1001"])
    assert {mail.cause for mail in found.values()} == {f"digest:2026-11-04:{who}" for who in found}


def test_managers_hear_of_what_was_missed_quietly_of_credits_quarantine_and_the_daemons_needs() -> None:
    morning = Morning(
        missed=(
            listed(1001, at("2026-11-03 16:00"), late=True, priority=Priority.P3),
            listed(1002, at("2026-11-03 16:00"), late=True, priority=Priority.P1),  # told at once
        ),
        credits=(OpenCredit(ticket="AZ-1001", account="Boulangerie Roy", amount=Decimal("31.25")),),
        quarantine=2,
    )
    found = mails(morning, "imap: login refused")
    assert set(found) == {SAM, BOSS}, "no agent is told of nothing"
    whole = found[BOSS].context["whole"]
    assert isinstance(whole, dict)
    assert refs(whole["missed"]) == ["AZ-1001"]
    assert whole["credits"] == [{"ref": "AZ-1001", "account": "Boulangerie Roy", "amount": "31.25"}]
    assert (whole["quarantine"], whole["needs"]) == (2, ["imap: login refused"])


def test_where_there_is_nothing_to_say_nobody_is_written_to() -> None:
    assert mails(Morning()) == {}


def test_a_long_list_is_counted_to_its_end() -> None:
    many = tuple(listed(1000 + n, at("2026-11-04 15:00")) for n in range(LONGEST + 3))
    free = mails(Morning(listing=many))[ALEX].context["free"]
    assert isinstance(free, dict)
    assert (len(free["lines"]), free["more"], free["count"]) == (LONGEST, 3, LONGEST + 3)

"""Credits, the cap of a month, significant non-compliance and call minutes, against what was worked out on
paper."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from daemon.core.sla import events as ev
from daemon.core.sla.minutes import LoggedCall, billed, usage, warns
from daemon.core.sla.noncompliance import Failure, failures, findings
from daemon.core.sla.penalties import accepted, proposal
from daemon.core.sla.promises import SlaVersion
from daemon.core.sla.replay import extend, fold, replay
from daemon.core.sla.rules import CreditTier, Rules
from daemon.core.values import Plan, Priority
from tests.core.sla_cases import shipped
from tests.sla.casefile import MONTREAL, cases, instant, money, opening, with_rules


def table(name: str) -> Any:
    found = money()[name]
    return pytest.mark.parametrize("case", found, ids=[case["name"] for case in found])


def priced(plan: Plan, price: str) -> SlaVersion:
    plans = dict(shipped().plans)
    return replace(shipped(), plans=plans | {plan: replace(plans[plan], price=Decimal(price))})


@table("credit")
def test_a_missed_resolution_is_worth(case: dict[str, Any]) -> None:
    opened, resolved = opening(case["opened"]), instant(case["resolved"])
    version = priced(opened.plan, case["price"]) if "price" in case else shipped()
    course = replay(opened, [ev.Resolved(at=resolved)], version, resolved)
    found = proposal(course, MONTREAL)
    assert (str(found.amount) if found else None) == case.get("amount")
    if found:
        assert found.month == "2026-11"


def test_the_credit_that_a_case_names() -> None:
    named = [case for case in cases().values() if case.credit]
    assert named
    for case in named:
        found = proposal(case.course(), MONTREAL)
        amount, share, late = str(case.credit).split()
        assert found is not None
        assert str(found.amount) == amount
        assert found.share == Decimal(share.removeprefix("share="))
        assert late == "late=1h30min"
        assert found.lateness.seconds == 5400


def test_an_open_ticket_is_proposed_for_once_the_last_tier_is_reached() -> None:
    opened = opening("2026-11-03T10:30-05:00 or P2")
    before, after = instant("2026-11-09T10:30-05:00"), instant("2026-11-09T10:30:00.000001-05:00")
    assert proposal(replay(opened, [], shipped(), before), MONTREAL) is None
    found = proposal(replay(opened, [], shipped(), after), MONTREAL)
    assert found is not None
    assert found.amount == Decimal("125.00")


def test_a_proposal_is_raised_by_a_worse_failure_and_never_repeated() -> None:
    opened = opening("2026-11-03T10:30-05:00 argent P1")  # due 14:30
    course = fold(opened, [ev.Resolved(at=instant("2026-11-03T15:00-05:00"))], shipped())
    first = proposal(course, MONTREAL)
    assert first is not None
    assert first.amount == Decimal("21.25")
    assert proposal(course, MONTREAL, proposed=first.amount) is None
    # Reopened 16:00 with P1's hour, due 17:00; solved Wednesday 12:30: 1 h + 3.5 h late of 1 h: the last
    # tier.
    course = extend(course, ev.Reopened(at=instant("2026-11-03T16:00-05:00")))
    assert proposal(course, MONTREAL, proposed=first.amount) is None
    course = extend(course, ev.Resolved(at=instant("2026-11-04T12:30-05:00")))
    raised = proposal(course, MONTREAL, proposed=first.amount)
    assert raised is not None
    assert raised.amount == Decimal("85.00")


@pytest.mark.parametrize("ending", [ev.Discarded, ev.MergedAway])
def test_void_and_merged_away_tickets_are_worth_nothing(ending: type) -> None:
    opened = opening("2026-11-03T10:30-05:00 or P1")
    at = instant("2026-11-10T10:30-05:00")
    course = replay(opened, [ending(at=at)], shipped(), at)
    assert proposal(course, MONTREAL) is None
    assert failures(1, course) == ()


def test_the_owners_own_tiers_decide() -> None:
    tiers = (
        CreditTier(up_to=Decimal("0.5"), share=Decimal("0.10")),
        CreditTier(up_to=None, share=Decimal("0.80")),
    )
    version = with_rules({"credit_tiers": tiers})
    opened = opening("2026-11-03T09:00-05:00 or P1")  # due 13:00; half of 4 h more: 15:00
    amounts = []
    for resolved in ("2026-11-03T15:00-05:00", "2026-11-03T15:00:01-05:00"):
        at = instant(resolved)
        found = proposal(replay(opened, [ev.Resolved(at=at)], version, at), MONTREAL)
        amounts.append(str(found.amount) if found else None)
    assert amounts == ["12.50", "100.00"]


@table("cap")
def test_a_months_credits_are_capped_as_they_are_accepted(case: dict[str, Any]) -> None:
    given: list[Decimal] = []
    for wanted in case["wanted"]:
        given.append(accepted(Decimal(wanted), Decimal(case["price"]), sum(given, Decimal(0))))
    assert [str(amount) for amount in given] == case["given"]


@table("serious")
def test_significant_non_compliance(case: dict[str, Any]) -> None:
    missed = []
    for number, written in enumerate(case["breaches"]):
        when, *words = written.split()
        priority = next((Priority(word) for word in words if word in set(Priority)), Priority.P3)
        missed.append(Failure(ticket=number, priority=priority, due=instant(when), last_tier="last" in words))
    rules = replace(Rules(), **case.get("rules", {}))
    found = findings(missed, rules, MONTREAL)
    assert [[failure.ticket for failure in one.failures] for one in found] == case["found"]


def test_what_managers_have_heard_of_is_not_told_again() -> None:
    missed = [
        Failure(ticket=n, priority=Priority.P3, due=instant(f"2026-09-0{n}T10:00-04:00")) for n in range(1, 6)
    ]
    (first,) = findings(missed[:3], Rules(), MONTREAL)
    spent = {failure.key for failure in first.failures}
    assert findings(missed, Rules(), MONTREAL, spent) == ()
    assert [f.key for f in findings([*missed, missed[0]], Rules(), MONTREAL)] == [first.key]
    assert first.key.startswith("repeated:")


def test_the_failures_of_a_ticket_are_its_missed_resolutions() -> None:
    opened = opening("2026-11-07T05:30-05:00 platine P1")
    at = instant("2026-11-08T09:30-05:00")
    (failure,) = failures(7, replay(opened, [ev.Resolved(at=at)], shipped(), at))
    assert failure == Failure(
        ticket=7,
        priority=Priority.P1,
        due=instant("2026-11-07T09:30-05:00"),
        seconds=24 * 3600,
        last_tier=True,
    )


@table("minutes")
def test_call_minutes_of_a_month(case: dict[str, Any]) -> None:
    calls = [LoggedCall(at=instant(at), minutes=int(n)) for at, n in (c.split() for c in case["calls"])]
    changed = {k: Decimal(v) if isinstance(v, str) else v for k, v in case.get("rules", {}).items()}
    terms = shipped().plans[Plan(case["plan"])]
    found = usage(calls, "2026-11", terms, replace(Rules(), **changed), MONTREAL)
    assert (found.used, found.included, found.extra) == (case["used"], case["included"], case["extra"])
    assert str(found.cost) == case["cost"]
    assert found.left == terms.minutes - case["included"]


def test_only_gratuit_warns_the_agent() -> None:
    assert [plan.value for plan in Plan if warns(shipped().plans[plan])] == ["gratuit"]


def test_a_step_below_a_minute_charges_whole_minutes() -> None:
    assert [billed(n, replace(Rules(), call_step=90)) for n in (1, 2, 3)] == [2, 3, 3]

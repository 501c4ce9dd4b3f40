"""The alarm of an emergency: whom it reaches, when, and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core.actions import QueueMail
from daemon.core.dossier import Dossier
from daemon.core.policy import Agent
from daemon.core.sla.due import Audience
from daemon.core.ticking.alarming import alarmed
from daemon.core.values import Evidence
from tests.core.build import account
from tests.core.ticking.build import (
    ALEX,
    BOSS,
    P1,
    SAM,
    at,
    desk,
    dossier,
    local,
    mails,
    of,
    tick,
    wake,
    written,
)

PAGER = "garde@pager.example"
STANDARD = P1.replace("platine", "argent")  # business hours: Saturday waits for Monday


def alarms(decision: object) -> list[tuple[str, int]]:
    return [
        (m.recipient, m.context["number"])  # type: ignore[misc]
        for m in of(decision, QueueMail)  # type: ignore[arg-type]
        if m.kind == "alarm"
    ]


def test_everybody_is_alarmed_at_once() -> None:
    decision = tick("2026-11-07 05:30", dossier(P1), desk_policy=desk(oncall=(PAGER,)))
    assert alarms(decision) == [(ALEX, 0), (SAM, 0), (PAGER, 0)]
    assert [m.context["oncall"] for m in of(decision, QueueMail)] == [False, False, True]
    assert {m.rank for m in of(decision, QueueMail)} == {1}
    assert wake(decision) == at("2026-11-07 05:35")


def test_repeated_to_whoever_is_on_call_until_the_last_that_goes_further() -> None:
    told: list[tuple[str, int]] = []
    one, now, policy = dossier(P1), at("2026-11-07 05:30"), desk(oncall=(PAGER,))
    for _ in range(45):
        decision = tick(now, one, desk_policy=policy)
        told += [(f"{now:%H:%M} {who}", number) for who, number in alarms(decision)]
        one, now = written(one, decision), now + timedelta(minutes=1)
    assert told[3:] == [
        (f"05:35 {PAGER}", 1),
        (f"05:40 {PAGER}", 2),
        (f"05:45 {PAGER}", 3),
        (f"05:50 {PAGER}", 4),
        (f"06:00 {PAGER}", 5),
        (f"06:00 {BOSS}", 5),
    ]


def test_nobody_on_call_means_all_agents() -> None:
    one = dossier(P1)
    one = written(one, tick("2026-11-07 05:30", one))
    assert alarms(tick("2026-11-07 05:35", one)) == [(ALEX, 1), (SAM, 1)]


def test_missed_alarms_are_one_that_reaches_all_whom_they_would_have_reached() -> None:
    decision = tick("2026-11-07 07:10", dossier(P1), desk_policy=desk(oncall=(PAGER,)))
    assert alarms(decision) == [(ALEX, 5), (SAM, 5), (PAGER, 5), (BOSS, 5)]
    assert [m.context["last"] for m in of(decision, QueueMail) if m.kind == "alarm"] == [True] * 4


@pytest.mark.parametrize("ending", ["take", "reply m1", "resolve", "P2 by=agent"])
def test_whoever_takes_or_settles_it_ends_the_alarm(ending: str) -> None:
    quiet = dossier(P1, f"2026-11-07T05:32-05:00 {ending}")
    assert alarms(tick("2026-11-07 05:40", quiet)) == []


def test_a_ticket_that_somebody_has_raises_one_alarm_when_an_agent_makes_it_an_emergency() -> None:
    raised = dossier(
        P1.replace("P1", "P3"), "2026-11-07T05:31-05:00 take", "2026-11-07T05:40-05:00 P1 by=agent"
    )
    first = tick("2026-11-07 05:40", raised)
    assert alarms(first) == [(ALEX, 0), (SAM, 0)]
    assert alarms(tick("2026-11-07 06:30", written(raised, first))) == []


def test_business_hours_wait_for_the_next_opening() -> None:
    assert alarms(tick("2026-11-07 05:30", dossier(STANDARD))) == []
    assert wake(tick("2026-11-07 05:30", dossier(STANDARD))) == at("2026-11-09 09:00")
    assert alarms(tick("2026-11-09 09:00", dossier(STANDARD))) == [(ALEX, 0), (SAM, 0)]


def test_nobody_is_alarmed_by_a_ticket_that_is_closed_at_this_very_moment() -> None:
    idle = dossier(
        P1,
        "2026-11-07T05:40-05:00 reply m1",
        "2026-11-07T05:40-05:00 wait m1",
        "2026-11-07T05:41-05:00 release",
    )
    assert alarms(tick("2026-11-30 09:00", idle)) == []


def test_what_an_alarm_says() -> None:
    grave = dossier(
        f"{P1} provisional",
        account=account(phones=("418 555-0199",)),
        spoke_text="x" * 400,
        evidence=(
            Evidence(facet="severity", text="gelée", weight=2.0),
            Evidence(facet="installs", text="notre seule caisse", weight=1.0),
        ),
    )
    context = of(tick("2026-11-07 05:30", grave), QueueMail)[0].context
    assert len(str(context.pop("words"))) == 300
    for instant_of, expected in (
        ("opened", "2026-11-07 05:30"),
        ("first_due", "2026-11-07 06:30"),
        ("resolution_due", "2026-11-07 09:30"),
    ):
        assert local(context.pop(instant_of)) == expected
    assert context == {
        "language": "fr",
        "subject": "Caisse gelée",
        "in_reply_to": "",
        "references": [],
        "oncall": False,
        "number": 0,
        "last": False,
        "account": "Boulangerie Roy",
        "requester": "Marie Roy",
        "phones": ["418 555-0199"],
        "evidence": ["gelée"],
        "priority": "P1",
        "provisional": True,
        "asked_two": True,
        "plan": "platine",
        "continuous": True,
        "holder": "",
    }


def test_a_newer_alarm_takes_the_place_of_one_that_was_not_sent() -> None:
    keys = {m.recipient: m.supersede_key for m in of(tick("2026-11-07 05:30", dossier(P1)), QueueMail)}
    assert keys == {ALEX: f"alarm:1042:{ALEX}", SAM: f"alarm:1042:{SAM}"}


def flood(many: int, **changes: object) -> list[Dossier]:
    return [dossier(P1, number=1000 + n, **changes) for n in range(many)]


def test_many_at_once_are_one_mail_for_each_address() -> None:
    policy = desk(oncall=(PAGER,))
    three = of(tick("2026-11-07 05:30", *flood(3), desk_policy=policy), QueueMail)
    assert len(three) == 9
    assert len({mail.ticket for mail in three}) == 3
    decision = tick("2026-11-07 05:30", *flood(4), desk_policy=policy)
    four = [mail for mail in of(decision, QueueMail) if mail.kind == "alarm"]
    assert [(mail.recipient, mail.ticket, mail.rank) for mail in four] == [
        (ALEX, None, 1),
        (SAM, None, 1),
        (PAGER, None, 1),
    ]
    assert [mail.context["oncall"] for mail in four] == [False, False, True]
    lines = four[0].context["lines"]
    assert isinstance(lines, list)
    assert [(line["ref"], line["number"]) for line in lines] == [(f"AZ-{n}", 0) for n in range(1000, 1004)]
    assert len({mail.cause for mail in four}) == 3
    assert {wake(decision, number) for number in range(1000, 1004)} == {at("2026-11-07 05:35")}


def test_an_alias_on_call_is_written_to_beside_the_address() -> None:
    phone = "514555@sms.example"
    alex = Agent(name="Alex Roy", handle="alex", addresses=(ALEX, phone))
    policy = desk(agents=(alex,), oncall=(phone,))
    assert alarmed(policy, frozenset({Audience.AGENTS, Audience.ONCALL})) == (ALEX, phone)
    assert alarmed(policy, frozenset({Audience.ONCALL})) == (phone,)


def test_somebody_is_alarmed_always() -> None:
    assert alarmed(desk(agents=()), frozenset({Audience.AGENTS, Audience.ONCALL})) == (BOSS,)


def test_an_alarm_and_a_missed_answer_are_both_told() -> None:
    found = mails(tick("2026-11-07 06:40", dossier(P1)))
    assert ("breach", BOSS) in found
    assert ("alarm", BOSS) in found

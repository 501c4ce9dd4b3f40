"""What falls due when, what is done of it, who hears of it. The schedules themselves are in `cases.toml`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core.sla import events as ev
from daemon.core.sla.course import Course
from daemon.core.sla.due import Act, Audience, Pending, audience, batch, choose, next_at
from daemon.core.sla.replay import replay
from daemon.core.sla.steps import Step, StepKind, schedule
from daemon.core.values import ClockName, Priority
from tests.core.sla_cases import shipped
from tests.sla.casefile import event, instant, opening, shown, with_rules

P2 = "2026-11-03T10:30-05:00 argent P2"
P1 = "2026-11-07T05:30-05:00 platine P1"


def course(opened: str, *happened: str, now: str, **rules: object) -> Course:
    return replay(opening(opened), [event(e) for e in happened], with_rules(rules), instant(now))


def told(acts: tuple[Act, ...]) -> list[tuple[str, int]]:
    return [(f"{act.step.kind} {act.step.clock or ''}".strip(), act.step.number) for act in acts]


def test_each_step_is_done_once_whenever_one_looks() -> None:
    steps, done = schedule(course(P2, now="2026-11-03T10:30-05:00")), set[str]()
    seen: list[tuple[str, int]] = []
    for minutes in range(0, 10 * 24 * 60, 5):
        now = instant("2026-11-03T10:30-05:00") + timedelta(minutes=minutes)
        acts = choose(steps, done, now)
        seen += told(acts)
        done |= {key for act in acts for key in act.keys}
    assert seen == [
        ("warn first_response", 50),
        ("warn first_response", 75),
        ("breach first_response", 0),
        ("update status_update", 0),
        ("warn resolution", 50),
        ("warn resolution", 75),
        ("breach resolution", 0),
        ("last_tier resolution", 0),
    ]
    assert next_at(steps, done) is None


def test_between_two_steps_one_may_sleep_until_the_next() -> None:
    steps = schedule(course(P2, now="2026-11-03T10:30-05:00"))
    assert next_at(steps, ()) == instant("2026-11-03T11:30-05:00")
    assert next_at(steps, {steps[0].key}) == instant("2026-11-03T12:00-05:00")
    assert choose(steps, (), instant("2026-11-03T11:29:59-05:00")) == ()


def test_after_downtime_the_missed_ones_collapse() -> None:
    now = instant("2026-11-03T17:30-05:00")
    acts = choose(schedule(course(P2, now=shown(now) or "")), (), now)
    assert told(acts) == [("breach first_response", 0), ("update status_update", 0), ("warn resolution", 75)]
    assert [len(act.covers) for act in acts] == [2, 0, 1]
    assert len({key for act in acts for key in act.keys}) == 6


def test_missed_reminders_give_way_to_the_closing() -> None:
    waiting = course(
        P2, "2026-11-03T11:00-05:00 reply m1", "2026-11-03T11:00-05:00 wait m1", now="2026-11-20T12:00-05:00"
    )
    acts = choose(schedule(waiting), (), waiting.seen)
    assert told(acts) == [("close", 0)]
    assert [step.number for step in acts[0].covers] == [1, 2]
    assert audience(acts[0], waiting) == {Audience.CUSTOMER}


def test_a_resolved_ticket_closes_without_a_word() -> None:
    resolved = course(P2, "2026-11-03T11:00-05:00 resolve", now="2026-11-20T12:00-05:00")
    (act,) = choose(schedule(resolved), (), resolved.seen)
    assert audience(act, resolved) == frozenset()


def test_an_alarm_that_stands_for_missed_ones_reaches_all_whom_they_would_have_reached() -> None:
    lost = course(P1, now="2026-11-07T05:30-05:00")
    alarms = [step for step in schedule(lost) if step.kind is StepKind.ALARM]
    at = {step.number: audience(Act(step=step), lost) for step in alarms}
    assert at[0] == {Audience.AGENTS, Audience.ONCALL}
    assert at[1] == at[4] == {Audience.ONCALL}
    assert at[5] == {Audience.ONCALL, Audience.ESCALATION}
    (act,) = choose(alarms, (), instant("2026-11-07T07:00-05:00"))
    assert audience(act, lost) == {Audience.AGENTS, Audience.ONCALL, Audience.ESCALATION}


@pytest.mark.parametrize(
    ("opened", "rules", "expected"),
    [
        (P2, {}, Audience.MANAGERS),
        (P2.replace("P2", "P3"), {}, Audience.DIGEST),
        (P2, {"breach_at_once": (Priority.P1,)}, Audience.DIGEST),
        (P2.replace("P2", "P4"), {"breach_at_once": (Priority.P4,)}, Audience.MANAGERS),
    ],
)
def test_who_hears_of_a_breach(opened: str, rules: dict[str, object], expected: Audience) -> None:
    late = course(opened, now="2026-11-30T12:00-05:00", **rules)
    breaches = [step for step in schedule(late) if step.kind is StepKind.BREACH]
    assert len(breaches) == 2
    assert {audience(Act(step=step), late) for step in breaches} == {frozenset({expected})}


def test_a_breach_is_told_though_the_priority_was_lowered_since() -> None:
    late = course(P2, "2026-11-03T13:00-05:00 P4 by=agent", now="2026-11-03T14:00-05:00")
    (step,) = [step for step in schedule(late) if step.kind is StepKind.BREACH and step.at < late.seen]
    assert audience(Act(step=step), late) == {Audience.MANAGERS}


def test_a_breach_that_was_met_before_one_looked_is_told_all_the_same() -> None:
    late = course(P2, "2026-11-03T12:31-05:00 reply m1", now="2026-11-03T12:40-05:00")
    acts = choose(schedule(late), (), late.seen)
    assert ("breach first_response", 0) in told(acts)


def test_the_assignee_is_asked_for_news_before_an_update() -> None:
    taken = course(P2, "2026-11-03T10:40-05:00 take", now="2026-11-03T10:40-05:00")
    asked = [shown(s.at) for s in schedule(taken, ask_before=900) if s.kind is StepKind.ASK]
    assert asked == [shown(instant("2026-11-03T14:15-05:00"))]
    assert not [s for s in schedule(taken) if s.kind is StepKind.ASK]
    nobody = course(P2, now="2026-11-03T10:40-05:00")
    assert not [s for s in schedule(nobody, ask_before=900) if s.kind is StepKind.ASK]


def test_no_step_reaches_a_ticket_that_is_none_any_more() -> None:
    for ending in ("spam", "merged"):
        over = course(P1, f"2026-11-07T08:00-05:00 {ending}", now="2026-11-10T08:00-05:00")
        assert schedule(over) == ()


def test_a_waiting_or_resolved_ticket_gets_no_status_update() -> None:
    for last in ("wait m1", "resolve"):
        still = course(
            P2,
            "2026-11-03T11:00-05:00 reply m1",
            f"2026-11-03T11:00-05:00 {last}",
            now="2026-11-10T08:00-05:00",
        )
        assert not [s for s in schedule(still, 900) if s.kind in {StepKind.UPDATE, StepKind.ASK}]


def test_a_ticket_taken_before_it_became_a_p1_raises_one_alarm_when_an_agent_says_so() -> None:
    taken, raised = "2026-11-03T10:40-05:00 take", "2026-11-03T11:00-05:00 P1"
    by_agent = course(P2, taken, f"{raised} by=agent", now="2026-11-03T11:00-05:00")
    by_customer = course(P2, taken, f"{raised} by=message", now="2026-11-03T11:00-05:00")
    assert [s.number for s in schedule(by_agent) if s.kind is StepKind.ALARM] == [0]
    assert [s.number for s in schedule(by_customer) if s.kind is StepKind.ALARM] == [0, 1, 2, 3, 4, 5]


def test_a_released_emergency_alarms_again_and_a_lowered_one_no_more() -> None:
    released = course(
        P1, "2026-11-07T05:31-05:00 take", "2026-11-07T05:32-05:00 release", now="2026-11-07T05:33-05:00"
    )
    assert len([s for s in schedule(released) if s.kind is StepKind.ALARM]) == 6
    lowered = course(P1, "2026-11-07T05:32-05:00 P2 by=agent", now="2026-11-07T05:33-05:00")
    assert not [s for s in schedule(lowered) if s.kind is StepKind.ALARM]


def test_keys_stay_when_a_bounce_takes_back_what_lay_between() -> None:
    before = course(P2, now="2026-11-03T11:00-05:00")
    after = course(
        P2,
        "2026-11-03T11:00-05:00 reply m1",
        "2026-11-03T11:30-05:00 bounce m1",
        now="2026-11-03T11:30-05:00",
    )
    assert [step.key for step in schedule(before)] == [step.key for step in schedule(after)]
    assert len({step.key for step in schedule(before)}) == len(schedule(before))


def test_warnings_of_one_agent_within_five_minutes_are_one_mail() -> None:
    now = instant("2026-11-03T12:00-05:00")

    def warning(recipient: str, ticket: int, minutes: float) -> Pending:
        at = now + timedelta(minutes=minutes)
        step = Step(at=at, kind=StepKind.WARN, key=f"{ticket}", clock=ClockName.RESOLUTION, number=75)
        return Pending(recipient=recipient, ticket=ticket, step=step)

    pending = [warning("alex", 1, 0), warning("alex", 2, 5), warning("alex", 3, 5.1), warning("sam", 4, 2)]
    mails = batch(pending, now, shipped().rules.warn_batch)
    assert [(who, [one.ticket for one in mail]) for who, mail in mails] == [("alex", [1, 2])]
    assert [len(mail) for _, mail in batch(pending, now, 0)] == [1]


def test_a_warning_that_a_change_has_overtaken_is_due_as_it_comes() -> None:
    raised = course(
        P2.replace("P2", "P3"), "2026-11-03T13:00-05:00 P2 by=agent", now="2026-11-03T13:00-05:00"
    )
    warned = [
        (s.number, shown(s.at))
        for s in schedule(raised)
        if s.kind is StepKind.WARN and s.clock is ClockName.FIRST_RESPONSE
    ]
    # Due 15:00 with a target of 2 h: an hour is left at 14:00, half an hour at 14:30.
    assert warned == [
        (50, shown(instant("2026-11-03T14:00-05:00"))),
        (75, shown(instant("2026-11-03T14:30-05:00"))),
    ]


def test_quiet_updates_are_told_of_once_for_each_silence() -> None:
    written = [f"2026-11-07T0{6 + n}:00-05:00 update u{n}" for n in range(3)]
    silent = course(P1, *written, now="2026-11-07T08:00-05:00")
    later = [f"2026-11-07T{9 + n:02}:00-05:00 update v{n}" for n in range(2)]
    news = "2026-11-07T08:30-05:00 update n1 news"
    again = course(P1, *written, news, *later, now="2026-11-07T10:00-05:00")
    keys = [[s.key for s in schedule(c) if s.kind is StepKind.QUIET] for c in (silent, again)]
    assert [len(found) for found in keys] == [1, 1]
    assert keys[0] != keys[1]
    answered = course(P1, *written, "2026-11-07T08:30-05:00 reply m1", now="2026-11-07T10:00-05:00")
    assert not [s for s in schedule(answered) if s.kind is StepKind.QUIET]


def test_events_of_a_ticket_are_ranked_as_the_page_says() -> None:
    at = instant("2026-11-03T12:00-05:00")
    waited, wrote = ev.Waited(at=at, mail="m1"), ev.Wrote(at=at)
    changed = ev.Reprioritised(at=at, priority=Priority.P1, by=ev.By.AGENT)
    replied, closed = ev.Replied(at=at, mail="m1"), ev.Closed(at=at)
    assert ev.in_order((waited, wrote, closed, changed, replied)) == (replied, changed, closed, wrote, waited)

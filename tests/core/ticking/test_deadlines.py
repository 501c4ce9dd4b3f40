"""Warnings before a deadline, the breach at it: who hears of it, what is said, what is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core.actions import AddHistory, QueueMail, StepsDone, WriteClocks
from daemon.core.dossier import Dossier
from daemon.core.ticking import agenda
from daemon.core.values import ClockName
from tests.core.ticking.build import (
    ALEX,
    BOSS,
    P2,
    P3,
    SAM,
    at,
    desk,
    dossier,
    local,
    mails,
    of,
    one_mail,
    tick,
    wake,
    written,
)


def lines(context: dict[str, object]) -> list[dict[str, object]]:
    found = context["lines"]
    assert isinstance(found, list)
    return found


def taken(opened: str = P2, number: int = 1042, by: str = "alex") -> Dossier:
    return dossier(opened, f"{opened.split()[0]} take", number=number, assignee=by)


def test_a_warning_goes_to_whoever_has_the_ticket() -> None:
    decision = tick("2026-11-03 11:30", taken())
    assert mails(decision) == [("escalation", ALEX)]
    told = one_mail(decision, "escalation")
    assert (told["what"], told["language"], told["subject"]) == ("warning", "fr", "Caisse gelée")
    (line,) = lines(told)
    assert local(line.pop("due")) == "2026-11-03 12:30"
    assert line == {
        "ticket": 1042,
        "ref": "AZ-1042",
        "subject": "Caisse gelée",
        "account": "Boulangerie Roy",
        "priority": "P2",
        "clock": "first_response",
        "percent": 50,
        "holder": "Alex Roy",
    }
    assert of(decision, QueueMail)[0].ticket == 1042


def test_nobody_has_it_so_all_are_warned() -> None:
    assert mails(tick("2026-11-03 11:30", dossier(P2))) == [("escalation", ALEX), ("escalation", SAM)]


def test_an_agent_who_is_none_any_more_has_nothing() -> None:
    gone = taken(by="kim")
    decision = tick("2026-11-03 11:30", gone)
    assert mails(decision) == [("escalation", ALEX), ("escalation", SAM)]
    assert lines(of(decision, QueueMail)[0].context)[0]["holder"] == ""


def test_warnings_of_one_agent_are_one_mail_with_those_that_follow_soon() -> None:
    first, second, later = (
        taken(),
        taken(P2.replace("10:30", "10:34"), 1043),
        taken(P2.replace("10:30", "10:36"), 1044),
    )
    decision = tick("2026-11-03 11:30", first, beside=[second, later])
    (mail,) = of(decision, QueueMail)
    assert (mail.recipient, mail.ticket, mail.context["subject"]) == (ALEX, None, "")
    assert [(one["ref"], one["percent"]) for one in lines(mail.context)] == [("AZ-1042", 50), ("AZ-1043", 47)]
    assert decision.reads == {1042: 3, 1043: 3}
    assert {a.ticket for a in of(decision, WriteClocks)} == {1042, 1043}
    again = tick("2026-11-03 11:34", written(second, decision))
    assert mails(again) == []
    assert mails(tick("2026-11-03 11:36", later)) == [("escalation", ALEX)]


def test_what_others_must_hear_too_does_not_go_along() -> None:
    """Else the other agents would never be warned of it: its step would be done."""
    nobodys = dossier(P2.replace("10:30", "10:34"), number=1043)
    decision = tick("2026-11-03 11:30", taken(), beside=[nobodys])
    assert [one["ref"] for one in lines(one_mail(decision, "escalation"))] == ["AZ-1042"]
    assert 1043 not in decision.reads
    assert mails(tick("2026-11-03 11:34", nobodys)) == [("escalation", ALEX), ("escalation", SAM)]


def test_a_ticket_that_is_due_soon_is_no_reason_to_write() -> None:
    decision = tick("2026-11-03 11:28", taken(), beside=[taken(number=1043)])
    assert mails(decision) == []
    assert not agenda([taken()], desk(), at("2026-11-03 11:28")).warns
    assert agenda([taken()], desk(), at("2026-11-03 11:30")).warns


def test_a_warning_that_came_too_late_says_what_is_true_now() -> None:
    (line,) = lines(one_mail(tick("2026-11-03 11:51", taken()), "escalation"))
    assert line["percent"] == 68  # 81 of 120 minutes


def test_a_promise_that_stands_still_is_no_reason_to_warn() -> None:
    waiting = dossier(
        P2,
        "2026-11-03T11:00-05:00 reply m1",
        "2026-11-03T15:05-05:00 wait m1",
        assignee="alex",
    )
    late = tick("2026-11-03 15:30", waiting)  # half of the resolution's nine hours had passed at 15:00
    assert mails(late) == []
    assert "warn:resolution:2026-11-03T15:30:00+00:00:50" in [k for a in of(late, StepsDone) for k in a.keys]


@pytest.mark.parametrize(
    ("opened", "when", "told"),
    [
        (P2, "2026-11-03 12:30", [("breach", SAM), ("breach", BOSS)]),
        (P3, "2026-11-03 14:30", []),
    ],
)
def test_a_breach_is_told_at_once_or_stands_in_the_digest(
    opened: str, when: str, told: list[tuple[str, str]]
) -> None:
    decision = tick(when, dossier(opened))
    assert mails(decision) == told
    (noted,) = of(decision, AddHistory)
    assert (noted.event, noted.by, noted.at) == ("breach", "desk", at(when))
    assert noted.detail["clock"] == "first_response"
    assert local(noted.detail["due"]) == when


def test_a_breach_holds_the_instant_at_which_it_became_true() -> None:
    decision = tick("2026-11-03 13:10", taken())
    (noted,) = of(decision, AddHistory)
    assert noted.at == at("2026-11-03 12:30")
    (clocks,) = of(decision, WriteClocks)
    first = next(c for c in clocks.cycles if c.clock is ClockName.FIRST_RESPONSE)
    assert first.breached == at("2026-11-03 12:30")
    context = of(decision, QueueMail)[0].context
    assert {k: context[k] for k in ("plan", "clock", "target", "holder", "priority", "met")} == {
        "plan": "argent",
        "clock": "first_response",
        "target": 7200,
        "holder": "Alex Roy",
        "priority": "P2",
        "met": None,
    }
    assert local(context["breached"]) == local(context["due"]) == "2026-11-03 12:30"


def test_a_missed_resolution_is_kept_for_the_account() -> None:
    decision = tick("2026-11-04 10:30", dossier(P2, "2026-11-03T11:00-05:00 reply m1"))
    (clocks,) = of(decision, WriteClocks)
    assert clocks.missed_at == at("2026-11-04 10:30")
    (before,) = of(tick("2026-11-04 10:29", dossier(P2)), WriteClocks)
    assert before.missed_at is None


def test_missed_steps_collapse_but_every_breach_is_recorded() -> None:
    """Two answers were late while the daemon was down: one mail about the newest, two records."""
    late = dossier(
        P2,
        "2026-11-03T12:40-05:00 reply m1",
        "2026-11-03T12:50-05:00 wrote",
        "2026-11-03T15:00-05:00 reply m2",
        "2026-11-03T15:01-05:00 wrote",
    )
    decision = tick("2026-11-03 17:30", late)
    recorded = [(a.detail["clock"], local(a.detail["due"])) for a in of(decision, AddHistory)]
    assert recorded == [
        ("first_response", "2026-11-03 12:30"),
        ("next_response", "2026-11-03 14:50"),
        ("next_response", "2026-11-03 17:01"),
    ]
    breaches = [m.context for m in of(decision, QueueMail) if m.kind == "breach" and m.recipient == BOSS]
    assert [local(context["due"]) for context in breaches] == ["2026-11-03 12:30", "2026-11-03 17:01"]


def test_a_breach_does_not_hide_behind_the_warning_of_the_next_promise() -> None:
    late = dossier(
        P2,
        "2026-11-03T11:00-05:00 reply m1",
        "2026-11-03T11:01-05:00 wrote",
        "2026-11-03T13:10-05:00 reply m2",
        "2026-11-03T13:11-05:00 wrote",
        assignee="alex",
    )
    found = mails(tick("2026-11-03 14:20", late))
    assert found == [("breach", SAM), ("breach", BOSS), ("escalation", ALEX)]


def test_a_ticket_with_nothing_due_is_put_to_sleep_until_its_next_step() -> None:
    decision = tick("2026-11-03 10:31", dossier(P2))
    assert [type(action) for action in decision.actions] == [WriteClocks]
    assert wake(decision) == at("2026-11-03 11:30")
    assert decision.reads == {1042: 3}


def test_a_ticket_that_is_none_any_more_sleeps_for_ever() -> None:
    decision = tick("2026-11-20 10:31", dossier(P2, "2026-11-03T10:40-05:00 spam"))
    assert [type(action) for action in decision.actions] == [WriteClocks]
    assert wake(decision) is None


def test_a_night_is_no_working_time() -> None:
    """Opened at 17:30: half an hour today, half an hour tomorrow."""
    evening = taken(P2.replace("10:30", "17:30"))
    assert mails(tick("2026-11-03 18:30", evening)) == []
    assert mails(tick("2026-11-04 09:29", evening)) == []
    assert mails(tick("2026-11-04 09:30", evening)) == [("escalation", ALEX)]


def test_no_step_happens_twice_wherever_the_daemon_is_restarted() -> None:
    seen: list[tuple[str, str]] = []
    one, now = taken(), at("2026-11-03 10:30")
    while now < at("2026-11-05 18:00"):
        decision = tick(now, one)
        seen += [(m.kind, str(m.context.get("what", ""))) for m in of(decision, QueueMail)]
        one = written(one, decision)
        assert mails(tick(now, one)) == []  # a restart between two steps
        now += timedelta(minutes=10)
    assert seen == [
        ("escalation", "warning"),  # first response 50, 75 %
        ("escalation", "warning"),
        ("breach", ""),
        ("breach", ""),
        ("status-update", "update"),
        ("escalation", "warning"),  # resolution 50, 75 %
        ("escalation", "warning"),
        ("breach", ""),
        ("breach", ""),
    ]

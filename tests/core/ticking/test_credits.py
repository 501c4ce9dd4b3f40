"""What a missed resolution leads to: a credit proposed once, raised where it became worse, and the evidence
of what an account has suffered."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from daemon.core.actions import AddHistory, ProposeCredit, QueueMail, RecordFinding, StepsDone
from daemon.core.dossier import Dossier, KeptCredit, course_of
from daemon.core.ticking import agenda, crediting
from tests.core.ticking.build import (
    BOSS,
    P1,
    P2,
    SAM,
    at,
    desk,
    dossier,
    local,
    of,
    of_kind,
    tick,
    written,
)
from tests.sla.casefile import event

ARGENT = Decimal("125.00")
LAST_TIER = "2026-11-09 10:31"  # due on the 4th at 10:30; three times nine hours later
REPLIED = "2026-11-03T11:00-05:00 reply m1"


def credits_of(actions: object) -> list[tuple[str, str]]:
    return [(str(a.amount), a.month) for a in of(actions, ProposeCredit)]  # type: ignore[arg-type]


def price() -> Decimal:
    version = desk().sla[0]
    return version.plans[dossier(P2).ticket.plan].price


def test_the_last_tier_is_proposed_and_told_once() -> None:
    late = dossier(P2, REPLIED)
    decision = tick(LAST_TIER, late)
    assert credits_of(decision) == [(str(price()), "2026-11")]
    assert [m.recipient for m in of_kind(decision, "proposal")] == [SAM, BOSS]
    told = [m for m in of_kind(decision, "escalation") if m.context["what"] == "last_tier"]
    assert [m.recipient for m in told] == [SAM, BOSS]
    (line,) = told[0].context["lines"]  # type: ignore[misc]
    assert (line["clock"], line["percent"]) == ("resolution", 400)
    again = tick("2026-11-10 10:00", written(late, decision))
    assert credits_of(again) == []
    assert of_kind(again, "proposal") == []


def test_what_a_proposal_says() -> None:
    context = of_kind(tick(LAST_TIER, dossier(P2, REPLIED)), "proposal")[0].context
    assert local(context.pop("due")) == "2026-11-04 10:30"
    assert context == {
        "language": "fr",
        "subject": "Caisse gelée",
        "in_reply_to": "",
        "references": [],
        "what": "credit",
        "account": "Boulangerie Roy",
        "plan": "argent",
        "price": str(price()),
        "share": 100,
        "amount": str(price()),
        "month": "2026-11",
        "late": 27 * 3600 + 60,
        "given": "0",
        "left": str(price()),
    }


def test_what_was_given_for_the_month_is_told() -> None:
    given = {"2026-11": Decimal("31.25"), "2026-10": Decimal("99.00")}
    decision = tick(LAST_TIER, dossier(P2, REPLIED, given=given))
    context = of_kind(decision, "proposal")[0].context
    assert (context["given"], context["left"]) == ("31.25", str(price() - Decimal("31.25")))


def test_a_plan_without_a_price_has_nothing_to_propose() -> None:
    free = dossier(P2.replace("argent", "gratuit"), REPLIED)
    decision = tick(LAST_TIER, free)
    assert credits_of(decision) == []
    assert [m for m in of_kind(decision, "escalation") if m.context["what"] == "last_tier"] == []


def test_a_ticket_closed_by_silence_is_proposed_as_it_stands_then() -> None:
    """Late by an hour when the question stopped its clock; never answered."""
    silent = dossier(P2, REPLIED, "2026-11-04T11:30-05:00 wait m1", assignee="alex")
    decision = tick("2026-11-13 11:30", silent)
    quarter = (price() / 4).quantize(Decimal("0.01"))
    assert credits_of(decision) == [(str(quarter), "2026-11")]
    assert [a.detail for a in of(decision, AddHistory) if a.event == "credit"] == [
        {"state": "proposed", "amount": str(quarter), "month": "2026-11"}
    ]


def after(before: Dossier, *happened: str) -> tuple[object, ...]:
    now = at("2026-11-04 12:00")
    events = [event(e) for e in happened]
    first, then = course_of(before, desk(), now), course_of(before, desk(), now, events)
    return crediting.after(first, then, before, desk(), now)


def test_other_doors_propose_when_they_resolve() -> None:
    late = dossier(P2, REPLIED)
    actions = after(late, "2026-11-04T11:30-05:00 resolve")
    assert len(credits_of(actions)) == 1
    assert [m.recipient for m in of(actions, QueueMail)] == [SAM, BOSS]
    assert after(late, "2026-11-04T11:30-05:00 take") == ()
    in_time = dossier(P2, REPLIED, "2026-11-03T12:00-05:00 wait m1")
    assert after(in_time, "2026-11-04T11:30-05:00 resolve") == ()


def test_other_doors_leave_to_the_ticker_what_is_its_own() -> None:
    """The last tier was reached a moment ago; taking the ticket has nothing to do with it."""
    late, now = dossier(P2, REPLIED), at("2026-11-10 10:00")
    first = course_of(late, desk(), now)
    then = course_of(late, desk(), now, [event("2026-11-10T09:59-05:00 take")])
    assert crediting.after(first, then, late, desk(), now) == ()


def test_a_proposal_is_raised_and_not_repeated() -> None:
    quarter = KeptCredit(amount=price() / 4, month="2026-11", state="proposed")
    late = dossier(P2, REPLIED, credit=quarter)
    assert after(late, "2026-11-04T11:30-05:00 resolve") == ()
    assert credits_of(tick(LAST_TIER, late)) == [(str(price()), "2026-11")]


def test_what_was_accepted_is_not_proposed_twice() -> None:
    given = KeptCredit(amount=price() / 4, month="2026-11", state="accepted")
    rest = tick(LAST_TIER, dossier(P2, REPLIED, credit=given))
    assert [Decimal(amount) for amount, _ in credits_of(rest)] == [price() * 3 / 4]
    refused = tick(LAST_TIER, dossier(P2, REPLIED, credit=replace(given, state="refused")))
    assert [Decimal(amount) for amount, _ in credits_of(refused)] == [price()]


# Significant non-compliance


def missed(number: int, day: str, **changes: object) -> Dossier:
    """Due the next day at 10:30, resolved an hour late."""
    opened = f"{day}T10:30-05:00 argent P2"
    return dossier(opened, f"{day}T11:00-05:00 reply m1", number=number, **changes)


def test_three_missed_resolutions_in_ninety_days_are_told_with_the_evidence() -> None:
    earlier = [missed(1001, "2026-11-02"), missed(1002, "2026-11-03")]
    third = missed(1003, "2026-11-04")
    assert agenda([third], desk(), at("2026-11-05 10:30")).accounts == ("roy",)
    decision = tick("2026-11-05 10:30", third, failures={"roy": earlier})
    (finding,) = of(decision, RecordFinding)
    assert finding.account == "roy"
    assert finding.key.startswith("repeated:1001:")
    found = [m for m in of_kind(decision, "proposal") if m.context["what"] == "finding"]
    assert [m.recipient for m in found] == [SAM, BOSS]
    context = found[0].context
    assert (context["ground"], context["account"], context["clause"]) == ("repeated", "Boulangerie Roy", "6")
    assert context["days"] == 90
    failures = context["failures"]
    assert isinstance(failures, list)
    assert [(f["ref"], f["priority"], local(f["due"])) for f in failures] == [
        ("AZ-1001", "P2", "2026-11-03 10:30"),
        ("AZ-1002", "P2", "2026-11-04 10:30"),
        ("AZ-1003", "P2", "2026-11-05 10:30"),
    ]


def test_two_are_not_three_and_another_time_is_another_time() -> None:
    third = missed(1003, "2026-11-04")
    for earlier in ([missed(1002, "2026-11-03")], [missed(1001, "2026-06-02"), missed(1002, "2026-11-03")]):
        assert of(tick("2026-11-05 10:30", third, failures={"roy": earlier}), RecordFinding) == []


def test_a_failure_counts_once_towards_a_repetition() -> None:
    tickets = [missed(1001, "2026-11-02"), missed(1002, "2026-11-03"), missed(1003, "2026-11-04")]
    first = tick("2026-11-05 10:30", tickets[2], failures={"roy": tickets[:2]})
    tickets = [written(one, first) for one in tickets]
    fourth = missed(1004, "2026-11-05")
    second = tick("2026-11-06 10:30", fourth, failures={"roy": tickets})
    assert of(second, RecordFinding) == []
    # The first has fallen out of sight: the others do not make three with the new one.
    assert of(tick("2026-11-06 10:30", fourth, failures={"roy": tickets[1:]}), RecordFinding) == []
    marked = {a.ticket for a in of(first, StepsDone) if any(k.startswith("repeated:") for k in a.keys)}
    assert marked == {1001, 1002, 1003}


def test_what_is_on_record_is_not_told_again() -> None:
    earlier = [missed(1001, "2026-11-02"), missed(1002, "2026-11-03")]
    third = missed(1003, "2026-11-04")
    (finding,) = of(tick("2026-11-05 10:30", third, failures={"roy": earlier}), RecordFinding)
    again = tick("2026-11-05 10:30", third, failures={"roy": earlier}, recorded={finding.key})
    assert of(again, RecordFinding) == []


def test_tickets_that_fail_in_the_same_tick_count_together() -> None:
    all_three = [missed(1001, "2026-11-02"), missed(1002, "2026-11-03"), missed(1003, "2026-11-04")]
    assert len(of(tick("2026-11-05 10:30", *all_three), RecordFinding)) == 1


def test_one_emergency_in_the_last_tier_is_enough() -> None:
    grave = dossier(P1, "2026-11-07T05:40-05:00 reply m1")
    first = tick("2026-11-07 09:30", grave)
    assert of(first, RecordFinding) == []
    decision = tick("2026-11-07 21:31", written(grave, first))
    (finding,) = of(decision, RecordFinding)
    assert finding.key.startswith("grave:1042:")
    assert [m.ticket for m in of_kind(decision, "proposal") if m.context["what"] == "finding"] == [1042] * 2
    later = missed(1003, "2026-11-09")
    told = written(written(grave, first), decision)
    assert of(tick("2026-11-10 10:30", later, failures={"roy": [told]}), RecordFinding) == []


def test_strangers_have_no_agreement_to_end() -> None:
    nobodys = [
        replace(d, ticket=replace(d.ticket, account=None), account=None)
        for d in (missed(1001, "2026-11-02"), missed(1002, "2026-11-03"), missed(1003, "2026-11-04"))
    ]
    assert agenda(nobodys, desk(), at("2026-11-05 10:30")).accounts == ()
    assert of(tick("2026-11-05 10:30", *nobodys), RecordFinding) == []

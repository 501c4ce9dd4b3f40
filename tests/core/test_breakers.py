"""[limits]: what a breaker stops, what it leaves alone, and who is told. Ignoring a key fails a test."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core.actions import (
    AddHistory,
    AddMessage,
    AddParticipant,
    Decision,
    OpenTicket,
    RecordMail,
    SetState,
)
from daemon.core.policy import Limits
from daemon.core.values import Claim, ClaimKind, Disposition, MailClass, State, Unreadable
from tests.core.build import MARIE, T0, account, mail, policy, snapshot, ticket
from tests.core.test_decide import answers, decide, desk, of, one

TOKEN = Claim(kind=ClaimKind.TOKEN, ticket=1042, purpose="customer", for_sender=True)


def told(decision: Decision) -> set[tuple[str, str]]:
    return {(str(q.context["reason"]), q.recipient) for q in answers(decision) if q.kind == "notice"}


def remarks(decision: Decision) -> list[dict[str, object]]:
    return [h.detail for h in of(AddHistory, decision) if h.event == "breaker"]


MANAGERS = ("sam@azimutpos.com", "direction@azimutpos.com")


def managers_of(rule: str) -> set[tuple[str, str]]:
    return {(rule, address) for address in MANAGERS}


# -- tickets_per_address ---------------------------------------------------------------------------------


def many_tickets(count: int, **changes: Any) -> Any:
    newest = ticket(1055, **changes)
    return snapshot(account=account(), tickets=(newest,), newest_ticket=newest, tickets_last_hour=count)


def test_the_next_mail_of_an_address_that_opened_too_many_tickets_joins_the_newest() -> None:
    decision = decide(known=many_tickets(20))
    assert of(OpenTicket, decision) == []
    record = one(RecordMail, decision)
    assert (record.disposition, record.ticket) == (Disposition.MESSAGE, 1055)
    assert one(AddMessage, decision).ticket == 1055
    assert decision.reads == {1055: 3}
    assert {q.kind for q in answers(decision)} == {"notice"}
    assert told(decision) == managers_of("tickets_per_address")
    assert {q.context["about"] for q in answers(decision)} == {"AZ-1055"}
    assert {q.context["sender"] for q in answers(decision)} == {MARIE}
    assert remarks(decision) == [{"rule": "tickets_per_address", "from": MARIE}]


def test_managers_are_told_once_an_hour_whatever_number_of_mails_comes() -> None:
    times = [T0 + timedelta(minutes=n) for n in (1, 9)]
    causes = [{q.cause for q in answers(decide(known=many_tickets(20), now=now))} for now in times]
    assert causes[0] == causes[1]
    later = decide(known=many_tickets(20), now=T0 + timedelta(hours=1))
    assert causes[0].isdisjoint({q.cause for q in answers(later)})


@pytest.mark.parametrize(
    ("count", "limit"), [(19, 20), (500, 0)], ids=["one below the limit", "0 is no limit"]
)
def test_below_the_limit_each_mail_has_its_ticket(count: int, limit: int) -> None:
    rules = desk(limits=Limits(tickets_per_address=limit))
    assert one(OpenTicket, decide(known=many_tickets(count), rules=rules))


def test_an_answer_goes_to_its_own_ticket_however_many_were_opened() -> None:
    newest = ticket(1055)
    known = snapshot(
        account=account(), tickets=(ticket(), newest), newest_ticket=newest, tickets_last_hour=40
    )
    decision = decide(known=known, claims=[TOKEN])
    assert one(RecordMail, decision).ticket == 1042
    assert told(decision) == set()


def test_a_merged_newest_ticket_stands_for_the_one_that_survived() -> None:
    merged, survivor = ticket(1055, merged_into=1042, state=State.CLOSED), ticket()
    known = snapshot(
        account=account(), tickets=(survivor, merged), newest_ticket=merged, tickets_last_hour=20
    )
    assert one(RecordMail, decide(known=known)).ticket == 1042


# -- mails_per_ticket ------------------------------------------------------------------------------------


def busy(count: int, **changes: Any) -> Any:
    return snapshot(
        account=account(), tickets=(ticket(state=State.RESOLVED, **changes),), mails_last_hour={1042: count}
    )


def test_mail_on_a_ticket_that_got_too_much_is_kept_and_moves_nothing() -> None:
    decision = decide(known=busy(60), claims=[TOKEN])
    assert one(AddMessage, decision).ticket == 1042
    assert of(SetState, decision) == []
    assert told(decision) == managers_of("mails_per_ticket")
    assert {q.context["about"] for q in answers(decision)} == {"AZ-1042"}
    assert remarks(decision) == [{"rule": "mails_per_ticket", "from": MARIE}]
    assert one(SetState, decide(known=busy(59), claims=[TOKEN])).state is State.OPEN
    unlimited = desk(limits=Limits(mails_per_ticket=0))
    assert one(SetState, decide(known=busy(900), claims=[TOKEN], rules=unlimited))


def test_no_colleague_joins_while_the_breaker_is_open() -> None:
    letter = mail(
        "karim@boulangerieroy.example",
        authentication_results=("mx.azimutpos.com; dmarc=pass header.from=boulangerieroy.example",),
    )
    rules = desk(trusted_authserv=("mx.azimutpos.com",))
    assert one(AddParticipant, decide(letter, busy(59), claims=[TOKEN], rules=rules))
    assert of(AddParticipant, decide(letter, busy(60), claims=[TOKEN], rules=rules)) == []


def test_what_a_program_writes_on_a_ticket_counts_and_is_told_too() -> None:
    letter = mail(mail_class=MailClass.AUTO_REPLY, signs=("auto-submitted:auto-replied",))
    decision = decide(letter, busy(60), claims=[TOKEN])
    assert one(AddMessage, decision).role == "automatic"
    assert told(decision) == managers_of("mails_per_ticket")


# -- reopens_per_ticket ----------------------------------------------------------------------------------


def reopened(count: int, state: State = State.RESOLVED) -> Any:
    closed = T0 - timedelta(minutes=5) if state is State.CLOSED else None
    return snapshot(
        account=account(),
        tickets=(ticket(state=state, closed_at=closed),),
        reopens_last_hour={1042: count},
    )


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_a_ticket_that_was_reopened_too_often_stays_as_it_is(state: State) -> None:
    decision = decide(known=reopened(5, state), claims=[TOKEN])
    assert one(AddMessage, decision).ticket == 1042
    assert of(SetState, decision) == []
    assert told(decision) == managers_of("reopens_per_ticket")
    assert one(SetState, decide(known=reopened(4, state), claims=[TOKEN])).state is State.OPEN
    unlimited = desk(limits=Limits(reopens_per_ticket=0))
    assert one(SetState, decide(known=reopened(99, state), claims=[TOKEN], rules=unlimited))


def test_a_ticket_that_is_open_anyway_is_not_stopped_by_its_past() -> None:
    decision = decide(known=reopened(5, State.WAITING), claims=[TOKEN])
    assert one(SetState, decision).state is State.OPEN
    assert told(decision) == set()


# -- acks_desk -------------------------------------------------------------------------------------------


def test_the_acknowledgements_of_the_whole_desk_have_a_limit_when_it_is_set() -> None:
    rules = desk(limits=Limits(acks_desk=100))
    decision = decide(known=snapshot(account=account(), acks_desk=100), rules=rules)
    assert one(OpenTicket, decision)
    assert {q.kind for q in answers(decision)} == {"notice"}
    assert told(decision) == managers_of("acks_desk")
    below = decide(known=snapshot(account=account(), acks_desk=99), rules=rules)
    assert [q.kind for q in answers(below)] == ["ack"]
    off = decide(known=snapshot(account=account(), acks_desk=9_999))
    assert [q.kind for q in answers(off)] == ["ack"]


def test_the_desks_own_limit_is_told_once_whoever_writes() -> None:
    rules = desk(limits=Limits(acks_desk=1))
    known = snapshot(account=account(), acks_desk=1)
    first, second = (decide(mail(sender), known, rules=rules) for sender in (MARIE, "karim@autre.example"))
    assert {q.cause for q in answers(first)} == {q.cause for q in answers(second)}


def test_without_managers_the_agents_are_told() -> None:
    alex = policy().agents[0]
    rules = desk(agents=(alex,), escalation=())
    found = told(decide(known=many_tickets(20), rules=rules))
    assert found == {("tickets_per_address", "alex@azimutpos.com")}


# -- what nobody can read --------------------------------------------------------------------------------


def test_a_flood_of_broken_mails_is_kept_on_one_ticket_and_told_once() -> None:
    broken = Unreadable(reason="no usable From address", message_id="x", text="???")
    decision = decide(broken, many_tickets(20))
    assert of(OpenTicket, decision) == []
    record = one(RecordMail, decision)
    assert (record.disposition, record.ticket) == (Disposition.QUARANTINE, 1055)
    assert one(AddMessage, decision).text == "???"
    assert {q.kind for q in answers(decision)} == {"notice"}
    assert told(decision) == managers_of("tickets_per_address")
    assert one(OpenTicket, decide(broken, many_tickets(19)))
    unlimited = desk(limits=Limits(tickets_per_address=0))
    assert one(OpenTicket, decide(broken, many_tickets(99), rules=unlimited))

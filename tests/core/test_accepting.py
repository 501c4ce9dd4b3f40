"""What the first 250 of a mail to a customer means to its ticket's clocks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core.actions import AddEvent, AddHistory, Decision, MarkSent, SetState, WriteClocks
from daemon.core.dossier import Dossier
from daemon.core.sending import asks_after, on_delivery
from daemon.core.sla.events import Replied, Resolved, Taken, TicketEvent, Updated, Waited, Wrote
from daemon.core.values import ClockName, Delivery, OutboxRow, Outcome, SendState, State
from tests.core.build import MARIE, T0, ticket
from tests.core.dossiers import HOUR, dossier
from tests.core.test_decide import clocks, desk, of, one

KEY = "reply:INBOX/7/9:1042"
TAKEN = Taken(at=T0 - HOUR)
YES = Delivery(outcome=Outcome.ACCEPTED, code=250)


def row(**changes: Any) -> OutboxRow:
    given: dict[str, Any] = {
        "id": 5,
        "version": 2,
        "kind": "reply",
        "ticket": 1042,
        "recipient": MARIE,
        "cause": f"{KEY}:{MARIE}",
        "context": {"reply": KEY, "text": "Essayez encore.", "by": "alex", "subject": "Caisse gelée"},
        "rank": 2,
        "state": SendState.SENDING,
        "attempts": 1,
        "queued_at": T0 - timedelta(minutes=1),
        "due_at": None,
        "message": b"Subject: x",
        "message_id": "az.5@azimutpos.com",
    }
    return OutboxRow(**{**given, **changes})


def deliver(the: OutboxRow, held: Dossier | None, delivery: Delivery = YES) -> Decision:
    return on_delivery(the, delivery, desk(), T0, 0.5, held)


def waits(**changes: Any) -> OutboxRow:
    return row(context={**row().context, "waits": True, "until": None, **changes})


def open_ticket(*events: TicketEvent) -> Dossier:
    return dossier(ticket(state=State.OPEN), *(events or (TAKEN,)))


def events(decision: Decision) -> list[TicketEvent]:
    return [a.event for a in of(AddEvent, decision)]


def test_the_first_250_of_a_reply_meets_the_response_at_that_instant() -> None:
    decision = deliver(row(), open_ticket())
    assert events(decision) == [Replied(at=T0, mail=KEY)]
    assert clocks(decision)[ClockName.FIRST_RESPONSE].met == T0
    assert decision.reads == {1042: 3}
    assert one(MarkSent, decision).message is not None


@pytest.mark.parametrize(
    "before",
    [
        (TAKEN, Replied(at=T0 - HOUR / 2, mail=KEY)),
        (TAKEN, Replied(at=T0 - HOUR / 2, mail=KEY), Wrote(at=T0 - HOUR / 4)),
    ],
)
def test_the_second_reader_of_a_reply_changes_nothing(before: tuple[TicketEvent, ...]) -> None:
    decision = deliver(row(id=6), open_ticket(*before))
    assert [type(a) for a in decision.actions] == [MarkSent]
    assert decision.reads == {}


def test_a_pause_begins_with_the_acceptance_of_its_question() -> None:
    decision = deliver(waits(until="2026-11-06T00:00:00-05:00"), open_ticket())
    assert [type(e) for e in events(decision)] == [Replied, Waited]
    assert one(SetState, decision).state is State.WAITING
    assert clocks(decision)[ClockName.RESOLUTION].paused
    assert one(WriteClocks, decision).wake_at is not None


def test_a_ticket_that_was_resolved_meanwhile_does_not_wait() -> None:
    held = dossier(ticket(state=State.RESOLVED), TAKEN, Resolved(at=T0 - HOUR / 2))
    decision = deliver(waits(), held)
    assert [type(e) for e in events(decision)] == [Replied]
    assert of(SetState, decision) == []
    assert "not_waiting" in {h.event for h in of(AddHistory, decision)}


def test_a_solution_without_a_word_is_counted_where_it_was_commanded() -> None:
    silent = row(kind="resolved", context={"reply": KEY, "text": "", "by": "alex"})
    assert events(deliver(silent, dossier(ticket(state=State.RESOLVED)))) == []


@pytest.mark.parametrize(
    ("context", "news"),
    [
        ({"what": "update", "news": ""}, False),
        ({"what": "update", "news": "La pièce arrive demain."}, True),
        ({"what": "priority", "news": ""}, True),
        ({"what": "moved", "news": ""}, True),
    ],
)
def test_an_update_counts_when_it_is_taken(context: dict[str, object], news: bool) -> None:
    update = row(kind="status-update", cause="update:1042:k", context=context)
    decision = deliver(update, open_ticket())
    assert events(decision) == [Updated(at=T0, mail="update:1042:k", news=news)]
    assert clocks(decision)[ClockName.STATUS_UPDATE].start == T0


@pytest.mark.parametrize("kind", ["ack", "reminder", "closed", "notification", "alarm"])
def test_no_other_mail_moves_clocks(kind: str) -> None:
    other = row(kind=kind)
    assert [type(a) for a in deliver(other, open_ticket()).actions] == [MarkSent]
    assert asks_after(other, YES) is None


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.UNREACHABLE])
def test_what_no_server_took_was_not_said(outcome: Outcome) -> None:
    delivery = Delivery(outcome=outcome, code=None)
    assert asks_after(row(), delivery) is None
    assert events(deliver(row(), open_ticket(), delivery)) == []


def test_without_a_dossier_the_mail_is_recorded_all_the_same() -> None:
    assert [type(a) for a in deliver(row(), None).actions] == [MarkSent]


def test_what_lists_show_agrees_with_a_reply_to_a_ticket_that_nobody_had() -> None:
    decision = deliver(row(), dossier(ticket()))
    state = one(SetState, decision)
    assert (state.state, state.by) == (State.OPEN, "alex")

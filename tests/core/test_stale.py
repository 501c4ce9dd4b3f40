"""The last look: a mail that is no longer true is not sent, and one that is late says what is true by now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from daemon.core.actions import AddHistory, CancelMail, Decision
from daemon.core.dossier import Dossier, course_of
from daemon.core.sending import Send, asks_before, on_send
from daemon.core.sla.events import (
    By,
    Closed,
    Replied,
    Reprioritised,
    Resolved,
    Taken,
    TicketEvent,
    Updated,
    Waited,
    Word,
    Wrote,
)
from daemon.core.ticking.scene import scene_of
from daemon.core.ticking.telling import status_update
from daemon.core.values import ClockName, OutboxRow, Priority, SendState, State
from tests.core.build import MARIE, T0, ticket
from tests.core.dossiers import HOUR, dossier, settled
from tests.core.test_decide import desk, of, one

MINUTE = timedelta(minutes=1)
QUEUED = T0 - 10 * MINUTE
TAKEN = Taken(at=T0 - 2 * HOUR)
ASKED = (TAKEN, Replied(at=T0 - HOUR, mail="reply:q"), Waited(at=T0 - HOUR, mail="reply:q"))


def row(kind: str, context: dict[str, object] | None = None, **changes: Any) -> OutboxRow:
    given: dict[str, Any] = {
        "id": 5,
        "version": 2,
        "kind": kind,
        "ticket": 1042,
        "recipient": MARIE,
        "cause": f"{kind}:1042:k:{MARIE}",
        "context": context or {},
        "rank": 2,
        "state": SendState.SENDING,
        "attempts": 1,
        "queued_at": QUEUED,
        "due_at": QUEUED,
    }
    return OutboxRow(**{**given, **changes})


def held(*events: TicketEvent, priority: Priority = Priority.P2, **changes: Any) -> Dossier:
    return settled(dossier(ticket(state=State.OPEN, priority=priority, **changes), *(events or (TAKEN,))), T0)


def look(the: OutboxRow, *dossiers: Dossier, now: datetime = T0) -> Send | Decision:
    by_number = {one.ticket.id: one for one in dossiers}
    assert set(asks_before(the)) == set(by_number)
    return on_send(the, now, desk(), by_number)


def reason(found: Send | Decision) -> str:
    assert isinstance(found, Decision), "it would be sent"
    return one(CancelMail, found).reason


def update(what: str = "update", **changes: Any) -> OutboxRow:
    """As it was decided ten minutes ago."""
    scene = scene_of(held(), desk(), QUEUED)
    (queued,) = status_update(scene, "update:1042:k", what=what, questions=bool(changes.pop("questions", 0)))
    return row("status-update", queued.context, cause=queued.cause, **changes)


# -- status updates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "since",
    [
        ASKED,
        (TAKEN, Resolved(at=T0 - MINUTE)),
        (TAKEN, Closed(at=T0 - MINUTE)),
        (TAKEN, Replied(at=T0 - MINUTE, mail="reply:a")),
        (TAKEN, Updated(at=T0 - MINUTE, mail="other")),
        (TAKEN, Wrote(at=T0 - MINUTE, word=Word.WORKS)),
        (TAKEN, Wrote(at=T0 - MINUTE, word=Word.LESS)),
    ],
    ids=["waits", "resolved", "closed", "answered", "told", "it works", "only with news"],
)
def test_an_update_that_nobody_needs_any_more_is_not_sent(since: tuple[TicketEvent, ...]) -> None:
    found = look(update(), held(*since))
    assert reason(found)
    assert isinstance(found, Decision)
    assert one(AddHistory, found).event == "not_sent"


def test_an_update_that_is_true_leaves() -> None:
    assert isinstance(look(update(), held()), Send)


@pytest.mark.parametrize("since", [(TAKEN, Replied(at=T0 - MINUTE, mail="reply:a"))])
def test_a_promise_that_moved_is_told_though_somebody_answered(since: tuple[TicketEvent, ...]) -> None:
    assert isinstance(look(update("moved"), held(*since)), Send)
    assert reason(look(update("moved"), held(*ASKED)))


def test_after_an_outage_an_update_says_what_is_true_by_now() -> None:
    """Who has it, when the next one comes."""
    late = T0 + 6 * HOUR
    kept = update(message=b"Subject: old", last_error="unreachable: connection refused")
    found = look(kept, held(assignee="sam"), now=late)
    assert isinstance(found, Send)
    assert found.anew
    assert (kept.context["holder"], found.context["holder"]) == ("", "Sam")
    following = datetime.fromisoformat(str(found.context["next_at"]))
    assert following > late >= datetime.fromisoformat(str(kept.context["next_at"]))


def test_two_questions_that_were_answered_are_not_asked() -> None:
    asked = update("priority", questions=True)
    assert asked.context["questions"] is True
    start = (TAKEN, Reprioritised(at=QUEUED, priority=Priority.P1, by=By.URGENT, provisional=True))
    found = look(asked, held(*start))
    assert isinstance(found, Send)
    assert found.context["questions"] is True
    answered = Reprioritised(at=T0 - MINUTE, priority=Priority.P1, by=By.ANSWER)
    after = look(asked, held(*start, answered))
    assert isinstance(after, Send)
    assert after.context["questions"] is False


# -- reminders, closing -------------------------------------------------------------------------------------


def reminder() -> OutboxRow:
    course = course_of(held(*ASKED), desk(), QUEUED)
    assert course.waiting_from is not None
    closes = course.standard.add_working(course.waiting_from, course.version.rules.close_waiting_after)
    return row("reminder", {"number": 1, "closes_at": closes.isoformat()})


@pytest.mark.parametrize(
    "since",
    [
        Wrote(at=T0 - MINUTE),
        Wrote(at=T0 - MINUTE, word=Word.LATER),
        Wrote(at=T0 - MINUTE, word=Word.WORKS),
        Replied(at=T0 - MINUTE, mail="reply:b"),
        Resolved(at=T0 - MINUTE),
        Wrote(at=QUEUED - MINUTE),
    ],
    ids=["answered", "later", "it works", "asked anew", "resolved", "answered before, read since"],
)
def test_nobody_is_reminded_of_what_they_answered(since: TicketEvent) -> None:
    assert reason(look(reminder(), held(*ASKED, since)))
    assert isinstance(look(reminder(), held(*ASKED)), Send)


def test_a_closing_is_told_of_what_is_closed() -> None:
    closed = (TAKEN, Closed(at=T0 - HOUR))
    assert isinstance(look(row("closed"), held(*closed)), Send)
    assert reason(look(row("closed"), held(*closed, Wrote(at=T0 - MINUTE))))


# -- alarms and warnings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "since",
    [
        Taken(at=QUEUED - MINUTE),
        Taken(at=T0 - MINUTE),
        Replied(at=T0 - MINUTE, mail="reply:a"),
        Resolved(at=T0 - MINUTE),
        Reprioritised(at=T0 - MINUTE, priority=Priority.P2, by=By.AGENT),
    ],
    ids=["taken before, read since", "taken", "answered", "resolved", "lowered"],
)
def test_nobody_is_woken_for_what_somebody_has(since: TicketEvent) -> None:
    alarm = row("alarm", recipient="garde@azimutpos.com")
    assert reason(look(alarm, held(since, priority=Priority.P1)))
    nothing = Wrote(at=T0 - MINUTE)
    assert isinstance(look(alarm, held(nothing, priority=Priority.P1)), Send)


def test_an_emergency_of_a_ticket_that_somebody_had_rings_once() -> None:
    raised = Reprioritised(at=QUEUED, priority=Priority.P1, by=By.AGENT)
    assert isinstance(look(row("alarm"), held(TAKEN, raised)), Send)


def line(one: Dossier, clock: ClockName = ClockName.RESOLUTION) -> dict[str, object]:
    cycle = course_of(one, desk(), QUEUED).running(clock)
    assert cycle is not None
    return {"ticket": one.ticket.id, "clock": clock.value, "due": cycle.promised.isoformat(), "percent": 75}


def test_many_alarms_in_one_mail_are_of_what_still_rings() -> None:
    lines = [{"ticket": number, "ref": f"AZ-{number}"} for number in (1042, 1043)]
    the = row("alarm", {"what": "several", "lines": lines}, ticket=None)
    taken = held(Taken(at=T0 - MINUTE), priority=Priority.P1)
    ringing = held(Wrote(at=T0 - MINUTE), priority=Priority.P1)
    found = look(the, taken, replace(ringing, ticket=replace(ringing.ticket, id=1043)))
    assert isinstance(found, Send)
    assert found.context["lines"] == lines[1:]
    again = replace(taken, ticket=replace(taken.ticket, id=1043))
    assert "all of them" in reason(look(the, taken, again))


def test_a_warning_is_of_what_still_is_due() -> None:
    one_, other = held(), settled(dossier(ticket(1043, state=State.OPEN), TAKEN), T0)
    warning = row(
        "escalation", {"what": "warning", "lines": [line(one_), line(other)]}, recipient="alex@azimutpos.com"
    )
    whole = look(warning, one_, other)
    assert isinstance(whole, Send)
    assert whole.context == warning.context
    solved = held(TAKEN, Resolved(at=T0 - MINUTE))
    rest = look(warning, solved, other)
    assert isinstance(rest, Send)
    assert rest.context["lines"] == [line(other)]
    lowered = settled(
        dossier(
            ticket(1043, state=State.OPEN),
            TAKEN,
            Reprioritised(at=T0 - MINUTE, priority=Priority.P4, by=By.AGENT),
        ),
        T0,
    )
    assert reason(look(warning, solved, lowered))


@pytest.mark.parametrize("what", ["quiet", "last_tier"])
def test_what_managers_are_told_stays_true(what: str) -> None:
    assert asks_before(row("escalation", {"what": what, "lines": [{"ticket": 1042}]})) == ()


# -- what is left alone -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ack", "reply", "resolved", "notification", "credit", "breach", "notice"])
def test_other_mails_are_not_looked_at(kind: str) -> None:
    assert asks_before(row(kind)) == ()


def test_bytes_that_a_server_may_have_are_repeated_as_they_are() -> None:
    kept = update(message=b"Subject: x", last_error="an earlier copy may have arrived; deferred: 451")
    assert asks_before(kept) == ()
    found = on_send(kept, T0, desk(), {1042: held(*ASKED)})
    assert isinstance(found, Send)
    assert not found.anew


def test_a_ticket_that_is_not_there_keeps_no_mail_back() -> None:
    assert isinstance(on_send(update(), T0, desk(), {}), Send)
    assert of(CancelMail, Decision(actions=())) == []

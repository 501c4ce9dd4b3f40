"""What leaves, and how many copies: endings that leave a mail's fate unknown count, other attempts do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.actions import AddHistory, CancelMail, Decision, GiveUpMail, QueueMail, RetryMail
from daemon.core.sending import Send, on_delivery, on_send
from daemon.core.values import Delivery, OutboxRow, Outcome, SendState
from tests.core.build import MARIE, T0, policy

ROW = OutboxRow(
    id=7,
    version=1,
    kind="notice",
    ticket=None,
    recipient="alex@azimutpos.com",
    cause="c",
    context={},
    rank=5,
    state=SendState.SENDING,
    attempts=1,
    queued_at=T0,
    due_at=T0,
)


def after(row: OutboxRow, outcome: Outcome) -> Decision:
    delivery = Delivery(outcome=outcome, text="gone")
    return on_delivery(row, delivery, policy(), T0 + timedelta(minutes=5), 0.5)


def next_try(row: OutboxRow, outcome: Outcome) -> OutboxRow:
    """The row as the store hands it out for its next attempt."""
    (retried,) = after(row, outcome).actions
    assert isinstance(retried, RetryMail)
    return replace(row, attempts=row.attempts + 1, last_error=retried.error)


def gives_up(row: OutboxRow, outcome: Outcome) -> bool:
    return any(isinstance(action, GiveUpMail) for action in after(row, outcome).actions)


def test_attempts_that_left_no_copy_do_not_use_up_the_one_repetition() -> None:
    row = ROW
    for outcome in (Outcome.UNREACHABLE, Outcome.DEFERRED, Outcome.DEFERRED, Outcome.UNREACHABLE):
        row = next_try(row, outcome)
    assert not gives_up(row, Outcome.UNKNOWN)


def test_a_mail_that_may_have_arrived_is_repeated_once() -> None:
    assert gives_up(next_try(ROW, Outcome.UNKNOWN), Outcome.UNKNOWN)


def test_what_happens_in_between_does_not_make_a_possible_copy_forgotten() -> None:
    row = next_try(ROW, Outcome.UNKNOWN)
    for outcome in (Outcome.DEFERRED, Outcome.UNREACHABLE, Outcome.DEFERRED):
        row = next_try(row, outcome)
    assert gives_up(row, Outcome.UNKNOWN)


def waiting_ack(error: str, message: bytes | None = b"kept") -> OutboxRow:
    return replace(
        ROW, kind="ack", context={"opened": T0.isoformat()}, last_error=error, message=message, ticket=1042
    )


HOURS_LATER = T0 + timedelta(hours=5)


def test_words_that_nobody_has_had_are_written_anew_when_they_come_too_late() -> None:
    step = on_send(waiting_ack("unreachable: connection refused"), HOURS_LATER)
    assert isinstance(step, Send)
    assert (step.anew, step.context["late"]) == (True, True)


def test_words_that_somebody_may_have_had_are_repeated_to_the_byte() -> None:
    for error in ("", "deferred: 451 later", "an earlier copy may have arrived; unreachable: refused"):
        step = on_send(waiting_ack(error), HOURS_LATER)
        assert isinstance(step, Send)
        assert (step.anew, "late" in step.context) == (False, False)
    punctual = on_send(waiting_ack("unreachable: refused"), T0 + timedelta(minutes=1))
    assert isinstance(punctual, Send)
    assert not punctual.anew


def test_that_somebody_was_alerted_is_not_said_of_an_alarm_that_lay_as_long() -> None:
    """Where we were down ourselves, the alarm leaves with the acknowledgement; where the server was, neither
    has left."""
    rung: dict[str, object] = {"opened": T0.isoformat(), "oncall": True}
    for queued_at, rings in ((T0, False), (HOURS_LATER, True)):
        step = on_send(replace(waiting_ack("", None), context=rung, queued_at=queued_at), HOURS_LATER)
        assert isinstance(step, Send)
        assert (step.context["late"], step.context["oncall"]) == (True, rings)
    quiet = on_send(replace(waiting_ack("", None), queued_at=HOURS_LATER), HOURS_LATER)
    assert isinstance(quiet, Send)
    assert quiet.context["oncall"] is False


@pytest.mark.parametrize("kind", ["ack", "status-update", "reminder", "closed", "credit"])
def test_automatic_mail_to_a_suppressed_address_is_not_sent_and_its_ticket_says_so(kind: str) -> None:
    row = replace(ROW, kind=kind, ticket=1042, recipient=MARIE, suppressed=True)
    step = on_send(row, T0)
    assert isinstance(step, Decision)
    cancelled, noted = step.actions
    assert isinstance(cancelled, CancelMail)
    assert (cancelled.row, cancelled.version) == (7, 1)
    assert isinstance(noted, AddHistory)
    assert (noted.event, noted.ticket) == ("not_sent", 1042)
    assert noted.detail == {"kind": kind, "recipient": MARIE, "reason": "suppressed"}


@pytest.mark.parametrize("kind", ["reply", "resolved", "notice", "notification", "alarm"])
def test_an_agents_words_and_the_teams_mail_are_sent_all_the_same(kind: str) -> None:
    assert isinstance(on_send(replace(ROW, kind=kind, suppressed=True), T0), Send)


@pytest.mark.parametrize("kind", ["notification", "alarm", "transcript", "escalation", "digest"])
def test_managers_are_told_once_a_day_that_one_of_us_is_not_reached(kind: str) -> None:
    def told(recipient: str, number: int = 7) -> list[QueueMail]:
        row = replace(ROW, id=number, kind=kind, recipient=recipient)
        return [a for a in after(row, Outcome.REFUSED).actions if isinstance(a, QueueMail)]

    boss = "direction@azimutpos.com"
    notices = told("alex@azimutpos.com")
    assert [(one.kind, one.recipient, one.ticket) for one in notices] == [
        ("notice", "sam@azimutpos.com", None),
        ("notice", boss, None),
    ]
    assert {(one.context["what"], one.context["recipient"]) for one in notices} == {
        ("colleague", "alex@azimutpos.com")
    }
    assert {one.cause for one in told("alex@azimutpos.com", 8)} == {one.cause for one in notices}
    assert [one.recipient for one in told("sam@azimutpos.com")] == [boss]
    alone = policy(agents=policy().agents[1:], escalation=())
    row = replace(ROW, kind=kind, recipient="sam@azimutpos.com")
    refused = Delivery(outcome=Outcome.REFUSED, text="full")
    left = on_delivery(row, refused, alone, T0, 0.5).actions
    assert not any(isinstance(a, QueueMail) for a in left), "nobody else is there to be told"
    assert not any(isinstance(a, QueueMail) for a in after(ROW, Outcome.REFUSED).actions)

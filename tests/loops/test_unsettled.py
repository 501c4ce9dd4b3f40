"""What the outbox remembers of mails that are not at their end: counted without asking the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from daemon.core.actions import CancelMail, Decision, MarkSent, RetryMail
from daemon.core.values import OutboxRow, SendState
from daemon.loops.progress import Progress
from daemon.loops.unsettled import Unsettled

NOW = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def row(number: int, queued_at: datetime = NOW) -> OutboxRow:
    return OutboxRow(
        id=number,
        version=1,
        kind="ack",
        ticket=1,
        recipient="marie@boulangerie.example",
        cause=f"c{number}",
        context={},
        rank=1,
        state=SendState.SENDING,
        attempts=1,
        queued_at=queued_at,
        due_at=NOW,
    )


def retry(number: int, due_at: datetime) -> Decision:
    return Decision(actions=(RetryMail(row=number, version=1, at=NOW, due_at=due_at, error="421"),))


def test_a_mail_counts_from_its_claim_until_it_is_sent_given_up_or_cancelled() -> None:
    progress = Progress("outbox")
    unsettled = Unsettled(progress)
    old, young = row(1, NOW - MINUTE), row(2)
    unsettled.claimed([old, young], NOW + MINUTE)
    assert (progress.waiting, progress.oldest) == (2, NOW - MINUTE)
    unsettled.decided(old, Decision(actions=(MarkSent(row=1, version=1, at=NOW, code=250, text=""),)))
    assert (progress.waiting, progress.oldest) == (1, NOW)
    unsettled.decided(young, Decision(actions=(CancelMail(row=2, version=1, at=NOW, reason="late"),)))
    assert (progress.waiting, progress.oldest) == (0, None)


def test_a_mail_that_is_to_be_tried_again_still_waits() -> None:
    progress = Progress("outbox")
    unsettled = Unsettled(progress)
    unsettled.claimed([row(1)], NOW + MINUTE)
    unsettled.decided(row(1), retry(1, NOW + 60 * MINUTE))
    assert progress.waiting == 1
    unsettled.none_due(NOW + 61 * MINUTE, MINUTE)
    assert progress.waiting == 1, "due, and perhaps claimed this very moment"


def test_a_mail_that_should_be_due_and_is_not_was_taken_back_elsewhere() -> None:
    progress = Progress("outbox")
    unsettled = Unsettled(progress)
    unsettled.claimed([row(1), row(2)], NOW + MINUTE)
    unsettled.decided(row(1), retry(1, NOW + MINUTE))
    unsettled.decided(row(2), retry(2, NOW + 30 * MINUTE))
    unsettled.none_due(NOW + 3 * MINUTE, MINUTE)
    assert progress.waiting == 1

"""Every mail of ours leaves once per cause, gravest first; an attempt is recorded against the row that it was
made from."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.values import OutboxRow, SendState
from daemon.ports import Conflict
from daemon.store.database import SqlStore
from tests.store.build import MARIE, NOW, asking, decide, mail, new_ticket

LEASE = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)


async def queue(store: SqlStore, cause: str, **changes: Any) -> None:
    await store.apply(decide(mail(cause, ticket=None, **changes)))


async def claim(store: SqlStore, limit: int = 10, *, after: timedelta = timedelta()) -> list[OutboxRow]:
    return await store.claim_outbox(NOW + after, limit, LEASE)


def causes(rows: list[OutboxRow]) -> list[str]:
    return [row.cause for row in rows]


async def test_a_claimed_row_holds_what_was_queued(store: SqlStore) -> None:
    await queue(store, "a", supersede_key="k")
    (row,) = await claim(store)
    assert row == OutboxRow(
        id=row.id,
        version=2,
        kind="ack",
        ticket=None,
        recipient=MARIE,
        cause="a",
        context={"language": "fr", "subject": "La caisse est gelée", "opened": NOW.isoformat()},
        rank=1,
        state=SendState.SENDING,
        attempts=1,
        queued_at=NOW,
        due_at=NOW + LEASE,
        supersede_key="k",
    )


async def test_rows_are_claimed_by_rank_then_due_time_then_number(store: SqlStore) -> None:
    wanted = [(1, 0, "a"), (1, 0, "b"), (1, 5, "c"), (2, 0, "d"), (4, 1, "e"), (5, 0, "f"), (5, 9, "g")]
    shuffled = wanted.copy()
    random.Random(3).shuffle(shuffled)
    for rank, minutes, cause in sorted(shuffled, key=lambda w: (w[1], w[0])):
        await queue(store, cause, rank=rank, at=NOW - timedelta(hours=1) + minutes * MINUTE)
    assert causes(await claim(store, 3)) == ["a", "b", "c"]
    assert causes(await claim(store, 10)) == ["d", "e", "f", "g"]
    assert await claim(store) == []


async def test_an_odd_rank_is_still_sent(store: SqlStore) -> None:
    await queue(store, "grave", rank=-3)
    await queue(store, "trifle", rank=99)
    assert causes(await claim(store)) == ["grave", "trifle"]


async def test_what_is_not_due_waits(store: SqlStore) -> None:
    await queue(store, "later", at=NOW + MINUTE)
    assert await claim(store) == []
    assert await store.next_outbox_due() == NOW + MINUTE
    assert causes(await claim(store, after=MINUTE)) == ["later"]
    assert await store.next_outbox_due() == NOW + MINUTE + LEASE


async def test_nothing_is_due_in_an_empty_outbox(store: SqlStore) -> None:
    assert await store.next_outbox_due() is None
    assert await claim(store) == []


async def test_a_claim_lapses_and_the_row_is_sent_again(store: SqlStore) -> None:
    await queue(store, "a")
    (first,) = await claim(store)
    assert await claim(store, after=LEASE - MINUTE) == []
    (again,) = await claim(store, after=LEASE)
    assert (again.id, again.attempts, again.version) == (first.id, 2, first.version + 1)
    with pytest.raises(Conflict):
        await store.keep_message(first, "id@desk", "desk@x", b"old")


async def test_a_retry_repeats_the_bytes_that_were_kept(store: SqlStore) -> None:
    await queue(store, "a")
    (row,) = await claim(store)
    kept = await store.keep_message(row, "id@desk", "bounce+1@desk", b"Subject: x\r\n\r\n\x00y")
    assert kept == replace(
        row,
        version=row.version + 1,
        message_id="id@desk",
        envelope_from="bounce+1@desk",
        message=b"Subject: x\r\n\r\n\x00y",
    )
    retry = act.RetryMail(
        row=kept.id, version=kept.version, at=NOW, due_at=NOW + MINUTE, error="deferred: 451"
    )
    assert (await store.apply(decide(retry))).queued
    assert await claim(store) == []
    (again,) = await claim(store, after=MINUTE)
    assert (again.message, again.message_id, again.envelope_from) == (
        b"Subject: x\r\n\r\n\x00y",
        "id@desk",
        "bounce+1@desk",
    )
    assert (again.attempts, again.last_error) == (2, "deferred: 451")


ENDS = {
    "sent": lambda row: act.MarkSent(row=row.id, version=row.version, at=NOW, code=250, text="ok"),
    "failed": lambda row: act.GiveUpMail(row=row.id, version=row.version, at=NOW, error="550"),
    "cancelled": lambda row: act.CancelMail(row=row.id, version=row.version, at=NOW, reason="stale"),
    "queued": lambda row: act.RetryMail(row=row.id, version=row.version, at=NOW, due_at=NOW, error="451"),
}


@pytest.mark.parametrize("state", ENDS)
async def test_the_end_of_an_attempt_is_recorded_once(store: SqlStore, state: str) -> None:
    await store.apply(new_ticket(1))
    (row,) = await claim(store)
    await store.apply(decide(ENDS[state](row)))
    assert await outbox_states(store, 1001) == [state]
    with pytest.raises(Conflict):
        await store.apply(decide(ENDS[state](row)))
    if state != "queued":
        assert await claim(store, after=timedelta(days=400)) == []
        assert await store.next_outbox_due() is None


async def outbox_states(store: SqlStore, ticket: int) -> list[str]:
    found = await store.ticket(str(ticket), now=NOW, left=lambda *_: None)
    assert found is not None
    return [row["state"] for row in found["outbox"]]


async def test_what_a_customer_received_is_a_message_that_answers_find(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    (row,) = await claim(store)
    row = await store.keep_message(row, "ours@desk", "b@desk", b"x")
    early = await store.snapshot(asking(recorded_ids=("ours@desk",)))
    said = act.SaidMail(ticket=1001, kind="ack", recipient=MARIE, message_id="ours@desk", at=NOW, text="")
    await store.apply(decide(replace(ENDS["sent"](row), message=said)))
    late = await store.snapshot(asking(recorded_ids=("ours@desk",)))
    for snapshot in (early, late):
        (recorded,) = snapshot.recorded
        assert (recorded.message_id, recorded.ticket) == ("ours@desk", 1001)
        assert MARIE in recorded.people
        assert [t.id for t in snapshot.tickets] == [1001]
    found = await store.ticket("AZ-1001", now=NOW, left=lambda *_: None)
    assert found is not None
    assert [(m["direction"], m["message_id"]) for m in found["messages"]] == [
        ("in", "m1@boulangerie.example"),
        ("out", "ours@desk"),
    ]


async def test_what_an_agent_received_is_no_message_of_the_conversation(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    await store.apply(
        decide(mail("n", kind="notification", ticket=1001, recipient="alex@azimutpos.com", rank=2))
    )
    _, row = await claim(store)
    row = await store.keep_message(row, "note@desk", "b@desk", b"x")
    await store.apply(decide(ENDS["sent"](row)))
    found = await store.ticket("1001", now=NOW, left=lambda *_: None)
    assert found is not None
    assert len(found["messages"]) == 1


async def test_a_hard_bounce_takes_the_acceptance_back_and_a_soft_one_does_not(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    (row,) = await claim(store)
    await store.apply(decide(ENDS["sent"](row)))
    soft = act.BounceMail(row=row.id, at=NOW, hard=False, status="4.2.2", text="mailbox full")
    await store.apply(decide(soft))
    assert await outbox_states(store, 1001) == ["sent"]
    await store.apply(decide(replace(soft, hard=True, status="5.1.1", text="no such user")))
    assert await outbox_states(store, 1001) == ["failed"]
    (bounced,) = (await store.snapshot(asking(outbox_rows=(row.id,)))).bounced_rows
    assert bounced.last_error == "no such user"


async def test_a_soft_bounce_that_overtakes_the_record_of_its_mail_does_not_send_it_again(
    store: SqlStore,
) -> None:
    await store.apply(new_ticket(1))
    (row,) = await claim(store)
    soft = act.BounceMail(row=row.id, at=NOW, hard=False, status="4.4.1", text="delayed")
    await store.apply(decide(soft))
    await store.apply(decide(ENDS["sent"](row)))
    assert await outbox_states(store, 1001) == ["sent"]


@pytest.mark.parametrize("state", ["sent", "queued"])
async def test_a_hard_bounce_that_overtakes_the_record_of_its_mail_ends_it(
    store: SqlStore, state: str
) -> None:
    await store.apply(new_ticket(1))
    (row,) = await claim(store)
    await store.apply(decide(act.BounceMail(row=row.id, at=NOW, hard=True, status="5.1.1", text="no one")))
    with pytest.raises(Conflict):
        await store.apply(decide(ENDS[state](row)))
    assert await outbox_states(store, 1001) == ["failed"]
    assert await claim(store, after=timedelta(days=400)) == []


async def test_a_cancelled_mail_stays_cancelled_whatever_bounces(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    (row,) = await claim(store)
    await store.apply(decide(ENDS["cancelled"](row)))
    await store.apply(decide(act.BounceMail(row=row.id, at=NOW, hard=True, status=None, text="\x00")))
    assert await outbox_states(store, 1001) == ["cancelled"]


async def test_a_newer_mail_cancels_only_older_untried_ones_of_its_key(store: SqlStore) -> None:
    await queue(store, "tried", supersede_key="k")
    (tried,) = await claim(store)
    await store.apply(decide(ENDS["queued"](tried)))
    await queue(store, "old", supersede_key="k")
    await queue(store, "other", supersede_key="other")
    await queue(store, "plain")
    await queue(store, "new", supersede_key="k")
    await queue(store, "new", supersede_key="k")
    await queue(store, "old", supersede_key="k")
    assert sorted(causes(await claim(store))) == ["new", "other", "plain", "tried"]


async def test_one_decision_may_supersede_its_own_mail(store: SqlStore) -> None:
    await store.apply(decide(*(mail(c, ticket=None, supersede_key="k") for c in ("a", "b"))))
    assert causes(await claim(store)) == ["b"]


async def test_rows_that_a_crash_left_are_due_at_once(store: SqlStore) -> None:
    for cause in ("a", "b"):
        await queue(store, cause)
    claimed = await claim(store, 1)
    assert await store.release_claims() == 1
    assert causes(await claim(store)) == ["a", "b"]
    assert await store.release_claims() == 2
    with pytest.raises(Conflict):
        await store.apply(decide(ENDS["sent"](claimed[0])))
    assert await store.release_claims() == 0


async def test_crashes_do_not_count_as_attempts_over_and_over(store: SqlStore) -> None:
    """The pause after the next refusal grows with the attempts: ten kills would make it hours."""
    await queue(store, "a")
    attempts = []
    for _ in range(10):
        attempts += [row.attempts for row in await claim(store)]
        await store.release_claims()
    assert attempts == [1] + [2] * 9


async def test_what_was_claimed_and_not_begun_is_as_if_it_never_had_been(store: SqlStore) -> None:
    await queue(store, "a", supersede_key="k")
    (row,) = await claim(store)
    await store.unclaim([row])
    (again,) = await claim(store)
    assert (again.attempts, again.due_at) == (1, NOW + LEASE)
    await store.unclaim([row])  # an older reading of it takes nothing back
    assert await claim(store) == []
    await store.unclaim([again])
    await queue(store, "b", supersede_key="k")
    assert causes(await claim(store)) == ["b"], "nobody tried to send it, so it can be superseded"


async def test_rows_of_the_last_rank_lie_for_as_long_as_their_claimer_has_patience(store: SqlStore) -> None:
    for cause, rank, minutes in (("a", 1, 0), ("b", 4, 5), ("old", 5, 5), ("young", 5, 1)):
        await queue(store, cause, rank=rank, at=NOW - minutes * MINUTE)
    assert causes(await store.claim_outbox(NOW, 10, LEASE, patience=5 * MINUTE)) == ["a", "b", "old"]
    assert causes(await store.claim_outbox(NOW, 10, LEASE, patience=MINUTE)) == ["young"]


async def test_others_that_keep_coming_do_not_hold_the_last_rank_back_for_ever(store: SqlStore) -> None:
    for number in range(8):
        await queue(store, f"ack{number}", rank=2, at=NOW)
        await queue(store, f"told{number}", rank=5, at=NOW - 2 * MINUTE)
    first = causes(await store.claim_outbox(NOW, 4, LEASE, patience=MINUTE))
    assert first == ["ack0", "ack1", "ack2", "told0"]
    second = causes(await store.claim_outbox(NOW, 8, LEASE, patience=MINUTE))
    assert second == [*(f"ack{n}" for n in range(3, 8)), "told1", "told2", "told3"], "what is free is theirs"
    assert causes(await claim(store)) == ["told4", "told5", "told6", "told7"]


async def test_what_the_caller_has_in_hand_is_not_claimed_again_though_its_lease_has_lapsed(
    store: SqlStore,
) -> None:
    await queue(store, "a")
    await queue(store, "b")
    first, second = await claim(store)
    later = NOW + 2 * LEASE
    assert await store.claim_outbox(later, 10, LEASE, {first.id, second.id}) == []
    assert causes(await store.claim_outbox(later, 1, LEASE, {first.id})) == ["b"]

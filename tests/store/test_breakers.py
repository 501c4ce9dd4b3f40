"""What [limits] counts, as both databases keep it: the last hour before the arrival, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.actions import NEW
from daemon.core.values import Address, State
from daemon.store.database import SqlStore
from tests.store.build import (
    MARIE,
    NOW,
    account,
    asking,
    decide,
    history,
    mail,
    message,
    new_ticket,
    opening,
    record,
)

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ARRIVED = NOW + 30 * MINUTE


async def opened(store: SqlStore, uid: int, at: datetime, **changes: Any) -> int:
    values = {"at": at, **changes}
    done = await store.apply(decide(record(uid, ticket=NEW, at=at), opening(**values)))
    assert done.ticket is not None
    return done.ticket


async def test_the_tickets_of_one_address_in_the_last_hour_are_counted_and_the_newest_is_given(
    store: SqlStore,
) -> None:
    await opened(store, 1, ARRIVED - HOUR - SECOND)
    assert (await store.snapshot(asking())).tickets_last_hour == 0
    assert (await store.snapshot(asking())).newest_ticket is None
    await opened(store, 2, ARRIVED - HOUR)
    newest = await opened(store, 3, ARRIVED)
    await opened(store, 4, ARRIVED, requester=Address(address="zoe@elsewhere.example"))
    found = await store.snapshot(asking())
    assert found.tickets_last_hour == 2
    assert found.newest_ticket is not None
    assert (found.newest_ticket.id, found.newest_ticket.requester) == (newest, MARIE)


async def test_the_mails_on_a_ticket_in_the_last_hour_are_counted(store: SqlStore) -> None:
    ticket = (await store.apply(new_ticket(1))).ticket
    assert ticket is not None
    for uid, at, direction in (
        (2, ARRIVED - HOUR - SECOND, "in"),
        (3, ARRIVED - HOUR + SECOND, "in"),
        (4, ARRIVED, "in"),
        (5, ARRIVED, "out"),
        (6, ARRIVED, "note"),
    ):
        await store.apply(
            decide(message(ticket, at=at, direction=direction, message_id=f"n{uid}@boulangerie.example"))
        )
    found = await store.snapshot(asking(tickets=(ticket,)))
    assert found.mails_last_hour == {ticket: 3}  # with the first, at NOW
    assert (await store.snapshot(asking(sender="zoe@elsewhere.example"))).mails_last_hour == {}


async def test_how_often_a_ticket_came_back_to_life_is_counted(store: SqlStore) -> None:
    ticket = (await store.apply(new_ticket(1))).ticket
    assert ticket is not None

    def change(at: datetime, **detail: object) -> act.AddHistory:
        return act.AddHistory(ticket=ticket, at=at, event="state", by=MARIE, detail=detail)

    await store.apply(
        decide(
            change(ARRIVED - HOUR - SECOND, **{"from": "resolved", "to": "open"}),
            change(ARRIVED - MINUTE, **{"from": "resolved", "to": "open"}),
            change(ARRIVED - MINUTE, **{"from": "closed", "to": "open"}),
            change(ARRIVED - MINUTE, **{"from": "open", "to": "resolved"}),
            change(ARRIVED - MINUTE, **{"from": "resolved", "to": "closed"}),
            change(ARRIVED - MINUTE, **{"from": "waiting", "to": "open"}),
            history(ticket, event="priority", **{"from": "resolved", "to": "open"}),
        )
    )
    asked = asking(tickets=(ticket,))
    assert (await store.snapshot(asked)).reopens_last_hour == {}  # it is alive: nothing to count
    await store.apply(decide(act.SetState(ticket=ticket, state=State.RESOLVED, at=ARRIVED, by="alex")))
    assert (await store.snapshot(asked)).reopens_last_hour == {ticket: 2}


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("ack", True), ("transcript", True), ("confirm", True), ("reply", False), ("notice", False)],
)
async def test_error_mails_and_transcripts_count_as_answers_to_their_reader(
    store: SqlStore, kind: str, counts: bool
) -> None:
    await store.apply(decide(mail("c", ticket=None, kind=kind)))
    assert (await store.snapshot(asking())).acks_last_hour == int(counts)


async def test_the_acknowledgements_of_the_desk_are_counted_whoever_reads_them(store: SqlStore) -> None:
    for number, (kind, at) in enumerate(
        [
            ("ack", ARRIVED - HOUR),
            ("ack", ARRIVED - HOUR + SECOND),
            ("ack", ARRIVED),
            ("ack", ARRIVED + MINUTE),  # queued for an earlier mail of the same backlog
            ("notice", ARRIVED),
        ]
    ):
        await store.apply(
            decide(mail(f"c{number}", ticket=None, kind=kind, at=at, recipient=f"p{number}@x.example"))
        )
    counted = [(await store.snapshot(asking(acks_counted=n))).acks_desk for n in (0, 1, 3, 50)]
    assert counted == [0, 1, 3, 3], "a desk without a limit counts nothing"


# -- voice messages --------------------------------------------------------------------------------------


async def test_a_number_leads_to_the_one_account_that_has_it(store: SqlStore) -> None:
    roy = account("A1", phones=("4185550142", "4185550143"))
    other = account("A2", emails=("zoe@elsewhere.example",), domains=(), phones=("4185550143",))
    await store.import_accounts([roy, other], NOW)

    async def found(caller: str) -> str | None:
        known = (await store.snapshot(asking(sender="", caller=caller))).account
        return known.key if known else None

    assert await found("4185550142") == "A1"
    assert await found("4185550143") is None
    assert await found("4185550199") is None
    assert await found("") is None
    await store.import_accounts([account("A1", phones=("4185550199",))], NOW)
    assert await found("4185550142") is None
    assert await found("4185550143") == "A2"
    assert await found("4185550199") == "A1"


async def test_the_answers_to_a_callers_account_are_counted_at_its_address(store: SqlStore) -> None:
    await store.import_accounts([account(phones=("4185550142",))], NOW)
    for number in range(3):
        await store.apply(decide(mail(f"c{number}", ticket=None, at=ARRIVED)))
    found = await store.snapshot(asking(sender="", caller="4185550142"))
    assert found.acks_last_hour == 3
    assert (await store.snapshot(asking(sender="", caller="4185550100"))).acks_last_hour == 0


# -- reports that name an address only -------------------------------------------------------------------


async def test_the_last_mail_that_left_for_an_address_is_what_a_bare_report_may_mean(store: SqlStore) -> None:
    for number, at in enumerate([NOW - timedelta(days=6), NOW - HOUR, NOW]):
        await store.apply(decide(mail(f"c{number}", ticket=None, at=at)))
    asked = asking(sender="mailer-daemon@x.example", bounced=MARIE)
    assert (await store.snapshot(asked)).bounced_perhaps is None  # nothing has left yet
    claimed = {row.cause: row for row in await store.claim_outbox(NOW, 10, HOUR)}

    async def sent(cause: str) -> None:
        row = claimed[cause]
        await store.apply(decide(act.MarkSent(row=row.id, version=row.version, at=NOW, code=250, text="")))

    await sent("c0")
    assert (await store.snapshot(asked)).bounced_perhaps is None  # too long ago
    await sent("c1")
    await sent("c2")
    found = (await store.snapshot(asked)).bounced_perhaps
    assert found is not None
    assert found.cause == "c2"
    proven = asking(sender="mailer-daemon@x.example", bounced=MARIE, outbox_rows=(claimed["c1"].id,))
    snapshot = await store.snapshot(proven)
    assert [row.cause for row in snapshot.bounced_rows] == ["c1"]
    assert snapshot.bounced_perhaps is None


# -- suppressed addresses --------------------------------------------------------------------------------


async def test_a_claimed_row_says_whether_its_reader_is_suppressed(store: SqlStore) -> None:
    await store.apply(decide(act.SuppressAddress(address=MARIE, reason="5.1.1", at=NOW)))
    await store.apply(decide(mail("a", ticket=None), mail("b", ticket=None, recipient="zoe@x.example")))
    rows = await store.claim_outbox(NOW, 10, HOUR)
    assert {row.cause: row.suppressed for row in rows} == {"a": True, "b": False}
    await store.apply(decide(act.ReleaseAddress(address=MARIE), mail("c", ticket=None)))
    (later,) = await store.claim_outbox(NOW, 10, HOUR)
    assert not later.suppressed

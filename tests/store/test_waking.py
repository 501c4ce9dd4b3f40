"""What the ticker and the reports ask: who is to be looked at, what was done, what a month is made of."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from daemon.core import actions as act
from daemon.core.reports.material import AccountCall, Material
from daemon.core.sla.minutes import LoggedCall
from daemon.core.sla.statement import CreditLine
from daemon.core.values import State
from daemon.store import material
from daemon.store.database import SqlStore
from tests.store.build import NOW, account, clocks, decide, new_ticket
from tests.store.promised import HOUR, call, decided, proposed
from tests.store.test_snapshot import plans_that_scan

DAY = timedelta(days=1)


async def test_tickets_are_looked_at_when_they_must_be_the_longest_due_first(store: SqlStore) -> None:
    assert await store.next_wake() is None
    assert await store.due_tickets(NOW, 10) == []
    for uid, after in ((1, 3), (2, 1), (3, None), (4, 2), (5, 1)):
        wake = None if after is None else NOW + after * HOUR
        opened = [a for a in new_ticket(uid).actions if not isinstance(a, act.WriteClocks)]
        applied = await store.apply(decide(*opened, clocks(wake_at=wake)))
        assert (applied.wakes, applied.queued) == (True, True)
    assert await store.next_wake() == NOW + HOUR
    assert await store.due_tickets(NOW + HOUR - timedelta(microseconds=1), 10) == []
    assert await store.due_tickets(NOW + 2 * HOUR, 10) == [1002, 1005, 1004]
    assert await store.due_tickets(NOW + 9 * HOUR, 2) == [1002, 1005]
    done = act.StepsDone(ticket=1002, keys=("warn:resolution:x:50",), at=NOW)
    assert (await store.apply(decide(clocks(1002, wake_at=None), done))).wakes
    assert await store.due_tickets(NOW + HOUR, 10) == [1005]
    assert not (await store.apply(decide(act.DeskStepDone(key="x", at=NOW)))).wakes


async def test_every_ticket_is_found_by_its_number(store: SqlStore) -> None:
    for uid in (1, 2, 3):
        await store.apply(new_ticket(uid))
    await store.apply(decide(act.SetState(ticket=1002, state=State.CLOSED, at=NOW, by="alex")))
    assert await store.every_ticket(0, 2) == [1001, 1002]
    assert await store.every_ticket(1002, 9) == [1003]
    assert await store.every_ticket(1003, 9) == []


async def test_missed_resolutions_are_those_of_the_account_since_then(store: SqlStore) -> None:
    for uid, days, of in ((1, 1, "A1"), (2, 5, "A1"), (3, None, "A1"), (4, 5, "B2"), (5, 3, "A1")):
        missed = None if days is None else NOW + days * DAY
        opened = [a for a in new_ticket(uid, account=of).actions if not isinstance(a, act.WriteClocks)]
        await store.apply(decide(*opened, clocks(missed_at=missed)))
    found = await store.missed_resolutions("A1", NOW + 3 * DAY)
    assert [d.ticket.id for d in found] == [1005, 1002]
    await store.apply(decide(clocks(1002)))
    assert [d.ticket.id for d in await store.missed_resolutions("A1", NOW)] == [1001, 1005]


async def test_what_was_told_and_done_once_is_remembered(store: SqlStore) -> None:
    long = "repeated:" + ",".join(f"{n}:1767225600.000000" for n in range(1000, 1100))
    finding = act.RecordFinding(account="A1", key=long, at=NOW, detail={"failures": [1]})
    await store.apply(decide(finding, act.DeskStepDone(key="statement:2026-10", at=NOW)))
    await store.apply(decide(finding, act.DeskStepDone(key="statement:2026-10", at=NOW)))
    assert await store.findings_recorded([long, "grave:1"]) == {long}
    assert await store.findings_recorded([]) == set()
    assert await store.desk_steps_done(["statement:2026-10", "statement:2026-11"]) == {"statement:2026-10"}


async def parts(store: SqlStore, since: int, until: int, of: str | None = None) -> Material:
    """The whole of it, from a day to another."""
    found = [p async for p in store.statement_material(NOW + since * DAY, NOW + until * DAY, of)]
    return Material(
        dossiers=tuple(d for part in found for d in part.dossiers),
        credits=tuple(c for part in found for c in part.credits),
        calls=tuple(c for part in found for c in part.calls),
    )


async def test_a_month_is_made_of_what_was_open_in_it(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tickets: 1001 open since day 0, 1002 resolved, 1003 closed on day 5, 1004 opened on day 9 for B2."""
    monkeypatch.setattr(material, "_AT_ONCE", 2)
    await store.import_accounts([account(), account("B2", emails=(), domains=())], NOW)
    for uid, day, of in ((1, 0, "A1"), (2, 0, "A1"), (3, 0, "A1"), (4, 9, "B2")):
        await store.apply(new_ticket(uid, at=NOW + day * DAY, account=of))
    for number, state in ((1002, State.RESOLVED), (1003, State.CLOSED)):
        await store.apply(decide(act.SetState(ticket=number, state=state, at=NOW + 5 * DAY, by="alex")))
    for since, until, of, numbers in (
        (0, 10, None, [1001, 1002, 1003, 1004]),
        (0, 9, None, [1001, 1002, 1003]),
        (5, 10, None, [1001, 1002, 1003, 1004]),
        (5, 10, "A1", [1001, 1002, 1003]),
        (6, 10, None, [1001, 1002, 1004]),
        (6, 10, "A1", [1001, 1002]),
        (-9, 0, None, []),
    ):
        whole = await parts(store, since, until, of)
        assert [d.ticket.id for d in whole.dossiers] == numbers, (since, until, of)
    await store.apply(decide(call(1003, at=NOW + 8 * DAY), call(1004, account="B2", at=NOW + 20 * DAY)))
    late = await parts(store, 6, 10, "A1")
    assert [d.ticket.id for d in late.dossiers] == [1001, 1002, 1003], "it was called about"
    logged = AccountCall(ticket=1003, account="A1", call=LoggedCall(at=NOW + 8 * DAY, minutes=12))
    assert late.calls == (logged,)
    assert (await parts(store, 6, 21)).calls[0] == logged
    assert len((await parts(store, 6, 21)).calls) == 2
    assert [d.ticket.id for d in (await parts(store, 6, 9)).dossiers] == [1001, 1002, 1003]


async def test_credits_belong_to_their_month_and_to_that_of_their_acceptance(store: SqlStore) -> None:
    for uid in (1, 2, 3):
        await store.apply(new_ticket(uid))
    await store.apply(
        decide(proposed(), proposed(1002, "5.00", account="B2"), proposed(1003, month="2026-08"))
    )
    await store.apply(decide(decided(amount="10.00", month="2027-01"), decided(1003, None, month="2026-09")))
    line = CreditLine(
        ticket=1001,
        account="A1",
        proposed=Decimal("12.50"),
        state="accepted",
        month="2026-11",
        accepted_month="2027-01",
        given=Decimal("10.00"),
    )
    november = await parts(store, 2, 20)
    assert [c.ticket for c in november.credits] == [1001, 1002]
    assert november.credits[0] == line
    assert (await parts(store, 65, 80)).credits == (line,)
    assert [c.ticket for c in (await parts(store, 2, 20, "B2")).credits] == [1002]
    assert (await parts(store, 32, 50)).credits == ()
    (refused,) = (await parts(store, -80, -70)).credits
    assert (refused.ticket, refused.state, refused.accepted_month, refused.given) == (
        1003,
        "refused",
        None,
        None,
    )
    assert (await parts(store, -50, -35)).credits == (), "a refusal is listed where it was proposed"


async def test_the_tickers_questions_are_led_by_indexes(
    sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = sqlite_store
    await store.apply(new_ticket(1))

    async def work() -> None:
        await store.next_wake()
        await store.due_tickets(NOW, 5)
        await store.missed_resolutions("A1", NOW)
        await store.findings_recorded(["a"])
        await store.desk_steps_done(["a"])

    assert await plans_that_scan(store, monkeypatch, work) == []
    await store.dossiers([1001])  # hours are read once
    for of in (None, "A1"):
        assert await plans_that_scan(store, monkeypatch, partial(parts, store, 0, 9, of)) == []

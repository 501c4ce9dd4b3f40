"""The digest is sent once a working morning, whatever is restarted."""

from __future__ import annotations

from datetime import datetime, time

from daemon.core.actions import DeskStepDone, QueueMail
from daemon.core.facts import Listed
from daemon.core.ticking.digest import Morning
from daemon.loops.mornings import AGAIN, MorningDigest
from tests.core.build import ticket
from tests.core.ticking.build import at, desk
from tests.loops.fakes import Store


class Desk(Store):
    """Remembers steps of the desk, and what it was asked for."""

    def __init__(self, *steps: str) -> None:
        super().__init__()
        self.steps = set(steps)
        self.since: list[datetime] = []
        self.trouble: Exception | None = None

    async def desk_steps_done(self, keys: object) -> set[str]:
        self.steps |= {done.key for done in self.said(DeskStepDone)}
        return self.steps & set(keys)  # type: ignore[call-overload, no-any-return]

    async def morning(self, since: datetime, now: datetime) -> Morning:
        if self.trouble is not None:
            raise self.trouble
        self.since.append(since)
        one = Listed(ticket=ticket(1042), account="", clock="resolution", due=now, breached=False)
        return Morning(listing=(one,))


def digest(store: Desk) -> MorningDigest:
    return MorningDigest(store, desk(digest=time(8, 50)))


async def test_once_a_morning_whatever_is_restarted() -> None:
    store = Desk("digest")
    first = digest(store)
    assert not await first.send(at("2026-11-09 08:49"))
    assert await first.send(at("2026-11-09 08:50"))
    assert not await first.send(at("2026-11-09 08:51"))
    assert not await digest(store).send(at("2026-11-09 09:00"))
    assert len(store.said(QueueMail)) == 3
    assert store.since == [at("2026-11-06 08:50")]
    assert first.next_at(at("2026-11-09 08:51")) == at("2026-11-10 08:50")


async def test_after_an_outage_it_comes_later_that_day_and_not_after_closing_time() -> None:
    late, after = Desk("digest"), Desk("digest")
    assert await digest(late).send(at("2026-11-09 11:00"))
    assert not await digest(after).send(at("2026-11-09 18:00"))
    assert "digest:2026-11-09" in {done.key for done in after.said(DeskStepDone)}


async def test_a_desk_that_begins_in_the_middle_of_a_day_sends_its_first_the_next_morning() -> None:
    store = Desk()
    assert not await digest(store).send(at("2026-11-09 14:00"))
    assert await digest(store).send(at("2026-11-10 08:50"))


async def test_a_fault_of_it_is_tried_again_later_and_stops_nothing() -> None:
    store = Desk("digest")
    store.trouble = KeyError("due")
    one = digest(store)
    now = at("2026-11-09 08:50")
    assert not await one.send(now)
    assert one.next_at(now) == now + AGAIN
    store.trouble = None
    assert not await one.send(now)
    assert await one.send(now + AGAIN)

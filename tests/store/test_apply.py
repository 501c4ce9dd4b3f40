"""A decision is written whole or not at all, once, and only if what it was made from still holds."""

from __future__ import annotations

import hashlib
import logging
import stat
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.actions import NEW
from daemon.core.values import Attachment, Disposition, State
from daemon.ports import AlreadyDone, Conflict
from daemon.store import writers
from daemon.store.database import SqlStore
from daemon.store.unwritten import Writing
from tests.store.build import (
    MARIE,
    NOW,
    account,
    asking,
    clocks,
    cycle,
    decide,
    history,
    mail,
    message,
    new_ticket,
    opening,
    participant,
    record,
    remember,
)


def no_calendar(*_: object) -> int:
    return 77


async def ticket(store: SqlStore, number: int) -> dict[str, Any]:
    found = await store.ticket(str(number), now=NOW, left=no_calendar)
    assert found is not None
    return found


async def version(store: SqlStore, number: int) -> int:
    return (await store.snapshot(asking(tickets=(number,)))).tickets[0].version


async def test_a_new_ticket_is_written_with_all_that_hangs_on_it(store: SqlStore) -> None:
    applied = await store.apply(new_ticket(1, related_to=7))
    assert applied.ticket == 1001
    assert applied.queued
    assert await ticket(store, 1001) == {
        "ref": "AZ-1001",
        "subject": "La caisse est gelée",
        "contact": MARIE,
        "account": "A1",
        "language": "fr",
        "plan": "or",
        "coverage": "premium",
        "state": "new",
        "priority": "P1",
        "provisional": True,
        "severity": "S1",
        "rule": "P1-provisional",
        "evidence": [{"facet": "severity", "text": "plus rien", "weight": 1.5}],
        "merged_into": None,
        "assignee": None,
        "opened": NOW,
        "first_response": open_clock(hours=1),
        "next_response": None,
        "status_update": open_clock(hours=1),
        "resolution": open_clock(hours=4),
        "participants": [{"address": MARIE, "name": "Marie Roy", "role": "requester"}],
        "messages": [
            {
                "direction": "in",
                "from": MARIE,
                "at": NOW,
                "text": "Plus rien ne répond.",
                "message_id": "m1@boulangerie.example",
                "attachments": [],
                "by": None,
            }
        ],
        "history": [
            {"at": NOW, "event": "opened", "by": MARIE, "detail": {"priority": "P1"}},
            {"at": NOW, "event": "defects", "by": MARIE, "detail": {"defects": ["no date"]}},
        ],
        "calls": [],
        "credits": [],
        "outbox": [{"kind": "ack", "to": MARIE, "state": "queued", "attempts": 0, "due": NOW}],
        "links": [],
    }


def open_clock(*, hours: int) -> dict[str, object]:
    due = NOW + timedelta(hours=hours)
    return {"due": due, "met": None, "breached": None, "paused": False, "left": 77, "outcome": None}


async def test_numbers_go_on_and_are_not_shared(store: SqlStore) -> None:
    numbers = [(await store.apply(new_ticket(uid))).ticket for uid in (1, 2, 3)]
    assert numbers == [1001, 1002, 1003]


async def test_the_same_arrival_is_done_once_and_leaves_no_second_ticket(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    with pytest.raises(AlreadyDone):
        await store.apply(new_ticket(1))
    assert [t["ref"] for t in await store.tickets(True, now=NOW, left=no_calendar)] == ["AZ-1001"]
    assert (await store.counts())["outbox"] == 1


async def test_the_same_uid_in_another_mailbox_or_validity_is_another_mail(store: SqlStore) -> None:
    first = record(1, disposition=Disposition.RECORDED)
    for changes in ({}, {"mailbox": "Other"}, {"uidvalidity": 8}):
        await store.apply(decide(replace(first, arrival=replace(first.arrival, **changes))))
    assert len(await store.inbound(10)) == 3


async def test_a_held_mail_is_decided_again_once(store: SqlStore) -> None:
    held = record(1, disposition=Disposition.HELD, reason="brake")
    await store.apply(decide(held))
    with pytest.raises(AlreadyDone):
        await store.apply(decide(held))
    applied = await store.apply(new_ticket(1))
    (row,) = await store.inbound(10)
    assert (row["disposition"], row["reason"], row["ticket"]) == ("ticket", "a person's mail", "AZ-1001")
    assert applied.ticket == 1001
    with pytest.raises(AlreadyDone):
        await store.apply(new_ticket(1))
    assert await store.held("INBOX", 10) == []


@pytest.mark.parametrize("size", [0, 20, writers.BLOB_FROM + 1])
async def test_held_mails_keep_their_bytes_oldest_first(store: SqlStore, size: int) -> None:
    for uid in (5, 4):
        await store.apply(decide(record(uid, disposition=Disposition.HELD, raw=bytes([uid]) * size)))
    await store.apply(decide(record(6, disposition=Disposition.RECORDED)))
    held = await store.held("INBOX", 10)
    assert [(h.arrival.uid, h.data) for h in held] == [(5, b"\x05" * size), (4, b"\x04" * size)]
    assert held[0].arrival == record(5).arrival
    assert len(await store.held("INBOX", 1)) == 1
    assert await store.held("Other", 10) == []


async def test_a_stale_version_is_a_conflict_and_nothing_is_written(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    read = await version(store, 1001)
    joined = (record(2, disposition=Disposition.MESSAGE, ticket=1001), message(1001, message_id="m2@x"))
    await store.apply(decide(*joined, reads={1001: read}))
    late = (record(3, disposition=Disposition.MESSAGE, ticket=1001), message(1001, message_id="m3@x"))
    with pytest.raises(Conflict):
        await store.apply(decide(*late, reads={1001: read}))
    assert len((await ticket(store, 1001))["messages"]) == 2
    assert len(await store.inbound(10)) == 2
    await store.apply(decide(*late, reads={1001: read + 1}))


async def test_a_change_of_state_makes_older_readings_stale(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    read = await version(store, 1001)
    await store.apply(decide(act.SetState(ticket=1001, state=State.OPEN, at=NOW, by="alex")))
    with pytest.raises(Conflict):
        await store.apply(decide(history(1001, "x"), reads={1001: read}))
    assert (await ticket(store, 1001))["state"] == "open"


async def test_a_closed_ticket_knows_when_and_forgets_it_when_it_reopens(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    for state, closed in ((State.CLOSED, NOW), (State.OPEN, None)):
        await store.apply(decide(act.SetState(ticket=1001, state=state, at=NOW, by="alex")))
        (found,) = (await store.snapshot(asking(tickets=(1001,)))).tickets
        assert (found.state, found.closed_at) == (state, closed)


async def test_a_crash_inside_the_transaction_leaves_nothing(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(_: Writing) -> None:
        raise ZeroDivisionError

    await store.apply(new_ticket(1))
    before = await ticket(store, 1001)
    with monkeypatch.context() as patched:
        patched.setattr(Writing, "flush", crash)
        with pytest.raises(ZeroDivisionError):
            await store.apply(replace(new_ticket(2), reads={1001: 1}))
    assert await ticket(store, 1001) == before
    assert await store.ticket("1002", now=NOW, left=no_calendar) is None
    assert await store.known("INBOX", 7, [2]) == {}
    await store.apply(replace(new_ticket(2), reads={1001: 1}))


async def test_a_decision_that_speaks_of_a_new_ticket_must_open_one(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="opens none"):
        await store.apply(decide(history(NEW, "x")))
    with pytest.raises(ValueError, match="one ticket"):
        await store.apply(decide(opening(), opening()))


async def test_a_clock_has_one_open_cycle_at_most(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.apply(decide(clocks(1001, cycle(), cycle()), history(1001, "x")))
    assert len((await ticket(store, 1001))["history"]) == 2


async def test_whoever_is_a_participant_stays_what_they_are(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    await store.apply(decide(participant(1001, role="colleague"), participant(1001, "luc@x.example", "cc")))
    roles = [(p["address"], p["role"]) for p in (await ticket(store, 1001))["participants"]]
    assert roles == [(MARIE, "requester"), ("luc@x.example", "cc")]


async def test_a_contact_keeps_what_the_newest_mail_does_not_tell(store: SqlStore) -> None:
    await store.apply(decide(remember()))
    await store.apply(decide(remember(name="", language=None, account=None)))
    contact = (await store.snapshot(asking())).contact
    assert contact is not None
    assert (contact.name, contact.language, contact.account) == ("Marie Roy", "fr", "A1")
    await store.apply(decide(remember(name="Marie R.")))
    renamed = (await store.snapshot(asking())).contact
    assert renamed is not None
    assert renamed.name == "Marie R."


async def test_a_suppressed_address_is_released(store: SqlStore) -> None:
    suppress = act.SuppressAddress(address=MARIE, reason="5.1.1", at=NOW)
    await store.apply(decide(suppress))
    await store.apply(decide(replace(suppress, reason="again")))
    assert (await store.snapshot(asking())).suppressed
    await store.apply(decide(act.ReleaseAddress(address=MARIE)))
    assert not (await store.snapshot(asking())).suppressed


async def test_attachments_are_private_files_named_by_their_content(store: SqlStore, tmp_path: Path) -> None:
    content = b"%PDF-1.7 facture"
    digest = hashlib.sha256(content).hexdigest()
    attached = Attachment(
        name="facture.pdf", media_type="application/pdf", size=len(content), sha256=digest, content=content
    )
    await store.apply(new_ticket(1, message(message_id="m9@x", attachments=(attached, attached))))
    (found,) = [m for m in (await ticket(store, 1001))["messages"] if m["message_id"] == "m9@x"]
    shown = {"name": "facture.pdf", "type": "application/pdf", "size": len(content), "sha256": digest}
    assert found["attachments"] == [shown, shown]
    blob = store.blobs.path(digest)
    assert blob.read_bytes() == content
    assert stat.S_IMODE(blob.stat().st_mode) == 0o600
    assert stat.S_IMODE(blob.parent.stat().st_mode) == 0o700
    assert [p.name for p in (tmp_path / "data").rglob("*") if p.is_file()] == [digest]


async def test_an_attachment_cannot_name_a_path(store: SqlStore) -> None:
    evil = Attachment(name="x", media_type="a/b", size=1, sha256="../../etc/passwd", content=b"x")
    with pytest.raises(ValueError, match="SHA-256"):
        await store.apply(new_ticket(1, message(attachments=(evil,))))
    assert await store.inbound(10) == []


async def test_text_that_no_database_holds_is_written_cleaned(store: SqlStore) -> None:
    await store.apply(new_ticket(1, subject="a\x00b\ud800c", missing=("\x00", "\ud800")))
    assert (await ticket(store, 1001))["subject"] == "a\ufffdb?c"


async def test_ids_longer_than_an_index_entry_are_still_found(store: SqlStore) -> None:
    long_id = "é" * 4000 + "@device.example"
    await store.apply(new_ticket(1, message(message_id=long_id), record(2, message_id=long_id)))
    snapshot = await store.snapshot(asking(recorded_ids=(long_id, "é" * 3999)))
    assert [m.message_id for m in snapshot.recorded] == [long_id]
    assert await store.known_ids([long_id, "é" * 3999]) == {long_id}


async def test_instants_of_any_zone_are_the_same_instant(store: SqlStore) -> None:
    toronto = NOW.astimezone(timezone(timedelta(hours=-5)))
    await store.apply(new_ticket(1, at=toronto))
    opened = (await ticket(store, 1001))["opened"]
    assert opened == NOW
    assert opened.utcoffset() == timedelta(0)
    with pytest.raises(ValueError, match="zone"):
        await store.apply(new_ticket(2, at=NOW.replace(tzinfo=None)))
    assert await store.known("INBOX", 7, [2]) == {}


async def test_two_mails_of_one_cause_are_one_mail(store: SqlStore) -> None:
    await store.apply(new_ticket(1))
    await store.apply(
        decide(mail("ack:INBOX/7/1", ticket=1001), mail("b", ticket=1001), mail("b", ticket=1001))
    )
    assert len((await ticket(store, 1001))["outbox"]) == 2


async def test_no_mail_or_address_is_logged_even_at_debug(
    store: SqlStore, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await store.apply(new_ticket(1))
        await store.snapshot(asking())
        await store.apply(decide(record(2, disposition=Disposition.RECORDED)))
    assert MARIE not in caplog.text
    assert "Plus rien" not in caplog.text


async def test_accounts_plan_and_coverage_reach_the_snapshot(store: SqlStore) -> None:
    await store.import_accounts([account()], NOW)
    assert (await store.snapshot(asking())).account == account()

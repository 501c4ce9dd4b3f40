"""A store that keeps its promises has no finding; each promise that is broken is found, and told by name."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from daemon.core import actions as act
from daemon.core.values import Attachment, Disposition
from daemon.store import audit
from daemon.store.database import SqlStore, open_store
from daemon.store.writers import BLOB_FROM
from tests.store.build import NOW, decide, message, new_ticket, record
from tests.store.promised import promised
from tests.store.test_outbox import ENDS, claim

CONTENT = b"%PDF-1.7 facture"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def attached(content: bytes = CONTENT) -> Attachment:
    return Attachment(
        name="facture.pdf",
        media_type="application/pdf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


async def busy(store: SqlStore) -> None:
    """A bit of everything: tickets, an attachment, a large mail, mails sent, failed, bounced and waiting."""
    await store.apply(new_ticket(1, message(message_id="m9@x", attachments=(attached(), attached(b"")))))
    for uid in (2, 3, 4):
        await store.apply(new_ticket(uid))
    await store.apply(decide(record(5, disposition=Disposition.RECORDED, raw=b"x" * (BLOB_FROM + 1))))
    await store.apply(decide(record(6, disposition=Disposition.HELD)))
    for row, end in zip(await claim(store, 3), ("sent", "failed", "queued"), strict=True):
        kept = await store.keep_message(row, f"o{row.id}@desk", "b@desk", b"x")
        await store.apply(decide(ENDS[end](kept)))
    await store.apply(decide(act.BounceMail(row=1, at=NOW, hard=True, status="5.1.1", text="gone")))


async def faults(store: SqlStore) -> list[str]:
    findings = [finding async for finding in store.audit()]
    assert len({finding.promise for finding in findings}) >= 16
    assert all(finding.broken == len(finding.faults) for finding in findings)
    return [fault for finding in findings for fault in finding.faults]


async def test_a_store_in_use_keeps_every_promise(store: SqlStore) -> None:
    assert await faults(store) == []
    await busy(store)
    await promised(store)
    assert await faults(store) == []


LEDGER = "INBOX/7/1"

BROKEN = {
    "UPDATE inbound_mail SET disposition = 'eaten' WHERE uid = 1": f"{LEDGER}: unknown disposition eaten",
    "UPDATE inbound_mail SET ticket = NULL WHERE uid = 1": f"{LEDGER}: is ticket and names no ticket",
    "UPDATE inbound_mail SET ticket = 77 WHERE uid = 1": f"{LEDGER}: names AZ-77, which does not exist",
    "DELETE FROM inbound_content WHERE id = 1": f"{LEDGER}: its bytes are gone",
    "UPDATE outbox SET ticket = 77 WHERE id = 4": "outbox row 4: names AZ-77, which does not exist",
    "UPDATE outbox SET due_at = NULL WHERE id = 4": "outbox row 4: is queued and never due",
    "UPDATE outbox SET due_at = 5 WHERE id = 2": "outbox row 2: is failed and still due",
    "UPDATE outbox SET state = 'lost' WHERE id = 4": "outbox row 4: unknown state lost",
    "DELETE FROM outbox_content WHERE id = 1": "outbox row 1: its bytes are gone",
    "UPDATE clock SET outcome = 'met' WHERE id = 1": (
        "first_response of AZ-1001: met, and it still holds 1001:first_response"
    ),
    "UPDATE clock SET open_key = NULL WHERE id = 1": (
        "first_response of AZ-1001: open, and its key is missing"
    ),
    "UPDATE ticket SET merged_into = 77 WHERE id = 1001": (
        "AZ-1001: merged into AZ-77, which does not exist"
    ),
    "UPDATE clock SET name = 'x' WHERE ticket_id = 1002 AND name = 'resolution'": (
        "AZ-1002: is new and nobody counts its resolution"
    ),
    "UPDATE ticket SET wake_at = NULL WHERE id = 1003": "AZ-1003: is new and is never looked at again",
    "UPDATE step_done SET key = 'nap' WHERE ticket_id = 1005": "AZ-1005: no step is called nap",
    "UPDATE ticket SET calendar_digest = 'x' WHERE id = 1005": "AZ-1005: its business hours are gone",
    "UPDATE credit SET state = 'refused'": "credit 1 of AZ-1005: is refused, and its key is 1005",
    "UPDATE credit SET one_key = NULL": "credit 1 of AZ-1005: is proposed, and its key is missing",
    """UPDATE ticket_event SET record = '{"event":"nap"}'""": (
        "event 1 of AZ-1005: no event is called 'nap'"
    ),
    f"""UPDATE held_mail SET attachments = '[{{"name":"a.pdf","sha256":"{"0" * 64}"}}]'""": (
        f"attachment a.pdf of the held mail held:1: missing (blobs/00/{'0' * 64})"
    ),
}


@pytest.mark.parametrize("harm", BROKEN)
async def test_a_broken_promise_is_told_by_what_breaks_it(store: SqlStore, harm: str) -> None:
    await busy(store)
    await promised(store)
    await store._connection.rows(harm)
    assert BROKEN[harm] in await faults(store)


async def test_a_second_open_cycle_of_a_clock_is_found(store: SqlStore) -> None:
    """The key that forbids it was taken away, as only a hand in the database can."""
    await busy(store)
    await store._connection.rows("UPDATE clock SET open_key = 'x' WHERE id = 2")
    await store._connection.rows("UPDATE clock SET name = 'first_response' WHERE id = 2")
    assert "AZ-1001: 2 open cycles of first_response" in await faults(store)


async def test_files_that_are_gone_or_changed_are_found(store: SqlStore) -> None:
    await busy(store)
    path = store.blobs.path(DIGEST)
    where = f"attachment facture.pdf of AZ-1001: {{}} (blobs/{DIGEST[:2]}/{DIGEST})"
    path.write_bytes(CONTENT + b"!")
    assert await faults(store) == [where.format("its content has changed")]
    path.unlink()
    assert await faults(store) == [where.format("missing")]
    await store._connection.rows("UPDATE attachment SET sha256 = '../x' WHERE name = 'facture.pdf'")
    assert any("no SHA-256" in fault for fault in await faults(store))
    await store._connection.rows("UPDATE inbound_mail SET blob = ? WHERE uid = 5", ["0" * 64])
    assert any(fault.startswith("mail INBOX/7/5: missing") for fault in await faults(store))


async def test_what_points_at_nothing_is_found(sqlite_store: SqlStore, tmp_path: Path) -> None:
    await busy(sqlite_store)
    other = sqlite3.connect(tmp_path / "desk.sqlite3")  # without foreign keys, as SQLite's own shell
    other.execute("UPDATE participant SET ticket_id = 77 WHERE id = 1")
    other.commit()
    other.close()
    assert "participant row 1: no such ticket" in await faults(sqlite_store)


async def test_a_damaged_index_is_found(sqlite_store: SqlStore, tmp_path: Path) -> None:
    """Its causes are twice in the table then, which the unique index would not tell."""
    await busy(sqlite_store)
    other = sqlite3.connect(tmp_path / "desk.sqlite3")
    (name,) = other.execute(
        "SELECT name FROM sqlite_master WHERE tbl_name = 'outbox' AND name LIKE 'sqlite_autoindex%'"
    ).fetchone()
    other.execute("PRAGMA writable_schema = ON")
    other.execute("DELETE FROM sqlite_master WHERE name = ?", [name])
    other.execute("UPDATE sqlite_master SET sql = replace(sql, ' UNIQUE', '') WHERE name = 'outbox'")
    other.commit()
    other.close()
    other = sqlite3.connect(tmp_path / "desk.sqlite3")
    other.execute("UPDATE outbox SET cause = 'same' WHERE id IN (3, 4)")
    other.commit()
    other.close()
    url = f"sqlite://{tmp_path}/desk.sqlite3"
    async with open_store(url, tmp_path / "data", create=False, read_only=True) as store:
        found = await faults(store)
    assert "outbox row 3: 2 rows of the cause same" in found
    assert "outbox row 4: 2 rows of the cause same" in found


async def test_many_faults_are_counted_and_some_are_told(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SHOWN", 2)
    await busy(store)
    await store._connection.rows("DELETE FROM inbound_content")
    (finding,) = [finding async for finding in store.audit() if finding.broken]
    assert (finding.broken, len(finding.faults), finding.looked_at) == (5, 2, 6)

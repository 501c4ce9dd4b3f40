"""A ticket's texts, names and attachments go for good, whatever table or file they lie in; figures stay."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.core import actions as act
from daemon.core.values import Attachment, Disposition
from daemon.store import apply as applying
from daemon.store.database import SqlStore
from daemon.store.writers import BLOB_FROM
from tests.store.build import NOW, decide, history, mail, message, new_ticket, record
from tests.store.promised import call, held, opened, reply
from tests.store.test_audit import faults
from tests.store.test_outbox import claim

SECRET = "Geheimnis"
ERASE = act.EraseTicket(ticket=1001, at=NOW, by="direction")


def file(content: bytes) -> Attachment:
    return Attachment(
        name=f"{SECRET}.pdf",
        media_type="application/pdf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


OWN, SHARED = file(f"{SECRET} own".encode()), file(f"{SECRET} shared".encode())
LARGE = SECRET.encode() * BLOB_FROM


async def told(store: SqlStore) -> None:
    """Ticket 1001 says the secret wherever it can, 1002 has one of its files, too."""
    person = {"requester": replace(new_ticket(1).actions[1].requester, name=SECRET)}  # type: ignore[union-attr]
    await store.apply(
        opened(
            1,
            replace(message(), text=SECRET, message_id="x1@x", attachments=(OWN, SHARED), subject=SECRET),
            held(words=SECRET, yes=(SECRET,), attachments=(OWN,)),
            act.SaveNews(ticket=0, text=SECRET, at=NOW, by="alex"),
            act.AddParticipant(ticket=0, address="luc@x.example", name=SECRET, role="cc"),
            subject=SECRET,
            **person,
        )
    )
    texts = {"text": SECRET, "reply": "reply:1:1001", "by": "alex", "subject": SECRET}
    await store.apply(decide(call(text=SECRET), reply(context=texts), reply("2", context=texts, at=NOW)))
    for row in (await claim(store))[:2]:
        kept = await store.keep_message(row, f"o{row.id}@desk", "b@desk", SECRET.encode())
        await store.apply(decide(act.MarkSent(row=kept.id, version=kept.version, at=NOW, code=250, text="")))
    joined = {"disposition": Disposition.MESSAGE, "ticket": 1001, "subject": SECRET}
    await store.apply(decide(record(5, raw=LARGE, **joined), record(6, raw=SECRET.encode(), **joined)))
    await store.apply(new_ticket(2, message(message_id="x2@x", attachments=(SHARED,))))


def absorbed(into: int, one: int) -> act.AddHistory:
    return replace(history(into, "absorbed"), detail={"ticket": f"AZ-{one}"})


async def everything(store: SqlStore) -> str:
    connection = store._connection
    sqlite = connection.location.path is not None
    names = await connection.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if sqlite
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    found: list[Any] = []
    for row in names:
        found += await connection.rows(f'SELECT * FROM "{row["name"]}"')
    return repr([{key: bytes(v) if isinstance(v, memoryview) else v for key, v in r.items()} for r in found])


async def test_nothing_of_it_can_be_read_any_more_and_the_store_keeps_its_promises(store: SqlStore) -> None:
    await told(store)
    before = await everything(store)
    assert before.count(SECRET) > 20
    await store.apply(decide(ERASE, history(1001, "erased")))
    after = await everything(store)
    assert SECRET in before.replace(SHARED.name, "")
    assert SECRET not in after.replace(SHARED.name, ""), "only the other ticket names its own file"
    assert not store.blobs.path(OWN.sha256).exists()
    assert not store.blobs.path(hashlib.sha256(LARGE).hexdigest()).exists()
    assert store.blobs.path(SHARED.sha256).exists()
    assert await faults(store) == []
    kept = await store._connection.rows("SELECT content FROM inbound_content ORDER BY id")
    assert [len(row["content"]) for row in kept][:3] == [0, 0, 0]
    (answered,) = await store._connection.rows("SELECT settled FROM held_mail")
    assert answered["settled"] == "erased"


async def test_figures_and_history_stay(store: SqlStore) -> None:
    await told(store)
    before = await store.ticket("1001", now=NOW, left=lambda *_: 7)
    await store.apply(decide(ERASE))
    after = await store.ticket("1001", now=NOW, left=lambda *_: 7)
    assert before is not None
    assert after is not None
    for kept in ("ref", "contact", "priority", "opened", "first_response", "resolution", "history"):
        assert after[kept] == before[kept]
    assert [m["at"] for m in after["messages"]] == [m["at"] for m in before["messages"]]
    assert after["calls"] == [{**before["calls"][0], "text": ""}]
    (dossier,) = await store.dossiers([1001])
    assert (dossier.news, dossier.spoke_text, dossier.evidence) == ("", "", ())
    assert dossier.answer is not None
    assert (dossier.answer.reply, dossier.answer.by, dossier.answer.words) == ("reply:1:1001", "alex", "")


async def test_mail_that_has_not_left_never_leaves_but_the_receipt_does(store: SqlStore) -> None:
    await store.apply(new_ticket(1, reply()))
    receipt = mail("transcript:1", kind="transcript", ticket=1001)
    await store.apply(decide(receipt, ERASE))
    assert [row.cause for row in await claim(store)] == ["transcript:1"]


async def test_what_was_merged_into_it_is_erased_with_it(store: SqlStore) -> None:
    for uid in (1, 2, 3):
        await store.apply(new_ticket(uid))
    for one, into in ((1003, 1002), (1002, 1001)):
        merged = act.MergeTickets(ticket=one, into=into, at=NOW, by="alex")
        await store.apply(decide(merged, absorbed(into, one)))
    await store.apply(decide(ERASE))
    assert [d.spoke_text for d in await store.dossiers([1001, 1002, 1003])] == ["", "", ""]


async def test_files_that_a_crash_left_go_at_the_next_start(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise ZeroDivisionError

    await told(store)
    with monkeypatch.context() as patched:
        patched.setattr(applying, "sweep", crash)
        with pytest.raises(ZeroDivisionError):
            await store.apply(decide(ERASE))
    assert store.blobs.path(OWN.sha256).exists()
    await store.acquire_daemon_lock()
    assert not store.blobs.path(OWN.sha256).exists()
    assert store.blobs.path(SHARED.sha256).exists()
    assert await store._connection.rows("SELECT name FROM setting WHERE name LIKE 'unneeded%'") == []


async def test_a_file_that_somebody_is_about_to_name_is_left(store: SqlStore) -> None:
    await told(store)
    async with store.blobs.kept({OWN.sha256: OWN.content}):
        await store.apply(decide(ERASE))
        assert store.blobs.path(OWN.sha256).exists()
    assert await store.contents([OWN.sha256, "0" * 64]) == {OWN.sha256: OWN.content}


async def test_nothing_is_left_in_the_free_pages_of_the_file(sqlite_store: SqlStore, tmp_path: Path) -> None:
    """SQLite leaves what was deleted in its file until the page is used again, unless it is told."""
    await told(sqlite_store)
    await sqlite_store.apply(decide(ERASE))
    with sqlite3.connect(tmp_path / "desk.sqlite3") as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "desk.sqlite3").read_bytes().replace(SHARED.name.encode(), b"")
    assert SECRET.encode() not in content

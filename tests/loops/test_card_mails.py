"""A mail with a card number is replaced by its masked copy, whatever breaks on the way: at each step, before
and after it took effect, the connection or the store fails once. Nothing is lost, nothing is there twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.core.values import Disposition, Findings, Mail
from daemon.loops.card_mails import CardMails
from daemon.loops.folders import Folders
from daemon.loops.intake import IntakeLoop
from daemon.mail.masked_copy import masked_copy
from daemon.mail.parse import parse
from daemon.ports import MailHead, MoveRefused, RawMail, Unavailable
from daemon.settings.sla import load_sla
from tests.core.build import findings, policy
from tests.mail.test_masked_copy import holds
from tests.threats.desk import Desk, open_desk

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
RULES = policy(sla=load_sla(Path(__file__).parents[2] / "config" / "sla.toml"))
SPACED, VISA = "4242 4242 4242 4242", "4242424242424242"
HEAD = (
    "From: marie@roy.example\r\nTo: support@azimutpos.com\r\nSubject: {}\r\n"
    "Message-ID: <{}@roy.example>\r\n\r\n"
)
CARD = (HEAD.format("Remboursement", "c") + f"Ma carte est {SPACED}.\r\n").encode()
PLAIN = (HEAD.format("Rapport", "p") + "Le rapport ne s'ouvre pas.\r\n").encode()
ARRIVED = NOW - timedelta(hours=1)
FOLDERS = Folders(inbox="INBOX", processed="Processed", quarantine="Quarantine")


def calm(subject: str, text: str) -> Findings:
    return findings("S3")


def read(data: bytes, truncated: bool = False) -> Any:
    return parse(data, truncated=truncated, desk_address="support@azimutpos.com")


class Trouble:
    """Fails once, at the `at`-th point that is passed."""

    def __init__(self, at: int | None = None) -> None:
        self.left = at
        self.passed = 0

    def point(self, service: str) -> None:
        self.passed += 1
        if self.left is not None and self.passed > self.left:
            self.left = None
            raise Unavailable(service, "simulated")


class Server:
    """Folders with UIDs, as several sessions see them."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        self.folders: dict[str, dict[int, tuple[datetime, bytes]]] = {"INBOX": {}, "Processed": {}}
        self.next = 10
        self.full = False
        self.can_delete = True
        self.tells_uid = True
        self.blind = False

    def put(self, folder: str, data: bytes, at: datetime) -> int:
        self.next += 1
        self.folders.setdefault(folder, {})[self.next] = (at, data)
        return self.next

    @property
    def uidvalidity(self) -> int:
        return 7

    async def search(self, first_uid: int = 1) -> list[int]:
        self.trouble.point("imap")
        return [uid for uid in sorted(self.folders["INBOX"]) if uid >= first_uid]

    async def heads(self, uids: Sequence[int]) -> list[MailHead]:
        return []

    async def fetch(self, uids: Sequence[int]) -> AsyncIterator[RawMail]:
        for uid in uids:
            self.trouble.point("imap")
            if uid in self.folders["INBOX"]:
                at, data = self.folders["INBOX"][uid]
                yield RawMail(uid=uid, internaldate=at, size=len(data), data=data)

    async def move(self, uids: Sequence[int], folder: str) -> None:
        self.trouble.point("imap")
        for uid in uids:
            if (mail := self.folders["INBOX"].pop(uid, None)) is not None:
                self.put(folder, mail[1], mail[0])
        self.trouble.point("imap")

    async def append(self, folder: str, data: bytes, internaldate: datetime | None = None) -> int | None:
        self.trouble.point("imap")
        if self.full:
            raise MoveRefused("NO [OVERQUOTA] the mailbox is full")
        assert internaldate is not None
        uid = self.put(folder, data, internaldate)
        self.trouble.point("imap")
        return uid if self.tells_uid else None

    async def find(self, folder: str, field: str, value: str, since: datetime, before: datetime) -> list[int]:
        self.trouble.point("imap")
        if self.blind:
            return []
        wanted = f"{field}: {value}\r\n".encode()
        return [
            u for u, (at, data) in self.folders[folder].items() if wanted in data and since <= at <= before
        ]

    async def remove(self, uids: Sequence[int]) -> bool:
        self.trouble.point("imap")
        if not self.can_delete:
            return False
        for uid in uids:
            self.folders["INBOX"].pop(uid, None)
        self.trouble.point("imap")
        return True

    async def wait(self, seconds: float) -> None:
        raise AssertionError("once() waits for nothing")

    async def close(self) -> None:
        return None


class Ledger:
    """The real store, with points of failure around what is written about a copy."""

    def __init__(self, store: Any, trouble: Trouble) -> None:
        self._store, self._trouble = store, trouble

    async def card_mails(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> Mapping[int, bool]:
        self._trouble.point("store")
        found: Mapping[int, bool] = await self._store.card_mails(mailbox, uidvalidity, uids)
        return found

    async def mark_copied(self, mailbox: str, uidvalidity: int, uid: int, copy_uid: int) -> None:
        self._trouble.point("store")
        await self._store.mark_copied(mailbox, uidvalidity, uid, copy_uid)
        self._trouble.point("store")

    async def mark_moved(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> None:
        self._trouble.point("store")
        await self._store.mark_moved(mailbox, uidvalidity, uids)
        self._trouble.point("store")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def masked(raw: bytes, mark: str) -> bytes | None:
    return masked_copy(raw, mark, read)


async def no_copy(raw: bytes, mark: str) -> bytes | None:
    return None


def intake(desk: Desk, server: Server, *, replace: bool = True, copy: Any = None) -> IntakeLoop:
    ledger: Any = Ledger(desk.store, server.trouble)

    async def open_mailbox() -> Any:
        server.trouble.point("imap")
        return server

    cards = CardMails(
        store=ledger,
        inbox="INBOX",
        processed="Processed",
        copy=copy or masked,
        clock=desk.clock,
        mark=lambda uidvalidity, uid: f"mark-{uidvalidity:010}-{uid:010}",
    )
    return IntakeLoop(
        open_mailbox=open_mailbox,
        folders=FOLDERS,
        store=ledger,
        reader=desk.reader,
        clock=desk.clock,
        poll=30.0,
        answer_newer_than=None,
        resume=False,
        stop=asyncio.Event(),
        cards=cards if replace else None,
    )


async def take_in(desk: Desk, server: Server, **how: Any) -> None:
    """As often as it takes; each try is a new process, which remembers nothing."""
    for _ in range(10):
        try:
            await intake(desk, server, **how).once()
        except Unavailable:
            continue
        await desk.outbox.flush()
        return
    raise AssertionError("it never came to an end")


def mails(server: Server, folder: str) -> list[tuple[datetime, bytes]]:
    return list(server.folders[folder].values())


async def whole(desk: Desk, server: Server) -> None:
    """Each mail once: in the ledger, in its folder, as a ticket, answered."""
    assert mails(server, "INBOX") == []
    assert sorted(at for at, _ in mails(server, "Processed")) == [ARRIVED, ARRIVED]
    assert not [data for _, data in mails(server, "Processed") if holds(data, VISA)]
    assert sum(b"Rapport" in data for _, data in mails(server, "Processed")) == 1
    rows = await desk.rows("SELECT uid, disposition, masked, moved, copy_uid FROM inbound_mail ORDER BY uid")
    assert [(r["disposition"], bool(r["masked"])) for r in rows] == [("ticket", True), ("ticket", False)]
    assert rows[0]["copy_uid"] in server.folders["Processed"]
    assert rows[1]["copy_uid"] is None
    assert len(await desk.tickets()) == 2
    assert [m.kind for m in desk.outgoing.sent if m.kind != "notification"] == ["ack", "ack"]


async def test_the_copy_takes_its_place_and_keeps_its_date(tmp_path: Path) -> None:
    server = Server(Trouble())
    server.put("INBOX", CARD, ARRIVED)
    server.put("INBOX", PLAIN, ARRIVED)
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await take_in(desk, server)
        await whole(desk, server)
        assert all(bool(r["moved"]) for r in await desk.rows("SELECT moved FROM inbound_mail"))
        (copy,) = [read(data) for _, data in mails(server, "Processed") if b"Remboursement" in data]
        assert isinstance(copy, Mail)
        (row,) = await desk.rows("SELECT fingerprint FROM inbound_mail WHERE masked > 0")
        assert row["fingerprint"] == copy.fingerprint  # so that `db check --mailbox` knows it


async def _points(tmp_path: Path) -> int:
    server = Server(Trouble())
    server.put("INBOX", CARD, ARRIVED)
    server.put("INBOX", PLAIN, ARRIVED)
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await take_in(desk, server)
    return server.trouble.passed


async def test_a_failure_at_any_step_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    (tmp_path / "count").mkdir()
    points = await _points(tmp_path / "count")
    assert points >= 15
    for at in range(points):
        folder = tmp_path / str(at)
        folder.mkdir()
        server = Server(Trouble(at))
        server.put("INBOX", CARD, ARRIVED)
        server.put("INBOX", PLAIN, ARRIVED)
        async with open_desk(folder, RULES, calm, NOW) as desk:
            await take_in(desk, server)
            assert server.trouble.left is None, at
            await whole(desk, server)


async def test_a_server_that_tells_no_uid_is_believed_all_the_same(tmp_path: Path) -> None:
    server = Server(Trouble())
    server.tells_uid = False
    server.put("INBOX", CARD, ARRIVED)
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await take_in(desk, server)
        (row,) = await desk.rows("SELECT copy_uid, moved FROM inbound_mail")
        assert (row["copy_uid"], bool(row["moved"])) == (0, True)
        assert mails(server, "INBOX") == []


async def test_what_the_ledger_knows_is_not_asked_of_the_server_again(tmp_path: Path) -> None:
    """Some servers do not find a header; and the original cannot be deleted for days."""
    server = Server(Trouble())
    server.blind, server.can_delete = True, False
    server.put("INBOX", CARD, ARRIVED)
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        for _ in range(3):
            await intake(desk, server).once()
        assert len(mails(server, "Processed")) == 1


async def test_what_the_server_refuses_stays_and_is_tried_again(tmp_path: Path) -> None:
    server = Server(Trouble())
    server.full = True
    server.put("INBOX", CARD, ARRIVED)
    server.put("INBOX", PLAIN, ARRIVED)
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        loop = intake(desk, server)
        await loop.once()
        assert len(mails(server, "INBOX")) == 1  # the other one has left
        assert "move" in set(loop.progress.troubles)
        server.full, server.can_delete = False, False
        await intake(desk, server).once()
        await intake(desk, server).once()
        assert len(mails(server, "INBOX")) == 1
        assert len(mails(server, "Processed")) == 2  # not copied again and again
        server.can_delete = True
        await take_in(desk, server)
        await whole(desk, server)


async def test_keep_moves_the_original_as_it_is(tmp_path: Path) -> None:
    server = Server(Trouble())
    server.put("INBOX", CARD, ARRIVED)
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await take_in(desk, server, replace=False)
        assert mails(server, "Processed") == [(ARRIVED, CARD)]


async def test_what_cannot_be_copied_without_loss_is_kept_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(Trouble())
    server.put("INBOX", CARD, ARRIVED)
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await take_in(desk, server, copy=no_copy)
        assert mails(server, "Processed") == [(ARRIVED, CARD)]
        assert "card_mail_kept" in [record.message for record in caplog.records]


async def test_a_mail_that_somebody_took_away_meanwhile_is_no_trouble(tmp_path: Path) -> None:
    server = Server(Trouble())
    uid = server.put("INBOX", CARD, ARRIVED)
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        server.full = True
        await intake(desk, server).once()
        del server.folders["INBOX"][uid]
        await take_in(desk, server)
        assert mails(server, "Processed") == []


async def test_a_card_number_in_a_second_delivery_is_replaced_too(tmp_path: Path) -> None:
    server = Server(Trouble())
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        for _ in range(2):
            server.put("INBOX", CARD, ARRIVED)
        await take_in(desk, server)
        rows = await desk.rows("SELECT disposition FROM inbound_mail ORDER BY uid")
        assert [r["disposition"] for r in rows] == [Disposition.TICKET.value, Disposition.DUPLICATE.value]
        assert len(mails(server, "Processed")) == 2
        assert not [data for _, data in mails(server, "Processed") if holds(data, VISA)]

"""What replacing a mail asks of the mailbox, on a real Dovecot: put a copy into another folder, find it there
by its mark, and delete exactly one mail, whatever the server offers for that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from daemon.edges.imap import ImapMailbox
from daemon.ports import Mailbox
from tests.edges.test_imap_dovecot import LONG, MAIL, dovecot, opened, put, user
from tests.servers.dovecot import Dovecot, require

__all__ = ["dovecot", "user"]

AT = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MARKED = b"X-Azimut-Masked: 7.11\r\n" + MAIL


async def find(
    mailbox: ImapMailbox, value: str, *, since: datetime = AT - DAY, before: datetime = AT + DAY
) -> list[int]:
    port: Mailbox = mailbox
    return await port.find("Processed", "X-Azimut-Masked", value, since, before)


async def test_a_copy_is_found_by_its_mark_and_its_day_and_the_own_folder_is_open_again(
    dovecot: Dovecot, user: str
) -> None:
    put(dovecot, user, MAIL, MAIL)
    async with opened(dovecot, user) as mailbox:
        assert await find(mailbox, "7.11") == []  # there is no such folder yet
        assert await mailbox.search() == [1, 2]
        uid = await mailbox.append("Processed", MARKED, AT)
        await mailbox.append("Processed", MARKED.replace(b"7.11", b"8.11"), AT)
        assert uid is not None
        assert await find(mailbox, "7.11") == [uid]
        assert await find(mailbox, "9.11") == []
        assert await find(mailbox, "7.11", since=AT + 2 * DAY, before=AT + 3 * DAY) == []
        assert await find(mailbox, "7.11", since=AT - 3 * DAY, before=AT - 2 * DAY) == []
        assert await mailbox.search() == [1, 2]
        assert await mailbox.remove([1])
        assert await mailbox.search() == [2]
        assert await find(mailbox, "7.11") == [uid]


async def test_what_came_while_another_folder_was_open_is_not_slept_through(
    dovecot: Dovecot, user: str
) -> None:
    async with opened(dovecot, user) as mailbox:
        assert await mailbox.search() == []
        put(dovecot, user, MAIL)
        await find(mailbox, "7.11")
        await mailbox.wait(LONG)  # IDLE would tell nothing: it is said in the answer to SELECT
        assert await mailbox.search() == [1]


@pytest.mark.parametrize("capabilities", [None, "IMAP4rev1"], ids=["UIDPLUS", "no UIDPLUS"])
async def test_exactly_one_mail_is_deleted(user: str, capabilities: str | None) -> None:
    require()
    server = Dovecot.start(f"imap_capability = {capabilities}\n" if capabilities else "")
    try:
        put(server, user, MAIL, MAIL, MAIL)
        async with opened(server, user) as mailbox:
            assert await mailbox.remove([2])
            assert await mailbox.search() == [1, 3]
            assert await mailbox.remove([2])  # it is gone: no error
    finally:
        server.stop()


async def test_without_uidplus_other_peoples_deleted_mails_are_not_expunged(user: str) -> None:
    require()
    server = Dovecot.start("imap_capability = IMAP4rev1\n")
    try:
        put(server, user, MAIL, MAIL)
        async with opened(server, user) as person, opened(server, user) as mailbox:
            await person._connection.command("STORE", "1", "+FLAGS", "(\\Deleted)", uid=True)
            assert not await mailbox.remove([2])
            assert await mailbox.search() == [1, 2]
            await person._connection.command("STORE", "1", "-FLAGS", "(\\Deleted)", uid=True)
            assert await mailbox.remove([2])
            assert await mailbox.search() == [1]
    finally:
        server.stop()

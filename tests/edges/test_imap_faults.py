"""A server that does everything a server can do wrong: what the mailbox makes of it."""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.edges.imap import ImapMailbox, ImapServer, open_mailbox
from daemon.edges.imap import connection as connection_module
from daemon.edges.imap import mailbox as mailbox_module
from daemon.ports import MoveRefused, RawMail, Unavailable
from tests.servers.scripted_imap import CAPABILITIES, Handler, ScriptedImap, Session

SECRET = "hunter2-secret"
LONG = 60.0
"""Seconds that no test waits: what returns before was told to."""

MAILS = {3: b"Subject: one\r\n\r\n1", 5: b"Subject: two\r\n\r\n22", 8: b"Subject: three\r\n\r\n333"}


def server_for(scripted: ScriptedImap, **changed: Any) -> ImapServer:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": scripted.port,
        "tls": "none",
        "auth": "password",
        "username": "desk",
        "secret": lambda: SECRET,
        "timeout": 5,
    }
    return ImapServer(**{**values, **changed})


@asynccontextmanager
async def opened(scripted: ScriptedImap, **changed: Any) -> AsyncIterator[ImapMailbox]:
    async with scripted.serve():
        mailbox = await open_mailbox(server_for(scripted, **changed), "INBOX")
        try:
            yield mailbox
        finally:
            await mailbox.close()


async def refusal(scripted: ScriptedImap, **changed: Any) -> Unavailable:
    """What opening a mailbox raises."""
    async with scripted.serve():
        with pytest.raises(Unavailable) as caught:
            await open_mailbox(server_for(scripted, **changed), "INBOX")
    assert SECRET not in str(caught.value)
    assert caught.value.service == "imap"
    return caught.value


async def fetched(mailbox: ImapMailbox, uids: list[int]) -> list[RawMail]:
    return [raw async for raw in mailbox.fetch(uids)]


def says(*lines: str) -> Handler:
    """A handler that answers with these lines; {tag} is the command's."""

    async def handler(session: Session, tag: str, args: str) -> None:
        await session.send(*(line.replace("{tag}", tag) for line in lines))

    return handler


async def silence(session: Session, tag: str, args: str) -> None:
    await session.gone()


async def drop(session: Session, tag: str, args: str) -> None:
    session.drop()


# -- reading ----------------------------------------------------------------------------------------------


async def test_mails_come_with_their_uid_size_and_date_in_utc() -> None:
    async with opened(ScriptedImap(MAILS)) as mailbox:
        assert mailbox.uidvalidity == 77
        assert mailbox.exists == 3
        assert await mailbox.search() == [3, 5, 8]
        mails = await fetched(mailbox, [8, 3, 4])
    assert [(m.uid, m.data, m.truncated) for m in mails] == [(3, MAILS[3], False), (8, MAILS[8], False)]
    assert mails[0].internaldate == datetime(2026, 11, 3, 14, 0, tzinfo=UTC)
    assert mails[0].size == len(MAILS[3])


async def test_the_last_mail_is_not_new_again() -> None:
    async with opened(ScriptedImap(MAILS)) as mailbox:
        assert await mailbox.search(9) == []
        assert await mailbox.search(5) == [5, 8]


async def test_a_split_search_answer_loses_nothing() -> None:
    scripted = ScriptedImap(MAILS)
    scripted.on["UID SEARCH"] = says("* SEARCH 8", "* 4 EXISTS", "* SEARCH 3 5", "{tag} OK done")
    async with opened(scripted) as mailbox:
        assert await mailbox.search() == [3, 5, 8]


async def test_at_most_fifty_mails_are_asked_for_at_once_and_no_flag_is_set() -> None:
    scripted = ScriptedImap({uid: b"x" * uid for uid in range(1, 121)})
    async with opened(scripted) as mailbox:
        assert len(await fetched(mailbox, await mailbox.search())) == 120
    asked = [line.split()[3] for line in scripted.commands("UID FETCH")]
    assert asked == [s for s in ("1:50", "51:100", "101:120") for _ in range(2)]
    assert all("BODY.PEEK[]" in line or "RFC822.SIZE" in line for line in scripted.commands("UID FETCH"))
    assert not scripted.commands("UID STORE")


async def test_one_fetch_carries_no_more_than_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox_module, "COMMAND_BYTES", 100)
    scripted = ScriptedImap({1: b"a" * 60, 2: b"b" * 40, 3: b"c" * 300, 4: b"d"})
    async with opened(scripted) as mailbox:
        assert [len(m.data) for m in await fetched(mailbox, [1, 2, 3, 4])] == [60, 40, 300, 1]
    bodies = [line.split()[3] for line in scripted.commands("UID FETCH") if "PEEK" in line]
    assert bodies == ["1:2", "3", "4"]


async def test_of_a_mail_over_the_limit_only_the_beginning_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailbox_module, "BEGINNING", 10)
    scripted = ScriptedImap({1: b"small", 2: b"0123456789" * 5, 3: b"x" * 20})
    async with opened(scripted, max_size=20) as mailbox:
        mails = await fetched(mailbox, [1, 2, 3])
    assert [(m.data, m.size, m.truncated) for m in mails] == [
        (b"small", 5, False),
        (b"0123456789", 50, True),
        (b"x" * 20, 20, False),
    ]
    assert len([line for line in scripted.commands("UID FETCH") if "PEEK" in line]) == 3


async def test_flag_changes_and_new_mail_inside_a_fetch_change_no_byte() -> None:
    scripted = ScriptedImap(MAILS)

    async def noisy(session: Session, tag: str, args: str) -> None:
        if "PEEK" not in args:
            await scripted._uid_fetch(session, tag, args)
            return
        await session.send("* 2 FETCH (FLAGS (\\Seen))", "* 9 EXISTS")
        await session.send(b"* 1 FETCH (FLAGS () UID 3 BODY[] {%d}" % len(MAILS[3]))
        await session.raw(MAILS[3])
        await session.send(' INTERNALDATE "01-Jan-2020 00:00:00 +0000" FLAGS (\\Seen))', "* 7 EXPUNGE")
        await session.send("* 1 FETCH (UID 3 FLAGS (\\Answered))", "* OK [ALERT] :-(")
        await scripted.tell(session, 8, "BODY.PEEK[]")
        await session.send(f"{tag} OK done")

    scripted.on["UID FETCH"] = noisy
    async with opened(scripted) as mailbox:
        mails = await fetched(mailbox, [3, 8])
    assert [(m.uid, m.data) for m in mails] == [(3, MAILS[3]), (8, MAILS[8])]
    assert mails[0].internaldate == datetime(2026, 11, 3, 14, 0, tzinfo=UTC)


async def test_a_mail_that_vanishes_between_size_and_body_is_left_out() -> None:
    scripted = ScriptedImap(MAILS)

    async def vanishing(session: Session, tag: str, args: str) -> None:
        if "PEEK" in args:
            scripted.inbox.pop(5, None)
        await scripted._uid_fetch(session, tag, args)

    scripted.on["UID FETCH"] = vanishing
    async with opened(scripted) as mailbox:
        assert [m.uid for m in await fetched(mailbox, [3, 5, 8])] == [3, 8]


@pytest.mark.parametrize("answer", ["BODY[] NIL", "BODY[] {0}\r\n", 'BODY[] ""', "FLAGS ()"])
async def test_a_mail_without_a_body_is_asked_for_once_more_alone(answer: str) -> None:
    scripted = ScriptedImap(MAILS)
    times = 0

    async def empty_once(session: Session, tag: str, args: str) -> None:
        nonlocal times
        if "PEEK" in args:
            times += 1
        if "PEEK" in args and times == 1:
            await session.send(f"* 1 FETCH (UID 3 {answer})")
            await scripted.tell(session, 5, args)
            await session.send(f"{tag} OK done")
            return
        await scripted._uid_fetch(session, tag, args)

    scripted.on["UID FETCH"] = empty_once
    async with opened(scripted) as mailbox:
        mails = await fetched(mailbox, [3, 5])
    assert [(m.uid, m.data) for m in mails] == [(3, MAILS[3]), (5, MAILS[5])]
    assert times == 2


async def test_a_mail_that_never_has_a_body_comes_empty_and_is_not_skipped() -> None:
    scripted = ScriptedImap(MAILS)

    async def broken(session: Session, tag: str, args: str) -> None:
        if "PEEK" in args and args.startswith("3 "):
            await session.send("* 1 FETCH (UID 3 BODY[] NIL)", f"{tag} OK done")
            return
        await scripted._uid_fetch(session, tag, args)

    scripted.on["UID FETCH"] = broken
    async with opened(scripted) as mailbox:
        mails = await fetched(mailbox, [3])
    assert [(m.uid, m.data, m.size) for m in mails] == [(3, b"", len(MAILS[3]))]


async def test_a_server_that_fails_on_one_mail_hides_no_other() -> None:
    """It says NO at the bad mail and tells nothing of those after it."""
    scripted = ScriptedImap(MAILS)

    async def stumbling(session: Session, tag: str, args: str) -> None:
        wanted, _, what = args.partition(" ")
        for uid in sorted(scripted._among(wanted)):
            if uid == 5:
                await session.send(f"{tag} NO [SERVERBUG] Internal error")
                return
            await scripted.tell(session, uid, what)
        await session.send(f"{tag} OK done")

    scripted.on["UID FETCH"] = stumbling
    async with opened(scripted) as mailbox:
        mails = await fetched(mailbox, [3, 5, 8])
    assert [(m.uid, m.data) for m in mails] == [(3, MAILS[3]), (5, b""), (8, MAILS[8])]
    assert mails[1].internaldate == mailbox_module.UNDATED


async def test_a_server_that_miscounts_sizes_is_believed_the_second_time() -> None:
    scripted = ScriptedImap(MAILS)

    async def miscounting(session: Session, tag: str, args: str) -> None:
        wanted, _, what = args.partition(" ")
        for uid in sorted(scripted._among(wanted)):
            await scripted.tell(session, uid, what, size=4711)
        await session.send(f"{tag} OK done")

    scripted.on["UID FETCH"] = miscounting
    async with opened(scripted) as mailbox:
        mails = await fetched(mailbox, [3])
    assert mails[0].data == MAILS[3]
    assert len(scripted.commands("UID FETCH")) == 3


async def test_a_connection_that_drops_inside_a_literal_yields_half_a_mail_never() -> None:
    scripted = ScriptedImap(MAILS)

    async def half(session: Session, tag: str, args: str) -> None:
        if "PEEK" not in args:
            await scripted._uid_fetch(session, tag, args)
            return
        await session.send("* 1 FETCH (UID 3 BODY[] {17}")
        await session.raw(b"Subject: o")
        session.drop()

    scripted.on["UID FETCH"] = half
    async with opened(scripted, timeout=LONG) as mailbox:
        with pytest.raises(Unavailable, match="connection"):
            await anext(mailbox.fetch([3]))
        with pytest.raises(Unavailable):
            await mailbox.search()


async def test_another_command_may_run_while_a_fetch_is_left_half_read() -> None:
    async with opened(ScriptedImap(MAILS)) as mailbox:
        mails = mailbox.fetch([3, 5])
        assert (await anext(mails)).uid == 3
        assert await mailbox.search() == [3, 5, 8]
        await mails.aclose()  # type: ignore[attr-defined]  # the port promises an iterator only


# -- troubles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "use"),
    [
        ("UID SEARCH", lambda m: m.search()),
        ("UID FETCH", lambda m: fetched(m, [3])),
        ("UID MOVE", lambda m: m.move([3], "Processed")),
        ("IDLE", lambda m: m.wait(LONG)),
    ],
)
@pytest.mark.parametrize("fault", [silence, drop, says("* BYE shutting down")])
async def test_silence_a_drop_and_bye_make_the_mailbox_unavailable(
    command: str, use: Callable[[ImapMailbox], Any], fault: Handler
) -> None:
    scripted = ScriptedImap(MAILS)
    scripted.on[command] = fault
    async with opened(scripted, timeout=0.2 if fault is silence else LONG) as mailbox:
        with pytest.raises(Unavailable) as caught:
            await use(mailbox)
        assert not caught.value.refused
        assert f"127.0.0.1:{scripted.port}" in str(caught.value)
        with pytest.raises(Unavailable):
            await mailbox.search()


async def test_a_server_that_never_comes_to_an_end_is_given_up() -> None:
    """It keeps on sending: the limit is for the whole answer, not for silence."""
    scripted = ScriptedImap(MAILS)

    async def endless(session: Session, tag: str, args: str) -> None:
        while True:
            await session.send("* OK still searching")
            await asyncio.sleep(0.001)

    scripted.on["UID SEARCH"] = endless
    async with opened(scripted, timeout=0.2) as mailbox:
        with pytest.raises(Unavailable, match="no answer to SEARCH"):
            await mailbox.search()


async def test_a_large_mail_on_a_slow_line_is_given_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "SLOWEST", len(MAILS[3]) / LONG)
    scripted = ScriptedImap(MAILS)

    async def slow(session: Session, tag: str, args: str) -> None:
        if "PEEK" in args:
            await asyncio.sleep(0.3)
        await scripted._uid_fetch(session, tag, args)

    scripted.on["UID FETCH"] = slow
    async with opened(scripted, timeout=0.2) as mailbox:
        assert [raw.data for raw in await fetched(mailbox, [3])] == [MAILS[3]]


async def test_the_reason_a_server_gives_for_leaving_is_told() -> None:
    scripted = ScriptedImap(MAILS)
    scripted.on["UID SEARCH"] = says("* BYE down for \x07maintenance")
    async with opened(scripted) as mailbox:
        with pytest.raises(Unavailable, match="down for  maintenance"):
            await mailbox.search()


async def test_a_cancelled_command_costs_the_connection() -> None:
    scripted = ScriptedImap(MAILS)
    asked = asyncio.Event()

    async def slow(session: Session, tag: str, args: str) -> None:
        asked.set()
        await session.gone()

    scripted.on["UID SEARCH"] = slow
    async with opened(scripted) as mailbox:
        task = asyncio.ensure_future(mailbox.search())
        await asked.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        with pytest.raises(Unavailable, match="cancelled"):
            await mailbox.search()


async def test_two_callers_wait_for_each_other() -> None:
    async with opened(ScriptedImap(MAILS)) as mailbox:
        results = await asyncio.gather(*(mailbox.search(n) for n in range(1, 20)))
    assert results[0] == [3, 5, 8]
    assert results[-1] == []


async def test_a_server_that_is_not_there_is_named() -> None:
    scripted = ScriptedImap()
    async with scripted.serve():
        pass
    with pytest.raises(Unavailable, match=r"cannot connect.*host and port") as caught:
        await open_mailbox(server_for(scripted), "INBOX")
    assert not caught.value.refused


@pytest.mark.parametrize("greeting", ["* BYE too many connections", "220 mail.example ESMTP"])
async def test_a_greeting_that_is_none_is_told(greeting: str) -> None:
    scripted = ScriptedImap()
    scripted.greeting = greeting
    fault = await refusal(scripted)
    assert not fault.refused


async def test_no_greeting_at_all_is_no_endless_wait() -> None:
    scripted = ScriptedImap()
    scripted.greeting = "* "
    scripted._serve_one = silence_forever  # type: ignore[method-assign,assignment]
    async with asyncio.timeout(LONG):
        assert not (await refusal(scripted, timeout=0.2)).refused


async def silence_forever(session: Session) -> None:
    await session.gone()
    raise ConnectionResetError


async def test_a_folder_that_cannot_be_opened_is_named() -> None:
    scripted = ScriptedImap()
    scripted.on["SELECT"] = says("{tag} NO Mailbox doesn't exist")
    fault = await refusal(scripted)
    assert fault.refused
    assert "'INBOX'" in str(fault)
    assert "[imap] mailbox" in str(fault)


# -- logging in -------------------------------------------------------------------------------------------


async def test_a_wrong_password_is_a_refusal_and_is_repeated_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    scripted = ScriptedImap()
    scripted.on["LOGIN"] = says(f"{{tag}} NO [AUTHENTICATIONFAILED] bad password {SECRET}")
    fault = await refusal(scripted)
    assert fault.refused
    assert "password_file" in str(fault)
    assert SECRET not in caplog.text


async def test_a_server_that_cannot_check_passwords_now_is_no_refusal() -> None:
    scripted = ScriptedImap()
    scripted.on["LOGIN"] = says("{tag} NO [UNAVAILABLE] the directory is down")
    assert not (await refusal(scripted)).refused


@pytest.mark.parametrize("secret", ["", "two\r\nlines", "nul\0"])
async def test_a_secret_that_is_not_one_line_is_never_sent(secret: str) -> None:
    scripted = ScriptedImap()
    assert (await refusal(scripted, secret=lambda: secret)).refused
    assert not scripted.commands("LOGIN")


@pytest.mark.parametrize(
    "fault", [FileNotFoundError(2, "No such file or directory"), Unavailable("imap", "readable by others")]
)
async def test_a_secret_that_cannot_be_read_is_told(fault: Exception) -> None:
    def unreadable() -> str:
        raise fault

    told = await refusal(ScriptedImap(), secret=unreadable)
    assert told.refused
    assert "readable by others" in str(told) or "No such file" in str(told)


async def test_user_and_password_are_quoted() -> None:
    scripted = ScriptedImap()
    async with opened(scripted, username="desk team", secret=lambda: 'a "b" \\'):
        pass
    assert scripted.commands("LOGIN")[0].endswith(r'LOGIN "desk team" "a \"b\" \\"')


async def test_a_password_in_french_goes_by_authenticate_plain() -> None:
    scripted = ScriptedImap()
    responses: list[str] = []

    async def authenticate(session: Session, tag: str, args: str) -> None:
        await session.send("+ ")
        responses.append(await session.line())
        await session.send(f"{tag} OK welcome")

    scripted.on["AUTHENTICATE"] = authenticate
    async with opened(scripted, secret=lambda: "été"):
        pass
    assert b64decode(responses[0]) == "\0desk\0été".encode()


async def test_without_authenticate_a_password_in_french_goes_as_a_literal() -> None:
    scripted = ScriptedImap(capabilities="IMAP4rev1")
    sent: list[str] = []

    async def login(session: Session, tag: str, args: str) -> None:
        sent.append(args)
        for _ in range(2):
            await session.send("+ go on")
            sent.append(await session.line())
        await session.send(f"{tag} OK welcome")

    scripted.on["LOGIN"] = login
    async with opened(scripted, secret=lambda: "été"):
        pass
    assert sent == ["{4}", "desk {5}", "été"]


async def test_where_logins_are_disabled_none_is_tried() -> None:
    scripted = ScriptedImap(capabilities="IMAP4rev1 STARTTLS LOGINDISABLED")
    fault = await refusal(scripted)
    assert fault.refused
    assert "starttls" in str(fault)
    assert not scripted.commands("LOGIN")


async def test_capabilities_are_asked_for_again_after_the_login() -> None:
    scripted = ScriptedImap(capabilities="IMAP4rev1")

    async def login(session: Session, tag: str, args: str) -> None:
        scripted.capabilities = "IMAP4rev1 IDLE"
        await session.send(f"{tag} OK [CAPABILITY IMAP4rev1 JUNK] logged in")

    scripted.on["LOGIN"] = login
    async with opened(scripted) as mailbox:
        assert mailbox.capabilities == {"IMAP4REV1", "IDLE"}


async def test_xoauth2_sends_the_token_and_is_let_in() -> None:
    scripted = ScriptedImap(capabilities=CAPABILITIES + " SASL-IR")
    scripted.on["AUTHENTICATE"] = says("{tag} OK welcome")
    async with opened(scripted, auth="xoauth2") as mailbox:
        assert await mailbox.search() == []
    response = scripted.commands("AUTHENTICATE XOAUTH2")[0].split()[-1]
    assert b64decode(response) == b"user=desk\1auth=Bearer " + SECRET.encode() + b"\1\1"


async def test_a_refused_token_is_told_at_once() -> None:
    """The reason comes as a challenge: it is answered with an empty line, then the NO follows."""
    scripted = ScriptedImap(capabilities=CAPABILITIES + " SASL-IR")
    answered: list[str] = []

    async def authenticate(session: Session, tag: str, args: str) -> None:
        await session.send("+ eyJzdGF0dXMiOiI0MDEifQ==")
        answered.append(await session.line())
        await session.send(f"{tag} NO AUTHENTICATE failed")

    scripted.on["AUTHENTICATE"] = authenticate
    fault = await refusal(scripted, auth="xoauth2", timeout=LONG)
    assert fault.refused
    assert "token" in str(fault)
    assert answered == [""]


async def test_xoauth2_is_not_tried_where_it_is_not_offered() -> None:
    assert (await refusal(ScriptedImap(capabilities="IMAP4rev1"), auth="xoauth2")).refused


# -- STARTTLS ---------------------------------------------------------------------------------------------


async def test_without_starttls_nothing_secret_is_sent() -> None:
    scripted = ScriptedImap()
    fault = await refusal(scripted, tls="starttls")
    assert fault.refused
    assert "does not offer STARTTLS" in str(fault)
    assert not scripted.commands("LOGIN")


async def test_what_comes_in_clear_after_starttls_ends_the_connection() -> None:
    scripted = ScriptedImap(capabilities="IMAP4rev1 STARTTLS")
    scripted.on["STARTTLS"] = says("{tag} OK begin", "* CAPABILITY IMAP4rev1 AUTH=PLAIN")
    fault = await refusal(scripted, tls="starttls")
    assert fault.refused
    assert "in clear after STARTTLS" in str(fault)
    assert not scripted.commands("LOGIN")


async def test_a_preauth_greeting_is_no_way_round_starttls() -> None:
    scripted = ScriptedImap(capabilities="IMAP4rev1 STARTTLS")
    scripted.greeting = "* PREAUTH welcome"
    assert (await refusal(scripted, tls="starttls")).refused
    assert scripted.seen == []


async def test_a_starttls_that_is_no_tls_is_told() -> None:
    scripted = ScriptedImap(capabilities="IMAP4rev1 STARTTLS")
    scripted.on["STARTTLS"] = says("{tag} OK begin")
    fault = await refusal(scripted, tls="starttls", timeout=0.5)
    assert "TLS handshake failed" in str(fault)
    assert not scripted.commands("LOGIN")


async def test_a_plain_port_is_no_tls_port() -> None:
    fault = await refusal(ScriptedImap(), tls="implicit")
    assert "TLS" in str(fault)


# -- waiting ----------------------------------------------------------------------------------------------


async def test_a_push_ends_the_wait() -> None:
    scripted = ScriptedImap(MAILS)

    async def pushing(session: Session, tag: str, args: str) -> None:
        await session.send("+ idling", "* 4 EXISTS")
        assert await session.line() == "DONE"
        await session.send(f"{tag} OK done")

    scripted.on["IDLE"] = pushing
    async with opened(scripted, timeout=LONG) as mailbox:
        async with asyncio.timeout(LONG / 2):
            await mailbox.wait(LONG)
        assert await mailbox.search() == [3, 5, 8]


async def test_a_quiet_idle_is_ended_after_the_time_and_can_be_begun_again() -> None:
    scripted = ScriptedImap(MAILS)
    async with opened(scripted) as mailbox:
        await mailbox.wait(0.01)
        await mailbox.wait(0.01)
        assert await mailbox.search() == [3, 5, 8]
    assert len(scripted.commands("IDLE")) == 2


async def test_a_mail_told_with_the_end_of_an_idle_is_not_waited_for() -> None:
    """EXISTS in one segment with the tagged OK: the next wait returns at once."""
    scripted = ScriptedImap(MAILS)

    async def racing(session: Session, tag: str, args: str) -> None:
        await session.send("+ idling")
        await session.line()
        await session.send("* 4 EXISTS", f"{tag} OK done")

    scripted.on["IDLE"] = racing
    async with opened(scripted, timeout=LONG) as mailbox:
        await mailbox.wait(0.01)
        async with asyncio.timeout(LONG / 2):
            await mailbox.wait(LONG)


async def test_a_mail_told_between_the_search_and_idle_is_not_waited_for() -> None:
    scripted = ScriptedImap(MAILS)
    scripted.on["UID SEARCH"] = says("* SEARCH 3 5 8", "{tag} OK done", "* 4 EXISTS")
    async with opened(scripted, timeout=LONG) as mailbox:
        await mailbox.search()
        async with asyncio.timeout(LONG / 2):
            await mailbox.wait(LONG)


async def test_a_count_that_is_no_news_is_no_reason_to_hurry() -> None:
    """A server that tells EXISTS with every answer must not keep the loop spinning."""
    scripted = ScriptedImap(MAILS)
    scripted.on["UID SEARCH"] = says("* 3 EXISTS", "* SEARCH 3 5 8", "{tag} OK done")
    async with opened(scripted) as mailbox:
        await mailbox.search()
        await mailbox.wait(0.01)
    assert scripted.commands("IDLE")


async def test_a_server_that_closes_instead_of_idling_is_noticed() -> None:
    scripted = ScriptedImap(MAILS)
    scripted.on["IDLE"] = drop
    async with opened(scripted, timeout=LONG) as mailbox:
        with pytest.raises(Unavailable):
            await mailbox.wait(LONG)


async def test_a_server_that_never_ends_an_idle_is_given_up() -> None:
    scripted = ScriptedImap(MAILS)

    async def deaf(session: Session, tag: str, args: str) -> None:
        await session.send("+ idling")
        await session.gone()

    scripted.on["IDLE"] = deaf
    async with opened(scripted, timeout=0.2) as mailbox:
        with pytest.raises(Unavailable, match="end of IDLE"):
            await mailbox.wait(0.01)


@pytest.mark.parametrize("answer", [["{tag} BAD no"], ["+ idling", "{tag} OK enough"]])
async def test_where_idle_does_not_last_the_server_is_asked_instead(answer: list[str]) -> None:
    scripted = ScriptedImap(MAILS)
    scripted.on["IDLE"] = says(*answer)
    async with opened(scripted) as mailbox:
        await mailbox.wait(LONG)
        await mailbox.wait(0.01)
        assert await mailbox.search() == [3, 5, 8]
    assert len(scripted.commands("IDLE")) == 1
    assert len(scripted.commands("NOOP")) == 1


@pytest.mark.parametrize(("idle", "capabilities"), [(False, CAPABILITIES), (True, "IMAP4rev1")])
async def test_polling_notices_a_lost_connection_too(idle: bool, capabilities: str) -> None:
    scripted = ScriptedImap(MAILS, capabilities)
    leave = asyncio.Event()

    async def leaving(session: Session, tag: str, args: str) -> None:
        await session.send("* SEARCH", f"{tag} OK done")
        await leave.wait()
        session.drop()

    scripted.on["UID SEARCH"] = leaving
    async with opened(scripted, idle=idle, timeout=LONG) as mailbox:
        await mailbox.search()
        task = asyncio.ensure_future(mailbox.wait(LONG))
        await asyncio.sleep(0)
        leave.set()
        with pytest.raises(Unavailable):
            await task
    assert not scripted.commands("IDLE")


async def test_closing_says_goodbye_and_may_be_done_twice() -> None:
    scripted = ScriptedImap(MAILS)
    async with opened(scripted) as mailbox:
        await mailbox.close()
        await mailbox.close()
    assert len(scripted.commands("LOGOUT")) == 1


async def test_closing_waits_for_no_answer_longer_than_the_timeout() -> None:
    scripted = ScriptedImap(MAILS)
    scripted.on["LOGOUT"] = silence
    async with opened(scripted, timeout=0.2) as mailbox:
        async with asyncio.timeout(LONG):
            await mailbox.close()


# -- moving -----------------------------------------------------------------------------------------------


async def test_a_folder_is_created_when_it_is_missing() -> None:
    scripted = ScriptedImap(MAILS)
    async with opened(scripted) as mailbox:
        await mailbox.move([3, 8], "Processed")
        await mailbox.move([5], "Processed")
    assert scripted.folders == {"INBOX": {}, "Processed": MAILS}
    assert len(scripted.commands("CREATE")) == 1
    assert scripted.commands("SUBSCRIBE")


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 UIDPLUS", "IMAP4rev1"])
async def test_without_move_mails_are_copied_and_expunged(capabilities: str) -> None:
    scripted = ScriptedImap(MAILS, capabilities)
    async with opened(scripted) as mailbox:
        await mailbox.move([3, 8], "Processed")
    assert scripted.folders == {"INBOX": {5: MAILS[5]}, "Processed": {3: MAILS[3], 8: MAILS[8]}}


async def test_a_plain_expunge_never_takes_what_somebody_else_has_deleted() -> None:
    scripted = ScriptedImap(MAILS, "IMAP4rev1")
    scripted.deleted = {5}
    scripted.folders["Processed"] = {}
    async with opened(scripted) as mailbox:
        await mailbox.move([3], "Processed")
        assert set(scripted.inbox) == {3, 5, 8}
        assert scripted.deleted == {3, 5}
        await mailbox.move([3], "Processed")
    assert not scripted.commands("EXPUNGE")
    assert len(scripted.commands("UID COPY")) == 1, "what is flagged already was copied before"


@pytest.mark.parametrize("capabilities", [CAPABILITIES, "IMAP4rev1 UIDPLUS", "IMAP4rev1"])
async def test_over_quota_nothing_is_deleted_and_the_connection_stays(capabilities: str) -> None:
    scripted = ScriptedImap(MAILS, capabilities)
    scripted.on["UID MOVE"] = scripted.on["UID COPY"] = says("{tag} NO [OVERQUOTA] Quota exceeded")
    async with opened(scripted) as mailbox:
        with pytest.raises(MoveRefused, match=r"Processed.*Quota exceeded"):
            await mailbox.move([3, 5], "Processed")
        assert await mailbox.search() == [3, 5, 8]
    assert not scripted.deleted
    assert not scripted.commands("CREATE")


async def test_a_folder_that_cannot_be_created_is_named() -> None:
    scripted = ScriptedImap(MAILS)
    scripted.on["CREATE"] = says("{tag} NO [CANNOT] not here")
    async with opened(scripted) as mailbox:
        with pytest.raises(MoveRefused, match=r"'Processed'.*not here"):
            await mailbox.move([3], "Processed")
        assert await mailbox.search() == [3, 5, 8]


async def test_a_vanished_mail_does_not_stop_the_others_from_being_moved() -> None:
    """Some servers say NO to a set that names a mail which is gone."""
    scripted = ScriptedImap(MAILS)
    scripted.folders["Processed"] = {}

    async def strict(session: Session, tag: str, args: str) -> None:
        if args.startswith("3,7"):
            await session.send(f"{tag} NO some of these messages do not exist")
            return
        await scripted._uid_move(session, tag, args)

    scripted.on["UID MOVE"] = strict
    async with opened(scripted) as mailbox:
        await mailbox.move([3, 7], "Processed")
    assert scripted.folders["Processed"] == {3: MAILS[3]}


async def test_mails_that_are_all_gone_are_no_refusal() -> None:
    scripted = ScriptedImap(MAILS)
    scripted.folders["Processed"] = {}
    scripted.on["UID MOVE"] = says("{tag} NO no matching messages")
    async with opened(scripted) as mailbox:
        await mailbox.move([6, 7], "Processed")


@pytest.mark.parametrize("capabilities", [CAPABILITIES, "IMAP4rev1 UIDPLUS"])
async def test_a_folder_name_cannot_carry_a_command(capabilities: str) -> None:
    scripted = ScriptedImap(MAILS, capabilities)
    async with opened(scripted) as mailbox:
        with pytest.raises(MoveRefused):
            await mailbox.move([3], "x\r\nA9 DELETE INBOX")
    assert not [line for line in scripted.seen if "DELETE" in line.upper()]


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 UIDPLUS", "IMAP4rev1"])
async def test_mails_that_cannot_be_deleted_are_not_told_as_moved(capabilities: str) -> None:
    scripted = ScriptedImap(MAILS, capabilities)
    scripted.on["UID STORE"] = says("{tag} NO [NOPERM] read only")
    async with opened(scripted) as mailbox:
        with pytest.raises(MoveRefused, match=r"cannot be deleted here: .*read only"):
            await mailbox.move([3], "Processed")
    assert not scripted.commands("UID EXPUNGE")
    assert not scripted.commands("EXPUNGE")


async def test_a_refused_secret_is_told_with_its_file_and_the_remedy() -> None:
    def refused() -> str:
        raise OSError("/etc/x/imap-password has mode 0644: chmod 600 /etc/x/imap-password")

    told = await refusal(ScriptedImap(), secret=refused)
    assert "/etc/x/imap-password has mode 0644: chmod 600" in str(told)

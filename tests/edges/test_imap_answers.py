"""What servers answer, read into values; and the wire that splits it into lines and literals."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.edges.imap.answers import code, instant, items, listed, number, searched
from daemon.edges.imap.wire import Ask, Wire


class Transport:
    """Takes what is written and gives nothing."""

    def __init__(self) -> None:
        self.written = b""
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True


async def _collect(stream: bytes, cuts: list[int], name: str = "FETCH") -> tuple[list[Any], Wire]:
    """The answer lines of one command, its bytes cut anywhere."""
    wire = Wire()
    wire.connection_made(Transport())
    wire.data_received(b"* OK ready\r\n")
    wire.state = "SELECTED"
    command = Ask(name, "A1", uid=True)
    task = asyncio.ensure_future(wire.execute(command))
    await asyncio.sleep(0)
    at = 0
    for cut in [*sorted({c % (len(stream) + 1) for c in cuts}), len(stream)]:
        if stream[at:cut]:
            wire.data_received(stream[at:cut])
        at = cut
    response = await asyncio.wait_for(task, 1)
    wire.connection_lost(None)
    return list(response.lines[:-1]), wire


BODIES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [b"A1 OK done\r\n", b"* 1 FETCH (UID 9 BODY[] {3}\r\nabc)\r\n", b")\r\n(", b"{5}\r\n"]
        ),
    ),
    max_size=6,
)


@given(BODIES, st.lists(st.integers(0, 2000), max_size=8))
def test_literals_come_out_byte_for_byte_wherever_the_segments_end(
    bodies: list[bytes], cuts: list[int]
) -> None:
    stream = b"* 40 EXISTS\r\n"
    for uid, body in enumerate(bodies, 1):
        stream += b"* %d FETCH (UID %d BODY[] {%d}\r\n%b FLAGS (\\Seen))\r\n" % (uid, uid, len(body), body)
        stream += b"* %d FETCH (FLAGS (\\Seen $Junk))\r\n* 41 EXISTS\r\n* 3 EXPUNGE\r\n" % uid
    lines, wire = asyncio.run(_collect(stream + b"A1 OK done\r\n", cuts))
    assert {uid: item.body for uid, item in items(lines).items()} == dict(enumerate(bodies, 1))
    assert not wire.lost.result().startswith("it answered")


def test_five_thousand_lines_in_one_segment_are_no_recursion() -> None:
    stream = b"".join(b"* %d FETCH (UID %d FLAGS ())\r\n" % (n, n) for n in range(1, 5001))
    lines, _ = asyncio.run(_collect(stream + b"A1 OK done\r\n", []))
    assert len(items(lines)) == 5000


def test_a_star_inside_a_line_is_kept() -> None:
    stream = b'* 1 FETCH (UID 4 BODY[] "a * b")\r\nA1 OK done\r\n'
    lines, _ = asyncio.run(_collect(stream, [3, 20]))
    assert items(lines)[4].body == b"a * b"


def test_a_literal_that_nobody_asked_for_is_read_past() -> None:
    stream = b"* OK [ALERT] {6}\r\n* 9 \r\n rest\r\n* 1 FETCH (UID 4 RFC822.SIZE 7)\r\nA1 OK done\r\n"
    for cut in range(len(stream)):
        lines, _ = asyncio.run(_collect(stream, [cut]))
        assert items(lines)[4].size == 7


async def test_a_literal_that_comes_between_commands_is_read_past_too() -> None:
    wire = Wire()
    wire.connection_made(Transport())
    wire.data_received(b"* OK ready\r\n* LIST () NIL {6}\r\n* 9 \r\n")
    wire.data_received(b"\r\n* 5 EXISTS\r\n")
    assert wire.exists == 5
    assert not wire.lost.done()


@pytest.mark.parametrize(
    ("told", "news"),
    [
        ([b"* 4 EXISTS"], True),
        ([b"* 3 EXISTS"], False),
        ([b"* 2 EXPUNGE", b"* 3 EXISTS"], True),
        ([b"* 2 EXPUNGE", b"* 2 EXISTS"], False),
    ],
)
async def test_more_mails_than_before_are_news(told: list[bytes], news: bool) -> None:
    wire = Wire()
    wire.connection_made(Transport())
    wire.exists = 3
    wire.data_received(b"* OK ready\r\n" + b"".join(line + b"\r\n" for line in told))
    assert wire.news is news


async def test_a_late_answer_to_another_command_ends_the_connection() -> None:
    wire = Wire()
    transport = Transport()
    wire.connection_made(transport)
    wire.data_received(b"* OK ready\r\nB9 OK done\r\n")
    assert transport.aborted
    assert "IMAP does not allow" in wire.lost.result()


async def test_bytes_that_are_no_text_end_the_connection_with_a_reason() -> None:
    wire = Wire()
    wire.connection_made(Transport())
    wire.data_received(b"* OK ready\r\n")
    wire.state = "SELECTED"
    task = asyncio.ensure_future(wire.execute(Ask("SEARCH", "A1")))
    await asyncio.sleep(0)
    wire.data_received(b"* SEARCH 1\r\nA2 NO never asked\r\n")
    assert "IMAP does not allow" in wire.lost.result()
    task.cancel()


def test_attributes_stand_before_or_after_the_body_in_any_order() -> None:
    lines = [
        b'7 FETCH (INTERNALDATE " 3-Nov-2026 23:30:00 -0500" BODY[]<0> {3}',
        bytearray(b"abc"),
        b" RFC822.SIZE 900 FLAGS (\\Seen) UID 12)",
    ]
    item = items(lines)[12]
    assert (item.body, item.size) == (b"abc", 900)
    assert item.internaldate == datetime(2026, 11, 4, 4, 30, tzinfo=UTC)


def test_a_body_may_come_as_a_quoted_string_and_its_words_are_no_attributes() -> None:
    item = items([rb'1 FETCH (UID 5 BODY[] "say \"UID 9\" and * RFC822.SIZE 3 (" RFC822.SIZE 40)'])[5]
    assert item.body == b'say "UID 9" and * RFC822.SIZE 3 ('
    assert item.size == 40


def test_nil_is_no_body_and_a_flag_change_is_no_mail() -> None:
    found = items([b"1 FETCH (UID 5 BODY[] NIL)", b"2 FETCH (FLAGS (\\Seen))", b"3 FETCH (UID 6 FLAGS ())"])
    assert {uid: item.body for uid, item in found.items()} == {5: None, 6: None}


def test_a_flag_change_does_not_take_away_what_was_told_before() -> None:
    lines = [b"1 FETCH (UID 5 BODY[] {2}", bytearray(b"hi"), b")", b"1 FETCH (FLAGS (\\Seen) UID 5)"]
    assert items(lines)[5].body == b"hi"


def test_a_split_search_answer_is_one_answer() -> None:
    assert searched([b"SEARCH 5 3", b"8 EXISTS", b"SEARCH", b"search 9"]) == [3, 5, 9]


def test_folders_are_listed_quoted_bare_and_as_literals() -> None:
    lines = [
        b'LIST (\\HasNoChildren) "/" "Trait&AOk-s"',
        b'LIST () "." INBOX',
        b"LIST () NIL {8}",
        bytearray(b'a "* b"c'),
        b'LIST (\\Noselect) "\\\\" "q\\"uote"',
    ]
    assert listed(lines) == ["Traités", "INBOX", 'a "* b"c', 'q"uote']


def test_numbers_are_not_taken_from_a_folders_name() -> None:
    lines = [b'STATUS "odd (MESSAGES 9" (MESSAGES 3 UIDNEXT 12)']
    assert number(lines, "MESSAGES") == 3
    assert number([b"OK [UIDVALIDITY 4294967295] ok"], "UIDVALIDITY") == 4294967295
    assert number(lines, "UIDVALIDITY") is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)),
        (" 7-Feb-2026 00:00:60 +0545", datetime(2026, 2, 6, 18, 15, 59, tzinfo=UTC)),
        ("07-feb-2026 00:00:00", datetime(2026, 2, 7, tzinfo=UTC)),
        ("31-Feb-2026 00:00:00 +0000", None),
        ("01-Jan-0001 00:00:00 +1200", None),
        ("07-Foo-2026 00:00:00 +0000", None),
        ("yesterday", None),
    ],
)
def test_an_internaldate_is_read_as_utc_or_not_at_all(text: str, moment: datetime | None) -> None:
    assert instant(text) == moment


def test_a_response_code_is_read_with_and_without_arguments() -> None:
    assert code(b"[OVERQUOTA] Quota exceeded") == "OVERQUOTA"
    assert code(b"[COPYUID 7 1 2] done") == "COPYUID"
    assert code(b"no [BRACKET] first") == ""

"""The wire form of addresses and mails: properties that hold for anything that comes in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.edges.smtp.letter import Unsendable, address_letter, crlf, wire_address

addresses = st.text(max_size=80) | st.from_regex(r"[a-zé.+'@ <>\"-]{1,20}@[a-zé.\[\]-]{1,20}", fullmatch=True)
messages = st.lists(
    st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"QUIT", b"\xe9", b"..", b" "]), max_size=30
).map(b"".join)


def undotted(transparent: bytes) -> bytes:
    """What a server makes of DATA (RFC 5321 section 4.5.2), written another way than the code under test."""
    kept = []
    for line in transparent.split(b"\r\n"):
        if line == b".":
            break
        kept.append(line.removeprefix(b"."))
    return b"".join(line + b"\r\n" for line in kept)


@given(addresses)
@example("a@b")
@example("a@b\n")
@example("é@é.example")
def test_an_address_on_the_wire_holds_nothing_that_ends_it_early(address: str) -> None:
    try:
        wire = wire_address(address)
    except Unsendable:
        return
    assert wire.count(b"@") == 1
    assert not set(wire) & set(b' <>"\\()[],;:\x7f' + bytes(range(32)))
    assert len(wire) <= 254
    assert wire.rpartition(b"@")[2].isascii()


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example",
        "o'neil+tag=1@shop.example",
        "a..b.@carrier.example",
        "x_y@under_score.example",
        "É@x.example",
    ],
)
def test_odd_but_honest_addresses_pass(address: str) -> None:
    assert wire_address(address) == address.encode()


@given(messages)
def test_a_servers_reading_of_data_is_the_mail_and_ends_where_the_mail_ends(message: bytes) -> None:
    letter = address_letter("a@b.example", "c@d.example", message)
    assert undotted(letter.transparent) == letter.content
    assert letter.transparent.count(b"\r\n.\r\n") + letter.transparent.startswith(b".\r\n") == 1


@given(messages)
def test_line_ends_are_normalised_once_and_lines_stay_the_same(message: bytes) -> None:
    content = crlf(message)
    assert crlf(content) == content
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n")
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert content.split(b"\r\n")[: len(lines)] == lines


def test_only_headers_and_addresses_ask_for_smtputf8_and_any_8_bit_for_8bitmime() -> None:
    body = address_letter("a@b.example", "c@d.example", "Subject: x\n\né\n".encode())
    header = address_letter("a@b.example", "c@d.example", "Subject: é\n\nx\n".encode())
    local = address_letter("a@b.example", "é@d.example", b"Subject: x\n\nx\n")
    assert [(x.utf8, x.eight_bit) for x in (body, header, local)] == [
        (False, True), (True, True), (True, False),
    ]  # fmt: skip

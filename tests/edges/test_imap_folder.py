"""Names and UID sets as IMAP writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.edges.imap.folder import decode, encode, quoted, uid_set, wire_name

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("Processed", "Processed"),
        ("Traités", "Trait&AOk-s"),
        ("R&D", "R&-D"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("☎ à 😀", "&Jg4- &AOA- &2D3eAA-"),
    ],
)
def test_a_folder_name_is_written_in_modified_utf_7(name: str, wire: str) -> None:
    assert encode(name) == wire
    assert decode(wire) == name


@given(NAMES)
def test_every_name_comes_back_from_the_wire(name: str) -> None:
    wire = encode(name)
    assert all("\x20" <= c <= "\x7e" for c in wire)
    assert decode(wire) == name


@given(st.text())
def test_a_malformed_name_on_the_server_is_shown_and_never_an_error(wire: str) -> None:
    decode(wire)


def test_quotes_and_backslashes_are_escaped() -> None:
    assert wire_name('a "b" \\c') == '"a \\"b\\" \\\\c"'


@pytest.mark.parametrize("name", ["", "a\r\nb", "a\0b", "a\tb", "\udce9"])
def test_a_name_that_could_break_out_of_its_line_is_refused(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for a person and varies with the cause
        wire_name(name)


@pytest.mark.parametrize("text", ["é", "a\rb", "a\nb", "a\0b"])
def test_only_what_a_quoted_string_can_hold_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="can quote"):
        quoted(text)


@given(st.sets(st.integers(1, 60), min_size=1))
def test_a_uid_set_names_exactly_its_uids(uids: set[int]) -> None:
    named: list[int] = []
    for run in uid_set(uids).split(","):
        first, _, last = run.partition(":")
        named += range(int(first), int(last or first) + 1)
    assert named == sorted(uids)


def test_runs_are_drawn_together() -> None:
    assert uid_set([9, 3, 4, 5, 4]) == "3:5,9"

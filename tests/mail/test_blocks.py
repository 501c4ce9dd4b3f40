"""One writing, two layouts: rows, headings, somebody's text as it is; and what no text from a mail can do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.blocks import BREAK, as_text, read
from daemon.mail.verbatim import LONGEST, Lines, lines


def test_rows_stand_in_two_columns_and_a_row_may_have_a_bar() -> None:
    (block,) = read(f"| Client | Roy{BREAK}418\n|93| Tenues | 28 sur 30\n|250| Trop |\n| | suite")
    assert block.kind == "rows"
    assert block.labels == ("Client", "Tenues", "Trop", "")
    assert block.shares == (-1, 93, 100, -1)
    assert as_text([block], "fr") == "Client  Roy\n        418\nTenues  28 sur 30\nTrop\n        suite\n"
    assert read("| a | b")[0].shares == ()


def test_a_label_wider_than_the_column_moves_its_own_value_only() -> None:
    (block,) = read(f"| {'x' * 40} | a\n| y | b")
    assert as_text([block], "fr") == f"{'x' * 40} a\ny{' ' * 25}b\n"


def test_rows_end_where_something_else_begins() -> None:
    kinds = [block.kind for block in read("Avant\n| a | b\n\n| c | d\nAprès")]
    assert kinds == ["paragraph", "rows", "rows", "paragraph"]
    assert read("| a | b\n|not a row")[0].kind == "paragraph"


def test_marks_name_the_block() -> None:
    lead, head, words = read(f"[lead] Un{BREAK}deux\n\n[head] Titre :\n\n[words] a  b{BREAK}{BREAK}  c")
    assert (lead.kind, lead.lines) == ("lead", ("Un", "deux"))
    assert (head.kind, head.lines) == ("head", ("Titre :",))
    assert (words.kind, words.lines) == ("words", ("a  b", "", "  c"))
    assert as_text([words], "fr") == "a  b\n\n  c\n"


@given(st.text(max_size=300))
def test_no_text_writes_a_mark_of_its_own(theirs: str) -> None:
    kept = lines(theirs)
    assert "\n" not in kept
    found = read(f"[quote] {kept or 'x'}\n\n----\n\nfin")
    assert [(block.kind, block.small) for block in found] == [("quote", False), ("paragraph", True)]
    shown = as_text(found, "fr")
    assert shown.endswith("\n\nfin\n")
    assert all(not line or line.startswith("  ") for line in shown.removesuffix("\n\nfin\n").split("\n"))


def test_lines_keep_their_own_ends_and_one_empty_line_between() -> None:
    assert lines("\n a\r\nb\x00\n\n\n\nc \n") == f" a{BREAK}b{BREAK}{BREAK}c"
    assert lines(f"a{BREAK}b") == f"a{BREAK}b"  # a vertical tab of a mail is a line end, as it looks
    assert len(lines("x" * (LONGEST + 5))) == LONGEST
    assert isinstance(lines("a"), Lines)
    assert not hasattr(lines("a"), "__html__")

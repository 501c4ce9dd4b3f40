"""How durations of `sla.toml` are read and shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.sla.duration import parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("45s", 45),
        ("15min", 900),
        ("30min", 1800),
        ("4h", 14_400),
        ("1h30min", 5400),
        (" 2h ", 7200),
        ("60d", 5_184_000),
        ("1bd", 32_400),
        ("5bd", 162_000),
        ("1bd2h", 39_600),
    ],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "4", "4 h", "-4h", "+4h", "1.5h", "1j", "30m", "30min1h", "1h1h", "1d1bd", "٤h", "h"],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="30min"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_what_is_shown_reads_back_as_the_same(seconds: int) -> None:
    assert parse_duration(show_duration(seconds)) == seconds

"""Column types: what goes in comes out, in the order of time, whatever the zone and whatever the text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.store.fields import (
    KEY_BYTES,
    Instant,
    Json,
    Key,
    clean,
    from_microseconds,
    key_of,
    to_microseconds,
)

zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
instants = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001
texts = st.text(st.characters(), max_size=400)


@given(instants, instants)
def test_instants_keep_their_value_and_their_order(first: datetime, second: datetime) -> None:
    assert from_microseconds(to_microseconds(first)) == first
    assert (to_microseconds(first) < to_microseconds(second)) is (first < second)
    assert from_microseconds(to_microseconds(first)).tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Instant().to_db_value(datetime(2026, 11, 2, 9, 0), None)  # noqa: DTZ001


@given(texts)
def test_cleaned_text_is_what_both_databases_hold(text: str) -> None:
    cleaned = clean(text)
    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned


@given(texts, texts)
def test_keys_are_short_and_equal_only_for_equal_texts(first: str, second: str) -> None:
    assert len(key_of(first * 20).encode()) <= KEY_BYTES
    assert (key_of(first) == key_of(second)) is (clean(first) == clean(second))
    assert Key().to_db_value(first, None) == key_of(first)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts, lambda c: st.lists(c) | st.dictionaries(texts, c)
    )
)
def test_json_comes_back_as_it_was(value: object) -> None:
    kept = Json().to_db_value(value, None)
    assert kept.isascii()
    assert Json().to_python_value(kept) == value

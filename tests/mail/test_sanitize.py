"""Names and lines from outside are safe to keep, show and write to disk."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.charset import decode, decode_words
from daemon.mail.sanitize import clean_line, clean_text, distinct_names, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../../../etc/cron.d/azimut", "azimut"),
        ("C:\\temp\\é.pdf", "é.pdf"),
        ("facture\u202efdp.exe", "facturefdp.exe"),
        ("..", "piece-3.png"),
        ("", "piece-3.png"),
        ("  .htaccess ", "htaccess"),
        ("a\r\nb\x00.txt", "a b.txt"),
        ("CON.txt", "_CON.txt"),
        ('a"b<c>|?*.txt', "a_b_c____.txt"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name, "image/png", 3) == safe


@given(st.lists(st.text(max_size=300), max_size=8))
def test_names_are_always_safe_and_distinct(names: list[str]) -> None:
    safe = distinct_names([safe_name(n, "text/plain", i) for i, n in enumerate(names)])
    assert len({n.casefold() for n in safe}) == len(names)
    for name in safe:
        assert 0 < len(name.encode()) <= 255
        assert not re.search(r"[/\\\x00-\x1f\u202a-\u202e]|^\.", name)


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_clean_text_can_be_stored_and_stays_clean(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert clean_text(cleaned) == cleaned
    assert "\n" not in clean_line(text)


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("=?utf-8?B?w4k=?= =?utf-8?Q?cran?= figé", "Écran figé"),
        ("=?utf-8?Q?=C3?=\r\n =?utf-8?Q?=89?=", "É"),
        ("=?iso-8859-1?Q?l=92=E9cran?=", "l’écran"),
        ("=?x-nope?Q?a_b?=", "a b"),
        ("plain =? text ?=", "plain =? text ?="),
        ('"=?utf-8?Q?caf=C3=A9?=" x', '"café" x'),
        ("=?utf-8*fr?Q?=C3=A9t=C3=A9?=", "été"),
    ],
)
def test_encoded_words_are_decoded_leniently(value: str, decoded: str) -> None:
    assert decode_words(value) == decoded


@pytest.mark.parametrize(
    ("content", "label", "text"),
    [
        (b"l\x92\xe9cran", "iso-8859-1", "l’écran"),
        (b"caf\xc3\xa9", "iso-8859-1", "café"),
        (b"caf\xe9", "utf-8", "café"),
        (b"caf\xe9", None, "café"),
        (b"caf\xc3\xa9", "x-unknown", "café"),
        (b"caf\xc3\xa9", '"utf-8"; garbage', "café"),
        ("café".encode("utf-16"), "utf-16", "café"),
        (b"+AOk-t+AOk", "utf-7", "été"),
        (b"caf\xc3\xa9", "no-such-charset", "café"),
        (b"abc", "base64", "abc"),
    ],
)
def test_a_wrong_label_does_not_spoil_the_text(content: bytes, label: str | None, text: str) -> None:
    assert decode(content, label)[0] == text

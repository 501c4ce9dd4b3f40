"""Card numbers are masked, other numbers are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.cards import mask_bytes, mask_cards

CARDS = ["4242424242424242", "5555555555554444", "378282246310005", "6011111111111117", "30569309025904"]
SEPARATORS = ["", " ", "-", ".", "\u00a0", "\u202f", " - "]


def _luhn_digit(payload: str) -> str:
    total = 0
    for position, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 - position % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("4242 4242 4242 4242", "•••• •••• •••• 4242"),
        ("5555-5555-5555-4444", "••••-••••-••••-4444"),
        ("3782 822463 10005", "•••• •••••• •0005"),
        ("carte 4242424242424242.", "carte ••••••••••••4242."),
        ("4242 4242 4242 4242 12/27 123", "•••• •••• •••• 4242 12/27 123"),
        ("n4242424242424242n", "n••••••••••••4242n"),
        ("4242 4242\n4242 4242", "•••• ••••\n•••• 4242"),
        ("2026-11-09 4000056655665556", "2026-11-09 ••••••••••••5556"),
        ("4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "• • • • • • • • • • • • 4 2 4 2"),
    ],
)
def test_a_card_keeps_its_shape_and_last_four_digits(written: str, masked: str) -> None:
    assert mask_cards(written) == (masked, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Commande 4501234567890124",
        "+1 514 555-0142 et 1 (418) 555-0177 poste 4410",
        "TPS 123456789 RT0001, TVQ 1234567890 TQ0001",
        "Suivi 7316971234567893",
        "Horodatage 1794236062123",
        "4242424242424243",
        "4242424242424242424242",
        "IMEI : 378282246310005",
        "code-barres 4000000000006",
        "1234 5678 9012 3456",
        "0000 0000 0000 0000",
        "418 555 0142 418 555 0123",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert mask_cards(text) == (text, 0)


@given(st.sampled_from(["4", "51", "2221", "6011", "3528", "62"]), st.integers(min_value=0), st.data())
def test_every_valid_sixteen_digit_card_is_masked_however_it_is_grouped(
    prefix: str, seed: int, data: st.DataObject
) -> None:
    payload = (prefix + f"{seed:015d}")[:15]
    number = payload + _luhn_digit(payload)
    separator = data.draw(st.sampled_from(SEPARATORS))
    written = separator.join(number[i : i + 4] for i in range(0, 16, 4))
    masked, count = mask_cards(f"voici {written}, merci")
    assert count == 1
    assert number[:12] not in "".join(c for c in masked if c.isdigit())
    assert masked.endswith(f"{number[-4:]}, merci")


@given(st.text(alphabet="0123456789 -.\nx", max_size=200))
def test_masking_changes_nothing_but_digits_and_is_done_once(text: str) -> None:
    masked, count = mask_cards(text)
    assert len(masked) == len(text)
    assert [c for c in masked if not c.isdigit() and c != "•"] == [c for c in text if not c.isdigit()]
    assert (count == 0) is (masked == text)
    assert mask_cards(masked) == (masked, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_text_file_is_masked_in_its_own_encoding(encoding: str) -> None:
    content = "é;4242 4242 4242 4242;été\r\n".encode(encoding)
    masked, count = mask_bytes(content)
    assert count == 1
    assert masked.decode(encoding) == "é;xxxx xxxx xxxx 4242;été\r\n"


@pytest.mark.parametrize("end", [b"", b"4", b"\x00\xd8", b"\x00\xdc", b"\x00\xd8\x00"])
def test_a_broken_file_in_utf_16_is_masked_and_keeps_its_end(end: bytes) -> None:
    masked, count = mask_bytes("4242 4242 4242 4242;x".encode("utf-16") + end)
    assert count == 1
    assert masked == "xxxx xxxx xxxx 4242;x".encode("utf-16") + end
    assert mask_bytes(b"\xff\xfe" + end) == (b"\xff\xfe" + end, 0)


def test_characters_nobody_sees_part_no_groups() -> None:
    assert mask_cards("n\u200b 42\u200b4242424242\u00ad4242\u200b.") == (
        "n\u200b ••\u200b••••••••••\u00ad4242\u200b.",
        1,
    )
    assert mask_cards("4\u200b2 rien") == ("4\u200b2 rien", 0)


@pytest.mark.parametrize("card", CARDS)
def test_a_file_without_cards_keeps_its_bytes(card: str) -> None:
    assert mask_bytes(b"\xff\x00 no card \xe9") == (b"\xff\x00 no card \xe9", 0)
    assert mask_bytes(card.encode())[1] == 1

"""Masks payment card numbers before anything is stored, classified or logged (PCI DSS 3.4).

A number is masked when its digits pass the Luhn check, its length and first digits belong to an issuer, and
its groups are written as cards are. Order, phone, tax, tracking and device numbers are left alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

# Up to three separators between digits: "4242 - 4242", a hard space, zero-width characters, a soft wrap.
_SEPARATOR: Final = r"[ \-.\u00a0\u2007\u2009\u202f\u2010-\u2015\u200b-\u200d\u2060\ufeff\u00ad\n]{1,3}"
_INVISIBLE: Final = re.compile(r"[\u200b-\u200d\u2060\ufeff\u00ad]")
_RUN: Final = re.compile(rf"\d+(?:{_SEPARATOR}\d+)*")
_DIGITS: Final = re.compile(r"\d+")
_SHORTEST: Final = 13
_LONGEST: Final = 19
_PREFIX: Final = 4  # the longest issuer prefix
_SMALL: Final = 4
_MOST_SPELLED: Final = 60

# Issuer ranges: first and last prefix, and the lengths in use.
_ISSUERS: Final = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("6011", "6011", (16, 17, 18, 19)),  # Discover
    ("644", "659", (16, 17, 18, 19)),
    ("300", "305", (14,)),  # Diners Club
    ("3095", "3095", (14,)),
    ("36", "36", (14, 15, 16, 17, 18, 19)),
    ("38", "39", (14, 15, 16, 17, 18, 19)),
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("81", "81", (16, 17, 18, 19)),
    ("5018", "5018", (16, 17, 18, 19)),  # Maestro, the prefixes in use, as long as cards are today
    ("5020", "5020", (16, 17, 18, 19)),
    ("5038", "5038", (16, 17, 18, 19)),
    ("5893", "5893", (16, 17, 18, 19)),
    ("6304", "6304", (16, 17, 18, 19)),
    ("6759", "6763", (16, 17, 18, 19)),
)
_SHAPES: Final = {
    (4, 4, 4, 4),
    (4, 4, 4, 4, 3),
    (4, 4, 4, 4, 2),
    (4, 4, 4, 4, 1),
    (4, 6, 5),
    (4, 6, 4),
    (4, 4, 4, 2),
    (4, 4, 4, 3),
    (4, 3, 3, 3),
    (6, 13),
    (6, 10),
    (8, 8),
}
_MOST_UNEVEN: Final = max(len(shape) for shape in _SHAPES)
# These words before a number say that it is no card: a device or an article has the same check digit.
_OTHER_NUMBER: Final = re.compile(
    r"(imei|iccid|ean|upc|gtin|code[- ]barres?|barcode|isbn)\W{0,3}(?:13|14|no|n[o°]|num[ée]ro)?\W{0,6}$",
    re.IGNORECASE,
)
_SAME_CHECK_DIGIT: Final = (13, 14, 15)  # EAN-13, GTIN-14, IMEI; ICCIDs are 19 or 20 digits and start with 89


def mask_cards(text: str, mark: str = "\u2022") -> tuple[str, int]:
    """`text` with all but the last four digits of every card number replaced by `mark`, its spacing kept,
    and how many numbers that were. Linear in the length of the text."""
    found = _seen_through(text) if _INVISIBLE.search(text) else _spans(text)
    if not found:
        return text, 0
    parts, last = [], 0
    for start, end in found:
        parts.append(text[last:start])
        parts.append(_masked(text[start:end], mark))
        last = end
    parts.append(text[last:])
    return "".join(parts), len(found)


def _spans(text: str) -> list[tuple[int, int]]:
    return [
        span
        for run in _RUN.finditer(text)
        if run.end() - run.start() >= _SHORTEST
        for span in _cards(text, run.start(), run.end())
    ]


def _seen_through(text: str) -> list[tuple[int, int]]:
    """The spans of a text that holds characters nobody sees: they part no groups, wherever they stand."""
    shown = [i for i, char in enumerate(text) if not _INVISIBLE.match(char)]
    found = _spans("".join([text[i] for i in shown]))
    return [(shown[start], shown[end - 1] + 1) for start, end in found]


def mask_bytes(content: bytes) -> tuple[bytes, int]:
    """The same for the content of a text file, in its own encoding; a file without cards is
    returned as it is."""
    for bom, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(bom):
            whole = content[: len(content) - len(content) % 2]  # the last byte of a broken file stays
            masked, count = mask_cards(whole.decode(encoding, "surrogatepass"), "x")
            if not count:
                return content, 0
            return masked.encode(encoding, "surrogatepass") + content[len(whole) :], count
    try:
        text, encoding = content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = content.decode("latin-1"), "latin-1"
    masked, count = mask_cards(text, "x")
    return (masked.encode(encoding), count) if count else (content, 0)


def _cards(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the card numbers inside one run of digits and separators. A card starts and ends with a
    group: part of a longer number is no card."""
    groups = [m.span() for m in _DIGITS.finditer(text, start, end)]
    spans, index = [], 0
    while index < len(groups):
        last = _card_from(text, groups, index)
        if last is None:
            index += 1
        else:
            spans.append((groups[index][0], groups[last][1]))
            index = last + 1
    return spans


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Index of the group that ends the longest card starting at group `first`."""
    digits, best = "", None
    if groups[first][1] - groups[first][0] < _SMALL and len(groups) > _MOST_SPELLED:
        return None  # a column of small numbers, not a card spelled out
    width, even = groups[first][1] - groups[first][0], True
    for last in range(first, min(first + _LONGEST, len(groups))):
        begin, stop = groups[last]
        digits += text[begin:stop] if stop - begin <= _LONGEST else "0" * (_LONGEST + 1)
        if len(digits) > _LONGEST or (last - first >= _MOST_UNEVEN and not even):
            break
        if len(digits) >= _PREFIX and not _is_issued(digits[:_PREFIX]):
            break
        if len(digits) >= _SHORTEST and _written_as_card(text, groups[first : last + 1]) and _is_card(digits):
            best = last
        even = even and stop - begin == width
    if best is not None and _named_otherwise(text, groups[first][0], groups[first : best + 1]):
        return None
    return best


def _written_as_card(text: str, groups: list[tuple[int, int]]) -> bool:
    shape = tuple(end - start for start, end in groups)
    if len(shape) == 1 or shape in _SHAPES:
        return True
    # Someone spells it out in pairs or single digits, evenly and with one separator.
    if shape[0] > 3 or len(set(shape[:-1])) != 1 or shape[-1] > shape[0]:
        return False
    gaps = {text[a[1] : b[0]] for a, b in pairwise(groups)}
    return len(gaps) == 1 and "\n" not in gaps.pop()


def _named_otherwise(text: str, start: int, groups: list[tuple[int, int]]) -> bool:
    length = sum(end - begin for begin, end in groups)
    if length not in _SAME_CHECK_DIGIT:
        return False
    return _OTHER_NUMBER.search(text[max(0, start - 40) : start]) is not None


@lru_cache(maxsize=10_000)
def _is_issued(prefix: str) -> bool:
    """Asked of nearly every group of a list of numbers."""
    return any(low <= prefix[: len(low)] <= high for low, high, _ in _ISSUERS)


def _is_card(digits: str) -> bool:
    length = len(digits)
    digits = "".join(str(int(d)) for d in digits) if not digits.isascii() else digits
    for low, high, lengths in _ISSUERS:
        if length in lengths and low <= digits[: len(low)] <= high:
            return _luhn(digits)
    return False


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and set(digits) != {"0"}


def _masked(number: str, mark: str) -> str:
    keep = 4
    out = []
    for char in reversed(number):
        if char.isdigit() and keep:
            keep -= 1
            out.append(char)
        else:
            out.append(mark if char.isdigit() else char)
    return "".join(reversed(out))

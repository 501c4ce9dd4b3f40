"""How the owner writes values in a configuration or a directory: durations, sizes, addresses, phone numbers.

Pure text to value. A reader raises `ValueError` that says what was expected; it knows no file and no key.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import time
from typing import Final

from daemon.core.sla.duration import parse_duration

KB: Final = 1024
MB: Final = 1024 * KB

_LONGEST: Final = 10 * 365 * 86_400
_SIZE: Final = re.compile(r"(\d{1,12}) ?(B|kB|KB|MB|GB)", re.ASCII)
_SIZES: Final = {"B": 1, "kB": KB, "KB": KB, "MB": MB, "GB": 1024 * MB}
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_LOCAL: Final = re.compile(r"[^\s@<>(),:;\"\[\]\\\x00-\x1f\x7f]{1,64}")  # RFC 5321 section 4.5.3.1.1
_LABEL: Final = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_PHONE: Final = re.compile(r"\+?[\d .()/-]+", re.ASCII)


def duration(text: str) -> int:
    """Seconds of "30s", "15min", "72h", "7d" or "1h30min"; "0" is 0. Business days belong to `sla.toml`."""
    expected = 'expected a duration such as "30s", "15min" or "72h"'
    try:
        seconds = parse_duration(text)
    except ValueError as wrong:
        raise ValueError(expected) from wrong
    if "bd" in text or seconds > _LONGEST:
        raise ValueError(expected)
    return seconds


def size(text: str) -> int:
    """Bytes of "30MB" (1 MB is 1024 x 1024 bytes)."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError('expected a size such as "30MB" or "500KB"')
    return int(found[1]) * _SIZES[found[2]]


def clock_time(text: str) -> time:
    """A time of day of "08:50"."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError('expected a time of day such as "08:50"')
    return time(int(found[1]), int(found[2]))


def line(text: str) -> str:
    """One line of text, without spaces at its ends, composed (NFC). A control character would break a header
    or a terminal, a lone surrogate cannot be stored."""
    shown = unicodedata.normalize("NFC", text.strip())
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in shown):
        raise ValueError("expected one line of text without control characters")
    return shown


def address(text: str) -> str:
    """A bare address, lower case and composed (NFC), as addresses of mails are compared."""
    bare = unicodedata.normalize("NFC", text.strip().lower())
    local, at, host = bare.rpartition("@")
    if not at or len(bare) > 254 or not _LOCAL.fullmatch(local) or not _is_domain(host):
        raise ValueError('expected an address such as "name@shop.example"')
    return bare


def domain(text: str) -> str:
    """A mail domain, lower case and composed (NFC), with or without an @ before it."""
    bare = unicodedata.normalize("NFC", text.strip().lower()).removeprefix("@")
    if not _is_domain(bare):
        raise ValueError('expected a mail domain such as "shop.example"')
    return bare


def phone(text: str) -> str:
    """The digits of a phone number. The country code 1 is left out, as voice mail notices are read."""
    digits = re.sub(r"\D", "", text)
    if not _PHONE.fullmatch(text.strip()) or not 7 <= len(digits) <= 15:
        raise ValueError('expected a phone number of 7 to 15 digits such as "418 555-0142"')
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    if len(labels) < 2 and text != "localhost":
        return False
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)

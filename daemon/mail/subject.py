"""The customer's subject as our mails carry it: without what answers pile up before it, and not too long."""

from __future__ import annotations

import re
from typing import Final

SUBJECT_BYTES: Final = 200
QUOTED_SUBJECT: Final = 120
"""Characters of the customer's subject that a body repeats."""

_PREFIXES: Final = re.compile(
    r"(?:\s*(?:(?:re|ré|rép|réf|tr|fwd?|fw|aw|wg|sv|antw)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]|\[AZ-\d{1,10}\]))+\s*",
    re.IGNORECASE,
)


def bare_subject(subject: str) -> str:
    """A subject without what answers pile up before it (Re:, RE :, TR:, Fwd:, [AZ-1042]), bounded."""
    found = _PREFIXES.match(subject)
    bare = subject[found.end() :] if found else subject
    return bare if len(bare) <= QUOTED_SUBJECT else f"{bare[: QUOTED_SUBJECT - 1].rstrip()}…"


def clipped(line: str, size: int) -> str:
    """At most `size` bytes of UTF-8, never ending within a character."""
    if len(line.encode()) <= size:
        return line
    return line.encode()[: size - 3].decode("utf-8", "ignore").rstrip() + "…"

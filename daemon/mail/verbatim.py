"""Text of several lines as a mail of ours repeats it: a customer's message, an agent's own words.

Such a value holds no real line end, for on the lines of a written template stand the marks of `blocks`, and
nothing from a mail may write one. Its ends are `blocks.BREAK`, which no cleaned value can hold otherwise.
"""

from __future__ import annotations

import re
from typing import Final

from daemon.mail.blocks import BREAK
from daemon.mail.sanitize import clean_text

LONGEST: Final = 20_000
"""Characters that are repeated; all of it is on the ticket."""

_EMPTY_LINES: Final = re.compile(rf"{BREAK}{{3,}}")


class Lines(str):
    """Cleaned lines with `BREAK` between them. It has no `__html__`: where it is put into HTML it is escaped
    like any other text."""

    __slots__ = ()


def lines(text: str, limit: int = LONGEST) -> Lines:
    """The text with its own line ends, without control characters, empty lines at its ends and more than one
    of them in a row."""
    kept = clean_text(text[: limit * 4])[:limit].expandtabs(4)
    ended = BREAK.join(line.rstrip(" ") for line in kept.split("\n"))
    return Lines(_EMPTY_LINES.sub(BREAK * 2, ended).strip(BREAK))

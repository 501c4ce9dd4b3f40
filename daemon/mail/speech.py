"""The words of a person of the team as our mails carry them: whole, or a few of them within a sentence.

It decides how they are shown, never whether: who may read them was decided when the row was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from daemon.core.values import Language
from daemon.mail.verbatim import Lines

BRIEF: Final = 200
"""Characters of an agent's message that a sentence of ours holds."""

_LAST_LINES: Final = 3
_GREETING: Final = re.compile(
    r"(?:bonjour|bonsoir|salut|allô|allo|chère?|hi|hello|hey|dear|good (?:morning|afternoon|evening))\b"
    r"(?: [^\s,.!?]+){0,4} ?[,.!:]?\s*",
    re.IGNORECASE,
)
_ENDS: Final = re.compile(r"[.!?…](?=\s)")
_MARKS: Final = {Language.FR: ("«\u00a0", "\u00a0»"), Language.EN: ('"', '"')}
_INNER: Final = {
    Language.FR: (re.compile(r"«\s*|\s*»"), {"«": "“", "»": "”"}),
    Language.EN: (re.compile(r'"'), {'"': "'"}),
}


def signed(text: str, name: str) -> bool:
    """Whether the words end with the name of who wrote them, alone on a line as a signature stands, a family
    name with it or not."""
    written = [line.strip(" \t-–—_*.,").split() for line in text.splitlines() if line.strip()]
    wanted = name.casefold().split()
    return bool(wanted) and any(
        [word.casefold() for word in line[: len(wanted)]] == wanted
        and len(line) <= len(wanted) + 2
        and all(word[0].isupper() for word in line[len(wanted) :])
        for line in written[-_LAST_LINES:]
    )


def in_brief(text: str, language: Language) -> str:
    """The beginning of a message, without its greeting, to stand between quotation marks: whole sentences
    where one ends in time, whole words else."""
    first, _, rest = text.strip().partition("\n")
    greets = _GREETING.fullmatch(first.strip())
    line = " ".join((rest if greets and rest.strip() else text).split())
    pattern, other = _INNER[language]
    line = pattern.sub(lambda mark: other[mark[0].strip()], line)
    if len(line) <= BRIEF:
        return line
    head = line[: BRIEF + 1]
    ends = [found.end() for found in _ENDS.finditer(head)]
    if ends and ends[-1] >= BRIEF // 3:
        return head[: ends[-1]]
    cut = head[:BRIEF].rpartition(" ")[0] or head[: BRIEF - 1]
    return f"{cut.rstrip(' ,;:')}…"


def paragraphs(lines: Sequence[str]) -> list[list[str]]:
    """The lines, parted where one is empty."""
    return [list(group) for written, group in groupby(lines, key=lambda line: bool(line.strip())) if written]


def spoken(words: Lines, language: str) -> Lines:
    """Somebody's words between the quotation marks of the language, on lines of their own."""
    pattern, other = _INNER[Language(language)]
    opening, closing = _MARKS[Language(language)]
    inner = pattern.sub(lambda mark: other[mark[0].strip()], words)
    return Lines(f"{opening}{inner}{closing}")

"""What an agent wrote in answer to a mail of ours, and whether anything of ours may have stayed in it.

A customer's reply may rather keep too much; an agent's must not, for what stays goes on to the customer, and
a notification holds what only the team may read. So this looks once more at what `reply` left, and says where
it is in doubt. What is a command in it is read by `core.commands`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from typing import Final

from daemon.core.values import Mail
from daemon.mail.attribution import boundaries, is_marked, plain
from daemon.mail.reply import LINES_READ, is_forward

_TELLING: Final = 24
"""Characters from which on a line that stands in our mail too is no coincidence."""
_TOKEN: Final = re.compile(r"\+[a-z2-7]{34}@|\bAZ-\d{1,10}\s?[·•]\s?[a-z2-7]{16}\b", re.IGNORECASE)
_SIGN: Final = "↩"
"""Stands in every mail of ours to the team, before the line that says where an answer goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWords:
    """`text`: new words, commands among them. `doubts`: lines that may be quoted or ours; where there are
    any, nothing is sent before the agent has looked."""

    text: str
    doubts: tuple[str, ...] = ()


def agent_words(mail: Mail, ours: str = "") -> AgentWords:
    """The agent's own words. `ours`: the text of the mail of ours that this one answers, where known; what
    the customer wrote may be left out of it, for an agent may repeat that."""
    text = mail.new_text
    lines = text.split("\n")
    if is_forward(mail.subject):
        return AgentWords(text=text, doubts=tuple(_doubts(lines, ours)))
    if _only_quoted(lines):
        return AgentWords(text="")  # nothing was written: then the whole text is kept as new
    return AgentWords(text=text, doubts=tuple(_doubts(lines, ours)))


def text_of(message: bytes, said: Iterable[str] = ()) -> str:
    """The text of a mail that we sent, for `agent_words`. `said`: what the customer wrote, which is left out
    line by line, for an agent may repeat that."""
    parts = message_from_bytes(message).walk()  # not the modern policy, which parses every header anew
    plain_ones = (p for p in parts if p.get_content_type() == "text/plain" and p.get_filename() is None)
    part = next(plain_ones, None)
    content = part.get_payload(decode=True) if part is not None else b""
    charset = part.get_content_charset("utf-8") if part is not None else "utf-8"
    text = content.decode(charset, "replace") if isinstance(content, bytes) else ""
    theirs = {_bare(line) for words in said for line in words.split("\n")}
    return "\n".join(line for line in text.splitlines() if _bare(line) not in theirs)


def _only_quoted(lines: Sequence[str]) -> bool:
    """The first thing that stands there is the quote, and no answer stands below its marks."""
    written = [index for index, line in enumerate(lines) if line.strip()]
    if not written:
        return True
    found = boundaries(lines[:LINES_READ])
    first = written[0]
    opens = bool(found) and found[0].start == first
    below = lines[found[0].end :] if opens else lines
    marked = [is_marked(line) for line in below if line.strip()]
    return all(marked) if any(marked) else opens


def _doubts(lines: Sequence[str], ours: str) -> list[str]:
    """Lines that begin or continue a quote, that show a token, or that our own mail holds too. Each once, at
    most three: one is enough to ask."""
    suspects = {boundary.start for boundary in boundaries(lines[:LINES_READ])}
    own = " ".join(_bare(line) for line in ours.split("\n"))  # a program may have wrapped its lines anew
    found: dict[str, None] = {}
    for index, line in enumerate(lines):
        bare = _bare(line)
        repeats = len(bare) >= _TELLING and bare in own
        if index in suspects or is_marked(line) or repeats or _TOKEN.search(line) or bare.startswith(_SIGN):
            found[line.strip()[:120]] = None
        if len(found) == 3:
            break
    return list(found)


def _bare(line: str) -> str:
    return " ".join(plain(line).split())

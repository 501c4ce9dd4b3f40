"""Base64 taken out of a mail before it is parsed, and put back into the parts after it.

The standard parser looks at every line of a body several times, in Python; an attachment of 200 kB is 2,700
lines that say nothing to it. A run of such lines becomes one line, a mark, that no boundary and no header
field can be. What the lines decode to is not this module's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from daemon.mail.part import Part

# Possessive, and no longer than it pays: text that almost holds runs is looked at 16 times, not n times.
_RUN: Final = re.compile(rb"^(?:[A-Za-z0-9+/]{60,76}+\r?\n){16,}+", re.MULTILINE)
_SIGN: Final = b"\x1aelided\x1a"
_MARK: Final = re.compile(r"\x1aelided\x1a([0-9]+)\x1a")


@dataclass(frozen=True, slots=True)
class Elided:
    """`raw`: the mail with a mark in the place of each of `runs`."""

    raw: bytes
    runs: tuple[str, ...] = ()


def elide(raw: bytes) -> Elided:
    """The mail without its long runs of base64 lines. A run's last line end stays: before a boundary it
    belongs to the boundary (RFC 2046 section 5.1.1). A mail that holds our sign stays as it is."""
    if _SIGN in raw:
        return Elided(raw)
    pieces: list[bytes] = []
    runs: list[str] = []
    last = 0
    for found in _RUN.finditer(raw):
        end = found.end() - (2 if raw[found.end() - 2] == 0x0D else 1)
        pieces += [raw[last : found.start()], _SIGN, b"%d\x1a" % len(runs)]
        runs.append(raw[found.start() : end].decode("ascii"))
        last = end
    if not runs:
        return Elided(raw)
    return Elided(b"".join([*pieces, raw[last:]]), tuple(runs))


def restore(top: Part, runs: tuple[str, ...]) -> None:
    """Put the runs back, wherever in the tree the parser put their marks."""

    def run(mark: re.Match[str]) -> str:
        return runs[int(mark[1])]

    stack = [top] if runs else []
    while stack:
        part = stack.pop()
        if part.preamble:
            part.preamble = _MARK.sub(run, part.preamble)
        if part.epilogue:
            part.epilogue = _MARK.sub(run, part.epilogue)
        stack.extend(part.children() or ())
        if "\x1aelided\x1a" in part.source():
            part.set_payload(_MARK.sub(run, part.source()))

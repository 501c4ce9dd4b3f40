"""The new words of a mail: quotes, attributions, signatures and taglines cut.

The rule behind all rules: cutting too little is better than cutting the customer's words. A text that would
be left empty is kept whole, a forwarded mail keeps what was forwarded. Knows text only; HTML quotes arrive
as "> " lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from daemon.mail.attribution import Boundary, Cut, boundaries, is_marked, plain
from daemon.mail.header_block import is_rule
from daemon.mail.tail import without_tail

_FORWARD_SUBJECT: Final = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:tr|fwd?|wg|rv|enc|i)\s*[:\u00a0 ]?:", re.IGNORECASE
)
_SIGNATURE: Final = re.compile(r"^--\s?$|^_{2,4}$")
_SENTENCE: Final = re.compile(r"^\S{1,40}(?:\s+\S{1,40}){3,60}[.?!]$")
LINES_READ: Final = 5_000
"""Of a longer text the rest is kept as it is, or goes with the quote that it belongs to."""
_LONGEST_SIGNATURE: Final = 20
_SHARED: Final = re.compile(
    r"^([^>\s].{0,400}?)[ -]((?:On|Le) "
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim)[a-z]{0,6}\b|\d)"
    r".{8,200}(?:wrote|a écrit)\s?:)\s*$",
    re.IGNORECASE,
)
_WRAPS_AT: Final = 70
"""Characters of a quoted line that a program may have wrapped."""
_OPEN_LINK: Final = re.compile(r"[(<]https?://[^\s()<>]*$")
_LINK_END: Final = re.compile(r"^[^\s()<>]*[)>]\W*$")
_MARKED_LINK: Final = re.compile(r"^[(<]https?://[^\s()<>]+[)>]\s*>$")


def is_forward(subject: str) -> bool:
    """The subject says that a mail was passed on: "TR :", "Fwd:", "FW:", "WG:"."""
    return _FORWARD_SUBJECT.match(subject) is not None


def new_text(text: str, *, forwarded: bool = False) -> str:
    """What the sender wrote now. Never empty when `text` is not; linear in its length.

    forwarded  the subject says that the mail was passed on (`is_forward`): everything is the matter"""
    lines = text.split("\n")
    lines, rest = _parted(lines[:LINES_READ]), lines[LINES_READ:]
    found = boundaries(lines)
    if forwarded or _passes_on(lines, found):
        return _tidy(without_tail([*lines, *rest])) or text.strip()
    own, cut = _own_lines(lines, found)
    kept = _tidy(without_tail(own if cut else [*own, *rest]))
    return kept or text.strip()


def _parted(lines: Sequence[str]) -> list[str]:
    """The lines, an attribution that shares one with the words before it ("d'accord On Mon, … wrote:") put on
    its own; a quoted line must follow."""
    out: list[str] = []
    for index, line in enumerate(lines):
        quoted = index + 1 < len(lines) and is_marked(lines[index + 1])
        shared = _SHARED.match(line) if quoted and len(line) <= 600 else None
        out.extend((shared[1].rstrip(" -"), shared[2]) if shared else (line,))
    return out


def _passes_on(lines: Sequence[str], found: Sequence[Boundary]) -> bool:
    """The first introduction is a forward's, or nothing was written around a header block that is not
    quoted: then the block's mail is the matter (catalogue R08, R11)."""
    if not found:
        return False
    first = found[0]
    if first.cut is Cut.FORWARD and not first.marked:
        return True
    if any(line.strip() for line in lines[: first.start] if not is_rule(plain(line))):
        return False
    return first.cut in (Cut.BLOCK, Cut.ORIGINAL) and not first.marked and not _answered_below(lines, first)


def _own_lines(lines: Sequence[str], found: Sequence[Boundary]) -> tuple[list[str], bool]:
    """The lines that are not quoted, and whether all lines from some line on were. After an attribution
    with "> " marks the unmarked lines are answers; after an introduction without marks everything is the old
    mail."""
    end = len(lines)
    introductions: dict[int, int] = {}
    for boundary in found:
        if boundary.marked:
            continue  # inside a quote: goes with it
        if _answered_below(lines, boundary):
            introductions[boundary.start] = boundary.end
        else:
            end = _start_with_rule(lines, boundary.start)
            break
    own: list[str] = []
    index = 0
    while index < end:
        if index in introductions:
            index = introductions[index]
        elif is_marked(lines[index]) or _is_wrapped(lines, index):
            index += 1
            if own and own[-1].strip():
                own.append("")
        else:
            index = _signature_end(lines, index, end, own)
    return own, end < len(lines)


def _is_wrapped(lines: Sequence[str], index: int) -> bool:
    """The unmarked line between two quoted ones is the end of the first: a program wrapped the quote without
    marking the rest. It goes on in the middle of a sentence or of a link."""
    if not 0 < index < len(lines) - 1 or not is_marked(lines[index - 1]) or not is_marked(lines[index + 1]):
        return False
    above, line = lines[index - 1].rstrip(), lines[index].strip()
    if _OPEN_LINK.search(above[-500:]):
        return _LINK_END.match(line) is not None
    if _MARKED_LINK.match(line):
        return True
    return len(above) >= _WRAPS_AT and line[:1].islower() and not above.endswith((".", "?", "!", ":", ";"))


def _answered_below(lines: Sequence[str], boundary: Boundary) -> bool:
    """The introduced mail stands in "> " marks, so what is unmarked below it is an answer."""
    after = [line for line in lines[boundary.end : boundary.end + 5] if line.strip()]
    return boundary.cut is not Cut.FORWARD and bool(after) and is_marked(after[0])


def _signature_end(lines: Sequence[str], index: int, end: int, own: list[str]) -> int:
    """Take the line at `index`, or skip the signature that begins there; the index of the next line."""
    line = lines[index]
    if _SIGNATURE.match(line.replace("\u00a0", " ")) and any(k.strip() for k in own):
        stop = index + 1
        while stop < end and not is_marked(lines[stop]) and stop - index <= _LONGEST_SIGNATURE:
            stop += 1
        below = lines[index + 1 : stop]
        if (stop == end or is_marked(lines[stop])) and (line == "-- " or _is_signature(below, own[-100:])):
            return stop
    own.append(line)
    return index + 1


def _is_signature(below: Sequence[str], above: Sequence[str]) -> bool:
    """Below a "--" that is not the exact mark (RFC 3676 section 4.3): people part their points with it. No
    sentence, and no other such line."""
    if any(_SENTENCE.match(line.strip()) for line in below):
        return False
    return not any(_SIGNATURE.match(line.strip()) for line in (*below, *above))


def _start_with_rule(lines: Sequence[str], start: int) -> int:
    """The rule of dashes above an introduction belongs to it."""
    above = start - 1
    while above >= 0 and start - above <= 3 and not lines[above].strip():
        above -= 1
    if above >= 0 and is_rule(plain(lines[above])):
        return above
    return start


def _tidy(lines: Sequence[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n").strip()

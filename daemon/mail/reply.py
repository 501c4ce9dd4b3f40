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

_FORWARD_SUBJECT: Final = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:tr|fwd?|wg|rv|enc|i)\s*[:\u00a0 ]?:", re.IGNORECASE
)
_SIGNATURE: Final = re.compile(r"^--\s?$|^_{2,4}$")
# A device's line is short and holds no clause: "Sent from my desk, is much easier" is a person's.
_TAGLINE: Final = re.compile(
    r"^(?:envoyé (?:de|depuis|à partir de|à l['’]aide de|avec|via) |sent (?:from|using|via|with) |"
    r"(?:get|obtenir|téléchargez?|obtenez) outlook (?:for|pour) |expédié (?:de|depuis) mon |provenance : |"
    r"enviado (?:desde|do|via) |gesendet von |inviato da )"
    r"[^\n,;:?!<>()]{1,50}(?:\s?[<(](?:https?|mailto)[^\n<>()]{1,300}[>)])?\s?\.?$",
    re.IGNORECASE,
)
_DISCLAIMER: Final = re.compile(
    r"^[*_\s]{0,6}(?:avis de confidentialité|confidentiality notice|avis important|"
    r"avertissement de confidentialité|legal disclaimer|"
    r"mention de confidentialité)\b",
    re.IGNORECASE,
)
_LONGEST_SIGNATURE: Final = 20


def is_forward(subject: str) -> bool:
    """The subject says that a mail was passed on: "TR :", "Fwd:", "FW:", "WG:"."""
    return _FORWARD_SUBJECT.match(subject) is not None


def new_text(text: str, *, forwarded: bool = False) -> str:
    """What the sender wrote now. Never empty when `text` is not; linear in its length.

    forwarded  the subject says that the mail was passed on (`is_forward`): everything is the matter"""
    lines = text.split("\n")
    found = boundaries(lines)
    if forwarded or _passes_on(lines, found):
        return _tidy(_without_tail(lines)) or text.strip()
    kept = _tidy(_without_tail(_own_lines(lines, found)))
    return kept or text.strip()


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
    return first.cut in (Cut.BLOCK, Cut.ORIGINAL) and not first.marked


def _own_lines(lines: Sequence[str], found: Sequence[Boundary]) -> list[str]:
    """The lines that are not quoted. After an attribution with "> " marks the unmarked lines are answers;
    after an introduction without marks everything is the old mail."""
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
        elif is_marked(lines[index]):
            index += 1
            if own and own[-1].strip():
                own.append("")
        else:
            index = _signature_end(lines, index, end, own)
    return own


def _answered_below(lines: Sequence[str], boundary: Boundary) -> bool:
    """The introduced mail stands in "> " marks, so what is unmarked below it is an answer."""
    if boundary.cut is not Cut.ATTRIBUTION:
        after = [line for line in lines[boundary.end : boundary.end + 5] if line.strip()]
        return boundary.cut is not Cut.FORWARD and bool(after) and is_marked(after[0])
    after = [line for line in lines[boundary.end : boundary.end + 5] if line.strip()]
    return bool(after) and is_marked(after[0])


def _signature_end(lines: Sequence[str], index: int, end: int, own: list[str]) -> int:
    """Take the line at `index`, or skip the signature that begins there; the index of the next line."""
    line = lines[index]
    if _SIGNATURE.match(line.strip("\u00a0 ") if line.strip() != "--" else "--") and any(
        k.strip() for k in own
    ):
        stop = index
        while stop < end and not is_marked(lines[stop]) and stop - index <= _LONGEST_SIGNATURE:
            stop += 1
        if stop == end or is_marked(lines[stop]):
            return stop
    own.append(line)
    return index + 1


def _start_with_rule(lines: Sequence[str], start: int) -> int:
    """The rule of dashes above an introduction belongs to it."""
    above = start - 1
    while above >= 0 and start - above <= 3 and not lines[above].strip():
        above -= 1
    if above >= 0 and is_rule(plain(lines[above])):
        return above
    return start


def _without_tail(lines: Sequence[str]) -> list[str]:
    """Without the taglines of devices, a disclaimer that says that it is one, and rules at the end."""
    kept = list(lines)
    for index, line in enumerate(kept):
        if (
            index
            and len(line) <= 200
            and _DISCLAIMER.match(plain(line))
            and any(k.strip() for k in kept[:index])
        ):
            kept = kept[:index]
            break
    while kept:
        last = plain(kept[-1])
        if not last or _TAGLINE.match(last) or is_rule(last):
            kept.pop()
        else:
            break
    return kept


def _tidy(lines: Sequence[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n").strip()

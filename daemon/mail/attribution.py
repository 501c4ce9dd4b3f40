"""Where a quoted mail begins: attribution lines, header blocks, "original message" rules, in the forms that
mail programs write them. Lines in, positions out.

Each function looks at a bounded number of lines from where it stands, so a whole text costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from daemon.mail.header_block import block_end


class Cut(StrEnum):
    """How the quoted mail is introduced."""

    ATTRIBUTION = "attribution"  # "Le 9 nov. 2026 à 09:15, X a écrit :"
    BLOCK = "block"  # "De : … Envoyé : … À : … Objet : …"
    ORIGINAL = "original"  # "-----Message d'origine-----"
    FORWARD = "forward"  # "---------- Message transféré ----------"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """`start`: first line of the introduction; `end`: first line after it; `marked`: the introduction itself
    stands in "> " marks."""

    start: int
    end: int
    cut: Cut
    marked: bool = False


_MARK: Final = re.compile(r"^(?:[>|\u203a]\s?)+")
_LONGEST_LINE: Final = 400
_LONGEST_RAW: Final = 1_200
_LONGEST_RULE: Final = 140

_OPENERS: Final = (
    r"le|on|am|el|em|op|il|den|w dniu|vào|på|dne|at|in|a la date du|en date du|du|from|lun|mar|"
    r"mer|jeu|ven|sam|dim|"
    r"mon|tue|wed|thu|fri|sat|sun|tir|pe|dnia|\d{1,4}[-/.]"
)
_OPENER: Final = re.compile(rf"^[-–*_\s]*(?:{_OPENERS})\b", re.IGNORECASE)
_WROTE: Final = re.compile(
    r"(?:\ba écrit|\bà écrit|\bont écrit|\bavez écrit|\ba ecrit|\bécrivait|\bécrit|\bwrote|"
    r"\bwrites|\bsaid|\bschrieb|\bescribió|"
    r"\bescreveu|\bha scritto|\bschreef|\bskrev|\bpisze|\bnapisał\(?a?\)?|\bnapisał|\bkirjoitti|"
    r"\bđã viết|\bnapsal\(?a?\)?)"
    r"[^\n:]{0,60}?\s?:?[\s*_-]*$|\b(?:schrieb|schreef|skrev|escribió) .{1,200}[:>]?[\s*_-]*$|\bha scritto:$",
    re.IGNORECASE,
)
# Cheap to look for; `_WROTE` is only asked where one of them stands.
_WROTE_HINTS: Final = (
    "crit",
    "wrote",
    "writes",
    "said",
    "schrieb",
    "escr",
    "schreef",
    "skrev",
    "pisze",
    "napisa",
    "kirj",
    "viết",
    "napsal",
)
_EVIDENCE: Final = re.compile(
    r"\d{1,2}\s?(?::|h|\.)\s?\d{2}|[\w.+-]{1,64}@[\w-]{1,63}\.|\b(?:19|20)\d\d\b|"
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}"
)
_NAME_WROTE: Final = re.compile(
    r"^[^\n]{0,120}<[^<>\s]{3,100}@[^<>\s]{3,100}>[^\n]{0,20}\s(?:wrote|a écrit|schrieb|escribió|"
    r"writes)\s?:$",
    re.IGNORECASE,
)
_DATED: Final = re.compile(r"\d.{0,200}<\s?[^<>\s]{3,100}@[^<>\s]{3,100}>\s?:$")

_ORIGINAL: Final = re.compile(
    r"^[-_=*\s>]{0,40}(?:original (?:message|e-?mail|mail|appointment)|message d['’]origine|"
    r"(?:mail|message|courriel|e-?mail) original|"
    r"message initial|message précédent|ursprüngliche nachricht|mensaje original|"
    r"mensagem original|messaggio originale|"
    r"oorspronkelijk bericht|reply message|oprindelig meddelelse|opprinnelig melding|"
    r"originalmeddelande|oprindelig besked|message du\s?:? .{1,40})[-_=*\s:]{0,80}$",
    re.IGNORECASE,
)
_FORWARD: Final = re.compile(
    r"^[-_=*\s>]{0,40}(?:forwarded (?:message|mail|by .{1,60})|begin forwarded message|"
    r"start of forwarded message|"
    r"(?:message|courriel|mail) (?:transféré|transmis|réexpédié|retransmis)|début du (?:message|"
    r"courriel) (?:transféré|réexpédié|transmis)|"
    r"weitergeleitete nachricht|mensaje reenviado|messaggio inoltrato)\s?[-_=*\s:]{0,80}$",
    re.IGNORECASE,
)


def plain(line: str) -> str:
    """The line without quote marks, hard spaces and surrounding white space: what is compared."""
    return _MARK.sub("", line.replace("\u00a0", " ").replace("\u202f", " ").strip()).strip()


def is_marked(line: str) -> bool:
    return line.lstrip(" \u00a0\t").startswith((">", "\u203a"))


def boundaries(lines: Sequence[str]) -> list[Boundary]:
    """Every introduction of a quoted mail, in order, none overlapping."""
    texts = [plain(line) if len(line) <= _LONGEST_RAW else "" for line in lines]
    marks = [is_marked(line) for line in lines]
    found: list[Boundary] = []
    index = 0
    while index < len(lines):
        boundary = _at(texts, marks, index) if texts[index] else None
        if boundary is None:
            index += 1
        else:
            found.append(boundary)
            index = boundary.end
    return found


def _at(texts: Sequence[str], marks: Sequence[bool], index: int) -> Boundary | None:
    line, marked = texts[index], marks[index]
    if len(line) <= _LONGEST_RULE and _ORIGINAL.match(line):
        return Boundary(start=index, end=index + 1, cut=Cut.ORIGINAL, marked=marked)
    if len(line) <= _LONGEST_RULE and _FORWARD.match(line):
        return Boundary(start=index, end=index + 1, cut=Cut.FORWARD, marked=marked)
    end = block_end(texts, index)
    if end is not None:
        return Boundary(start=index, end=end, cut=Cut.BLOCK, marked=marked)
    end = _attribution_end(texts, marks, index)
    if end is not None:
        return Boundary(start=index, end=end, cut=Cut.ATTRIBUTION, marked=marked)
    return None


def _attribution_end(texts: Sequence[str], marks: Sequence[bool], index: int) -> int | None:
    """The line after "Le …, X a écrit :", which takes one to four lines and holds a date or an address."""
    line = texts[index]
    if len(line) > _LONGEST_LINE:
        return None
    if line.endswith(":") and "@" in line and (_is_dated(line) or _NAME_WROTE.match(line)):
        return index + 1
    if not _OPENER.match(line):
        return None
    joined = ""
    for position in range(index, min(index + 4, len(texts))):
        if not texts[position] or marks[position] != marks[index]:
            break
        joined = f"{joined} {texts[position]}".strip()
        if len(joined) > _LONGEST_LINE:
            break
        if _says_wrote(joined):
            ends = joined.rstrip("*_ ").endswith((":", "--"))
            return position + 1 if ends or _quoted_after(texts, marks, position + 1) else None
    return None


def _is_dated(line: str) -> bool:
    """ "2026-11-09 9:15 GMT-05:00 Marie Roy <marie@x.example>:" """
    return bool(_DATED.search(line) and _EVIDENCE.search(line.partition("<")[0]))


def _says_wrote(joined: str) -> bool:
    tail = joined[-300:]
    lower = tail.lower()
    return bool(
        any(hint in lower for hint in _WROTE_HINTS) and _WROTE.search(tail) and _EVIDENCE.search(joined)
    )


def _quoted_after(texts: Sequence[str], marks: Sequence[bool], position: int) -> bool:
    """The next line that is not blank is a quoted one."""
    for index in range(position, min(position + 4, len(texts))):
        if texts[index] or marks[index]:
            return marks[index]
    return False

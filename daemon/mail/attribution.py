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
    r"\bđã viết|\bnapsal\(?a?\)?|\bgeschreven)"
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
    "geschrev",
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
# In whatever language: a date, an address in brackets, a few words, a colon.
_ANY_TONGUE: Final = re.compile(r"<\s?[^<>\s]{3,100}@[^<>\s]{3,100}>[^<>:\d]{0,40}:$")
_ENDS_IN_ADDRESS: Final = re.compile(r"<\s?[^<>\s]{3,100}@[^<>\s]{3,100}>$")
_ADDRESS_WROTE: Final = re.compile(
    r"@[^<>\s]{3,100}>[,\s]{0,3}(?:wrote|a écrit|a ecrit)[\s*_-]{0,40}$", re.IGNORECASE
)
_NAMED_WROTE: Final = re.compile(r"^-{2,}\s?[^\n]{1,120}\s(?:wrote|a écrit)\s?:?\s?-{2,}$", re.IGNORECASE)
# A phone's webmail folds the old mail into the same line.
_RUNS_ON: Final = re.compile(
    r"[^\n]{5,200}<[^<>\s]{3,100}@[^<>\s]{3,100}>\s?(?:wrote|a écrit)\s?:\s{2,}\S", re.IGNORECASE
)
# What programs write and people who tell a story seldom do: a year, an address.
_FULL: Final = re.compile(r"@[\w-]{1,63}\.|\b(?:19|20)\d\d\b|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}")
_ANEW: Final = re.compile(r"(?:Le|On|Am|Op|Il|El) ")
_LINES: Final = 6
_MOST_LOOKS: Final = 1_000
"""Lines that may begin an attribution; of a text with more the others are taken for words."""

_ORIGINAL: Final = re.compile(
    r"^[-_=*\s>]{0,40}(?:original (?:message|e-?mail|mail|appointment)|message d['’]origine|"
    r"(?:mail|message|courriel|e-?mail) original|"
    r"message initial|message précédent|ursprüngliche nachricht|mensaje original|"
    r"mensagem original|messaggio originale|"
    r"oorspronkelijk bericht|antwort nachricht|reply message|oprindelig meddelelse|opprinnelig melding|"
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
    """The line is quoted. ">>> URGENT <<<" is a person's banner."""
    bare = line.strip(" \u00a0\t")
    return bare.startswith((">", "\u203a")) and not (bare.startswith(">>") and bare.endswith("<<"))


def boundaries(lines: Sequence[str]) -> list[Boundary]:
    """Every introduction of a quoted mail, in order, none overlapping."""
    texts = [plain(line) if len(line) <= _LONGEST_RAW else "" for line in lines]
    marks = [is_marked(line) for line in lines]
    found: list[Boundary] = []
    index = 0
    looked = 0
    while index < len(lines):
        boundary = None
        if texts[index] and looked < _MOST_LOOKS:
            looked += _OPENER.match(texts[index]) is not None
            boundary = _at(texts, marks, index)
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
    """The line after "Le …, X a écrit :", which takes one to six lines and holds a date or an address."""
    line = texts[index]
    if "@" in line and _OPENER.match(line) and _RUNS_ON.match(line):
        return index + 1
    if len(line) > _LONGEST_LINE:
        return None
    if line.endswith(":") and "@" in line and (_is_dated(line) or _NAME_WROTE.match(line)):
        return index + 1
    if line.startswith("--") and _NAMED_WROTE.match(line):
        return index + 1
    if not _OPENER.match(line):
        return None
    joined = ""
    for position in range(index, min(index + _LINES, len(texts))):
        open_bracket = joined.count("<") > joined.count(">")
        if joined and not texts[position] and _opens_bracket(texts, position + 1):
            continue  # a program broke the line before "<address>"
        if not _goes_on(texts, position, joined) or (marks[position] != marks[index] and not open_bracket):
            return None
        # A line that begins with the closing bracket has lost it as if it were a mark.
        closing = ">" if open_bracket and marks[position] and not marks[index] else ""
        joined = f"{joined} {closing}{texts[position]}".strip()
        if len(joined) > _LONGEST_LINE:
            return None
        if joined.count("<") <= joined.count(">") and _is_whole(joined, texts, marks, position + 1):
            return position + 1
    return None


def _goes_on(texts: Sequence[str], position: int, joined: str) -> bool:
    """The line may belong to the attribution so far: not so two sentences of a person, each of which says
    half of what an attribution says."""
    line = texts[position]
    if not line or not joined:
        return bool(line)
    return not _ANEW.match(line) and (not joined[0].isdigit() or "@" in joined or "@" in line)


def _opens_bracket(texts: Sequence[str], position: int) -> bool:
    return position < len(texts) and texts[position].startswith("<")


def _is_whole(joined: str, texts: Sequence[str], marks: Sequence[bool], after: int) -> bool:
    """The lines so far are all of an attribution. What only looks like one needs a quote right below."""
    quoted = _quoted_after(texts, marks, after)
    if _says_wrote(joined):
        ends = joined.rstrip("*_ ").endswith((":", "--")) or _ADDRESS_WROTE.search(joined)
        return quoted or bool(ends and _FULL.search(joined))
    if not quoted and not _DATED.search(joined):
        return False
    found = _ANY_TONGUE.search(joined) or _ENDS_IN_ADDRESS.search(joined)
    return found is not None and _EVIDENCE.search(joined[: found.start()]) is not None


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

"""One line of an agent's mail: commands, a slip, or words.

`#`, `.` or `/` stands before a command. `#` is strict: what is no command after it is a fault, but `##` and
`#` plus a digit are words. After `.` and `/` only a known word counts, or one that is nearly one. Where the
prefix may be left out (`Setting.bare`) a line counts as a command only if all of it is one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Final

from daemon.core.commands.arguments import arguments
from daemon.core.commands.references import LOOSE, Refusal
from daemon.core.commands.spelling import meant
from daemon.core.commands.values import Command, Fault, Setting, Verb, Why
from daemon.core.commands.vocabulary import Name, known, near
from daemon.core.values import Priority

_AFTER: Final = r"(?=$|[\s,;:.!?…)\]»”\"'’*_–—-](?:$|[^\w]|\s)|[\s:])"
_P: Final = r"p[\s.]?[1-4](?!\w)"
_WORD: Final = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_HEAD: Final = re.compile(rf"([#./])([ \u00a0\u202f]?)({_P}|{_WORD}|\?){_AFTER}", re.IGNORECASE)
_STRICT: Final = re.compile(r"#[ \u00a0\u202f]?([^\W\d_][\w'’-]*)")
_INNER: Final = re.compile(rf"(?<=[\s,;])([#./])[ \u00a0\u202f]?({_P}|{_WORD}){_AFTER}", re.IGNORECASE)
_BARE: Final = re.compile(rf"({_P}|{_WORD}|\?){_AFTER}", re.IGNORECASE)
_SHORT: Final = 3
"""Words of a line without a prefix that begins like a command and is wrong: longer ones are prose."""
_FIRST: Final = re.compile(r"[\W_]{0,12}?((?:[^\W\d_][\u0300-\u036f]{0,2}){1,20}[1-4]?|\?)(?!\w)")
_ANSWERS: Final = frozenset({Verb.YES, Verb.NO, Verb.SEND})
_EVERYDAY: Final = frozenset({Verb.FOR, Verb.ACCOUNT, Verb.CUSTOMER, Verb.SPLIT})
"""Names that begin many a sentence: without a prefix they are commands only where nothing is wrong."""
_PERHAPS: Final = re.compile(r"[\W_]{0,12}[#./\uff03\uff0e\uff0f\ufe5f\u2024]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a line is: `commands` and `faults` in order; neither: words. `kept`: it stays among the words, for
    nothing tells that it was meant as a command of ours."""

    commands: tuple[Command, ...] = ()
    faults: tuple[Fault, ...] = ()
    kept: bool = False

    @property
    def is_words(self) -> bool:
        return not self.commands and not self.faults


WORDS: Final = Line()


def read_line(line: str, number: int, setting: Setting) -> Line:
    """The line as commands, where it begins like one; `number` counts from 1."""
    if _PERHAPS.match(line) is None and not (setting.bare and _begins_with_name(line)):
        return WORDS  # as nearly every line of prose is
    text = meant(line)
    if not text:
        return WORDS
    if _strict_start(text):
        return _prefixed(text, number, setting)
    head = _HEAD.match(text)
    if head is not None and head[1] != "#" and _may_be(head):
        return _prefixed(text, number, setting)
    return _without_prefix(text, number, setting) if setting.bare else WORDS


def inside(line: str, number: int) -> Fault | None:
    """A command with "#" within a line of words: it would reach the customer."""
    for found in _INNER.finditer(meant(line)):
        name = _name(found[2])
        if found[1] == "#" and name is not None:
            said = found[0].strip()
            return Fault(why=Why.WITHIN_LINE, line=number, said=said, proposal=f"#{name.shown}")
    return None


def _begins_with_name(line: str) -> bool:
    first = _FIRST.match(line)
    return first is not None and (
        first[1] in "?pP" or _name(unicodedata.normalize("NFKC", first[1])) is not None
    )


def _strict_start(text: str) -> bool:
    return text.startswith("#") and _STRICT.match(text) is not None


def _may_be(head: re.Match[str]) -> bool:
    """After a dot or a slash: a known word, or nearly one that follows at once (". Notes" is none)."""
    if _name(head[3]) is not None:
        return True
    return not head[2] and near(head[3], strict=True) is not None


def _prefixed(text: str, number: int, setting: Setting) -> Line:
    """Several commands may stand in one line, each with its prefix."""
    starts = [0, *(m.start() for m in _INNER.finditer(text) if m.start() and _name(m[2]) is not None)]
    commands: list[Command] = []
    faults: list[Fault] = []
    kept = False
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        found = _one(text[start:end].strip(), number, setting)
        if isinstance(found, Command):
            commands.append(found)
        else:
            faults.append(found)
            kept = kept or (found.why is Why.UNKNOWN and not found.proposal)
    return Line(commands=tuple(commands), faults=tuple(faults), kept=kept and not commands)


def _one(piece: str, number: int, setting: Setting) -> Command | Fault:
    head = _HEAD.match(piece)
    mark = piece[0]
    word = head[3] if head else (_STRICT.match(piece) or [piece, piece])[1]
    name = _name(word)
    if name is not None and head is not None:
        return _read(name, piece[head.end() :], piece, number, setting)
    nearest = near(word)
    if nearest is None:
        return Fault(why=Why.UNKNOWN, line=number, said=piece)
    rest = piece[head.end() :] if head else ""
    found = _read(nearest, rest, piece, number, setting) if head else None
    return Fault(
        why=Why.UNKNOWN,
        line=number,
        said=f"{mark}{word}",
        proposal=f"{mark}{nearest.shown}",
        mended=found if isinstance(found, Command) else None,
    )


def _without_prefix(text: str, number: int, setting: Setting) -> Line:
    head = _BARE.match(text)
    name = _name(head[1]) if head else None
    if head is None or name is None:
        return WORDS
    found = _read(name, text[head.end() :], text, number, setting)
    if isinstance(found, Command):
        return Line(commands=(found,))
    if name.verb in _ANSWERS:  # whoever begins with a yes means one: they are told that it was not heard
        plain = Command(verb=name.verb, line=number, said=head[1])
        return Line(faults=(replace(found, proposal=name.shown, mended=plain),))
    if name.verb in _EVERYDAY or len(text.split()) > _SHORT:
        return WORDS
    return Line(faults=(found,))


def _name(word: str) -> Name | None:
    if word == "?":
        return Name(verb=Verb.HELP, shown="?")
    return known(word) or (known(re.sub(r"[\s.]", "", word)) if len(word) == 3 else None)  # "p 2"


def _read(name: Name, rest: str, said: str, number: int, setting: Setting) -> Command | Fault:
    made = Command(verb=name.verb, line=number, said=said.rstrip(LOOSE))
    shown = f"{said[0]}{name.shown}" if said[0] in "#./" else name.shown
    try:
        if name.priority is not None:
            found = arguments(Verb.TAKE, rest, setting)  # the priority is in the name: tickets may follow
            return replace(made, priority=Priority(name.priority), **found)
        return replace(made, **arguments(name.verb, rest, setting))
    except Refusal as refusal:
        mended = replace(made, **refusal.mended) if refusal.mended is not None else None
        return Fault(
            why=refusal.why,
            line=number,
            said=made.said,
            proposal=f"{shown} {refusal.proposal}" if refusal.proposal else "",
            mended=mended,
            expected=refusal.expected,
            detail=refusal.detail,
        )

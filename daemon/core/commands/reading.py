"""An agent's mail: which of its lines are commands, and what is left as words.

Commands stand alone on a line in the first block of the reply, after a greeting too, or in the last. Programs
that put an empty line between all paragraphs make blocks of what was none: a block of nothing but commands
lets the next one be the first as well, and the one before it the last. A line that looks like a command
elsewhere holds the mail: nothing of it is carried out or sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import Final

from daemon.core.commands.grammar import WORDS, Line, inside, read_line
from daemon.core.commands.signature import is_signature
from daemon.core.commands.values import Command, Fault, Reply, Setting, Verb, Why

MOST_COMMANDS: Final = 20
MOST_FAULTS: Final = 30
"""Lines with a fault; beyond them nothing more is looked for, and the text cannot be sent as it is."""

_GREETING: Final = re.compile(
    r"^\W{0,3}(?:bonjour|bonsoir|salut|allô|allo|rebonjour|re-bonjour|hi|hello|hey|dear|"
    r"good (?:morning|afternoon|evening)|cher|chère|madame|monsieur|mme|m\.|mr\.?|ms\.?)\b"
    r"[^.?!,;:\n]{0,60}[,!.:]?\s*$",
    re.IGNORECASE,
)
_GROUPS: Final = (
    frozenset({Verb.WAIT, Verb.RESOLVE, Verb.CLOSE, Verb.REOPEN, Verb.SPAM}),
    frozenset({Verb.TAKE, Verb.RELEASE, Verb.ASSIGN}),
    frozenset({Verb.YES, Verb.NO, Verb.SEND}),
)
"""Of each group one command per mail and ticket. Resolving and closing go together."""
_TOGETHER: Final = frozenset({Verb.RESOLVE, Verb.CLOSE})
_APART: Final = frozenset({Verb.SPLIT, Verb.FOR})
"""Each opens a ticket: of one mail comes one."""
_SEVERAL: Final = frozenset(
    {Verb.CALL, Verb.ADD, Verb.LINK, Verb.CREDIT, Verb.HOURS, Verb.EXPLAIN, Verb.SHOW}
)
_SEVERAL_TOO: Final = frozenset({Verb.CUSTOMER, Verb.LIST, Verb.HELP, Verb.MERGE, Verb.NOTE})


def read_reply(text: str, setting: Setting) -> Reply:
    """Commands, words and faults of an agent's new words (quotes and signature already cut). Linear in its
    length; any text gives a value."""
    lines = text.split("\n")
    read = _read(lines, setting)
    heard = _first_and_last(lines, read)
    commands: list[Command] = []
    faults: list[Fault] = []
    for index, line in read.items():
        if index in heard:
            commands += line.commands
            faults += line.faults
        else:
            faults += _misplaced(line)
    gone = {index for index, line in read.items() if not line.kept}
    commands = commands[: MOST_COMMANDS + 1]
    internal = setting.bare or any(c.verb is Verb.NOTE for c in commands)
    faults += [] if internal else _within(lines, read)
    faults += _too_many(commands, faults)
    faults += _contradictions(commands)
    words = _tidy([line for index, line in enumerate(lines) if index not in gone])
    if gone and is_signature(words, setting):
        words = ""
    return Reply(commands=tuple(commands), words=words, faults=tuple(sorted(faults, key=lambda f: f.line)))


def _read(lines: Sequence[str], setting: Setting) -> dict[int, Line]:
    """The lines that are no mere words, by their index, in order."""
    read: dict[int, Line] = {}
    wrong = 0
    for index, line in enumerate(lines):
        found = read_line(line, index + 1, setting) if line.strip() else WORDS
        if found.is_words:
            continue
        read[index] = found
        wrong += bool(found.faults) and _has_prefix(found)
        if wrong > MOST_FAULTS:
            break
    if not setting.bare:
        return read
    heard = _first_and_last(lines, read)  # without a prefix, what stands in the middle of a text is prose
    return {index: line for index, line in read.items() if index in heard or _has_prefix(line)}


def _within(lines: Sequence[str], read: dict[int, Line]) -> list[Fault]:
    found = (inside(line, i + 1) for i, line in enumerate(lines) if "#" in line and i not in read)
    return [fault for fault in islice(found, 10_000) if fault is not None][:MOST_FAULTS]


def _first_and_last(lines: Sequence[str], read: dict[int, Line]) -> set[int]:
    """The lines of the first and of the last block."""
    blocks = _blocks(lines)
    return {index for part in (_first(lines, blocks, read), _first([], blocks[::-1], read)) for index in part}


def _first(lines: Sequence[str], blocks: Sequence[Sequence[int]], read: dict[int, Line]) -> set[int]:
    """The lines of the first of `blocks`, and of the next one while there is nothing but commands, or, where
    `lines` are given, a greeting."""
    found: set[int] = set()
    for block in blocks:
        found.update(block)
        if any(index not in read and not _greets(lines, index) for index in block):
            break
    return found


def _greets(lines: Sequence[str], index: int) -> bool:
    return bool(lines) and len(lines[index]) < 120 and _GREETING.match(lines[index]) is not None


def _blocks(lines: Sequence[str]) -> list[list[int]]:
    written = [index for index, line in enumerate(lines) if line.strip()]
    blocks = [written[:1]] if written else []
    for before, index in pairwise(written):
        if index == before + 1:
            blocks[-1].append(index)
        else:
            blocks.append([index])
    return blocks


def _has_prefix(line: Line) -> bool:
    return any(c.said[:1] in "#./" for c in line.commands) or any(f.said[:1] in "#./" for f in line.faults)


def _misplaced(line: Line) -> list[Fault]:
    """A line of commands where none belongs; what is wrong with it besides does not matter yet."""
    found = [
        Fault(why=Why.ELSEWHERE, line=c.line, said=c.said, proposal=c.said, mended=c) for c in line.commands
    ]
    return [*found, *(replace(f, why=Why.ELSEWHERE) if f.proposal else f for f in line.faults)]


def _too_many(commands: Sequence[Command], faults: Sequence[Fault]) -> list[Fault]:
    if len(commands) > MOST_COMMANDS:
        return [Fault(why=Why.TOO_MANY, line=commands[MOST_COMMANDS].line, detail=str(MOST_COMMANDS))]
    if len(faults) > MOST_FAULTS:
        return [Fault(why=Why.TOO_MANY, line=faults[-1].line, detail=str(MOST_FAULTS))]
    return []


def _contradictions(commands: Sequence[Command]) -> list[Fault]:
    """Two commands for one ticket of which only one can be meant; the same twice is no contradiction."""
    faults: list[Fault] = []
    for position, later in enumerate(commands[: MOST_COMMANDS + 1]):
        earlier = next((c for c in commands[:position] if _clash(c, later)), None)
        if earlier is not None:
            faults.append(Fault(why=Why.CONTRADICTION, line=later.line, said=later.said, detail=earlier.said))
    return faults


def _clash(one: Command, other: Command) -> bool:
    if set(one.tickets).isdisjoint(other.tickets) and (one.tickets or other.tickets):
        return False
    if one.verb is other.verb:
        if one.verb in _SEVERAL or one.verb in _SEVERAL_TOO:
            return False
        return replace(one, line=0, said="") != replace(other, line=0, said="")
    if {one.verb, other.verb} == _TOGETHER:
        return False
    if {one.verb, other.verb} == _APART:
        return True
    return any(one.verb in group and other.verb in group for group in _GROUPS)


def _tidy(lines: Sequence[str]) -> str:
    text = "\n".join(line.rstrip(" \t") for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")

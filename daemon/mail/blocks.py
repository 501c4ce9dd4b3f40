"""A text and the HTML that says the same, both from one writing: paragraphs, lists, small print.

The words of a mail are written once, in its `body.txt.j2`. This module reads what that template gave and lays
it out twice. It knows no template, no language and no mail.

The writing: blank lines part the blocks; the lines of a paragraph flow together; a line that begins with
"– ", "- " or "1. " is an item. "----" begins the small print (unmarked in the text), "________" does so under
a visible rule. "[taps]" is where the HTML puts its one-tap links; "[en] " begins a paragraph in English,
"[lead] " the one that must be seen, "[head] " a heading, "[quote] " and "[words] " somebody's text as it is,
spaces and all. "| Label | value" is a row of a table, "|93| Label | value" one with a bar of 93 %. `BREAK`
ends a line within a paragraph or a row; it is a control character, so that no value from a mail can hold it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

BREAK: Final = "\x0b"

_ITEM: Final = re.compile(r"(?:(?P<number>\d{1,2})\.|[–-]) +(?P<text>.*)")
_LANGUAGE: Final = re.compile(r"\[(fr|en)\] +")
_VERBATIM: Final = re.compile(r" *\[(?:quote|words)\]")
_KINDS: Final = re.compile(r"\[(lead|head|quote|words)\] ?")
_AS_IT_IS: Final = frozenset({"quote", "words"})
_ROW: Final = re.compile(r"\|(?:(?P<share>\d{1,3})\|)? ?(?P<label>[^|]*?) \| ?(?P<value>.*)")
_HIDDEN_RULE: Final = "----"
_RULE: Final = "________"
_TAPS: Final = "[taps]"
_BLANKS: Final = re.compile(r"[ \t]+")
_DASHES: Final = {"fr": "–", "en": "-"}
_WIDEST: Final = 24
"""Characters of the column of labels; a longer label moves its own value only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`kind`: paragraph, lead, head, quote, words, list, steps (a numbered list), rows, rule, taps or token.
    `small`: of the small print. `language`: of this block alone, "" when it is the mail's. `labels`: of the
    rows, one to each line; `shares`: their bars in percent, -1 where a row has none, empty where none has."""

    kind: str
    lines: tuple[str, ...] = ()
    small: bool = False
    language: str = ""
    labels: tuple[str, ...] = ()
    shares: tuple[int, ...] = ()


def read(written: str) -> tuple[Block, ...]:
    """The blocks of what a template gave."""
    found: list[Block] = []
    small = False
    for chunk in re.split(r"\n[ \t]*\n", written.strip()):
        for lines in _groups(chunk):
            if lines[0] in (_HIDDEN_RULE, _RULE):
                small = True
                if lines[0] == _RULE:
                    found.append(Block(kind="rule", small=True))
            else:
                found.append(_block(lines, small))
    return tuple(found)


def as_text(blocks: Sequence[Block], language: str) -> str:
    """Plain text: one line to a paragraph (the reader's program wraps it), lists indented by two."""
    parts = ["\n".join(_text_lines(block, language)) for block in blocks if block.kind != "taps"]
    return "\n\n".join(parts) + "\n"


def _text_lines(block: Block, language: str) -> Iterator[str]:
    if block.kind == "rule":
        yield _RULE
    elif block.kind == "steps":
        yield from (f"  {n}. {line}" for n, line in enumerate(block.lines, start=1))
    elif block.kind == "list":
        yield from (f"  {_DASHES[language]} {line}" for line in block.lines)
    elif block.kind == "quote":
        yield from (f"  {line}".rstrip(" ") for line in block.lines)
    elif block.kind == "rows":
        yield from _text_rows(block)
    else:
        yield from block.lines


def _text_rows(block: Block) -> Iterator[str]:
    """Labels in one column, values in the next, as far as the reader's letters are of one width."""
    width = min(max(map(len, block.labels)), _WIDEST) + 2
    for label, value in zip(block.labels, block.lines, strict=True):
        first, *more = value.split(BREAK)
        yield f"{label.ljust(width - 1)} {first.strip(' ')}".rstrip(" ")
        yield from (f"{' ' * width}{line.strip(' ')}".rstrip(" ") for line in more)


def _groups(chunk: str) -> Iterator[list[str]]:
    """The lines of a chunk, parted where a paragraph meets a list or a rule stands."""
    group: list[str] = []
    listed = False
    for raw in chunk.split("\n"):
        verbatim = _VERBATIM.match(raw)
        line = (_BLANKS.sub(" ", raw) if not verbatim and ("  " in raw or "\t" in raw) else raw).strip(" ")
        if not line:
            continue
        is_item = _item(line) is not None or line[0] == "|"
        is_rule = line in (_HIDDEN_RULE, _RULE)
        continued = listed and not is_item and raw.startswith("  ")
        if group and (is_rule or (is_item != listed and not continued)):
            yield group
            group = []
        if is_rule:
            yield [line]
            listed = False
            continue
        if continued:
            group[-1] += f" {line}"
        else:
            group.append(line)
            listed = is_item
    if group:
        yield group


def _item(line: str) -> re.Match[str] | None:
    return _ITEM.fullmatch(line) if line[0] in "–-" or line[0].isdecimal() else None


def _block(lines: Sequence[str], small: bool) -> Block:
    found = [item for line in lines if (item := _item(line))]
    if len(found) == len(lines):
        numbered = all(m["number"] for m in found)
        return Block(kind="steps" if numbered else "list", lines=tuple(m["text"] for m in found), small=small)
    rows = [row for line in lines if (row := _ROW.fullmatch(line))]
    if len(rows) == len(lines):
        return _table(rows, small)
    text = " ".join(lines)
    if text == _TAPS:
        return Block(kind="taps", small=small)
    kind = _KINDS.match(text)
    if kind is not None and kind[1] in _AS_IT_IS:
        return Block(kind=kind[1], lines=tuple(text[kind.end() :].split(BREAK)), small=small)
    language = _LANGUAGE.match(text)
    start = kind or language
    return Block(
        kind=kind[1] if kind else "paragraph",
        lines=tuple(line.strip(" ") for line in text[start.end() if start else 0 :].split(BREAK)),
        small=small,
        language=language[1] if language else "",
    )


def _table(rows: Sequence[re.Match[str]], small: bool) -> Block:
    shares = tuple(min(int(row["share"]), 100) if row["share"] else -1 for row in rows)
    return Block(
        kind="rows",
        lines=tuple(row["value"] for row in rows),
        small=small,
        labels=tuple(row["label"] for row in rows),
        shares=shares if any(share >= 0 for share in shares) else (),
    )

"""Bytes to a tree of MIME parts that is safe to walk: headers mended and bounded, nesting and number of parts
bounded, every header read guarded.

The standard parser does the splitting; this module keeps hostile mail from making it slow or making it raise.
It knows nothing of what a part means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import Compat32
from itertools import islice
from typing import Final, cast

from daemon.mail import charset
from daemon.mail.elision import elide, restore
from daemon.mail.part import TROUBLES, Part

MAX_HEADER: Final = 1_000_000
MAX_FIELDS: Final = 1_000
MAX_FIELD: Final = 64 * 1024
MAX_PARTS: Final = 500
MAX_DEPTH: Final = 50

# The parser compares every line with every open boundary: nesting times lines is its cost.
_MAX_COMPARISONS: Final = 20_000_000
_NESTING: Final = (b"boundary", b"message/rfc822", b"message/global")
# It makes a message of every group of a delivery report, and a group of every blank line.
_MAX_GROUPS: Final = 5_000
_MAX_BOUNDARIES: Final = 20_000
_BOUNDARY: Final = re.compile(rb"boundary\s*=\s*\"?([^\";\s]{1,70})", re.IGNORECASE)
_BODY_IF_REFUSED: Final = 1_000_000
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n|\r\r")
_DASHES: Final = re.compile(rb"^--([^\s\"\\-][^\r\n\"\\]{0,68})\r?$", re.MULTILINE)
_LINE_END: Final = re.compile(r"\r\n?|\n")
_FIELD_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# When there are too many fields, these stay, wherever they stand.
_NEEDED_FIELDS: Final = """
    from sender reply-to to cc subject date message-id in-reply-to references return-path received
    delivered-to authentication-results auto-submitted precedence list-id list-unsubscribe content-type
    content-disposition content-transfer-encoding mime-version x-spam-flag x-auto-response-suppress
    x-failed-recipients
"""
_NEEDED: Final = frozenset(_NEEDED_FIELDS.split())


class _Mended(Compat32):
    """The classic policy, with 8-bit header bytes decoded and long fields cut as they are read: several
    functions of the standard library are quadratic in the length of one field (cpython #136063)."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        name, _, value = "".join(sourcelines).partition(":")
        return name, mended(value.lstrip(" \t").rstrip("\r\n"))

    def fold_binary(self, name: str, value: str) -> bytes:
        """A field of an attached mail as it came; folding it anew is most of the cost of writing it."""
        if not value.isascii():
            return super().fold_binary(name, value)
        return f"{name}: {_LINE_END.sub(self.linesep, value)}{self.linesep}".encode("ascii", "replace")


_POLICY: Final = _Mended()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The parsed mail. `defects` say what was bounded; `refused`: the body was not opened, `body` is its
    beginning."""

    top: Part
    defects: tuple[str, ...] = ()
    refused: bool = False
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A part that holds content: `content` decoded, `media_type` lower case. `parents` are the media types
    above it, outermost first. `branch` numbers the multipart/alternative it belongs to, 0 for none."""

    part: Part
    media_type: str
    content: bytes = field(repr=False)
    parents: tuple[str, ...] = ()
    branch: int = 0


def read(raw: bytes) -> Tree:
    """The tree of any bytes. Does not raise but for want of memory."""
    defects: list[str] = []
    head, body = _split(raw)
    if len(head) > MAX_HEADER:
        defects.append(f"header of {len(head)} bytes: only the first {MAX_HEADER} were read")
        head = head[: head.rfind(b"\n", 0, MAX_HEADER) + 1 or MAX_HEADER] + b"\n"
        raw = head + body
    elided = elide(raw)
    lower, lines = elided.raw.lower(), elided.raw.count(b"\n", len(head)) + 1
    trouble = _too_costly(lower, lines)
    if trouble:
        defects.append(trouble)
        top = _fields_only(head)
        return Tree(
            top=_bounded(top, defects), defects=tuple(defects), refused=True, body=body[:_BODY_IF_REFUSED]
        )
    try:
        top = _parsed(elided.raw)
    except TROUBLES as raised:
        defects.append(f"cannot be opened ({type(raised).__name__}): shown as it is")
        top = _fields_only(head)
        return Tree(
            top=_bounded(top, defects), defects=tuple(defects), refused=True, body=body[:_BODY_IF_REFUSED]
        )
    restore(top, elided.runs)
    return Tree(top=_bounded(top, defects), defects=tuple(defects))


def leaves(top: Part, defects: list[str]) -> Iterator[Leaf]:
    """The parts in the order of the mail, at most `MAX_PARTS`, at most `MAX_DEPTH` deep. An attached mail is
    one leaf: what is inside it is not this mail's text. Appends to `defects` what was left out."""
    stack: list[tuple[Part, tuple[str, ...], int]] = [(top, (), 0)]
    seen, branches = 0, 0
    while stack:
        part, parents, branch = stack.pop()
        seen += 1
        if seen > MAX_PARTS:
            defects.append(f"more than {MAX_PARTS} parts: the others are only in the original")
            return
        kind = part.media_type()
        children = part.children()
        if children is None and kind.startswith("multipart/") and not parents:
            children = _guessed(part, defects)
        opens = children is not None and not kind.startswith("message/")
        if opens and len(parents) >= MAX_DEPTH:
            defects.append(f"more than {MAX_DEPTH} levels deep: the inner parts are only in the original")
        elif opens:
            if kind == "multipart/alternative" and not branch:
                branches += 1
                branch = branches
            inside = [(child, (*parents, kind), branch) for child in children or ()]
            stack.extend(reversed(inside))
        else:
            defects.extend(type(defect).__name__ for defect in part.defects)
            decoded, trouble = content(part)
            if trouble:
                defects.append(trouble)
            yield Leaf(part=part, media_type=kind, content=decoded, parents=parents, branch=branch)


def _too_costly(lower: bytes, lines: int) -> str:
    """Why the standard parser would take too long over these bytes; "" when it would not."""
    if sum(lower.count(mark) for mark in _NESTING) * lines > _MAX_COMPARISONS:
        return "nested too deeply for its size: shown as it is, not opened"
    if b"delivery-status" in lower and lower.count(b"\n\n") + lower.count(b"\n\r\n") > _MAX_GROUPS:
        return f"a delivery report of more than {_MAX_GROUPS} groups: shown as it is, not opened"
    if lower.count(b"\n--") > _MAX_BOUNDARIES:
        named = {m[1] for m in islice(_BOUNDARY.finditer(lower), 20)}
        if sum(lower.count(b"\n--" + boundary) for boundary in named) > _MAX_BOUNDARIES:
            return f"more than {_MAX_BOUNDARIES} parts: shown as it is, not opened"
    return ""


def _guessed(part: Part, defects: list[str]) -> list[Part] | None:
    """The children of a multipart whose boundary is missing or wrong: the first line of dashes shows it."""
    body, _ = content(part)
    found = _DASHES.search(body)
    if found is None:
        return None
    try:
        opened = _parsed(
            b'Content-Type: multipart/mixed; boundary="' + found[1].rstrip() + b'"\r\n\r\n' + body
        )
    except TROUBLES:
        return None
    children = opened.children()
    if children is not None:
        defects.append("boundary missing or wrong: guessed from the text")
    return children


def content(part: Part) -> tuple[bytes, str | None]:
    """The decoded content of a part (of an attached mail: that mail) and what was wrong with its encoding.
    Best effort, never raises."""
    children = part.children()
    if children is not None:
        return b"\r\n".join(_flat(inner) for inner in children), None
    encoding = part.first("content-transfer-encoding").strip().lower()
    if encoding.startswith("base64"):
        decoded, whole = charset.base64_bytes(str(part.get_payload()).encode("ascii", "ignore"))
        return decoded, None if whole else "broken base64: read as far as it goes"
    # Only this form gives the bytes as they came; without `decode` they have been through a charset.
    raw = part.get_payload(decode=True)
    return (raw if isinstance(raw, bytes) else b""), None


def mended(value: str) -> str:
    """A raw field value without control characters, its 8-bit bytes decoded, cut at `MAX_FIELD`."""
    if not value.isascii():
        value = charset.guess(value.encode("utf-8", "surrogateescape"))
    value = _FIELD_CONTROLS.sub("", value)
    if len(value) <= MAX_FIELD:
        return value
    cut = value[:MAX_FIELD]
    # At a separator, so that no half address or id is left.
    return cut[: max(cut.rfind(","), cut.rfind(" "), cut.rfind("\t"), 0)] or cut


def _split(raw: bytes) -> tuple[bytes, bytes]:
    end = _END_OF_HEADERS.search(raw)
    return (raw[: end.end()], raw[end.end() :]) if end else (raw, b"")


def _fields_only(head: bytes) -> Part:
    return _parsed(head, headersonly=True)


def _parsed(raw: bytes, *, headersonly: bool = False) -> Part:
    top = BytesParser(Part, policy=_POLICY).parsebytes(raw, headersonly)
    return cast(Part, top)  # the stubs know no class for the parts beside a policy


def _bounded(top: Part, defects: list[str]) -> Part:
    fields = list(top.raw_items())
    if any(len(value) > MAX_FIELD - 200 for _, value in fields):
        defects.append("a header field was cut: too long")
    if len(fields) <= MAX_FIELDS:
        return top
    defects.append(f"{len(fields)} header fields: only {MAX_FIELDS} were read")
    needed = [f for f in fields if f[0].lower() in _NEEDED][:MAX_FIELDS]
    others = [f for f in fields if f[0].lower() not in _NEEDED][: MAX_FIELDS - len(needed)]
    kept = _copy(needed + others)
    kept.set_payload(top.get_payload())
    return kept


def _copy(fields: list[tuple[str, str]]) -> Part:
    message = Part(policy=_POLICY)
    for name, value in fields:
        message.set_raw(name, value)
    return message


def _flat(message: Part) -> bytes:
    try:
        return message.as_bytes()
    except TROUBLES:
        return "".join(f"{k}: {v}\r\n" for k, v in message.raw_items()).encode("utf-8", "replace")

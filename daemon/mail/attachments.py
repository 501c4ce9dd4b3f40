"""The parts that are files: safe distinct names, card numbers masked, uuencoded blocks taken out of the text.

It is told which parts are files; `body` decides that.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from daemon.core.values import Attachment
from daemon.mail import charset, tree
from daemon.mail.cards import mask_bytes, mask_cards
from daemon.mail.part import Part
from daemon.mail.sanitize import clean_line, distinct_names, safe_name

MAX_ATTACHMENTS: Final = 100
_TEXT_FILES: Final = re.compile(r"\.(txt|csv|tsv|log|json|xml|html?|ics|vcf|md|ini|eml|rtf)$", re.IGNORECASE)
_TEXT_MEDIA: Final = re.compile(r"^(text/.*|application/(json|xml|csv|rtf|.*\+(json|xml)))$")
_UU_BEGIN: Final = re.compile(r"^begin [0-7]{3,4} (\S[^\n]{0,200})$")
MAILS: Final = frozenset({"message/rfc822", "message/global"})


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it came: `name` raw, `part` where an attached mail has to be masked inside."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    part: Part | None = None


def raw_name(leaf: tree.Leaf) -> str:
    """The name a part came with; an attached mail is called after its subject."""
    name = leaf.part.file_name()
    if leaf.media_type in MAILS:
        inner = leaf.part.children()
        subject = ""
        if inner:
            subject = clean_line(charset.decode_words(inner[0].first("subject")), 80)
        name = name or re.sub(r"[/\\]", "-", subject) or "message"
        return name if name.lower().endswith(".eml") else f"{name}.eml"
    return name


def attachments(files: Sequence[File], defects: list[str]) -> tuple[tuple[Attachment, ...], int]:
    """The first `MAX_ATTACHMENTS` files as they may be kept, and how many card numbers were
    masked in them."""
    if len(files) > MAX_ATTACHMENTS:
        defects.append(
            f"{len(files)} attachments: the first {MAX_ATTACHMENTS} are kept, all are in the original"
        )
        files = files[:MAX_ATTACHMENTS]
    masked, names, contents = 0, [], []
    for position, file in enumerate(files, 1):
        name, in_name = mask_cards(safe_name(file.name, file.media_type, position), "x")
        content, inside = _masked_content(file, name)
        masked += in_name + inside
        names.append(name)
        contents.append(content)
    kept = zip(distinct_names(names), files, contents, strict=True)
    return tuple(
        Attachment(
            name=name,
            media_type=clean_line(file.media_type, 100),
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
        )
        for name, file, content in kept
    ), masked


def is_text(media_type: str, name: str) -> bool:
    """Whether a file of this type or name may hold card numbers that can be read in it."""
    return bool(_TEXT_MEDIA.match(media_type) or _TEXT_FILES.search(name))


def _masked_content(file: File, name: str) -> tuple[bytes, int]:
    if file.media_type in MAILS and file.part is not None:
        count = mask_inside(file.part)
        return (tree.content(file.part)[0], count) if count else (file.content, 0)
    if is_text(file.media_type, name):
        return mask_bytes(file.content)
    return file.content, 0


def mask_inside(part: Part) -> int:
    """Mask the texts and subjects of an attached mail in place; how many numbers that were."""
    count, stack, seen = 0, [part], 0
    while stack and seen < tree.MAX_PARTS:
        current, seen = stack.pop(), seen + 1
        subject, in_subject = mask_cards(charset.decode_words(current.first("subject")), "x")
        if in_subject:
            del current["subject"]
            current["Subject"] = clean_line(subject)
        inner = current.children()
        if inner is not None:
            stack.extend(inner)
        elif current.media_type().startswith("text/"):
            text, _ = charset.decode(tree.content(current)[0], current.parameter("charset"))
            text, in_text = mask_cards(text, "x")
            if in_text:
                del current["content-transfer-encoding"]
                text = text.encode("utf-8", "replace").decode()
                current.set_payload(text, "us-ascii" if text.isascii() else "utf-8")
                in_subject += in_text
        count += in_subject
    return count


def without_uuencode(text: str) -> tuple[str, list[File]]:
    """The text without uuencoded files, and those. A block without an end stays text."""
    if "\nbegin " not in f"\n{text}":
        return text, []
    lines = text.split("\n")
    ends = [i for i, line in enumerate(lines) if line.strip() == "end"]
    kept: list[str] = []
    files: list[File] = []
    index, next_end = 0, 0
    while index < len(lines):
        begin = _UU_BEGIN.match(lines[index])
        while next_end < len(ends) and ends[next_end] < index:
            next_end += 1
        if (
            begin is None
            or next_end == len(ends)
            or (content := _uudecoded(lines[index + 1 : ends[next_end]])) is None
        ):
            kept.append(lines[index])
            index += 1
            continue
        files.append(File(name=begin[1], media_type="application/octet-stream", content=content))
        index = ends[next_end] + 1
    return "\n".join(kept), files


def _uudecoded(lines: Sequence[str]) -> bytes | None:
    out = []
    for line in lines:
        if not line:
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except (binascii.Error, ValueError):
            try:
                # Trailing blanks were eaten on the way: the first character says how long the line is.
                length = (((ord(line[0]) - 32) & 63) * 4 + 5) // 3
                out.append(binascii.a2b_uu(line[: length + 1]))
            except (binascii.Error, ValueError):
                return None
    return b"".join(out) or None

"""The text and the attachments of a mail, in the order of its parts, card numbers already masked.

It chooses between the plain and the HTML form, keeps what is no text as attachments with safe names, and
says in `defects` what was cut, unreadable or left closed. It knows nothing of replies and classes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daemon.core.values import Attachment
from daemon.mail import charset, tree
from daemon.mail.attachments import File, attachments, raw_name, without_uuencode
from daemon.mail.cards import mask_cards
from daemon.mail.html_text import from_html
from daemon.mail.sanitize import clean_text

MAX_TEXT: Final = 1_000_000
_MAX_TEXT_BYTES: Final = 8_000_000
_LONGEST_FLOWED: Final = 20_000

_TEXT_TYPES: Final = frozenset({"text/plain", "text/html"})
_SIGNATURES: Final = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
# Reports for machines: `bounce` and `automatic` read them, nobody saves them.
_REPORTS: Final = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "text/rfc822-headers",
        "application/pgp-encrypted",
    }
)
_NOTED: Final = {
    "application/ms-tnef": "TNEF (winmail.dat): kept as a file, not opened",
    "application/vnd.ms-tnef": "TNEF (winmail.dat): kept as a file, not opened",
    "application/pkcs7-mime": "S/MIME: encrypted or wrapped, kept as a file, cannot be read here",
    "application/x-pkcs7-mime": "S/MIME: encrypted or wrapped, kept as a file, cannot be read here",
    "application/pgp-encrypted": "PGP: encrypted, kept as a file, cannot be read here",
    "application/pkcs7-signature": "S/MIME signature: not verified",
    "application/x-pkcs7-signature": "S/MIME signature: not verified",
    "application/pgp-signature": "PGP signature: not verified",
    "message/partial": "message/partial: one piece of a mail, kept as a file",
}
_USELESS: Final = re.compile(
    r"html[^\n]{0,60}(?:version|format|client|viewer|capable|support|compatible|courriel|e-?mail)|"
    r"(?:version|format|en)[^\n]{0,30}html|"
    r"view (?:this|it)[^\n]{0,40}(?:browser|online)|(?:affich|consult|"
    r"visualis)\w*[^\n]{0,60}(?:navigateur|en ligne)",
    re.IGNORECASE,
)
_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_:-]{1,40})", re.IGNORECASE
)
_METHOD: Final = re.compile(rb"^METHOD:\s*([A-Za-z]{1,20})", re.MULTILINE | re.IGNORECASE)
_EVENT_WORDS: Final = re.compile(
    r"^(?:SUMMARY|DESCRIPTION|LOCATION)(?:;[^:\n]{0,200})?:([^\n]{1,2000})", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """`calendar_methods`: the METHODs of calendar parts, upper case. `masked`: card numbers masked in the
    text and in the attachments."""

    text: str
    attachments: tuple[Attachment, ...]
    masked: int
    defects: tuple[str, ...]
    calendar_methods: tuple[str, ...] = ()
    leaves: tuple[tree.Leaf, ...] = ()


def read(mail: tree.Tree) -> Body:
    """Text and attachments of the whole mail. Linear; at most `MAX_TEXT` characters are kept."""
    defects = list(mail.defects)
    if mail.refused:
        text = clean_text(charset.guess(mail.body))
        text, masked = mask_cards(text[:MAX_TEXT])
        return Body(text=text, attachments=(), masked=masked, defects=tuple(defects))
    leaves = tuple(tree.leaves(mail.top, defects))
    texts, files = _sorted(leaves, defects)
    text = _joined(texts, defects)
    text, encoded = without_uuencode(text)
    text = text.strip("\n")
    files.extend(encoded)
    methods = tuple(m for leaf in leaves if leaf.media_type == "text/calendar" for m in _methods(leaf))
    if not text.strip() and methods:
        text = _event_words(leaves)
    if len(text) > MAX_TEXT:
        defects.append(f"text of {len(text)} characters: the first {MAX_TEXT} are kept")
        text = text[:MAX_TEXT]
    text, in_text = mask_cards(text)
    kept, in_files = attachments(files, defects)
    return Body(
        text=text,
        attachments=kept,
        masked=in_text + in_files,
        defects=tuple(dict.fromkeys(defects)),
        calendar_methods=methods,
        leaves=leaves,
    )


def leaf_text(leaf: tree.Leaf, defects: list[str]) -> str:
    """A text part decoded and clean, HTML turned into text, flowed lines joined."""
    content = leaf.content
    if len(content) > _MAX_TEXT_BYTES:
        defects.append(f"text part of {len(content)} bytes: only its beginning was read")
        content = content[: content.rfind(b"\n", 0, _MAX_TEXT_BYTES) + 1 or _MAX_TEXT_BYTES]
    label = leaf.part.parameter("charset")
    if leaf.media_type == "text/html" and not label:
        meta = _META_CHARSET.search(content[:2048])
        label = meta[1].decode("ascii") if meta else ""
    text, trouble = charset.decode(content, label)
    if trouble:
        defects.append(trouble)
    if leaf.media_type == "text/html":
        return clean_text(from_html(clean_text(text)))
    text = clean_text(text)
    if leaf.part.parameter("format").lower() == "flowed":
        text = unflowed(text, delsp=leaf.part.parameter("delsp").lower() == "yes")
    return text


def unflowed(text: str, *, delsp: bool = False) -> str:
    """RFC 3676: a line that ends in a space goes on in the next one of the same quote depth,
    except the signature's "-- "."""
    out: list[list[str]] = []
    open_depth, length = -1, 0
    for raw in text.split("\n"):
        depth = len(raw) - len(raw.lstrip(">"))
        line = raw[depth:].removeprefix(" ")
        flows = line.endswith(" ") and line != "-- "
        piece = line[:-1] if flows and delsp else line
        if open_depth == depth and line != "-- ":
            if length > _LONGEST_FLOWED:
                piece, length = f"\n{piece}", 0
            out[-1].append(piece)
        else:
            out.append([f"{'>' * depth} {piece}" if depth else piece])
            length = 0
        length += len(piece)
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in out)


def _sorted(leaves: Sequence[tree.Leaf], defects: list[str]) -> tuple[list[tree.Leaf], list[File]]:
    """The parts that are the mail's words, and those that are files."""
    texts: list[tree.Leaf] = []
    files: list[File] = []
    for leaf in leaves:
        kind = leaf.media_type
        note = _NOTED.get(kind)
        if note:
            defects.append(note)
        if kind in _REPORTS or kind in _SIGNATURES:
            continue
        if _is_words(leaf):
            texts.append(leaf)
        elif leaf.content or leaf.part.file_name():
            files.append(File(name=raw_name(leaf), media_type=kind, content=leaf.content, part=leaf.part))
    return texts, files


def _is_words(leaf: tree.Leaf) -> bool:
    if not leaf.parents and leaf.media_type.startswith(("text/", "multipart/")):
        return leaf.media_type != "text/calendar"
    if leaf.media_type.startswith("multipart/"):
        return True  # a multipart that could not be opened
    return (
        leaf.media_type in _TEXT_TYPES
        and leaf.part.disposition() != "attachment"
        and not leaf.part.file_name()
    )


def _joined(texts: Sequence[tree.Leaf], defects: list[str]) -> str:
    """The words in order; of an alternative, its plain form unless that only points to the HTML."""
    parts: list[str] = []
    done: set[int] = set()
    total = 0
    for leaf in texts:
        if total > MAX_TEXT:
            break
        if not leaf.branch:
            parts.append(leaf_text(leaf, defects))
        elif leaf.branch not in done:
            done.add(leaf.branch)
            parts.append(_best([other for other in texts if other.branch == leaf.branch], defects))
        else:
            continue
        total += len(parts[-1])
    return "\n\n".join(stripped for p in parts if (stripped := p.strip("\n")).strip())


def _best(forms: Sequence[tree.Leaf], defects: list[str]) -> str:
    plain = "\n\n".join(leaf_text(f, defects).strip("\n") for f in forms if f.media_type != "text/html")
    html_forms = [f for f in forms if f.media_type == "text/html"]
    if not html_forms or len(plain.strip()) > 400:
        return plain
    rich = "\n\n".join(leaf_text(f, defects) for f in html_forms)
    useless = not plain.strip() or (_USELESS.search(plain) and len(rich.strip()) > 20)
    if useless or len(plain.strip()) * 10 < len(rich.strip()):
        return rich if rich.strip() else plain
    return plain


def _methods(leaf: tree.Leaf) -> list[str]:
    declared = leaf.part.parameter("method")
    found = _METHOD.search(leaf.content[:20_000])
    return [declared.upper() or (found[1].decode("ascii").upper() if found else "PUBLISH")]


def _event_words(leaves: Sequence[tree.Leaf]) -> str:
    for leaf in leaves:
        if leaf.media_type == "text/calendar":
            source = clean_text(charset.decode(leaf.content[:200_000], leaf.part.parameter("charset"))[0])
            source = re.sub(r"\n[ \t]", "", source)
            words = [m[1].replace("\\n", "\n").replace("\\,", ",") for m in _EVENT_WORDS.finditer(source)]
            return "\n".join(dict.fromkeys(words)).strip()
    return ""

"""A mail whose card numbers are masked, as bytes that can take the original's place on the server (mail.md,
"Parsing"; PCI DSS 3.5.1).

Two ways, the first that holds: the mail as it came, its texts, subjects and file names masked in place; or,
where a number is hidden in a block, a plain mail of what was read. Either is read again before it is given
out, and must hold no number. None: neither can be done without losing something of the mail.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from email.generator import BytesGenerator
from email.message import EmailMessage
from html import escape
from typing import Final

from daemon.core.values import Mail, Unreadable
from daemon.mail import attachments, charset, headers, tree
from daemon.mail.body import MAX_TEXT
from daemon.mail.cards import mask_bytes, mask_cards
from daemon.mail.html_text import from_html
from daemon.mail.part import TROUBLES, Part
from daemon.mail.sanitize import clean_line, clean_text
from daemon.mail.tokens import TokenKey

BULLET: Final = "\u2022"
LETTER: Final = "x"
"""As reading a mail masks them: its words with bullets, its files with letters."""

_PARAMETERS: Final = ("boundary", "charset", "format", "delsp", "method", "type", "report-type")
MARK: Final = "X-Azimut-Masked"
"""Names the original, so that a copy that was put there before a crash is found again."""

_ADDRESS: Final = re.compile(r"([^\s<>,;\"]+@[^\s<>,;\"]+)")
_BOUNDED: Final = re.compile(r"\b(?:only|kept|not opened|cut)\b")
"""In what reading says of a mail that it did not take in whole."""

# Fields that hold identifiers and routes. Digits in them are no card numbers, and whoever changes them breaks
# threading.
_LEFT_ALONE: Final = re.compile(
    r"message-id|in-reply-to|references|received|date|return-path|delivered-to|authentication-results|"
    r"content-(?!description)|mime-version|dkim-signature|arc-|list-|x-azimut-",
    re.IGNORECASE,
)


def copy_mark(key: TokenKey, mailbox: str, uidvalidity: int, uid: int) -> str:
    """32 hex digits that name a mail: nobody else can make them, and none are part of another's."""
    return key.mac("card mail", f"{mailbox}/{uidvalidity}/{uid}".encode(), size=16).hex()


def masked_copy(raw: bytes, mark: str, parse: Callable[[bytes, bool], Mail | Unreadable]) -> bytes | None:
    """`raw` with all that `parse` masks masked, and `mark` in its header. Never raises for any bytes."""
    mail = parse(raw, False)
    if not isinstance(mail, Mail):
        return None
    for made in (_in_place, _anew):
        try:
            copy = made(raw, mail, mark)
        except TROUBLES:
            continue
        if copy is not None and _holds(copy, mail, parse):
            return copy
    return None


def _holds(copy: bytes, mail: Mail, parse: Callable[[bytes, bool], Mail | Unreadable]) -> bool:
    """Read again, it is the same mail and has no number to mask."""
    again = parse(copy, False)
    if not isinstance(again, Mail) or again.masked:
        return False
    same = again.from_ == mail.from_ and again.message_id == mail.message_id
    words = " ".join(again.text.split()) == " ".join(mail.text.split()) and again.subject == mail.subject
    return same and words and len(again.attachments) == len(mail.attachments)


def _in_place(raw: bytes, mail: Mail, mark: str) -> bytes | None:
    read = tree.read(raw)
    if read.refused or len(list(read.top.raw_items())) >= tree.MAX_FIELDS:
        return None
    top = read.top
    stack, seen = [(top, BULLET)], 0
    while stack:
        (part, sign), seen = stack.pop(), seen + 1
        if seen > tree.MAX_PARTS:
            return None
        _mask_fields(part, sign)
        inner = part.children()
        if inner is not None:
            part.preamble, part.epilogue = _masked(part.preamble), _masked(part.epilogue)
            if part.media_type() in attachments.MAILS:
                attachments.mask_inside(part)  # and what is left of it below, as reading does
            attached = part.media_type() in attachments.MAILS
            stack.extend((child, LETTER if attached else sign) for child in inner)
        else:
            _mask_content(part, sign)
    _named(top, mail, mark)
    out = io.BytesIO()
    policy = top.policy.clone(linesep="\r\n")
    BytesGenerator(out, mangle_from_=False, policy=policy).flatten(top)
    return out.getvalue()


def _masked(text: str | None) -> str | None:
    return None if text is None else mask_cards(text)[0].encode("ascii", "replace").decode("ascii")


def _mask_fields(part: Part, sign: str) -> None:
    for name, value in list(part.raw_items()):
        if _LEFT_ALONE.match(name):
            continue
        shown = clean_line(charset.decode_words(str(value)), tree.MAX_FIELD)
        pieces = [p if "@" in p else mask_cards(p, sign)[0] for p in _ADDRESS.split(shown)]
        if "".join(pieces) != shown:
            _replace(part, name, "".join(pieces))
    if mask_cards(part.file_name())[1] or not _ascii(part):
        _respell(part)


def _ascii(part: Part) -> bool:
    return part.first("content-type").isascii() and part.first("content-disposition").isascii()


def _respell(part: Part) -> None:
    """The fields that name a file, spelled by RFC 2231 and without a card number in the name. The writer
    would make one encoded-word of a whole field that somebody sent in 8 bits."""
    name, _ = mask_cards(part.file_name(), LETTER)
    kind, disposition = part.media_type(), part.disposition()
    kept = {key: part.parameter(key) for key in _PARAMETERS}
    del part["content-type"]
    del part["content-disposition"]
    part["Content-Type"] = kind
    for key, value in kept.items():
        if value.isascii() and value:
            part.set_param(key, value)
    if disposition or name:
        part["Content-Disposition"] = disposition if disposition.isascii() and disposition else "attachment"
        if name:
            part.set_param("filename", name, header="Content-Disposition", charset="utf-8")


def _replace(part: Part, name: str, value: str) -> None:
    """Every field of this name but this one stays gone: several Subjects are one defect less."""
    del part[name]
    part[name] = headers.text(value).replace("\r\n ", "\n ")


def _mask_content(part: Part, sign: str) -> None:
    kind = part.media_type()
    content, _ = tree.content(part)
    if kind == "text/html" or kind == "text/plain" or not part.first("content-type"):
        text, _ = charset.decode(content, part.parameter("charset"))
        if part.disposition() == "attachment" or part.file_name():
            sign = LETTER
        masked, count = mask_cards(text, sign)
        if kind == "text/html" and mask_cards(clean_text(from_html(clean_text(masked))))[1]:
            words, count = mask_cards(clean_text(from_html(clean_text(text))), sign)
            masked = f"<pre>{escape(words)}</pre>"  # split by tags or entities: its words alone
        if count:
            _set_content(part, masked.encode("utf-8", "replace"))
            part.set_param("charset", "utf-8")
    elif attachments.is_text(kind, part.file_name()):
        inside, count = mask_bytes(content)
        if count:
            _set_content(part, inside)


def _set_content(part: Part, content: bytes) -> None:
    del part["content-transfer-encoding"]
    part["Content-Transfer-Encoding"] = "base64"
    if not part.first("content-type"):
        part["Content-Type"] = "text/plain"
    part.set_payload(base64.encodebytes(content).decode("ascii"))


def _named(top: Part, mail: Mail, mark: str) -> None:
    """A mail without an id of its own keeps the one that was made for it."""
    if mail.synthetic_id:
        del top["message-id"]
        top["Message-ID"] = f"<{mail.message_id}>"
    del top[MARK]
    top[MARK] = mark


def _anew(raw: bytes, mail: Mail, mark: str) -> bytes | None:
    """A mail of the words and the files that were read. It would lose what was bounded."""
    whole = len(mail.text) < MAX_TEXT and len(mail.attachments) < attachments.MAX_ATTACHMENTS
    if not whole or any(_BOUNDED.search(defect) for defect in mail.defects):
        return None
    made = EmailMessage()
    made["From"] = headers.mailbox(mail.from_.name, mail.from_.address).replace("\r\n ", " ")
    for name, people in (("To", mail.to), ("Cc", mail.cc), ("Reply-To", mail.reply_to)):
        if people:
            made[name] = ", ".join(headers.spec(a.address) for a in people)
    made["Subject"] = mail.subject
    head = [f"Message-ID: <{mail.message_id}>", f"{MARK}: {mark}"]
    date = clean_line(tree.read(raw).top.first("date"), 200)
    if date and date.isascii():
        head.append(f"Date: {date}")
    for field, ids in (("In-Reply-To", mail.in_reply_to), ("References", mail.references)):
        if ids:
            head.append(f"{field}: {headers.id_list(headers.ids(ids))}")
    made.set_content(mail.text, cte="base64")
    for attachment in mail.attachments:
        main, _, sub = attachment.media_type.partition("/")
        made.add_attachment(
            attachment.content, maintype=main or "application", subtype=sub or "octet-stream",
            filename=attachment.name,
        )  # fmt: skip
    body = made.as_bytes(policy=made.policy.clone(linesep="\r\n"))
    return "".join(f"{line}\r\n" for line in head).encode("ascii") + body

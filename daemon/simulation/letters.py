"""Mails as they travel in a scenario: what people and their servers write, and what the desk's mails say to
those who get them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header, decode_header, make_header
from email.utils import format_datetime, formataddr, parseaddr, parsedate_to_datetime
from typing import Final

from daemon.simulation.mailparts import divided, texts
from daemon.simulation.scenario import Bounce, WrittenMail

_WEEKDAYS: Final = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")
_MONTHS: Final = (
    "janv.", "févr.", "mars", "avr.", "mai", "juin", "juill.", "août", "sept.", "oct.", "nov.", "déc.",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail of the desk that a server took over at `at`. `dated`: what it says itself, in the desk's zone;
    `html` "" where nobody asks for pages."""

    at: datetime
    dated: datetime
    kind: str
    ticket: str | None
    recipient: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    sender: str
    reply_to: str
    message_id: str
    references: str
    language: str
    envelope_from: str


def opened_letter(at: datetime, envelope_from: str, recipient: str, message: bytes, *, pages: bool) -> Letter:
    """What the reader of these bytes gets to see."""
    head, body = divided(message)
    found = dict(texts(head, body, ("text/plain", "text/html") if pages else ("text/plain",)))
    sender = shown(head["from"])
    return Letter(
        at=at,
        dated=parsedate_to_datetime(head["date"]),
        kind=head.get("x-azimut-kind", ""),
        ticket=head.get("x-azimut-ticket"),
        recipient=recipient,
        subject=shown(head.get("subject")),
        text=found.get("text/plain", ""),
        html=found.get("text/html", ""),
        sender=sender,
        reply_to=shown(head.get("reply-to")) or sender,
        message_id=head["message-id"],
        references=" ".join(head.get("references", "").split()),
        language=head.get("content-language", "fr")[:2],
        envelope_from=envelope_from,
    )


def written(mail: WrittenMail, desk: str, answered: Letter | None) -> bytes:
    """The bytes that arrive. `answered`: what it answers, quoted below as mail programs do."""
    if mail.raw is not None:
        return mail.raw
    subject, body = mail.subject, mail.body
    fields = {
        "From": _mailbox(mail.sender.name, mail.sender.address),
        "To": ", ".join(mail.to) or desk,
        "Cc": ", ".join(mail.cc),
        "Date": format_datetime(mail.at),
        "Message-ID": f"<scenario.{mail.number}@{mail.sender.address.rpartition('@')[2]}>",
    }
    if answered is not None:
        again = answered.subject.lower().startswith("re:")
        subject = subject or (answered.subject if again else f"Re: {answered.subject}")
        name, address = parseaddr(answered.reply_to)
        fields["To"] = ", ".join([_mailbox(name, address), *mail.to])
        fields["In-Reply-To"] = answered.message_id
        fields["References"] = f"{answered.references} {answered.message_id}".strip()
        body = f"{body.rstrip()}\n\n{_quoted(answered)}\n"
    fields["Subject"] = subject if subject.isascii() else Header(subject, "utf-8").encode(linesep="\r\n")
    fields |= {
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    own = {name.lower() for name, _ in mail.headers}
    said = [*((name, value) for name, value in fields.items() if value and name.lower() not in own)]
    head = "".join(f"{name}: {value}\r\n" for name, value in [*said, *mail.headers])
    return f"{head}\r\n{_crlf(body)}".encode()


def bounced(bounce: Bounce, letter: Letter, desk: str) -> bytes:
    """A delivery report of the receiver's server (RFC 3464), sent to where the letter said that it came
    from. A letter without a sender gets none in the world; here it comes to the desk."""
    host = letter.recipient.rpartition("@")[2]
    to = letter.envelope_from or desk
    failed = "failed" if bounce.status.startswith("5") else "delayed"
    words = "could not be delivered" if failed == "failed" else "has not been delivered yet"
    lines = (
        "Return-Path: <>",
        f"From: Mail Delivery System <MAILER-DAEMON@mx.{host}>",
        f"To: {to}",
        f"Date: {format_datetime(bounce.at)}",
        f"Message-ID: <scenario.bounce.{bounce.number}@mx.{host}>",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="scenario-bounce"',
        "",
        "--scenario-bounce",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"Your message to <{letter.recipient}> {words}.",
        "",
        "--scenario-bounce",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; mx.{host}",
        "",
        f"Final-Recipient: rfc822; {letter.recipient}",
        f"Action: {failed}",
        f"Status: {bounce.status}",
        f"Diagnostic-Code: smtp; 550 {bounce.status} <{letter.recipient}>: scenario",
        "",
        "--scenario-bounce",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: {letter.message_id}",
        f"To: {letter.recipient}",
        "",
        "--scenario-bounce--",
        "",
    )
    return "\r\n".join(lines).encode()


def shown(value: str | None) -> str:
    """A header field as its reader sees it, on one line."""
    if value and "=?" in value:
        value = str(make_header(decode_header(value)))
    return " ".join(value.split()) if value else ""


def _mailbox(name: str, address: str) -> str:
    return formataddr((name, address))


def _crlf(text: str) -> str:
    return "\r\n".join(text.replace("\r\n", "\n").split("\n"))


def _quoted(letter: Letter) -> str:
    """As Gmail does: one line that says who wrote when, then the text behind angle brackets."""
    at, sender = letter.dated, letter.sender.replace('"', "")
    if letter.language == "en":
        when = f"On {at:%a}, {at:%b} {at.day}, {at.year} at {at:%H:%M}"
        line = f"{when} {sender} wrote:"
    else:
        when = f"Le {_WEEKDAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year} à {at:%H:%M}"
        line = f"{when}, {sender} a écrit\u00a0:"
    text = "\n".join(f"> {row}".rstrip() for row in letter.text.split("\n"))
    return f"{line}\n{text}"

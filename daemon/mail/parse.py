"""The one door from bytes to values: raw bytes in, `Mail` or `Unreadable` out, whatever the bytes are.

It joins what the other readers found and owns nothing but that. Nothing leaves it that holds a card number, a
control character or a lone surrogate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from daemon.core.values import Address, Language, Mail, MailClass, Unreadable
from daemon.mail import addresses, automatic, body, bounce, header, reply, tree, voicemail
from daemon.mail.language import vote

MAX_DEFECTS: Final = 50
_FAR: Final = timedelta(days=2)
_LONGEST_QUARANTINED: Final = 100_000


def parse(
    raw: bytes,
    *,
    truncated: bool = False,
    received: datetime | None = None,
    desk_address: str = "",
    voicemail_senders: Sequence[str] = (),
) -> Mail | Unreadable:
    """Read a mail. Never raises; linear in the size of `raw`, which may be any bytes.

    truncated  only the beginning was fetched: said in the defects
    received   when it arrived, aware; only to note a Date that cannot be true
    desk_address  our own address: a mail from it is a loop. "": not known
    voicemail_senders  addresses of the phone system, or its domain as "@phones.example"
    """
    try:
        return _parse(
            raw,
            truncated=truncated,
            received=received,
            desk_address=desk_address,
            voicemail_senders=voicemail_senders,
        )
    except Exception as trouble:  # noqa: BLE001 - no bytes may stop the intake
        digest = hashlib.sha256(raw).hexdigest()
        return Unreadable(
            reason=f"cannot be read ({type(trouble).__name__})",
            message_id=_made_id(digest),
            fingerprint=digest,
        )


def _parse(
    raw: bytes,
    *,
    truncated: bool,
    received: datetime | None,
    desk_address: str,
    voicemail_senders: Sequence[str],
) -> Mail | Unreadable:
    mail = tree.read(raw)
    head = header.read(mail.top)
    content = body.read(mail)
    sender = head.senders[0].address if head.senders else ""
    report = bounce.report(mail.top, content.leaves, sender=sender, subject=head.subject, text=content.text)
    digest = _fingerprint(head, content)
    own_id = addresses.message_id(mail.top)
    senders = head.senders or (_daemon(head) if report else ())
    reason = _unreadable_because(raw, head, senders)
    if reason is not None:
        return Unreadable(
            reason=reason,
            message_id=own_id or _made_id(digest),
            subject=head.subject,
            from_=senders[0] if senders else None,
            text=content.text[:_LONGEST_QUARANTINED],
            fingerprint=digest,
        )
    mail_class, signs = automatic.classify(
        mail.top,
        sender=senders[0].address,
        subject=head.subject,
        bounced=report is not None,
        calendar_methods=content.calendar_methods,
        desk_address=desk_address,
        voicemail_senders=voicemail_senders,
    )
    call = voicemail.read(head.subject, content.text) if mail_class is MailClass.VOICEMAIL else None
    heard = call.transcript if call is not None else ""
    new_text = heard or reply.new_text(content.text, forwarded=reply.is_forward(head.subject))
    return Mail(
        message_id=own_id or _made_id(digest),
        synthetic_id=own_id is None,
        from_=senders[0],
        senders=senders,
        reply_to=head.reply_to,
        to=head.to,
        cc=head.cc,
        delivered_to=addresses.delivered_to(mail.top),
        subject=head.subject,
        date=head.date,
        in_reply_to=addresses.ids(mail.top.every("in-reply-to")),
        references=addresses.ids(mail.top.every("references"), newest=True),
        text=content.text,
        new_text=new_text,
        attachments=content.attachments,
        mail_class=mail_class,
        signs=signs,
        list_domain=automatic.list_domain(mail.top),
        bounce=report,
        call=call,
        authentication_results=head.authentication_results,
        return_path=addresses.return_path(mail.top),
        language=_language(new_text, head.subject),
        masked=head.masked + content.masked,
        defects=_defects(head, content, own_id, received, truncated=truncated),
        fingerprint=digest,
    )


def _unreadable_because(raw: bytes, head: header.Header, senders: Sequence[Address]) -> str | None:
    if not raw.strip():
        return "the mail is empty"
    if head.ambiguous:
        return "two From header fields: the sender is ambiguous"
    if not senders:
        return "no usable From address" if head.has_from else "no From header field"
    return None


def _daemon(head: header.Header) -> tuple[Address, ...]:
    """A delivery report may come from "MAILER-DAEMON" without a domain: it is read all the same."""
    return (Address(address="mailer-daemon", name=head.from_text),)


def _made_id(digest: str) -> str:
    """A Message-ID for a mail without one: the same content gives the same id."""
    return f"{digest[:40]}@no-message-id.invalid"


def _fingerprint(head: header.Header, content: body.Body) -> str:
    """Over sender, date, subject, text and attachments. Trace fields, which change from one delivery to the
    next, and white space do not count."""
    parts = [
        *(a.address for a in head.senders),
        head.date_text,
        head.subject,
        " ".join(content.text.split()),
        *(a.sha256 for a in content.attachments),
    ]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()


def _language(new_text: str, subject: str) -> Language | None:
    return vote(new_text) or vote(f"{subject}\n{new_text}")


def _defects(
    head: header.Header, content: body.Body, own_id: str | None, received: datetime | None, *, truncated: bool
) -> tuple[str, ...]:
    """What was wrong, bounded or left closed, in words for an agent; each once."""
    found = list(head.defects)
    if truncated:
        found.append("over the size limit: only its beginning was read, the original is complete")
    if own_id is None:
        found.append("no Message-ID: one was made from the content")
    if head.date is None:
        found.append("unreadable Date" if head.date_text else "no Date")
    elif received is not None and abs(head.date - received) > _FAR:
        found.append(f"its Date ({head.date:%Y-%m-%d}) is far from its arrival")
    found.extend(content.defects)
    return tuple(dict.fromkeys(found))[:MAX_DEFECTS]

"""The header of a mail as values. mail-parser finds the addresses and the date, and lives here and nowhere
else.

Its two readers are asked about the few fields that count. Its whole parser reads everything twice, adds
attached mails to the text, names nameless files at random and loses the order of the parts: `body` walks the
parts itself.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from daemon.core.values import Address
from daemon.mail import charset, tree
from daemon.mail.addresses import addresses, lone_address
from daemon.mail.cards import mask_cards
from daemon.mail.part import Part
from daemon.mail.sanitize import clean_line

MAX_SUBJECT: Final = 500
_MAX_TRACE: Final = 20
_FIRST_MAIL: Final = datetime(1971, 1, 1, tzinfo=UTC)
_SEVERAL: Final = ("to", "cc", "reply-to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`ambiguous`: several From fields that name different senders. `date` aware, UTC; `date_text` as sent.
    `masked`: card numbers masked in the subject. `from_text`: From as written, for a sender without
    address."""

    senders: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    date: datetime | None = None
    date_text: str = ""
    subject: str = ""
    masked: int = 0
    has_from: bool = False
    from_text: str = ""
    ambiguous: bool = False
    authentication_results: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()


def read(top: Part) -> Header:
    """The header, as far as it can be read; what could not be is in `defects`."""
    defects: list[str] = []
    froms = top.every("from")
    date_text = top.first("date")
    found = _found(
        {name: ", ".join(top.every(name))[: tree.MAX_FIELD] for name in _SEVERAL}
        | {"from": froms[0] if froms else "", "date": date_text},
        defects,
    )
    subjects = top.every("subject")
    subject = clean_line(charset.decode_words(subjects[0][: MAX_SUBJECT * 40]), 100_000) if subjects else ""
    subject, masked = mask_cards(subject)
    if len(subject) > MAX_SUBJECT:
        defects.append(f"subject of {len(subject)} characters: the first {MAX_SUBJECT} are kept")
    if len(subjects) > 1:
        defects.append("several Subject fields: the first was read")
    senders = found.senders or _lone(froms, defects)
    others = [_found({"from": value}, defects).senders for value in froms[1:5]]
    return Header(
        senders=_together(senders, others),
        to=found.to,
        cc=found.cc,
        reply_to=found.reply_to,
        date=found.date if found.date is not None and found.date >= _FIRST_MAIL else None,
        date_text=clean_line(date_text, 200),
        subject=clean_line(subject, MAX_SUBJECT),
        masked=masked,
        has_from=bool(froms),
        from_text=clean_line(charset.decode_words(froms[0][:1_000]), 200) if froms else "",
        ambiguous=any({a.address for a in other} != {a.address for a in senders} for other in others),
        authentication_results=tuple(
            clean_line(value, 4_000) for value in top.every("authentication-results")[:_MAX_TRACE]
        ),
        defects=tuple(defects),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    senders: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    date: datetime | None = None


def _found(fields: dict[str, str], defects: list[str]) -> _Found:
    """What mail-parser makes of these fields, as `MailParser` would say it. It is not known to raise on a
    string, and is not trusted not to."""
    from mailparser.dates import parse_mail_date

    _keep_quiet()
    try:
        return _Found(
            senders=_mailboxes(fields.get("from")),
            to=_mailboxes(fields.get("to")),
            cc=_mailboxes(fields.get("cc")),
            reply_to=_mailboxes(fields.get("reply-to")),
            date=parse_mail_date(fields.get("date") or None).value,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as trouble:
        defects.append(f"header fields cannot be read ({type(trouble).__name__})")
        return _Found()


@lru_cache(maxsize=64)
def _mailboxes(value: str | None) -> tuple[Address, ...]:
    """The desk's own address stands in the To of nearly every mail."""
    from mailparser.utils import get_addresses

    if not value:
        return ()
    found = get_addresses(value, decode_names=True)
    return addresses(("" if name == address else name, address) for name, address in found)


def _keep_quiet() -> None:
    """mail-parser logs the values that it cannot decode; no header of a customer belongs in a log."""
    logger = logging.getLogger("mailparser")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _lone(froms: list[str], defects: list[str]) -> tuple[Address, ...]:
    address = lone_address(froms[0]) if len(froms) == 1 else None
    if address is None:
        return ()
    defects.append("malformed From: its only address was taken")
    return (Address(address=address),)


def _together(senders: tuple[Address, ...], others: list[tuple[Address, ...]]) -> tuple[Address, ...]:
    distinct = {a.address: a for group in (senders, *others) for a in reversed(group)}
    first = [a for a in senders if a.address in distinct]
    known = {a.address for a in first}
    return tuple(first + [a for a in distinct.values() if a.address not in known])

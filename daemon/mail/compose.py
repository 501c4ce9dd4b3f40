"""An outbox row made into a mail: headers, words, HTML, all from the row's own facts.

`Composer.render` is pure: the same row at the same instant under the same key and templates gives the same
bytes. It decides nothing: who gets a mail, and what it may tell, was decided when the row was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from daemon.core.sending import INTERNAL_KINDS
from daemon.core.values import Language, OutboxRow, Plan, Priority, reference
from daemon.mail import headers, quoting, tokens, wording
from daemon.mail.sanitize import clean_line
from daemon.mail.self_help import SelfHelpShelf
from daemon.mail.template_set import TemplateSet
from daemon.mail.tokens import Purpose, TokenKey
from daemon.settings.resources import resource

TOKEN_LIFE: Final = timedelta(days=730)
"""How long a reply address is valid at most. That it ends 60 days after its ticket closed is for
`core.matching` to say: only the store knows when that was."""

SUBJECT_BYTES: Final = 200
QUOTED_SUBJECT: Final = 120
"""Characters of the customer's subject that a body repeats."""

_LONGEST_FACT: Final = 2_000
_LONGEST_LOCAL: Final = 64  # RFC 5321 section 4.5.3.1.1
_WRITTEN_BY_PEOPLE: Final = frozenset({"reply", "resolved"})
_ANSWERS: Final = frozenset({"ack"})
_PURPOSES: Final = {"notification": Purpose.AGENT, "confirm": Purpose.CONFIRM}
_PREFIXES: Final = re.compile(
    r"(?:\s*(?:(?:re|ré|rép|réf|tr|fwd?|fw|aw|wg|sv|antw)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]|\[AZ-\d{1,10}\]))+\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """As whom the desk writes. `timezone` is an IANA name; `phone` is its voice mailbox, "" when none."""

    desk_address: str
    desk_name: str
    timezone: str
    phone: str = ""
    plus_addressing: bool = True
    key: TokenKey = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A mail ready for the wire: 7-bit, CRLF. `envelope_from` "" is the null sender; `subject` is decoded."""

    message_id: str
    envelope_from: str
    message: bytes = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class Composer:
    """`overlay`: the owner's template folder, whose files win over the shipped ones one by one."""

    def __init__(self, identity: Identity, overlay: Path | None = None) -> None:
        self._identity = identity
        self._zone = ZoneInfo(identity.timezone)
        self._desk = {"name": identity.desk_name, "address": identity.desk_address}
        self._templates = TemplateSet(resource("templates", "email"), overlay)
        self._shelf = SelfHelpShelf(resource("config", "aide"), overlay)

    def render(self, row: OutboxRow, now: datetime) -> Rendered:
        """The mail of this row, told at `now`. Raises `ValueError` when the recipient is no address, and
        `BadTemplate` when a template is missing or does not fit the row's facts."""
        language = Language(str(row.context["language"]))
        facts = self._facts(row, language, now)
        subject = clipped(self._templates.subject(row.kind, language, facts), SUBJECT_BYTES)
        name = clean_line(self._templates.name(language, self._desk), 100)
        reply_to = self._reply_address(row, now)
        facts |= {"title": subject, "signature": name, "tap": partial(_tap, reply_to, subject)}
        text, html = self._templates.body(row.kind, language, facts)
        message_id = self._message_id(row)
        return Rendered(
            message_id=message_id,
            envelope_from=self._envelope_from(row),
            message=self._message(row, now, language, name, reply_to, message_id, subject, text, html),
            subject=subject,
            text=text,
            html=html,
        )

    def _facts(self, row: OutboxRow, language: Language, now: datetime) -> dict[str, object]:
        """The row's context, cleaned, and the words and functions that the templates share."""
        facts = {name: _clean(value) for name, value in row.context.items()}
        moments = wording.Moments(now, self._zone, language)
        facts |= {
            "kind": row.kind,
            "language": language.value,
            "ref": reference(row.ticket) if row.ticket else "",
            "desk": self._desk,
            "token": self._footer(row),
            "deadline": _told(moments.deadline),
            "moment": _told(moments.moment),
            "opening": _told(moments.opening),
            "until": _told(moments.until),
            "sent": _told(moments.sent),
            "is_past": lambda instant: datetime.fromisoformat(instant) <= now,
            "plan_name": lambda plan: wording.plan_name(Plan(plan), language),
            "priority_name": lambda priority: wording.priority_name(Priority(priority), language),
            "phone": wording.phone(str(facts.get("phone", "")), language),
        }
        if "subject" in facts:
            facts["subject"] = bare_subject(str(facts["subject"]))
            facts["quoted"] = quoting.subject_in_sentence(str(facts["subject"]))
        if isinstance(evidence := row.context.get("evidence"), list):
            facts["evidence"] = _clean(quoting.pieces(map(str, evidence)))
        if closed_why := facts.get("closed_why"):
            facts["closed_why"] = wording.holiday(str(closed_why), language)
        if "aide" in facts:
            key = facts["aide"]
            facts["aide"] = self._shelf.find(str(key), language) if key else None
        return facts

    def _message(
        self,
        row: OutboxRow,
        now: datetime,
        language: Language,
        name: str,
        reply_to: str,
        message_id: str,
        subject: str,
        text: str,
        html: str,
    ) -> bytes:
        content_type, body = headers.alternative([("plain", text), ("html", html)], message_id)
        threaded = headers.ids([str(row.context.get("in_reply_to") or "")])
        earlier = row.context.get("references")
        references = headers.ids([*(map(str, earlier) if isinstance(earlier, list) else ()), *threaded])
        fields = {
            "From": headers.mailbox(name, self._identity.desk_address),
            "To": headers.recipient(row.recipient),
            "Reply-To": headers.mailbox(name, reply_to),
            "Subject": headers.text(subject),
            "Date": format_datetime(now.astimezone(self._zone).replace(microsecond=0)),
            "Message-ID": f"<{message_id}>",
            "In-Reply-To": headers.id_list(threaded),
            "References": headers.id_list(references),
            "Auto-Submitted": _auto_submitted(row.kind),
            "X-Auto-Response-Suppress": "" if row.kind in _WRITTEN_BY_PEOPLE else "All",
            "X-Azimut-Ticket": reference(row.ticket) if row.ticket else "",
            "X-Azimut-Kind": row.kind,
            "Content-Language": f"{language.value}-CA",
            "MIME-Version": "1.0",
            "Content-Type": content_type,
        }
        return b"".join(headers.field(n, v) for n, v in fields.items() if v) + b"\r\n" + body

    def _message_id(self, row: OutboxRow) -> str:
        domain = headers.spec(self._identity.desk_address).rpartition("@")[2]
        return tokens.message_id(self._identity.key, row.ticket, row.id, row.kind, row.cause, domain)

    def _reply_address(self, row: OutboxRow, now: datetime) -> str:
        """The address that leads an answer back to the ticket, for this reader and this purpose."""
        if not row.ticket:
            return self._identity.desk_address
        purpose = _PURPOSES.get(row.kind, Purpose.COMMAND if row.kind in INTERNAL_KINDS else Purpose.CUSTOMER)
        expires = (now + TOKEN_LIFE).date()
        return self._plus(
            tokens.address_token(self._identity.key, row.ticket, row.recipient, purpose, expires)
        )

    def _envelope_from(self, row: OutboxRow) -> str:
        """A bounce must name its row, and an automatic mail is never answered by a machine (RFC 3834 section
        3.3): without plus addresses it leaves under the null sender."""
        address = self._plus(tokens.verp(self._identity.key, row.id))
        return "" if address == self._identity.desk_address else address

    def _plus(self, part: str) -> str:
        """The desk's address with a plus part; bare where the mailbox takes none or it would not fit."""
        local, _, domain = self._identity.desk_address.rpartition("@")
        if not self._identity.plus_addressing or len(f"{local}+{part}") > _LONGEST_LOCAL:
            return self._identity.desk_address
        return f"{local}+{part}@{domain}"

    def _footer(self, row: OutboxRow) -> str:
        if not row.ticket or row.kind in INTERNAL_KINDS:
            return ""
        return tokens.footer_token(self._identity.key, row.ticket)


def check_templates(overlay: Path | None = None) -> list[str]:
    """What is wrong with the wording, one line each: every kind is rendered with sample data, in both
    languages. Empty when all is well."""
    from daemon.mail.proof import faults

    return faults(overlay)


def bare_subject(subject: str) -> str:
    """A subject without what answers pile up before it (Re:, RE :, TR:, Fwd:, [AZ-1042]), bounded."""
    found = _PREFIXES.match(subject)
    bare = subject[found.end() :] if found else subject
    return bare if len(bare) <= QUOTED_SUBJECT else f"{bare[: QUOTED_SUBJECT - 1].rstrip()}…"


def clipped(line: str, size: int) -> str:
    """At most `size` bytes of UTF-8, never ending within a character."""
    if len(line.encode()) <= size:
        return line
    return line.encode()[: size - 3].decode("utf-8", "ignore").rstrip() + "…"


def _tap(reply_to: str, subject: str, answer: str) -> str:
    """A `mailto:` link that writes `answer` (RFC 6068): the one-tap form of what the text asks for."""
    address = quote(reply_to, safe="@+")
    return f"mailto:{address}?subject={quote(f'Re: {subject}', safe='')}&body={quote(answer, safe='')}"


def _auto_submitted(kind: str) -> str:
    """RFC 3834 section 5: on all that no human wrote."""
    if kind in _WRITTEN_BY_PEOPLE:
        return ""
    return "auto-replied" if kind in _ANSWERS else "auto-generated"


def _told(tell: Callable[..., str]) -> Callable[..., str]:
    """For templates, whose facts hold instants as ISO 8601 text."""

    def told(instant: str, **how: bool) -> str:
        return tell(datetime.fromisoformat(instant), **how)

    return told


def _clean(value: object) -> object:
    """A fact as a template may have it: text is one line without control characters."""
    if isinstance(value, str):
        return clean_line(value, _LONGEST_FACT)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _clean(item) for name, item in value.items()}
    return value

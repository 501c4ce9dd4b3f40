"""An outbox row made into a mail: headers, words, HTML, all from the row's own facts.

`Composer.render` is pure: the same row at the same instant under the same key, templates and files gives the
same bytes. It decides nothing: who gets a mail, and what it may tell, was decided when the row was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.values import Language, OutboxRow, reference
from daemon.mail import addressing, agents_wording, enclosing, headers
from daemon.mail.addressing import Identity as Identity
from daemon.mail.enclosing import MissingContent as MissingContent
from daemon.mail.enclosing import enclosed as enclosed
from daemon.mail.facts import facts as facts_of
from daemon.mail.sanitize import clean_line
from daemon.mail.self_help import SelfHelpShelf
from daemon.mail.subject import SUBJECT_BYTES
from daemon.mail.subject import bare_subject as bare_subject
from daemon.mail.subject import clipped as clipped
from daemon.mail.template_set import TemplateSet
from daemon.settings.resources import resource

NAME_CHARACTERS: Final = 100
_NO_FILES: Final[Mapping[str, bytes]] = {}


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

    def render(self, row: OutboxRow, now: datetime, contents: Mapping[str, bytes] = _NO_FILES) -> Rendered:
        """The mail of this row, told at `now`. `contents`: the files that `enclosed` asks for, by their
        SHA-256. Raises `ValueError` when the recipient is no address, `MissingContent` (a `ValueError`) when
        a file of a reply is not there, and `BadTemplate` when a template is missing or does not fit the row's
        facts."""
        language = Language(str(row.context["language"]))
        facts = facts_of(row, language, now, self._zone, self._desk, self._shelf)
        files = enclosing.at_hand(row, contents)
        facts |= {"token": addressing.footer(self._identity, row), "attached": [f.sha256 for f in files]}
        facts |= {"later": enclosing.with_the_ticket(row)}
        subject = clipped(self._templates.subject(row.kind, language, facts), SUBJECT_BYTES)
        desk = clean_line(self._templates.name(language, self._desk), NAME_CHARACTERS)
        message_id = addressing.message_id(self._identity, row)
        facts |= {"title": subject, "signature": desk, "tap": self._tap(row, now, subject, message_id)}
        text, html = self._templates.body(row.kind, language, facts)
        content_type, body = headers.alternative([("plain", text), ("html", html)], message_id)
        if files:
            content_type, body = enclosing.mixed(content_type, body, files, contents, message_id)
        fields = {
            **self._addresses(row, now, desk),
            "Subject": headers.text(subject),
            "Date": format_datetime(now.astimezone(self._zone).replace(microsecond=0)),
            "Message-ID": f"<{message_id}>",
            **_marks(row, language),
            "MIME-Version": "1.0",
            "Content-Type": content_type,
        }
        return Rendered(
            message_id=message_id,
            envelope_from=addressing.envelope_from(self._identity, row),
            message=b"".join(headers.field(n, v) for n, v in fields.items() if v) + b"\r\n" + body,
            subject=subject,
            text=text,
            html=html,
        )

    def _tap(self, row: OutboxRow, now: datetime, subject: str, message_id: str) -> partial[str]:
        """For templates: answer -> link. An agent's answer is known by the mail that it answers."""
        address = addressing.tap_address(self._identity, row, now)
        answered = message_id if addressing.for_the_team(row) else ""
        return partial(addressing.tap, address, subject, answered)

    def _addresses(self, row: OutboxRow, now: datetime, desk: str) -> dict[str, str]:
        shown = clean_line(_display(row, desk), NAME_CHARACTERS)
        reply_to = addressing.reply_address(self._identity, row, now)
        return {
            "From": headers.mailbox(shown, self._identity.desk_address),
            "To": headers.recipient(row.recipient),
            "Reply-To": headers.mailbox(desk, reply_to),
        }


def check_templates(overlay: Path | None = None) -> list[str]:
    """What is wrong with the wording, one line each: every kind is rendered with sample data, in both
    languages. Empty when all is well."""
    from daemon.mail.proof import faults

    return faults(overlay)


def _display(row: OutboxRow, desk: str) -> str:
    """The name in From: a ticket's own for agents, « Alex, Soutien Azimut POS » for what a person wrote."""
    if addressing.for_the_team(row):
        return agents_wording.display(row) or desk
    agent = str(row.context.get("agent") or "") if addressing.written_by_a_person(row) else ""
    return f"{agent}, {desk}" if agent else desk


def _marks(row: OutboxRow, language: Language) -> dict[str, str]:
    """What threads the mail in its reader's program, and what tells machines and us what it is."""
    threaded = headers.ids([str(row.context.get("in_reply_to") or "")])
    earlier = row.context.get("references")
    references = headers.ids([*(map(str, earlier) if isinstance(earlier, list) else ()), *threaded])
    automatic = addressing.auto_submitted(row)
    return {
        "In-Reply-To": headers.id_list(threaded),
        "References": headers.id_list(references),
        "Auto-Submitted": automatic,
        "X-Auto-Response-Suppress": "All" if automatic else "",
        "X-Azimut-Ticket": reference(row.ticket) if row.ticket else "",
        "X-Azimut-Kind": row.kind,
        "Content-Language": f"{language.value}-CA",
    }

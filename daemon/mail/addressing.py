"""From whom a mail of ours comes, and where an answer to it, a tap in it or a bounce of it goes.

One row is one reader, so every address can name its ticket, its reader and what may be done with an answer.
What a token then allows is decided in `core.matching` and `core.agents`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import quote

from daemon.core.sending import INTERNAL_KINDS
from daemon.core.values import OutboxRow
from daemon.mail import headers, tokens
from daemon.mail.tokens import Purpose, TokenKey

TOKEN_LIFE: Final = timedelta(days=730)
"""How long a reply address is valid at most. That it ends 60 days after its ticket closed is for
`core.matching` to say: only the store knows when that was."""

_LONGEST_LOCAL: Final = 64  # RFC 5321 section 4.5.3.1.1
_WRITTEN_BY_PEOPLE: Final = frozenset({"reply", "resolved"})
_ANSWERS: Final = frozenset({"ack"})
_PLACE: Final = 0
"""The ticket of a token for a mail about the desk, or about many tickets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """As whom the desk writes. `timezone` is an IANA name; `phone` is its voice mailbox, "" when none."""

    desk_address: str
    desk_name: str
    timezone: str
    phone: str = ""
    plus_addressing: bool = True
    key: TokenKey = field(repr=False)


def message_id(identity: Identity, row: OutboxRow) -> str:
    domain = headers.spec(identity.desk_address).rpartition("@")[2]
    return tokens.message_id(identity.key, row.ticket, row.id, row.kind, row.cause, domain)


def for_the_team(row: OutboxRow) -> bool:
    """Only agents and managers read it."""
    return row.kind in INTERNAL_KINDS


def footer(identity: Identity, row: OutboxRow) -> str:
    """The line that leads back to the ticket, in customers' mails; "" in others."""
    if not row.ticket or for_the_team(row):
        return ""
    return tokens.footer_token(identity.key, row.ticket)


def reply_address(identity: Identity, row: OutboxRow, now: datetime) -> str:
    """The address that leads an answer back to the ticket, for this reader and this purpose."""
    return _address(identity, row, _purpose(row), now)


def tap_address(identity: Identity, row: OutboxRow, now: datetime) -> str:
    """Where a one-tap link writes to. An answer to a notification reaches a customer; a tap in it must not,
    so it can only command."""
    purpose = _purpose(row)
    return _address(identity, row, Purpose.COMMAND if purpose is Purpose.AGENT else purpose, now)


def tap(address: str, subject: str, answered: str, answer: str) -> str:
    """A `mailto:` link that writes `answer` (RFC 6068). `answered`: the Message-ID that it is an answer to,
    "" where the address says enough; a program may leave it out."""
    link = f"mailto:{quote(address, safe='@+')}?subject={quote(f'Re: {subject}', safe='')}"
    link += f"&body={quote(answer, safe='')}"
    return f"{link}&In-Reply-To={quote(f'<{answered}>', safe='')}" if answered else link


def envelope_from(identity: Identity, row: OutboxRow) -> str:
    """A bounce must name its row, and an automatic mail is never answered by a machine (RFC 3834 section
    3.3): without plus addresses it leaves under the null sender, a person's words under the desk's own."""
    address = _plus(identity, tokens.verp(identity.key, row.id))
    if address == identity.desk_address and not written_by_a_person(row):
        return ""
    return address


def written_by_a_person(row: OutboxRow) -> bool:
    """An agent's words; a ticket that is marked as solved without any is told by the desk."""
    return row.kind in _WRITTEN_BY_PEOPLE and bool(str(row.context.get("text") or "").strip())


def auto_submitted(row: OutboxRow) -> str:
    """RFC 3834 section 5: on all that no human wrote; "" for a person's words."""
    if written_by_a_person(row):
        return ""
    return "auto-replied" if row.kind in _ANSWERS else "auto-generated"


def _purpose(row: OutboxRow) -> Purpose:
    if not for_the_team(row):
        return Purpose.CUSTOMER
    if row.kind == "notification":
        return Purpose.AGENT
    held = row.kind == "transcript" and bool(row.context.get("held"))
    return Purpose.CONFIRM if held or row.kind == "confirm" else Purpose.COMMAND


def _address(identity: Identity, row: OutboxRow, purpose: Purpose, now: datetime) -> str:
    if not row.ticket and not for_the_team(row):
        return identity.desk_address
    expires: date = (now + TOKEN_LIFE).date()
    ticket = row.ticket or _PLACE
    return _plus(identity, tokens.address_token(identity.key, ticket, row.recipient, purpose, expires))


def _plus(identity: Identity, part: str) -> str:
    """The desk's address with a plus part; bare where the mailbox takes none or it would not fit."""
    local, _, domain = identity.desk_address.rpartition("@")
    if not identity.plus_addressing or len(f"{local}+{part}") > _LONGEST_LOCAL:
        return identity.desk_address
    return f"{local}+{part}@{domain}"

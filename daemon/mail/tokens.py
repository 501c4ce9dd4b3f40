"""Signed names of tickets and mails: reply addresses, Message-IDs, bounce addresses, the line in the footer.

It owns what is signed and how it is read back. How far a verified claim is to be trusted is decided in
`core.matching`; where the key comes from is `secret`'s business.

Every signature is a truncated HMAC-SHA256 under its own label, so that one kind never passes for another, and
is compared in constant time. What is read must be spelled exactly as it was made (case aside): base32 has
spare bits, and two spellings of one token would be two names of one thing.
"""

from __future__ import annotations

import base64
import hmac
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Final

from daemon.core.values import Claim, ClaimKind, Mail, reference
from daemon.mail.secret import load_or_create_secret as load_or_create_secret

_VERSION: Final = 1
_EPOCH: Final = date(2020, 1, 1)
_HEAD: Final = struct.Struct(">BI4sH")  # version and purpose, ticket, recipient, expiry in days since _EPOCH
_MAC: Final = 10
_HIGHEST: Final = 2**31 - 1

_TOKEN: Final = re.compile(r"[a-z2-7]{34}")
_VERP: Final = re.compile(r"b([1-9][0-9]{0,17})-([a-z2-7]{16})")
_ID: Final = re.compile(r"az\.([0-9]{1,10})\.([0-9]{1,18})\.([0-9a-f]{8})\.([a-z2-7]{16})@(\S{1,255})")
_FOOTER: Final = re.compile(r"\bAZ-([1-9][0-9]{0,9})\s?[·•]\s?([a-z2-7]{16})\b", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"(?<![\w-])AZ[-‐‑]([1-9][0-9]{0,9})(?![\w-])", re.IGNORECASE)
_ENOUGH: Final = 20
"""Claims of one kind that are looked at: a hostile mail may hold thousands."""
_LONGEST_TEXT: Final = 200_000


class Purpose(Enum):
    """What an address was made for: the ticket's customer, its agent, commands alone, a yes, a bounce."""

    CUSTOMER = 1
    AGENT = 2
    COMMAND = 3
    CONFIRM = 4
    BOUNCE = 5


@dataclass(frozen=True, slots=True)
class TokenKey:
    """The desk's signing key."""

    secret: bytes = field(repr=False)

    def mac(self, label: str, *parts: bytes, size: int = _MAC) -> bytes:
        """`size` bytes of HMAC-SHA256 over the label and the parts, each with its length before it."""
        signed = label.encode() + b"".join(struct.pack(">I", len(part)) + part for part in parts)
        return hmac.digest(self.secret, signed, "sha256")[:size]


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignedId:
    ticket: int
    row: int


def address_token(key: TokenKey, ticket: int, recipient: str, purpose: Purpose, expires: date) -> str:
    """34 characters, base32 in lower case, for the part after the plus of a reply address.

    The recipient is in it as a keyed hash: whoever holds the token learns no address from it, and it can be
    verified whoever sends it back (a colleague may).
    """
    day = min(max((expires - _EPOCH).days, 0), 0xFFFF)
    head = _HEAD.pack(_VERSION << 4 | purpose.value, ticket, _recipient(key, recipient), day)
    return _base32(head + key.mac("address", head))


def read_address_token(
    key: TokenKey, token: str, sender: str, today: date, also: Sequence[str] = ()
) -> Claim | None:
    """The ticket that a token names, None when it is not ours or has expired. `for_sender` of the claim: it
    was made for `sender`, or for one of `also`, the sender's other addresses. Ticket 0: for a mail about the
    desk or about many tickets."""
    token = token.lower()
    if not _TOKEN.fullmatch(token):
        return None
    raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    head, mac = raw[: _HEAD.size], raw[_HEAD.size :]
    if _base32(raw) != token or not hmac.compare_digest(mac, key.mac("address", head)):
        return None
    kind, ticket, recipient, day = _HEAD.unpack(head)
    purpose = {p.value: p for p in Purpose}.get(kind & 0x0F)
    if kind >> 4 != _VERSION or purpose is None or (today - _EPOCH).days > day:
        return None
    return Claim(
        kind=ClaimKind.TOKEN,
        ticket=ticket,
        purpose=purpose.name.lower(),
        for_sender=any(hmac.compare_digest(recipient, _recipient(key, a)) for a in (sender, *also)),
    )


def message_id(key: TokenKey, ticket: int | None, row_id: int, kind: str, cause: str, domain: str) -> str:
    """The bare Message-ID of an outbox row: `az.<ticket>.<row>.<nonce>.<mac>@<domain>`, the same each time.

    The nonce comes from the cause, so that two desks grown from one database never make the same id; it
    stands in the id in the clear, so that the signature can be verified without asking the store.
    """
    nonce = key.mac("cause", kind.encode(), cause.encode(), size=4).hex()
    left = f"az.{ticket or 0}.{row_id}.{nonce}"
    return f"{left}.{_id_mac(key, left, domain)}@{domain.lower()}"


def read_message_id(key: TokenKey, mid: str) -> Claim | None:
    """The ticket of a Message-ID of ours (bare or in < >), None when it is not ours or tells of no ticket."""
    found = _signed_id(key, mid)
    if found is None or found.ticket == 0:
        return None
    return Claim(kind=ClaimKind.SIGNED_ID, ticket=found.ticket)


def verp(key: TokenKey, row_id: int) -> str:
    """The part after the plus of the envelope sender of an automatic mail: a bounce to it names its row."""
    return f"b{row_id}-{_base32(key.mac('verp', str(row_id).encode()))}"


def read_verp(key: TokenKey, local: str) -> int | None:
    """The outbox row that a local part such as `support+b17-…` names, None when it is not ours."""
    found = _VERP.fullmatch(local.rpartition("+")[2].lower())
    if found is None or not hmac.compare_digest(verp(key, int(found[1])), found[0]):
        return None
    return int(found[1])


def footer_token(key: TokenKey, ticket: int) -> str:
    """The short line in the footer of customers' mails: `AZ-1042·…`. It leads back to the ticket where a
    client or a gateway rewrites addresses and ids; weak evidence, since everybody who is quoted shows it."""
    return f"{reference(ticket)}·{_footer_mac(key, ticket)}"


def claims(
    mail: Mail, key: TokenKey, desk_address: str, today: date, also: Sequence[str] = ()
) -> tuple[Claim, ...]:
    """All evidence in a mail that it belongs to a ticket of ours, strongest first, each once. `also`: other
    addresses of its sender."""
    found = [
        *(
            claim
            for token in _plus_parts(mail, desk_address)
            if (claim := read_address_token(key, token, mail.from_.address, today, also))
        ),
        *(claim for mid in _answered(mail) if (claim := read_message_id(key, mid))),
        *_footer_claims(mail.text[:_LONGEST_TEXT], key),
        *_subject_claims(mail.subject),
    ]
    return tuple(dict.fromkeys(found))


def bounced_rows(mail: Mail, key: TokenKey, desk_address: str) -> tuple[int, ...]:
    """The outbox rows that a delivery report tells of: by the address it came to, and by the Message-ID of
    ours that it returns."""
    rows = [row for part in _plus_parts(mail, desk_address) if (row := read_verp(key, part)) is not None]
    returned = mail.bounce.original_message_id if mail.bounce else None
    original = _signed_id(key, returned) if returned else None
    if original is not None:
        rows.append(original.row)
    return tuple(dict.fromkeys(rows))


def is_ours(mail: Mail, key: TokenKey) -> bool:
    """The mail itself is one that we sent: it came back, and is never to be answered."""
    return not mail.synthetic_id and _signed_id(key, mail.message_id) is not None


def _alone(address: str) -> tuple[str, ...]:
    return (address,)


class TokenReader:
    """What a mail proves under the desk's key. `now` gives the instant that expiry is judged at;
    `addresses_of` an agent's every address, for one of them: a token was made for the one that our mail went
    to, and the answer may come from another."""

    def __init__(
        self,
        key: TokenKey,
        desk_address: str,
        now: Callable[[], datetime],
        addresses_of: Callable[[str], Sequence[str]] = _alone,
    ) -> None:
        self._key = key
        self._desk_address = desk_address
        self._now = now
        self._addresses_of = addresses_of

    def claims(self, mail: Mail) -> tuple[Claim, ...]:
        also = self._addresses_of(mail.from_.address)
        return claims(mail, self._key, self._desk_address, self._now().date(), also)

    def bounced_rows(self, mail: Mail) -> tuple[int, ...]:
        return bounced_rows(mail, self._key, self._desk_address)

    def is_ours(self, mail: Mail) -> bool:
        return is_ours(mail, self._key)


def _plus_parts(mail: Mail, desk_address: str) -> Iterator[str]:
    """What stands after the plus in addresses of the desk that this mail went to, under whatever domain: a
    receiving server may write its own."""
    desk = desk_address.rpartition("@")[0].lower()
    addresses = dict.fromkeys([*mail.delivered_to, *(a.address for a in (*mail.to, *mail.cc))])
    for address in addresses:
        local, _, part = address.rpartition("@")[0].lower().partition("+")
        if local == desk and part:
            yield part


def _answered(mail: Mail) -> tuple[str, ...]:
    """In-Reply-To, then References newest first."""
    return tuple(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))


def _footer_claims(text: str, key: TokenKey) -> Iterator[Claim]:
    found = dict.fromkeys(m.groups() for m in _FOOTER.finditer(text))
    for number, mac in list(found)[:_ENOUGH]:
        ticket = int(number)
        if ticket <= _HIGHEST and hmac.compare_digest(mac.lower(), _footer_mac(key, ticket)):
            yield Claim(kind=ClaimKind.BODY_TOKEN, ticket=ticket)


def _subject_claims(subject: str) -> Iterator[Claim]:
    numbers = dict.fromkeys(int(m[1]) for m in _REFERENCE.finditer(subject))
    for ticket in list(numbers)[:_ENOUGH]:
        if ticket <= _HIGHEST:
            yield Claim(kind=ClaimKind.SUBJECT, ticket=ticket)


def _signed_id(key: TokenKey, mid: str) -> _SignedId | None:
    found = _ID.fullmatch(mid.strip().removeprefix("<").removesuffix(">").lower())
    if found is None:
        return None
    ticket, row, nonce, mac, domain = found.groups()
    if not hmac.compare_digest(mac, _id_mac(key, f"az.{ticket}.{row}.{nonce}", domain)):
        return None
    return _SignedId(ticket=int(ticket), row=int(row))


def _id_mac(key: TokenKey, left: str, domain: str) -> str:
    return _base32(key.mac("message-id", left.encode(), domain.lower().encode()))


def _footer_mac(key: TokenKey, ticket: int) -> str:
    return _base32(key.mac("footer", str(ticket).encode()))


def _recipient(key: TokenKey, address: str) -> bytes:
    return key.mac("recipient", address.strip().lower().encode(), size=4)


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()

"""A mail in the form that goes over the wire: addresses that cannot be misread, lines that end in CRLF.

Pure. Whatever cannot be put on the wire is told here, before a server hears of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u00a1-\U0010ffff]+")
"""atext of RFC 5322 and RFC 6531 with dots anywhere, as some carriers gave them out. No quoted local part:
what it could hold (spaces, a second @, brackets) is what an envelope is attacked with."""

_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")

LONGEST_LOCAL: Final = 64
LONGEST_ADDRESS: Final = 254
"""Octets; RFC 5321 section 4.5.3.1, where a path of 256 holds the brackets too."""


class Unsendable(Exception):
    """It cannot go on the wire, now or later. The text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`sender` and `recipient` are bare addresses, the sender may be empty; `content` has CRLF line ends.

    utf8       an address or a header is not ASCII: the server must offer SMTPUTF8 (RFC 6531)
    eight_bit  the content is not ASCII: the server must offer 8BITMIME (RFC 6152)
    """

    sender: bytes
    recipient: bytes
    content: bytes = field(repr=False)
    utf8: bool
    eight_bit: bool

    @property
    def transparent(self) -> bytes:
        """The content as DATA takes it: dots doubled, and the line that ends it (RFC 5321 section 4.5.2)."""
        dotted = self.content.replace(b"\r\n.", b"\r\n..")
        return (b"." if dotted.startswith(b".") else b"") + dotted + b".\r\n"


def address_letter(sender: str, recipient: str, message: bytes, only_to: tuple[str, ...] = ()) -> Letter:
    """The letter. Raises `Unsendable`, also when the recipient's domain is not one of `only_to`."""
    try:
        from_ = wire_address(sender) if sender else b""
    except Unsendable as fault:
        raise Unsendable(f"our own envelope address: {fault}") from fault
    to = wire_address(recipient)
    domain = to.rpartition(b"@")[2].decode("ascii").lower()
    if only_to and domain not in {_ascii_domain(d.strip().lower()) for d in only_to}:
        raise Unsendable(f"only_to: no mail may go to {domain} from here")
    content = crlf(message)
    head = content.partition(b"\r\n\r\n")[0]
    return Letter(
        sender=from_,
        recipient=to,
        content=content,
        utf8=not (from_.isascii() and to.isascii() and head.isascii()),
        eight_bit=not content.isascii(),
    )


def wire_address(address: str) -> bytes:
    """The address as MAIL and RCPT take it, its domain in ASCII (RFC 5890). Raises `Unsendable`."""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise Unsendable("the address is not of the form local@domain")
    if not _LOCAL.fullmatch(local) or not local.isprintable():
        raise Unsendable("the local part of the address holds characters that may not stand there")
    ascii_domain = _ascii_domain(domain)
    if not all(_LABEL.fullmatch(label) for label in ascii_domain.split(".")):
        raise Unsendable("the domain of the address is no domain name")
    wire = f"{local}@{ascii_domain}".encode()
    if len(local.encode()) > LONGEST_LOCAL or len(wire) > LONGEST_ADDRESS:
        raise Unsendable("the address is too long")
    return wire


def crlf(message: bytes) -> bytes:
    """Every line end is CRLF, once, and the last line has one: a bare LF or CR that a later server takes for
    a line end could end the mail and begin another (SMTP smuggling, CVE-2023-51764)."""
    content = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError as fault:
        raise Unsendable("the domain of the address is no domain name") from fault

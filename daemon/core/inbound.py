"""One arrived mail as it comes to be decided, and the ledger row that every decision holds of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.core.actions import RecordMail
from daemon.core.values import Arrival, Claim, Disposition, Findings, Mail, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One arrived mail with all that was read out of it. `ours`: its Message-ID carries our signature.

    words, doubts   of an agent's mail: their own words, and the lines of them that may be quoted or ours
                    (`mail.agent_reply`)
    """

    arrival: Arrival
    mail: Mail | Unreadable
    claims: Sequence[Claim]
    findings: Findings | None
    raw: bytes
    ours: bool = False
    words: str = ""
    doubts: tuple[str, ...] = ()


def record(
    inbound: Inbound, disposition: Disposition, reason: str, *, ticket: int | None = None
) -> RecordMail:
    """The bytes are kept with it, except where a card number is or may be in them: what was masked in the
    text stands unmasked there (PCI DSS 3.5.1), and what could not be read could not be looked through."""
    mail = inbound.mail
    clean = isinstance(mail, Mail) and not mail.masked
    return RecordMail(
        arrival=inbound.arrival,
        disposition=disposition,
        reason=reason,
        message_id=mail.message_id,
        fingerprint=mail.fingerprint,
        sender=mail.from_.address if mail.from_ else "",
        subject=mail.subject,
        ticket=ticket,
        masked=mail.masked if isinstance(mail, Mail) else 0,
        raw=inbound.raw if clean else b"",
    )

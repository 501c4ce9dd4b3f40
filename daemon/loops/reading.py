"""What can be said of a mail without the store: parsed, its evidence collected, classified. It decides and
writes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from daemon.core.decide import Inbound, needs_findings
from daemon.core.matching import Lookup, lookup
from daemon.core.values import Arrival, Claim, Findings, Mail, Unreadable
from daemon.ports import Classifier

log = logging.getLogger("azimut.intake")

THREAD_FROM: Final = 100_000
"""Bytes from which parsing leaves the event loop: below, the thread costs more than the parsing."""


class Evidence(Protocol):
    """What `mail.tokens` reads out of a mail with the desk's key."""

    def claims(self, mail: Mail) -> tuple[Claim, ...]: ...

    def bounced_rows(self, mail: Mail) -> tuple[int, ...]: ...

    def is_ours(self, mail: Mail) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A mail as far as it can be told without the store. One of `inbound` with `lookup`, or the `fault` that
    reading it met."""

    arrival: Arrival
    data: bytes = field(repr=False)
    inbound: Inbound | None = None
    lookup: Lookup | None = None
    fault: Exception | None = None

    @property
    def contents(self) -> dict[str, bytes]:
        """What is to be kept as files should this mail be kept, by its sha256."""
        mail = self.inbound.mail if self.inbound is not None else None
        if not isinstance(mail, Mail):
            return {}
        return {a.sha256: a.content for a in mail.attachments if a.content or a.size == 0}


class Glasses:
    """`parse` takes (data, truncated) and returns a Mail or an Unreadable, never an exception."""

    def __init__(
        self,
        *,
        classifier: Classifier,
        parse: Callable[[bytes, bool], Mail | Unreadable],
        evidence: Evidence,
    ) -> None:
        self._classifier = classifier
        self._parse = parse
        self._evidence = evidence

    async def read(self, arrival: Arrival, data: bytes) -> Reading:
        """Never raises: any fault of one mail is that mail's alone."""
        try:
            mail = await self.parse(data, arrival.truncated)
            readable = mail if isinstance(mail, Mail) else None
            claims = self._evidence.claims(readable) if readable else ()
            rows = self._evidence.bounced_rows(readable) if readable and readable.bounce else ()
            inbound = Inbound(
                arrival=arrival,
                mail=mail,
                claims=claims,
                findings=await self._findings(mail),
                raw=data,
                ours=readable is not None and self._evidence.is_ours(readable),
            )
            wanted = lookup(mail, claims, arrival.internaldate, rows)
        except Exception as fault:  # noqa: BLE001 - whoever settles this mail sets it aside with the reason
            return Reading(arrival=arrival, data=data, fault=fault)
        return Reading(arrival=arrival, data=data, inbound=inbound, lookup=wanted)

    async def parse(self, data: bytes, truncated: bool) -> Mail | Unreadable:
        if len(data) < THREAD_FROM:
            return self._parse(data, truncated)
        return await asyncio.to_thread(self._parse, data, truncated)

    async def parse_anyhow(self, data: bytes, truncated: bool, uid: int) -> Mail | Unreadable:
        try:
            return await self.parse(data, truncated)
        except Exception:  # noqa: BLE001 - parsing itself is what failed, and this must go on
            return Unreadable(reason="parsing failed", message_id=f"uid-{uid}")

    async def _findings(self, mail: Mail | Unreadable) -> Findings | None:
        if not isinstance(mail, Mail) or not needs_findings(mail):
            return None
        try:
            return await self._classifier.classify(mail.subject, mail.new_text or mail.text)
        except Exception as fault:
            # A person who writes is answered even when the model fails: the core then takes the priority that
            # the guide gives to a text that cannot be told, and marks it to be verified.
            log.exception("classifier_failed", extra={"fields": {"fault": type(fault).__name__}})
            return None

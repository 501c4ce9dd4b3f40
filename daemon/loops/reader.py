"""One mail through the whole pipeline: parse, look up, classify, decide, write. Order of steps only.

Whatever goes wrong with one mail and is not `Unavailable` sends that mail to quarantine with the reason, and
the next mail is served.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from daemon.core.actions import Decision, QueueMail, RecordMail
from daemon.core.decide import Inbound, needs_findings, on_mail, set_aside
from daemon.core.matching import lookup
from daemon.core.notices import desk_notice
from daemon.core.policy import Intake, Policy
from daemon.core.values import Arrival, Claim, Disposition, Findings, Mail, Unreadable
from daemon.ports import AlreadyDone, Classifier, Clock, Conflict, RawMail, Store, Unavailable

log = logging.getLogger("azimut.intake")

DECISIONS: Final = 5
"""How often a mail is decided anew when what it was decided from changes meanwhile."""

THREAD_FROM: Final = 100_000
"""Bytes from which parsing leaves the event loop: below, the thread costs more than the parsing."""

HELD_BATCH: Final = 50


class Evidence(Protocol):
    """What `mail.tokens` reads out of a mail with the desk's key."""

    def claims(self, mail: Mail) -> tuple[Claim, ...]: ...

    def bounced_rows(self, mail: Mail) -> tuple[int, ...]: ...

    def is_ours(self, mail: Mail) -> bool: ...


class MailReader:
    """`parse` takes (data, truncated) and returns a Mail or an Unreadable, never an exception."""

    def __init__(
        self,
        *,
        store: Store,
        classifier: Classifier,
        parse: Callable[[bytes, bool], Mail | Unreadable],
        evidence: Evidence,
        policy: Policy,
        clock: Clock,
        wake_outbox: Callable[[], None],
    ) -> None:
        self._store = store
        self._classifier = classifier
        self._parse = parse
        self._evidence = evidence
        self._policy = policy
        self._clock = clock
        self._wake_outbox = wake_outbox

    async def take(self, mailbox: str, uidvalidity: int, raw: RawMail, circumstances: Intake) -> Disposition:
        """Give this mail its disposition, durably. Raises `Unavailable`, nothing else for a mail's fault."""
        arrival = Arrival(
            mailbox=mailbox,
            uidvalidity=uidvalidity,
            uid=raw.uid,
            internaldate=min(raw.internaldate, self._clock.now()),  # a server's clock may be ahead
            size=raw.size,
            truncated=raw.truncated,
        )
        return await self._settle(arrival, raw.data, circumstances)

    async def release_held(self, mailbox: str) -> int:
        """Decide anew some of what the brake held, now to be answered. Returns how many mails; 0: no more."""
        held = await self._store.held(mailbox, HELD_BATCH)
        for mail in held:
            await self._settle(mail.arrival, mail.data, Intake())
        return len(held)

    async def seen(self, raw: RawMail) -> bool:
        """The ledger knows this mail's Message-ID, under whatever UID."""
        mail = await self._read_anyhow(raw.data, raw.truncated, raw.uid)
        return bool(await self._store.known_ids([mail.message_id]))

    async def tell_braked(self, mailbox: str, uidvalidity: int) -> None:
        """Managers learn that the brake is on and how to release it."""
        now = self._clock.now()
        told = desk_notice(
            "brake",
            cause=f"brake:{mailbox}:{uidvalidity}",
            policy=self._policy,
            now=now,
            facts={"reason": "brake"},
        )
        await self._store.apply(Decision(actions=tuple(told)))
        self._wake_outbox()

    async def _settle(self, arrival: Arrival, data: bytes, circumstances: Intake) -> Disposition:
        try:
            decision = await self._decide(arrival, data, circumstances)
        except (Unavailable, asyncio.CancelledError):
            raise
        except Exception as fault:
            log.exception("mail_set_aside", extra={"fields": _fields(arrival, type(fault).__name__)})
            decision = await self._quarantine(arrival, data, fault)
        return decision

    async def _decide(self, arrival: Arrival, data: bytes, circumstances: Intake) -> Disposition:
        mail = await self._read(data, arrival.truncated)
        readable = mail if isinstance(mail, Mail) else None
        claims = self._evidence.claims(readable) if readable else ()
        inbound = Inbound(
            arrival=arrival,
            mail=mail,
            claims=claims,
            findings=await self._findings(mail),
            raw=data,
            ours=readable is not None and self._evidence.is_ours(readable),
        )
        rows = self._evidence.bounced_rows(readable) if readable and readable.bounce else ()
        wanted = lookup(mail, claims, arrival.internaldate, rows)
        for _ in range(DECISIONS):
            snapshot = await self._store.snapshot(wanted)
            decision = on_mail(inbound, snapshot, self._policy, circumstances, self._clock.now())
            try:
                return await self._write(arrival, decision)
            except Conflict:
                continue
        raise Unavailable("store", f"UID {arrival.uid} could not be written: its ticket keeps changing")

    async def _quarantine(self, arrival: Arrival, data: bytes, fault: Exception) -> Disposition:
        """The program failed on this mail: it is kept with the fault's name, and somebody is told. When even
        that fails, the fault is not this mail's, and the process ends."""
        mail = await self._read_anyhow(data, arrival.truncated, arrival.uid)
        reason = f"{type(fault).__name__} while it was handled"
        inbound = Inbound(arrival=arrival, mail=mail, claims=(), findings=None, raw=data)
        return await self._write(arrival, set_aside(inbound, reason, self._policy, self._clock.now()))

    async def _read(self, data: bytes, truncated: bool) -> Mail | Unreadable:
        if len(data) < THREAD_FROM:
            return self._parse(data, truncated)
        return await asyncio.to_thread(self._parse, data, truncated)

    async def _read_anyhow(self, data: bytes, truncated: bool, uid: int) -> Mail | Unreadable:
        try:
            return await self._read(data, truncated)
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

    async def _write(self, arrival: Arrival, decision: Decision) -> Disposition:
        record = next(a for a in decision.actions if isinstance(a, RecordMail))
        try:
            applied = await self._store.apply(decision)
        except AlreadyDone:
            log.info("mail_already_done", extra={"fields": _fields(arrival, record.disposition.value)})
            return record.disposition
        if any(isinstance(a, QueueMail) for a in decision.actions):
            self._wake_outbox()
        fields = _fields(arrival, record.disposition.value)
        log.info("mail", extra={"fields": {**fields, "ticket": applied.ticket, "rule": record.reason}})
        return record.disposition


def _fields(arrival: Arrival, outcome: str) -> dict[str, object]:
    return {
        "mailbox": arrival.mailbox,
        "uidvalidity": arrival.uidvalidity,
        "uid": arrival.uid,
        "size": arrival.size,
        "outcome": outcome,
    }

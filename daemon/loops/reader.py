"""One mail through the whole pipeline: read, look up, decide, write. Order of steps only.

Whatever goes wrong with one mail and is not `Unavailable` sends that mail to quarantine with the reason, and
the next mail is served.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from daemon.core.actions import Decision, DeclareHours, QueueMail, RecordMail, WriteClocks
from daemon.core.agency.wanting import wanted_still
from daemon.core.decide import Inbound, on_mail, set_aside
from daemon.core.matching import Lookup, Snapshot
from daemon.core.notices import desk_notice
from daemon.core.policy import Intake, Policy
from daemon.core.values import Arrival, Disposition, Mail, Unreadable
from daemon.loops.reading import Evidence, Glasses, Reading, with_words
from daemon.ports import (
    AlreadyDone,
    Applied,
    Case,
    Clock,
    Conflict,
    HeldMail,
    MailHead,
    Opener,
    RawMail,
    ReadingFault,
    Store,
    Unavailable,
)

log = logging.getLogger("azimut.intake")

DECISIONS: Final = 5
"""How often a mail is decided anew when what it was decided from changes meanwhile."""

ALONE_FROM: Final = 500_000
"""Bytes from which a mail is settled by itself: others do not wait for the writing of a large one."""

HELD_BATCH: Final = 50

_WAKING: Final = (QueueMail, WriteClocks, DeclareHours)


class MailReader:
    """From a mail in the mailbox to its disposition in the store."""

    def __init__(
        self,
        *,
        store: Store,
        opener: Opener,
        evidence: Evidence,
        policy: Policy,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._glasses = Glasses(opener=opener, evidence=evidence, policy=policy)
        self._policy = policy
        self._clock = clock
        self._wake = wake

    async def read(
        self, mailbox: str, uidvalidity: int, raws: Sequence[RawMail], *, sent: bool = False
    ) -> list[Reading]:
        """What can be said of these mails without the store. `sent`: see `Glasses.read`. Raises
        `Unavailable`."""
        arrivals = [
            Arrival(
                mailbox=mailbox,
                uidvalidity=uidvalidity,
                uid=raw.uid,
                internaldate=min(raw.internaldate, self._clock.now()),  # a server's clock may be ahead
                size=raw.size,
                truncated=raw.truncated,
            )
            for raw in raws
        ]
        return await self._glasses.read(arrivals, raws, sent=sent)

    async def settle(self, readings: Sequence[Reading], circumstances: Intake) -> list[Disposition]:
        """Give these mails their dispositions, in their order and durably: in one transaction where all goes
        well, and one by one where it does not. Raises `Unavailable`."""
        dispositions: list[Disposition] = []
        for together, run in groupby(readings, _light):
            group = list(run)
            done = await self._settle_together(group, circumstances) if together and len(group) > 1 else {}
            for reading in group:
                found = done.get(reading.arrival.uid)
                dispositions.append(found or await self._settle(reading, circumstances))
        return dispositions

    async def release_held(self, mailbox: str, *, quiet: bool = False) -> int:
        """Decide anew some of what the brake held, now to be answered, unless `quiet`. Returns how many
        mails; 0: no more."""
        held = await self._store.held(mailbox, HELD_BATCH)
        for mail in held:  # one by one: they are read anew, and one of them may be large
            (reading,) = await self._glasses.read([mail.arrival], [_raw(mail)])
            await self._settle(reading, Intake(quiet=quiet))
        return len(held)

    async def seen(self, raw: RawMail) -> bool:
        """The ledger knows this mail's Message-ID, under whatever UID."""
        return bool(await self._store.known_ids([await self._glasses.message_id(raw)]))

    async def set_aside_unread(self, mailbox: str, uidvalidity: int, head: MailHead, why: str) -> Disposition:
        """Quarantine for a mail that nobody is to open again. Its bytes stay in the mailbox alone."""
        arrival = Arrival(
            mailbox=mailbox,
            uidvalidity=uidvalidity,
            uid=head.uid,
            internaldate=min(head.internaldate, self._clock.now()),
            size=head.size,
        )
        unread = Unreadable(reason=why, message_id=f"uid-{head.uid}")
        inbound = Inbound(arrival=arrival, mail=unread, claims=(), findings=None, raw=b"")
        log.error(
            "mail_set_aside_unread", extra={"fields": {**_fields(arrival, "quarantine"), "reason": why}}
        )
        return await self._write(arrival, set_aside(inbound, why, self._policy, self._clock.now()))

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
        self._wake()

    async def _settle_together(
        self, readings: Sequence[Reading], circumstances: Intake
    ) -> dict[int, Disposition]:
        """Those that could be written, by UID. The others are left to be taken one by one."""
        decided: dict[int, Decision] = {}

        def judge(reading: Reading) -> Callable[[Snapshot], Decision]:
            def decide(snapshot: Snapshot) -> Decision:
                if self._asks_more(reading, snapshot) is not None:
                    raise Conflict  # taken by itself, where the store can be asked again
                decided[reading.arrival.uid] = self._decide(reading, snapshot, circumstances)
                return decided[reading.arrival.uid]

            return decide

        outcomes = await self._store.settle(
            [Case(lookup=r.lookup, decide=judge(r), contents=r.contents) for r in readings if r.lookup]
        )
        return {
            reading.arrival.uid: self._settled(reading.arrival, decided[reading.arrival.uid], outcome)
            for reading, outcome in zip(readings, outcomes, strict=True)
            if isinstance(outcome, Applied)
        }

    async def _settle(self, reading: Reading, circumstances: Intake) -> Disposition:
        """One mail by itself: decided anew when what it was decided from changes meanwhile."""
        if reading.fault is not None:
            return await self._quarantine(reading, reading.fault)
        try:
            return await self._decide_and_write(reading, circumstances)
        except (Unavailable, asyncio.CancelledError):
            raise
        except Exception as fault:  # noqa: BLE001 - any fault of one mail is that mail's alone
            return await self._quarantine(reading, fault)

    async def _decide_and_write(self, reading: Reading, circumstances: Intake) -> Disposition:
        for _ in range(DECISIONS):
            snapshot = await self._snapshot(reading)
            try:
                return await self._write(reading.arrival, self._decide(reading, snapshot, circumstances))
            except Conflict:
                continue
        raise Unavailable(
            "store", f"UID {reading.arrival.uid} could not be written: its ticket keeps changing"
        )

    async def _snapshot(self, reading: Reading) -> Snapshot:
        """The store's answer, asked once more where the first one shows that more is needed."""
        if reading.lookup is None:
            raise ValueError("a mail that was not read cannot be decided")
        snapshot = await self._store.snapshot(reading.lookup)
        more = self._asks_more(reading, snapshot)
        return snapshot if more is None else await self._store.snapshot(more)

    def _asks_more(self, reading: Reading, snapshot: Snapshot) -> Lookup | None:
        mail = reading.inbound.mail if reading.inbound is not None else None
        if not isinstance(mail, Mail) or reading.lookup is None or not reading.lookup.agent:
            return None
        return wanted_still(reading.lookup, snapshot, mail, self._policy, reading.arrival.internaldate)

    def _decide(self, reading: Reading, snapshot: Snapshot, circumstances: Intake) -> Decision:
        if reading.inbound is None:
            raise ValueError("a mail that was not read cannot be decided")
        inbound = reading.inbound
        if isinstance(inbound.mail, Mail) and reading.lookup is not None and reading.lookup.agent:
            inbound = with_words(inbound, inbound.mail, snapshot)
        return on_mail(inbound, snapshot, self._policy, circumstances, self._clock.now())

    async def _quarantine(self, reading: Reading, fault: Exception) -> Disposition:
        """The program failed on this mail: it is kept with the fault's name, and somebody is told. When even
        that fails, the fault is not this mail's, and the process ends."""
        arrival = reading.arrival
        name = fault.name if isinstance(fault, ReadingFault) else type(fault).__name__
        log.error("mail_set_aside", extra={"fields": _fields(arrival, name)}, exc_info=fault)
        if reading.inbound is not None:
            inbound = replace(reading.inbound, claims=(), findings=None)
        else:
            unread = Unreadable(reason="reading failed", message_id=f"uid-{arrival.uid}")
            inbound = Inbound(arrival=arrival, mail=unread, claims=(), findings=None, raw=reading.data)
        reason = f"{name} while it was handled"
        return await self._write(arrival, set_aside(inbound, reason, self._policy, self._clock.now()))

    async def _write(self, arrival: Arrival, decision: Decision) -> Disposition:
        try:
            applied = await self._store.apply(decision)
        except AlreadyDone:
            record = _record_of(decision)
            log.info("mail_already_done", extra={"fields": _fields(arrival, record.disposition.value)})
            return record.disposition
        return self._settled(arrival, decision, applied)

    def _settled(self, arrival: Arrival, decision: Decision, applied: Applied) -> Disposition:
        """It is written: say so, and let the outbox and the ticker look."""
        record = _record_of(decision)
        if any(isinstance(a, _WAKING) for a in decision.actions):
            self._wake()
        fields = _fields(arrival, record.disposition.value)
        log.info("mail", extra={"fields": {**fields, "ticket": applied.ticket, "rule": record.reason}})
        return record.disposition


def _light(reading: Reading) -> bool:
    return reading.fault is None and len(reading.data) < ALONE_FROM


def _raw(mail: HeldMail) -> RawMail:
    a = mail.arrival
    return RawMail(uid=a.uid, internaldate=a.internaldate, size=a.size, data=mail.data, truncated=a.truncated)


def _record_of(decision: Decision) -> RecordMail:
    return next(a for a in decision.actions if isinstance(a, RecordMail))


def _fields(arrival: Arrival, outcome: str) -> dict[str, object]:
    return {
        "mailbox": arrival.mailbox,
        "uidvalidity": arrival.uidvalidity,
        "uid": arrival.uid,
        "size": arrival.size,
        "outcome": outcome,
    }

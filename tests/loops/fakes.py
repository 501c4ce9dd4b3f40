"""Stand-ins for the ports, doing as little as the loops' own logic needs. Time moves when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from daemon.core.actions import Decision, QueueMail, RecordMail, WriteClocks
from daemon.core.dossier import Dossier
from daemon.core.matching import Lookup, Snapshot
from daemon.core.reports.material import Material
from daemon.core.ticking.digest import Morning
from daemon.core.values import Account, Delivery, Disposition, Findings, OutboxRow, Outcome, SendState
from daemon.mail.compose import Rendered
from daemon.ports import (
    Applied,
    Case,
    HeldMail,
    KnownMail,
    MailboxState,
    MailHead,
    RawMail,
    Unavailable,
    UnderWay,
)
from tests.core.build import T0, findings

NOW = T0


class Clock:
    """`sleep` returns at once, moves the time, and keeps what was asked."""

    def __init__(self) -> None:
        self.time = NOW
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class Model:
    """A classifier. `fault` is what it raises."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.asked: list[tuple[str, str]] = []

    def classify(self, subject: str, text: str) -> Findings:
        self.asked.append((subject, text))
        if self.fault is not None:
            raise self.fault
        return findings()


class Store:
    """Keeps what is applied. `troubles[name]`: what the next calls of that method raise; None: nothing."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.applied: list[Decision] = []
        self.troubles: dict[str, list[Exception | None]] = {}
        self.state: MailboxState | None = None
        self.ledger: dict[int, KnownMail] = {}
        self.moved: list[int] = []
        self.ids: set[str] = set()
        self.asked_ids: list[str] = []
        self.in_hand: UnderWay | None = None
        self.waiting: list[HeldMail] = []
        self.due: list[OutboxRow] = []
        self.next_due: datetime | None = None
        self.changed = asyncio.Event()
        self.files: dict[str, bytes] = {}
        self.patience: list[timedelta] = []
        self.tickets: dict[int, Dossier] = {}

    def _may(self, name: str) -> None:
        self.calls.append(name)
        self.changed.set()
        queue = self.troubles.get(name, [])
        if queue and (fault := queue.pop(0)) is not None:
            raise fault

    async def settle(self, cases: Sequence[Case]) -> list[Applied | Exception]:
        outcomes: list[Applied | Exception] = []
        for case in cases:
            try:
                outcomes.append(await self.apply(case.decide(await self.snapshot(case.lookup))))
            except Unavailable:
                raise
            except Exception as fault:
                outcomes.append(fault)
        return outcomes

    async def snapshot(self, lookup: Lookup) -> Snapshot:
        self._may("snapshot")
        return Snapshot()

    async def apply(self, decision: Decision) -> Applied:
        self._may("apply")
        self.applied.append(decision)
        for action in decision.actions:
            if isinstance(action, RecordMail):
                self.ledger[action.arrival.uid] = KnownMail(disposition=action.disposition, moved=False)
                self.waiting = [held for held in self.waiting if held.arrival.uid != action.arrival.uid]
        return Applied(
            ticket=1,
            queued=any(isinstance(a, QueueMail) for a in decision.actions),
            wakes=any(isinstance(a, WriteClocks) for a in decision.actions),
        )

    async def mailbox_state(self, mailbox: str) -> MailboxState | None:
        self._may("mailbox_state")
        return self.state

    async def set_mailbox_state(self, mailbox: str, uidvalidity: int, last_uid: int, now: datetime) -> None:
        self._may("set_mailbox_state")
        old = self.state
        self.state = MailboxState(
            uidvalidity=uidvalidity,
            last_uid=last_uid,
            first_start=old.first_start if old else now,
            braked=old.braked if old else None,
        )

    async def set_brake(self, mailbox: str, braked: datetime | None) -> None:
        self._may("set_brake")
        if self.state is not None:
            self.state = MailboxState(
                uidvalidity=self.state.uidvalidity,
                last_uid=self.state.last_uid,
                first_start=self.state.first_start,
                braked=braked,
            )

    async def under_way(self, mailbox: str) -> UnderWay | None:
        self._may("under_way")
        return self.in_hand

    async def set_under_way(self, mailbox: str, uidvalidity: int, attempts: Mapping[int, int]) -> None:
        self._may("set_under_way")
        self.in_hand = UnderWay(uidvalidity=uidvalidity, attempts=dict(attempts))

    async def held(self, mailbox: str, limit: int) -> list[HeldMail]:
        self._may("held")
        return self.waiting[:limit]

    async def known(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> Mapping[int, KnownMail]:
        self._may("known")
        return {uid: self.ledger[uid] for uid in uids if uid in self.ledger}

    async def known_ids(self, message_ids: Sequence[str]) -> set[str]:
        self._may("known_ids")
        self.asked_ids += message_ids
        return self.ids & set(message_ids)

    async def card_mails(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> Mapping[int, bool]:
        self._may("card_mails")
        return {}

    async def mark_copied(self, mailbox: str, uidvalidity: int, uid: int, copy_uid: int) -> None:
        self._may("mark_copied")

    async def mark_moved(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> None:
        self._may("mark_moved")
        self.moved += uids

    async def unclaim(self, rows: Sequence[OutboxRow]) -> None:
        self._may("unclaim")
        self.due = [*self.due, *rows]

    async def claim_outbox(
        self,
        now: datetime,
        limit: int,
        lease: timedelta,
        held: Collection[int] = (),
        patience: timedelta = timedelta(0),
    ) -> list[OutboxRow]:
        self._may("claim_outbox")
        self.patience.append(patience)
        claimed = [row for row in self.due if row.id not in held][:limit]
        self.due = [row for row in self.due if row not in claimed]
        return claimed

    async def keep_message(
        self, row: OutboxRow, message_id: str, envelope_from: str, message: bytes
    ) -> OutboxRow:
        self._may("keep_message")
        return replace(
            row,
            version=row.version + 1,
            message=message,
            message_id=message_id,
            envelope_from=envelope_from,
        )

    async def contents(self, names: Sequence[str]) -> Mapping[str, bytes]:
        self._may("contents")
        return {name: self.files[name] for name in names if name in self.files}

    async def dossiers(self, tickets: Sequence[int]) -> list[Dossier]:
        self._may("dossiers")
        return [self.tickets[number] for number in tickets if number in self.tickets]

    async def due_tickets(self, until: datetime, limit: int) -> list[int]:
        return []

    async def next_wake(self) -> datetime | None:
        return None

    async def missed_resolutions(self, account: str, since: datetime) -> list[Dossier]:
        return []

    async def findings_recorded(self, keys: Sequence[str]) -> set[str]:
        return set()

    async def desk_steps_done(self, keys: Sequence[str]) -> set[str]:
        return set()

    def statement_material(
        self, since: datetime, until: datetime, account: str | None = None
    ) -> AsyncIterator[Material]:
        raise NotImplementedError("no loop makes a report")

    async def morning(self, since: datetime, now: datetime) -> Morning:
        raise NotImplementedError("no desk of these tests sends a digest")

    async def list_accounts(self) -> list[Account]:
        return []

    async def next_outbox_due(self) -> datetime | None:
        return self.next_due

    async def release_claims(self) -> int:
        return 0

    def said(self, kind: type[Any]) -> list[Any]:
        """All applied actions of this kind."""
        return [a for decision in self.applied for a in decision.actions if isinstance(a, kind)]


class Mailbox:
    """`mails` by UID. `steps[name]`: what the next calls do before they answer: raise, or be called."""

    def __init__(self, mails: dict[int, RawMail] | None = None, uidvalidity: int = 7) -> None:
        self.mails = mails or {}
        self._uidvalidity = uidvalidity
        self.fetched: list[int] = []
        self.moves: list[tuple[list[int], str]] = []
        self.searched: list[int] = []
        self.waits = 0
        self.closed = 0
        self.steps: dict[str, list[Exception | Callable[[], None]]] = {}

    @property
    def uidvalidity(self) -> int:
        return self._uidvalidity

    def _step(self, name: str) -> None:
        queue = self.steps.get(name, [])
        if queue:
            step = queue.pop(0)
            if isinstance(step, Exception):
                raise step
            step()

    async def search(self, first_uid: int = 1) -> list[int]:
        self._step("search")
        self.searched.append(first_uid)
        return sorted(uid for uid in self.mails if uid >= first_uid)

    async def heads(self, uids: Sequence[int]) -> list[MailHead]:
        self._step("heads")
        return [
            MailHead(uid=uid, internaldate=self.mails[uid].internaldate, size=self.mails[uid].size)
            for uid in uids
            if uid in self.mails
        ]

    async def fetch(self, uids: Sequence[int]) -> AsyncIterator[RawMail]:
        for uid in uids:
            self._step("fetch")
            if uid in self.mails:
                self.fetched.append(uid)
                yield self.mails[uid]

    async def move(self, uids: Sequence[int], folder: str) -> None:
        self._step("move")
        self.moves.append((sorted(uids), folder))
        for uid in uids:
            self.mails.pop(uid, None)

    async def append(self, folder: str, data: bytes, internaldate: datetime | None = None) -> int | None:
        raise NotImplementedError("tests.loops.test_card_mails has a mailbox with folders")

    async def find(self, folder: str, field: str, value: str, since: datetime, before: datetime) -> list[int]:
        return []

    async def remove(self, uids: Sequence[int]) -> bool:
        self._step("remove")
        for uid in uids:
            self.mails.pop(uid, None)
        return True

    async def wait(self, seconds: float) -> None:
        self.waits += 1
        self._step("wait")
        await asyncio.sleep(0)

    async def close(self) -> None:
        self.closed += 1


class Smtp:
    """A sender. `ends`: how the next attempts end, accepted after them; `gates[recipient]` holds one up."""

    def __init__(self, *ends: Outcome) -> None:
        self.ends = list(ends)
        self.sent: list[str] = []
        self.bodies: list[bytes] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.cancelled: list[str] = []

    async def send(self, envelope_from: str, recipient: str, message: bytes) -> Delivery:
        self.sent.append(recipient)
        self.bodies.append(message)
        if recipient in self.gates:
            try:
                await self.gates[recipient].wait()
            except asyncio.CancelledError:
                self.cancelled.append(recipient)
                raise
        outcome = self.ends.pop(0) if self.ends else Outcome.ACCEPTED
        return Delivery(outcome=outcome, code=250 if outcome is Outcome.ACCEPTED else None)

    async def close(self) -> None:
        return


class Words:
    """A composer. `fault` is what it raises."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.rendered: list[OutboxRow] = []
        self.contents: list[Mapping[str, bytes]] = []

    def render(self, row: OutboxRow, now: datetime, contents: Mapping[str, bytes] | None = None) -> Rendered:
        if self.fault is not None:
            raise self.fault
        self.rendered.append(row)
        self.contents.append(contents or {})
        return Rendered(
            message_id=f"row{row.id}@azimutpos.com",
            envelope_from="support@azimutpos.com",
            message=b"Subject: x\r\n\r\n",
            subject="x",
            text="",
            html="",
        )


def raw(uid: int, at: datetime = NOW, data: bytes = b"") -> RawMail:
    text = (
        data
        or (
            f"From: Marie <marie{uid}@client.example>\r\nTo: support@azimutpos.com\r\n"
            f"Subject: Panne {uid}\r\n"
            f"Message-ID: <m{uid}@client.example>\r\nDate: Tue, 03 Nov 2026 10:30:00 -0500\r\n"
            "\r\nLa caisse est gelée.\r\n"
        ).encode()
    )
    return RawMail(uid=uid, internaldate=at, size=len(text), data=text)


def mails(*uids: int, at: datetime = NOW) -> dict[int, RawMail]:
    return {uid: raw(uid, at) for uid in uids}


def outbox_row(number: int, **changes: Any) -> OutboxRow:
    given: dict[str, Any] = {
        "id": number,
        "version": 1,
        "kind": "note",
        "ticket": 1042,
        "recipient": f"client{number}@client.example",
        "cause": f"cause{number}",
        "context": {},
        "rank": 3,
        "state": SendState.SENDING,
        "attempts": 1,
        "queued_at": NOW,
        "due_at": NOW,
    }
    return OutboxRow(**{**given, **changes})


def away(service: str = "store", *, refused: bool = False) -> Unavailable:
    return Unavailable(service, "away for a moment", refused=refused)


def recorded(store: Store) -> list[tuple[int, Disposition]]:
    return [(a.arrival.uid, a.disposition) for a in store.said(RecordMail)]

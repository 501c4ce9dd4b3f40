"""Is every mail in the mailbox in the ledger? Inbox, Processed and Quarantine are gone through, each mail is
given one row that nobody else has, and what has none is shown, or taken in.

A moved mail has another UID, so it is known by Message-ID and fingerprint, as a duplicate is. The mailbox may
change meanwhile: the inbox is looked at after the other folders, and what came into them since, last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from daemon.core.values import Disposition, Mail, Unreadable
from daemon.loops.folders import Folders
from daemon.ports import MailHead, RawMail
from daemon.store.accounting import Entry
from daemon.store.database import SqlStore
from daemon.store.fields import key_of

BATCH: Final = 50
SHOWN: Final = 20
PAGE: Final = 1_000


class Folder(Protocol):
    """A selected folder, as `ports.Mailbox` has it."""

    @property
    def uidvalidity(self) -> int: ...

    async def search(self, first_uid: int = 1) -> list[int]: ...

    async def heads(self, uids: Sequence[int]) -> list[MailHead]: ...

    def fetch(self, uids: Sequence[int]) -> AsyncIterator[RawMail]: ...

    async def move(self, uids: Sequence[int], folder: str) -> None: ...

    async def close(self) -> None: ...


TakeIn = Callable[[Folder, str, RawMail], Awaitable[Disposition]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A mail that no row is left for. `copy`: there are rows of the same mail, but more mails than rows."""

    folder: str
    uid: int
    arrived: datetime
    sender: str
    subject: str
    copy: bool = False


@dataclass(slots=True, kw_only=True)
class FolderCount:
    """`mails` = `known` + `taken_in` + `missing`. `doubles`: of the known, second copies of a mail that the
    ledger has as duplicates."""

    name: str
    mails: int = 0
    known: int = 0
    doubles: int = 0
    taken_in: dict[str, int] = field(default_factory=dict)
    missing: int = 0


@dataclass(slots=True, kw_only=True)
class Account:
    """`rows`: of the ledger when the count began; `gone`: those whose mail lies in none of the folders, which
    is no fault (people delete and file mail). `strays` and `gone_shown` are the first of their kind."""

    folders: list[FolderCount]
    rows: int = 0
    gone: int = 0
    strays: list[Stray] = field(default_factory=list)
    gone_shown: list[Entry] = field(default_factory=list)

    @property
    def mails(self) -> int:
        return sum(folder.mails for folder in self.folders)

    @property
    def in_ledger(self) -> int:
        return sum(folder.known + sum(folder.taken_in.values()) for folder in self.folders)

    @property
    def proven(self) -> bool:
        return self.mails == self.in_ledger


async def account(
    store: SqlStore,
    open_folder: Callable[[str], Awaitable[Folder | None]],
    folders: Folders,
    parse: Callable[[bytes, bool], Mail | Unreadable],
    take_in: TakeIn | None = None,
) -> Account:
    """Count everything. `open_folder` gives None for a folder that does not exist; `take_in` None: nothing is
    changed. Raises `Unavailable`."""
    return await _Count(store, open_folder, folders, parse, take_in).all_of_it()


class _Count:
    """One count. `_used` has a bit per ledger row: rows may be many, mails never lie in memory together."""

    def __init__(
        self,
        store: SqlStore,
        open_folder: Callable[[str], Awaitable[Folder | None]],
        folders: Folders,
        parse: Callable[[bytes, bool], Mail | Unreadable],
        take_in: TakeIn | None,
    ) -> None:
        self._store = store
        self._open = open_folder
        self._folders = folders
        self._parse = parse
        self._take_in = take_in
        self._used = bytearray()
        self._inbox_rows: set[int] = set()
        self._inbox = FolderCount(name=folders.inbox)
        self._account = Account(folders=[self._inbox])

    async def all_of_it(self) -> Account:
        upto = await self._store.newest_entry()
        self._used = bytearray(upto + 1)
        ends: list[tuple[FolderCount, int]] = []
        for name in dict.fromkeys((self._folders.processed, self._folders.quarantine)):
            count = FolderCount(name=name)
            self._account.folders.append(count)
            ends.append((count, await self._folder(count, 1)))
        waiting = await self._inbox_now()
        for count, last in ends:
            await self._folder(count, last + 1)
        await self._look_again(waiting)
        await self._gone(upto)
        return self._account

    # -- folders of mail that was taken in --------------------------------------------------------------

    async def _folder(self, count: FolderCount, first_uid: int) -> int:
        """Count from this UID on; returns the last."""
        folder = await self._open(count.name)
        if folder is None:
            return 0
        try:
            uids = await folder.search(first_uid)
            for start in range(0, len(uids), BATCH):
                await self._batch(folder, count, uids[start : start + BATCH])
            return uids[-1] if uids else first_uid - 1
        finally:
            await folder.close()

    async def _batch(self, folder: Folder, count: FolderCount, uids: Sequence[int]) -> None:
        """A mail that could not be read when it came is told by size and date, and not opened now either."""
        filed = await self._store.entries_filed(count.name, folder.uidvalidity, uids)
        for entry in filed.values():
            self._give(count, entry)
        left = [uid for uid in uids if uid not in filed]
        if count.name == self._folders.quarantine:
            for head in await folder.heads(left):
                rows = await self._store.entries_unread(head.size, head.internaldate)
                if found := self._free(rows):
                    self._give(count, found)
                    left.remove(head.uid)
        async for raw in folder.fetch(left):
            mail = await asyncio.to_thread(self._parse, raw.data, raw.truncated)
            rows = await self._rows_of(mail, raw)
            if found := self._free(rows):
                self._give(count, found)
            else:
                await self._stray(folder, count, raw, mail, copy=bool(rows))

    async def _rows_of(self, mail: Mail | Unreadable, raw: RawMail) -> list[Entry]:
        """The rows that this mail may be, likeliest first: same content, else (a release may read more or
        less of it) same Message-ID, size and arrival; the size of a masked copy is its own."""
        named = await self._store.entries_named([mail.message_id])
        print_ = key_of(mail.fingerprint)
        alike = [e for e in named if e.fingerprint == print_]
        alike.sort(key=lambda e: e.arrived != raw.internaldate)
        return alike or [
            e for e in named if e.arrived == raw.internaldate and (e.masked or e.size == raw.size)
        ]

    def _free(self, rows: Sequence[Entry]) -> Entry | None:
        """The first that no mail has. A row of the inbox is free again: its mail was moved under our eyes."""
        for entry in rows:
            if entry.id in self._inbox_rows:
                self._inbox_rows.discard(entry.id)
                self._inbox.mails -= 1
                self._inbox.known -= 1
                return entry
            if entry.id >= len(self._used) or not self._used[entry.id]:
                return entry
        return None

    def _give(self, count: FolderCount, entry: Entry) -> None:
        if entry.id >= len(self._used):  # written since the count began
            self._used.extend(bytes(entry.id + 1 - len(self._used)))
        self._used[entry.id] = 1
        count.mails += 1
        count.known += 1
        count.doubles += entry.disposition == Disposition.DUPLICATE.value

    async def _stray(
        self, folder: Folder, count: FolderCount, raw: RawMail, mail: Mail | Unreadable, *, copy: bool
    ) -> None:
        if self._take_in is not None:
            disposition = await self._take_in(folder, count.name, raw)
            if disposition is Disposition.QUARANTINE and count.name != self._folders.quarantine:
                await folder.move([raw.uid], self._folders.quarantine)  # and is counted there
                return
            count.mails += 1
            count.taken_in[disposition.value] = count.taken_in.get(disposition.value, 0) + 1
            return
        count.mails += 1
        count.missing += 1
        if len(self._account.strays) < SHOWN:
            self._account.strays.append(
                Stray(
                    folder=count.name,
                    uid=raw.uid,
                    arrived=raw.internaldate,
                    sender=mail.from_.address if mail.from_ else "",
                    subject=mail.subject,
                    copy=copy,
                )
            )

    # -- the inbox --------------------------------------------------------------------------------------

    async def _inbox_now(self) -> list[int]:
        """Count the inbox by UID; returns those that have no row yet."""
        waiting: list[int] = []
        folder = await self._open(self._folders.inbox)
        if folder is None:
            return waiting
        try:
            uids = await folder.search(1)
            for start in range(0, len(uids), BATCH):
                batch = uids[start : start + BATCH]
                filed = await self._store.entries_filed(self._folders.inbox, folder.uidvalidity, batch)
                for entry in filed.values():
                    self._give(self._inbox, entry)
                    self._inbox_rows.add(entry.id)
                waiting += [uid for uid in batch if uid not in filed]
        finally:
            await folder.close()
        return waiting

    async def _look_again(self, waiting: Sequence[int]) -> None:
        """What had no row a moment ago: a running daemon has taken it in meanwhile, or it waits."""
        folder = await self._open(self._folders.inbox) if waiting else None
        if folder is None:
            return
        try:
            there = set(await folder.search(1)) & set(waiting)
            filed = await self._store.entries_filed(self._folders.inbox, folder.uidvalidity, sorted(there))
            for entry in filed.values():
                self._give(self._inbox, entry)
            for head in await folder.heads(sorted(there - filed.keys())):
                self._inbox.mails += 1
                self._inbox.missing += 1
                if len(self._account.strays) < SHOWN:
                    self._account.strays.append(
                        Stray(
                            folder=self._inbox.name,
                            uid=head.uid,
                            arrived=head.internaldate,
                            sender="",
                            subject="",
                        )
                    )
        finally:
            await folder.close()

    # -- the ledger -------------------------------------------------------------------------------------

    async def _gone(self, upto: int) -> None:
        """Rows that no mail was given. Rows written since the count began are left alone."""
        after = 0
        while entries := [e for e in await self._store.entries_after(after, PAGE) if e.id <= upto]:
            self._account.rows += len(entries)
            for entry in entries:
                if not self._used[entry.id]:
                    self._account.gone += 1
                    if len(self._account.gone_shown) < SHOWN:
                        self._account.gone_shown.append(entry)
            after = entries[-1].id

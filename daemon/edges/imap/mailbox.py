"""The `Mailbox` port on one selected folder: searching, fetching, moving and waiting, in UIDs only.

No flag is read or set on the way in: people open mailboxes too, and `\\Seen` says nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from daemon.edges.imap import answers
from daemon.edges.imap.answers import Item
from daemon.edges.imap.connection import Answer, Connection
from daemon.edges.imap.filing import append, ensure, find, move, remove
from daemon.edges.imap.folder import uid_set, wire_name
from daemon.edges.imap.login import log_in
from daemon.edges.imap.opening import connect
from daemon.edges.imap.server import ImapServer, said
from daemon.edges.imap.wire import SELECTED
from daemon.ports import MailHead, RawMail

BATCH: Final = 50
COMMAND_BYTES: Final = 8_000_000
"""Bytes of mail that one FETCH may carry: what a batch costs in memory."""

BEGINNING: Final = 262_144
"""Bytes that are fetched of a mail over the size limit: its headers, and words enough to understand it."""

RENEWED: Final = 9 * 60
"""Seconds after which IDLE is ended and begun anew: some servers log off after ten minutes."""

UNDATED: Final = datetime(2999, 1, 1, tzinfo=UTC)
"""Stands for an INTERNALDATE the server does not give. Intake takes what lies ahead for now."""


class Counts(NamedTuple):
    """STATUS of a folder."""

    messages: int
    uidnext: int
    uidvalidity: int


async def open_mailbox(server: ImapServer, folder: str, *, key: str = "mailbox") -> ImapMailbox:
    """Connect, log in, select. `key`: of [imap], where the folder's name comes from. Raises `Unavailable`,
    `refused` where trying again at once is of no use."""
    connection = Connection(server)
    try:
        await connect(connection)
        await log_in(connection)
        uidvalidity = await _select(connection, folder, key)
    except BaseException:
        await connection.close()
        raise
    return ImapMailbox(connection, uidvalidity, folder)


async def _select(connection: Connection, folder: str, key: str = "mailbox") -> int:
    try:
        name = wire_name(folder)
    except ValueError as fault:
        raise connection.server.trouble(f"{fault}; check [imap] {key}", refused=True) from fault
    answer = await connection.command("SELECT", name)
    if answer.result != "OK":
        raise connection.server.trouble(
            f"it does not open the folder {folder!r}: {said(answer.text)}; check [imap] {key}", refused=True
        )
    connection.wire.state = SELECTED
    connection.wire.news = False  # what lies there already is found by the first search
    uidvalidity = answers.number(answer.lines, "UIDVALIDITY")
    if uidvalidity is None:
        raise connection.server.trouble(f"it gives no UIDVALIDITY for the folder {folder!r}", refused=True)
    return uidvalidity


class ImapMailbox:
    """See `ports.Mailbox`. Made by `open_mailbox`."""

    def __init__(self, connection: Connection, uidvalidity: int, folder: str) -> None:
        self._connection = connection
        self._folder = folder
        self._uidvalidity = uidvalidity
        self._idle = connection.server.idle and "IDLE" in connection.capabilities

    @property
    def uidvalidity(self) -> int:
        return self._uidvalidity

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server offers after the login, upper case."""
        return self._connection.capabilities

    @property
    def exists(self) -> int:
        """Mails in the selected folder, as last told by the server."""
        return int(self._connection.wire.exists)

    async def search(self, first_uid: int = 1) -> list[int]:
        self._connection.wire.news = False
        answer = self._ok(
            await self._connection.command("SEARCH", "UID", f"{first_uid}:*", uid=True), "SEARCH"
        )
        # `n:*` names the last mail even when n lies beyond it (RFC 3501, 6.4.8).
        return [uid for uid in answers.searched(answer.lines) if uid >= first_uid]

    async def heads(self, uids: Sequence[int]) -> list[MailHead]:
        wanted = sorted(set(uids))
        return [
            MailHead(uid=item.uid, internaldate=item.internaldate or UNDATED, size=item.size or 0)
            for start in range(0, len(wanted), BATCH)
            for item in await self._heads(wanted[start : start + BATCH])
        ]

    async def fetch(self, uids: Sequence[int]) -> AsyncIterator[RawMail]:
        """Sizes and dates first, then the mails themselves, as many per command as memory allows."""
        wanted = sorted(set(uids))
        for start in range(0, len(wanted), BATCH):
            heads = await self._heads(wanted[start : start + BATCH])
            for group in self._groups(heads):
                bodies = await self._bodies(group)
                for head in group:
                    mail = await self._mail(head, bodies.get(head.uid))
                    if mail is not None:
                        yield mail

    async def move(self, uids: Sequence[int], folder: str) -> None:
        wanted = sorted(set(uids))
        for start in range(0, len(wanted), BATCH):
            await move(self._connection, wanted[start : start + BATCH], folder)

    async def append(self, folder: str, data: bytes, internaldate: datetime | None = None) -> int | None:
        return await append(self._connection, folder, data, internaldate)

    async def remove(self, uids: Sequence[int]) -> bool:
        return await remove(self._connection, uids)

    async def find(self, folder: str, field: str, value: str, since: datetime, before: datetime) -> list[int]:
        """See the port. The connection leaves its own folder for it: what was told meanwhile is not told
        again, so the next wait returns at once."""
        try:
            return await find(self._connection, folder, field, value, since, before)
        finally:
            again = await _select(self._connection, self._folder)
            self._connection.wire.news = True
            if again != self._uidvalidity:
                raise self._connection.server.trouble(f"the folder {self._folder!r} was replaced")

    async def wait(self, seconds: float) -> None:
        """See the port. Cancelling it costs the connection."""
        wire = self._connection.wire
        if wire.news:  # told between the last search and now: IDLE will not tell it again
            return
        if self._idle:
            self._idle = await self._connection.idle(min(seconds, RENEWED))
            return
        await self._connection.stay(seconds)
        self._ok(await self._connection.command("NOOP"), "NOOP")

    async def close(self) -> None:
        await self._connection.close()

    # -- for checks and repairs -------------------------------------------------------------------------

    async def counts(self, folder: str) -> Counts | None:
        """STATUS of any folder; None when there is none of that name."""
        asked = "(MESSAGES UIDNEXT UIDVALIDITY)"
        answer = await self._connection.command("STATUS", wire_name(folder), asked)
        if answer.result != "OK":
            return None
        told = [answers.number(answer.lines, key) or 0 for key in ("MESSAGES", "UIDNEXT", "UIDVALIDITY")]
        return Counts(*told)

    async def list_folders(self) -> list[str]:
        answer = self._ok(await self._connection.command("LIST", '""', '"*"'), "LIST")
        return sorted(answers.listed(answer.lines))

    async def ensure(self, folder: str) -> None:
        """Create `folder` unless it is there. Raises `MoveRefused`."""
        await ensure(self._connection, folder)

    # -- fetching ---------------------------------------------------------------------------------------

    async def _heads(self, uids: Sequence[int]) -> list[Item]:
        """What is known of these mails without their bodies, ascending. A server that fails on one mail of
        the batch is asked for each alone; one that it cannot tell anything of is still in the folder."""
        answer = await self._fetch(uids, "(UID RFC822.SIZE INTERNALDATE)")
        found = {uid: item for uid, item in answers.items(answer.lines).items() if item.size is not None}
        missing = [uid for uid in uids if uid not in found]
        if missing:
            for uid in await self._present(missing):
                alone = await self._fetch([uid], "(UID RFC822.SIZE INTERNALDATE)")
                found[uid] = answers.items(alone.lines).get(uid, Item(uid=uid))
        return [found[uid] for uid in uids if uid in found]

    def _groups(self, heads: Iterable[Item]) -> Iterator[list[Item]]:
        group: list[Item] = []
        weight = 0
        for head in heads:
            more = self._weight(head)
            if group and (weight + more > COMMAND_BYTES or self._oversize(head) != self._oversize(group[0])):
                yield group
                group, weight = [], 0
            group.append(head)
            weight += more
        if group:
            yield group

    async def _bodies(self, group: Sequence[Item]) -> dict[int, bytes]:
        """Bodies by UID, one command for all of the group."""
        part = f"<0.{BEGINNING}>" if self._oversize(group[0]) else ""
        weight = sum(self._weight(head) for head in group)
        answer = await self._fetch([head.uid for head in group], f"(UID BODY.PEEK[]{part})", expect=weight)
        told = answers.items(answer.lines).items()
        return {uid: item.body for uid, item in told if item.body is not None}

    async def _mail(self, head: Item, body: bytes | None) -> RawMail | None:
        """The mail, when it came as announced. Else it is asked for once more, alone, and what comes then
        counts: some servers miscount, and an empty `data` tells intake that this mail cannot be had.
        None: it has gone meanwhile."""
        expected = min(head.size or 0, BEGINNING) if self._oversize(head) else head.size
        if not body or (expected is not None and len(body) != expected):
            again = (await self._bodies([head])).get(head.uid)
            if not again and not await self._present([head.uid]):
                return None
            body = again or body or b""
        return RawMail(
            uid=head.uid,
            internaldate=head.internaldate or UNDATED,
            size=head.size if head.size is not None else len(body),
            data=body,
            truncated=self._oversize(head),
        )

    async def _fetch(self, uids: Sequence[int], what: str, *, expect: int = 0) -> Answer:
        """NO is no trouble here: mails vanish, and servers fail on single ones. The lines tell what came."""
        answer = await self._connection.command("FETCH", uid_set(uids), what, uid=True, expect=expect)
        if answer.result not in ("OK", "NO"):
            self._ok(answer, "FETCH")
        return answer

    async def _present(self, uids: Sequence[int]) -> list[int]:
        answer = await self._connection.command("SEARCH", "UID", uid_set(uids), uid=True)
        return answers.searched(self._ok(answer, "SEARCH").lines)

    def _oversize(self, head: Item) -> bool:
        return head.size is not None and head.size > self._connection.server.max_size

    def _weight(self, head: Item) -> int:
        if head.size is None:
            return self._connection.server.max_size
        return BEGINNING if self._oversize(head) else head.size

    def _ok(self, answer: Answer, name: str) -> Answer:
        if answer.result != "OK":
            raise self._connection.server.trouble(
                f"it answers {answer.result} to {name}: {said(answer.text)}"
            )
        return answer

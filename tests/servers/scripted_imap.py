"""A small IMAP server that behaves until a test tells it not to: for faults no real server can be asked for.

Every command can be replaced by a handler of the test's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

CAPABILITIES = "IMAP4rev1 IDLE MOVE UIDPLUS AUTH=PLAIN AUTH=XOAUTH2"

Handler = Callable[["Session", str, str], Awaitable[None]]
"""(session, tag, what followed the command's name)"""


class Session:
    """One client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *lines: str | bytes) -> None:
        """Each with CRLF, all in one segment."""
        whole = b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines)
        await self.raw(whole)

    async def raw(self, data: bytes) -> None:
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def line(self) -> str:
        """The client's next line; ConnectionResetError when it has gone."""
        line = await self.reader.readline()
        if not line:
            raise ConnectionResetError
        return line.decode("utf-8", "replace").rstrip("\r\n")

    async def gone(self) -> None:
        """Say nothing more until the client goes."""
        while await self.reader.read(4096):
            pass

    def drop(self) -> None:
        self.writer.transport.abort()


class ScriptedImap:
    """`folders` hold mails by UID, `deleted` the flagged UIDs of INBOX; `seen` is what clients sent."""

    def __init__(self, mails: dict[int, bytes] | None = None, capabilities: str = CAPABILITIES) -> None:
        self.capabilities = capabilities
        self.greeting = "* OK ready"
        self.folders: dict[str, dict[int, bytes]] = {"INBOX": dict(mails or {})}
        self.deleted: set[int] = set()
        self.on: dict[str, Handler] = {}
        self.seen: list[str] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[ScriptedImap]:
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def commands(self, name: str) -> list[str]:
        """The lines in which this command came."""
        return [line for line in self.seen if line.partition(" ")[2].upper().startswith(name)]

    @property
    def inbox(self) -> dict[int, bytes]:
        return self.folders["INBOX"]

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        session = Session(reader, writer)
        try:
            await session.send(self.greeting)
            while True:
                await self._serve_one(session)
        except ConnectionError:
            pass
        except asyncio.CancelledError:
            pass  # asyncio's own callback would report a cancelled handler
        finally:
            self._tasks.discard(task)
            session.drop()

    async def _serve_one(self, session: Session) -> None:
        line = await session.line()
        self.seen.append(line)
        tag, _, rest = line.partition(" ")
        name, _, args = rest.partition(" ")
        name = name.upper()
        if name == "UID":
            name, _, args = args.partition(" ")
            name = f"UID {name.upper()}"
        handler = self.on.get(name)
        if handler is None:
            handler = getattr(self, "_" + name.lower().replace(" ", "_"))
        await handler(session, tag, args)

    # -- what a server does -----------------------------------------------------------------------------

    async def _capability(self, session: Session, tag: str, args: str) -> None:
        await session.send(f"* CAPABILITY {self.capabilities}", f"{tag} OK done")

    async def _login(self, session: Session, tag: str, args: str) -> None:
        await session.send(f"{tag} OK [CAPABILITY IMAP4rev1 JUNK] logged in")

    async def _noop(self, session: Session, tag: str, args: str) -> None:
        await session.send(f"{tag} OK done")

    _subscribe = _noop

    async def _select(self, session: Session, tag: str, args: str) -> None:
        await session.send(
            f"* {len(self.inbox)} EXISTS", "* OK [UIDVALIDITY 77] ok", f"{tag} OK [READ-WRITE] selected"
        )

    async def _create(self, session: Session, tag: str, args: str) -> None:
        self.folders.setdefault(args.strip('"'), {})
        await session.send(f"{tag} OK created")

    async def _list(self, session: Session, tag: str, args: str) -> None:
        wanted = args.partition(" ")[2].strip('"')
        names = [name for name in self.folders if wanted in ("*", name)]
        await session.send(*(f'* LIST () "/" "{name}"' for name in names), f"{tag} OK done")

    async def _uid_search(self, session: Session, tag: str, args: str) -> None:
        found = set(self.inbox)
        if match := re.search(r"UID ([\d,:*]+)", args):
            found = self._among(match.group(1))
        if "UNDELETED" in args:
            found -= self.deleted
        elif "DELETED" in args:
            found &= self.deleted
        numbers = "".join(f" {uid}" for uid in sorted(found))
        await session.send(f"* SEARCH{numbers}", f"{tag} OK done")

    async def _uid_fetch(self, session: Session, tag: str, args: str) -> None:
        wanted, _, what = args.partition(" ")
        for uid in sorted(self._among(wanted)):
            await self.tell(session, uid, what)
        await session.send(f"{tag} OK done")

    async def tell(self, session: Session, uid: int, what: str, size: int | None = None) -> None:
        """One FETCH answer, with the size it should claim."""
        data = self.inbox[uid]
        number = sorted(self.inbox).index(uid) + 1
        if "BODY.PEEK[]" in what:
            if part := re.search(r"<(\d+)\.(\d+)>", what):
                data = data[int(part[1]) : int(part[1]) + int(part[2])]
            await session.send(b"* %d FETCH (UID %d BODY[] {%d}" % (number, uid, len(data)))
            await session.raw(data)
            await session.send(")")
        else:
            told = f"UID {uid} RFC822.SIZE {size or len(data)}"
            await session.send(
                f'* {number} FETCH ({told} INTERNALDATE " 3-Nov-2026 09:00:00 -0500" FLAGS (\\Seen))'
            )

    async def _uid_move(self, session: Session, tag: str, args: str) -> None:
        wanted, folder = args.split(" ", 1)
        if (name := folder.strip('"')) not in self.folders:
            await session.send(f"{tag} NO [TRYCREATE] no such folder")
            return
        for uid in self._among(wanted):
            self.folders[name][uid] = self.inbox.pop(uid)
        await session.send(f"{tag} OK moved")

    async def _uid_copy(self, session: Session, tag: str, args: str) -> None:
        wanted, folder = args.split(" ", 1)
        if (name := folder.strip('"')) not in self.folders:
            await session.send(f"{tag} NO there is nothing of that name")
            return
        for uid in self._among(wanted):
            self.folders[name][uid] = self.inbox[uid]
        await session.send(f"{tag} OK copied")

    async def _uid_store(self, session: Session, tag: str, args: str) -> None:
        self.deleted |= self._among(args.split(" ", 1)[0])
        await session.send(f"{tag} OK stored")

    async def _uid_expunge(self, session: Session, tag: str, args: str) -> None:
        await self._remove(session, tag, self._among(args) & self.deleted)

    async def _expunge(self, session: Session, tag: str, args: str) -> None:
        await self._remove(session, tag, set(self.deleted))

    async def _remove(self, session: Session, tag: str, uids: set[int]) -> None:
        for uid in uids:
            self.inbox.pop(uid, None)
        self.deleted -= uids
        await session.send(*("* 1 EXPUNGE" for _ in uids), f"{tag} OK expunged")

    async def _idle(self, session: Session, tag: str, args: str) -> None:
        await session.send("+ idling")
        await session.line()
        await session.send(f"{tag} OK done")

    async def _logout(self, session: Session, tag: str, args: str) -> None:
        await session.send("* BYE", f"{tag} OK bye")
        raise ConnectionResetError

    def _among(self, uid_set: str) -> set[int]:
        last = max(self.inbox, default=0)
        found: set[int] = set()
        for run in uid_set.split(","):
            first, _, end = run.partition(":")
            low, high = int(first), last if end == "*" else int(end or first)
            low, high = min(low, high), max(low, high)
            found |= {uid for uid in self.inbox if low <= uid <= high}
        return found

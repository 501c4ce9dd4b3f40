"""A real SMTP server on loopback (aiosmtpd) that misbehaves on demand, for tests and, as a process of its
own, for crash tests:  python -m tests.servers.smtp_peer --port 2525 --log accepted.jsonl

It runs in the event loop of its caller. Every mail that it takes over is in `received`, in that order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import email
import hashlib
import json
import os
import random
import ssl
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from aiosmtpd.smtp import SMTP as SmtpProtocol  # noqa: N811 - the class is a protocol, not a constant
from aiosmtpd.smtp import AuthResult, LoginPassword, TLSSetupException

HOST: Final = "127.0.0.1"

DROP: Final = "drop"
"""Break the connection instead of answering. At BODY: before the mail was taken over."""
TAKE_AND_DROP: Final = "take and drop"
"""At BODY: take the mail over, then break the connection instead of saying so."""
SILENCE: Final = "silence"
"""Keep the connection and never answer. At BODY: without taking the mail over."""
TAKE_AND_SILENCE: Final = "take and silence"

Verb = Literal["GREET", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "RSET", "QUIT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail that the server took over. `data` with its dots undone; `at` in seconds of the loop."""

    envelope_from: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)
    at: float


class SmtpPeer:
    """`async with SmtpPeer(...) as peer:` and then `peer.port`.

    tls      None, "implicit" or "starttls", with `certificate` (chain and key in one PEM file)
    login    the user and password that are right; None: no AUTH is offered
    auth_required  MAIL before AUTH is answered 530
    eight_bit, utf8, size_limit  what EHLO offers
    taking   called with every mail before it is taken over; what it raises keeps the mail out
    answer_after  seconds between taking a mail over and saying so
    """

    def __init__(
        self,
        *,
        port: int = 0,
        tls: Literal["implicit", "starttls"] | None = None,
        certificate: Path | None = None,
        login: tuple[str, str] | None = None,
        auth_required: bool = False,
        eight_bit: bool = True,
        utf8: bool = False,
        size_limit: int | None = 33_554_432,
        taking: Callable[[Received], None] | None = None,
        answer_after: float = 0.0,
    ) -> None:
        self.port = port
        self.login = login
        self.auth_required = auth_required
        self.eight_bit = eight_bit
        self.utf8 = utf8
        self.size_limit = size_limit
        self.taking = taking
        self.answer_after = answer_after
        self.tls = tls
        self.received: list[Received] = []
        self.lines: list[str] = []
        self.wire = bytearray()
        self.connections = 0
        self.always: dict[Verb, str] = {}
        self.refuse: dict[str, str] = {}
        self.logins: list[str] = []
        self._script: dict[Verb, deque[str]] = defaultdict(deque)
        self._context = _server_context(certificate) if tls and certificate else None
        self._server: asyncio.Server | None = None
        self._open: set[_Protocol] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def script(self, verb: Verb, *answers: str, times: int = 1) -> None:
        """The next times this verb comes, answer so: a reply line, DROP, SILENCE, or "" for the usual."""
        self._script[verb].extend(answers * times)

    def next_answer(self, verb: Verb) -> str:
        queue = self._script[verb]
        return queue.popleft() if queue else self.always.get(verb, "")

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def verbs(self) -> list[str]:
        """What the clients said, one word per command."""
        return [line.partition(" ")[0].upper() for line in self.lines]

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Protocol(self, self._context if self.tls == "starttls" else None),
            HOST,
            self.port,
            ssl=self._context if self.tls == "implicit" else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody is served any more, and those who were are cut off."""
        if self._server is None:
            return
        self._server.close()
        self.drop_all()
        await self._server.wait_closed()
        self._server = None
        await asyncio.wait_for(self._empty.wait(), 10)

    def drop_all(self) -> None:
        """Break every open connection, as a server or a firewall does with idle ones."""
        for protocol in tuple(self._open):
            protocol.drop()

    def opened(self, protocol: _Protocol) -> None:
        self.connections += 1
        self._open.add(protocol)
        self._empty.clear()

    def closed(self, protocol: _Protocol) -> None:
        self._open.discard(protocol)
        if not self._open:
            self._empty.set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class _Handler:
    """Takes the mails over."""

    def __init__(self, peer: SmtpPeer) -> None:
        self._peer = peer

    async def handle_DATA(self, server: _Protocol, _session: Any, envelope: Any) -> str:  # noqa: N802
        content = envelope.original_content
        mail = Received(
            envelope_from=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            data=content,
            at=asyncio.get_running_loop().time(),
        )
        answer = self._peer.next_answer("BODY")
        if answer in ("", TAKE_AND_DROP, TAKE_AND_SILENCE) or answer.startswith("2"):
            if self._peer.taking is not None:
                self._peer.taking(mail)
            self._peer.received.append(mail)
            if self._peer.answer_after:
                await asyncio.sleep(self._peer.answer_after)
        if await server.misbehave(answer.removeprefix("take and ")):
            return ""
        return answer or "250 2.0.0 taken"


class _Protocol(SmtpProtocol):
    """One connection. aiosmtpd does the talking; the script of the peer is asked before each answer."""

    def __init__(self, peer: SmtpPeer, context: ssl.SSLContext | None) -> None:
        super().__init__(
            _Handler(peer),
            hostname="peer.example",
            ident="peer",
            enable_SMTPUTF8=peer.utf8,
            decode_data=not peer.eight_bit,
            data_size_limit=peer.size_limit,
            tls_context=context,
            require_starttls=context is not None,
            auth_require_tls=peer.login is None or context is not None,
            authenticator=self._check,
            loop=asyncio.get_running_loop(),
        )
        self._peer = peer
        self._counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._counted:  # it is made a second time after STARTTLS
            self._counted = True
            self._peer.opened(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._peer.closed(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._peer.wire += data
        super().data_received(data)

    def drop(self) -> None:
        transport = self._original_transport or self.transport
        if transport is not None:
            transport.abort()  # type: ignore[attr-defined]  # every transport of a socket has it
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    async def misbehave(self, answer: str) -> bool:
        """Whether the answer was one that is not written."""
        if answer == DROP:
            self.drop()
            await asyncio.Event().wait()  # until connection_lost cancels this
        if answer == SILENCE:
            await asyncio.Event().wait()
        return False

    async def _scripted(self, verb: Verb) -> bool:
        answer = self._peer.next_answer(verb)
        if not answer:
            return False
        await self.misbehave(answer)
        await self.push(answer)
        return True

    async def _handle_client(self) -> None:
        try:
            if not await self._scripted("GREET"):
                await super()._handle_client()
        except ConnectionError:
            pass  # the client left; that is what tests make clients do
        finally:
            if self.transport is not None:
                self.transport.close()
            raw = self._original_transport
            if raw is not None and raw.is_closing():
                self._peer.closed(self)  # asyncio does not tell of the end when the TLS handshake failed

    def _check(
        self, _server: Any, _session: Any, _envelope: Any, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self._peer.logins.append(mechanism)
        right = self._peer.login is not None and (given.login.decode(), given.password.decode()) == (
            self._peer.login
        )
        return AuthResult(success=right, handled=False)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        self._peer.lines.append(f"EHLO {hostname}")
        if not await self._scripted("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        self._peer.lines.append("STARTTLS")
        if await self._scripted("STARTTLS"):
            return
        try:
            await super().smtp_STARTTLS(arg)
        except TLSSetupException as fault:  # on Python 3.11 aiosmtpd trips over its own missing transport
            raise ConnectionResetError("no TLS came about") from fault

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        self._peer.lines.append("AUTH")
        if not await self._scripted("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        self._peer.lines.append(f"MAIL {arg}")
        session = self.session
        if await self._scripted("MAIL"):
            return
        if self._peer.auth_required and session is not None and not session.authenticated:
            await self.push("530 5.7.0 Authentication required")
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        self._peer.lines.append(f"RCPT {arg}")
        refusal = next((text for part, text in self._peer.refuse.items() if part in (arg or "")), "")
        if refusal:
            await self.push(refusal)
        elif not await self._scripted("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._peer.lines.append("DATA")
        if not await self._scripted("DATA"):
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        self._peer.lines.append("RSET")
        if not await self._scripted("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        self._peer.lines.append("QUIT")
        if not await self._scripted("QUIT"):
            await super().smtp_QUIT(arg)


def _server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class _Ledger:
    """One JSON line per mail that was taken over, on the disk before the server says so."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def write(self, mail: Received) -> None:
        header = email.message_from_bytes(mail.data)
        line = {
            "message_id": str(header.get("Message-ID", "")),
            "kind": str(header.get("X-Azimut-Kind", "")),
            "from": mail.envelope_from,
            "rcpt": list(mail.recipients),
            "sha256": hashlib.sha256(mail.data).hexdigest(),
        }
        os.write(self._file, (json.dumps(line) + "\n").encode())
        os.fsync(self._file)


FIRST: Final = {"fail": "451 4.3.0 not now", "drop-before": DROP, "drop-after": TAKE_AND_DROP}


class _Dice(SmtpPeer):
    """Misbehaves at random, the same way for the same seed and order of mails; at the first mail as told."""

    def __init__(
        self, *, fail: float, drop_before: float, drop_after: float, seed: int, first: str = "", **kw: Any
    ) -> None:
        super().__init__(**kw)
        if first:
            self.script("BODY", FIRST[first])
        self._random = random.Random(seed)
        self._rates = ((drop_after, TAKE_AND_DROP), (drop_before, DROP), (fail, "451 4.3.0 not now"))

    def next_answer(self, verb: Verb) -> str:
        if verb != "BODY" or self._script[verb]:
            return super().next_answer(verb)
        throw, below = self._random.random(), 0.0
        for rate, answer in self._rates:
            below += rate
            if throw < below:
                return answer
        return super().next_answer(verb)


def main(argv: list[str] | None = None) -> None:
    """Serve until killed; prints the port, alone on a line, once it listens."""
    p = argparse.ArgumentParser(prog="smtp_peer")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--log", type=Path, required=True, help="appended: one JSON object per mail taken over")
    p.add_argument("--fail-rate", type=float, default=0.0, help="part of the mails that get 451 at their end")
    p.add_argument("--drop-before-rate", type=float, default=0.0, help="... dropped and not taken over")
    p.add_argument("--drop-after-rate", type=float, default=0.0, help="... taken over, then dropped")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--first", choices=sorted(FIRST), default="", help="how the first mail fares")
    p.add_argument("--answer-after", type=float, default=0.0, help="seconds between taking over and the 250")
    args = p.parse_args(argv)

    async def serve() -> None:
        peer = _Dice(
            port=args.port,
            fail=args.fail_rate,
            drop_before=args.drop_before_rate,
            drop_after=args.drop_after_rate,
            seed=args.seed,
            first=args.first,
            answer_after=args.answer_after,
            taking=_Ledger(args.log).write,
        )
        async with peer:
            print(peer.port, flush=True)  # noqa: T201 - how the caller learns it
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()

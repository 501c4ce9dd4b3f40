"""One connection to the SMTP server and one mail at a time over it: aiosmtplib, step by step, so that it is
known how far a mail had come when something breaks. Which connection is used when is the pool's affair."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from daemon.core.values import Delivery, Outcome
from daemon.edges.smtp.letter import Letter
from daemon.edges.smtp.server import SmtpServer, shown
from daemon.edges.smtp.verdict import Phase, judge

if TYPE_CHECKING:
    from aiosmtplib import SMTP, SMTPResponse


class Lost(Exception):
    """The connection broke before any of the mail's content was sent: certainly it did not arrive."""


class Connection:
    """An open, greeted and, where that is wanted, authenticated connection.

    settled  between two mails: nothing is under way, the next answer belongs to the next command
    clean    no transaction was left open on the server's side
    """

    def __init__(self, client: SMTP, server: SmtpServer) -> None:
        self._client = client
        self._server = server
        self.settled = True
        self.clean = True
        self.parked_at = 0.0

    @property
    def usable(self) -> bool:
        return self.settled and self._client.is_connected

    async def deliver(self, letter: Letter) -> Delivery:
        """One transaction. Raises `Lost`. A cancellation, or any other exception, leaves the connection
        unsettled: it must be aborted, since the next answer would be taken for that of another command."""
        if lacking := self._lacking(letter):
            return Delivery(outcome=Outcome.LOCAL, text=lacking)
        self.settled = self.clean = False
        envelope = (
            (Phase.MAIL, 2, (b"MAIL", b"FROM:<" + letter.sender + b">", *self._parameters(letter))),
            (Phase.RCPT, 2, (b"RCPT", b"TO:<" + letter.recipient + b">")),
            (Phase.DATA, 3, (b"DATA",)),
        )
        for phase, goes_on, command in envelope:
            answer = await self._ask(phase, *command)
            if answer.code // 100 != goes_on:
                self.settled = True
                return judge(phase, answer.code, answer.message)
        return await self._send_content(letter)

    async def reset(self, seconds: float) -> None:
        """Ask whether the connection still lives, and close what a refusal left open. Raises `Lost`."""
        self.settled = False
        answer = await self._ask(None, b"RSET", seconds=seconds)
        if answer.code != 250:
            raise Lost(f"RSET was answered {answer.code} {shown(answer.message)}")
        self.settled = self.clean = True

    async def quit(self, seconds: float) -> None:
        """Take leave, and close in any case. Whatever happens here has no bearing on a mail."""
        try:
            if self.usable:
                await self._ask(None, b"QUIT", seconds=seconds)
        except Lost:
            pass  # it left before us
        finally:
            self.abort()

    def abort(self) -> None:
        """Drop the connection and what is still to be written: after a plain close() the transport would go
        on sending a mail that was given up."""
        self.settled = False
        transport = cast("asyncio.WriteTransport | None", self._client.transport)
        if transport is not None:
            transport.abort()
        self._client.close()

    def _lacking(self, letter: Letter) -> str:
        """What the server would have to offer for this mail and does not, or ""."""
        if letter.utf8 and not self._client.supports_extension("smtputf8"):
            return "the server takes no addresses or headers outside ASCII (SMTPUTF8)"
        if letter.eight_bit and not self._client.supports_extension("8bitmime"):
            return "the server takes no 8-bit content (8BITMIME)"
        return ""

    def _parameters(self, letter: Letter) -> list[bytes]:
        parameters = []
        if self._client.supports_extension("size"):
            parameters.append(b"SIZE=%d" % len(letter.content))
        if letter.eight_bit:
            parameters.append(b"BODY=8BITMIME")
        if letter.utf8:
            parameters.append(b"SMTPUTF8")
        return parameters

    async def _send_content(self, letter: Letter) -> Delivery:
        """From the first byte on, an end without an answer means that the mail may have been delivered."""
        from aiosmtplib import SMTPException

        protocol = self._client.protocol
        if protocol is None:
            raise Lost("the connection was closed before the mail")
        try:
            protocol.write(letter.transparent)
        except (SMTPException, OSError) as fault:
            raise Lost(f"the connection was closed before the mail: {shown(fault)}") from fault
        try:
            answer = await protocol.read_response(timeout=self._server.data_timeout)
        except (SMTPException, OSError) as fault:
            text = f"no answer to the mail that was sent, it may have arrived: {shown(fault)}"
            return Delivery(outcome=Outcome.UNKNOWN, text=text)
        self.settled = True
        self.clean = 200 <= answer.code < 300
        return judge(Phase.BODY, answer.code, answer.message)

    async def _ask(self, phase: Phase | None, *words: bytes, seconds: float | None = None) -> SMTPResponse:
        """A command and its answer. Raises `Lost`, also for an answer that is none."""
        from aiosmtplib import SMTPException

        try:
            return await self._client.execute_command(*words, timeout=seconds or self._server.timeout)
        except (SMTPException, OSError) as fault:
            at = f" at {phase}" if phase else ""
            raise Lost(f"the connection was lost{at}: {shown(fault)}") from fault

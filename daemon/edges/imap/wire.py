"""aioimaplib's protocol, made safe: what it loses, leaks or hangs on is put right here, by subclassing.

It differs from the original in this: lines are split in a loop (the original recurses once per line and dies
of a few hundred); every untagged line reaches the one command that is under way; a lost connection, a BYE and
a breach of the protocol end in `lost`; nothing that was sent or received is logged. One command at a time.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Any, Final

from aioimaplib.aioimaplib import AioImapException, Command, IMAP4ClientProtocol, tagged_status_response_re

logging.getLogger("aioimaplib").setLevel(logging.WARNING)  # below, it writes mails and logins into the log
logging.getLogger("aioimaplib.aioimaplib").setLevel(logging.WARNING)

GREETING, NONAUTH, AUTH, SELECTED = "CONNECTED", "NONAUTH", "AUTH", "SELECTED"

LONGEST_LINE: Final = 16_000_000
"""Bytes: the SEARCH answer of a million mails is half of it."""

_CRLF: Final = b"\r\n"
_LITERAL: Final = re.compile(rb"\{(\d+)\}\Z")
_EXISTS: Final = re.compile(rb"(\d+) (EXISTS|EXPUNGE)\Z", re.IGNORECASE)


class Ask(Command):  # type: ignore[misc]  # aioimaplib ships no types
    """A command. `answers` are sent one by one as the server asks for more (`+`); when it asks again after
    them, it gets `cancel`."""

    def __init__(
        self, name: str, tag: str, *args: str, uid: bool = False, answers: Sequence[bytes] = ()
    ) -> None:
        super().__init__(name, tag, *args, prefix="UID" if uid else "")
        self.answers = list(answers)
        self.cancel = b"*"

    def more(self) -> bytes:
        return self.answers.pop(0) if self.answers else self.cancel


class Idle(Ask):
    """IDLE. `started`: the server said `+`; `pushed`: it told of something; `ended`: by its tagged answer."""

    def __init__(self, tag: str) -> None:
        super().__init__("IDLE", tag)
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[None] = loop.create_future()
        self.pushed: asyncio.Future[None] = loop.create_future()
        self.ended = False

    def append_to_resp(self, line: bytes | bytearray, result: str = "Pending") -> None:
        super().append_to_resp(line, result)
        self.ended = result != "Pending"
        _settle(self.pushed)


class Wire(IMAP4ClientProtocol):  # type: ignore[misc]  # aioimaplib ships no types
    """One connection. `lost` holds the reason once it can no longer be used, `closed` is done when the socket
    is. `exists` counts the mails of the selected folder; `news`: more came than were there."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop)
        self.state: str = "STARTED"
        self.current_command: Any = None
        self.greeting: asyncio.Future[bytes] = loop.create_future()
        self.lost: asyncio.Future[str] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.exists = 0
        self.news = False
        self.leaving = False
        self.sealed = False
        self.injected = False

    def give_up(self, reason: str) -> None:
        """No further byte is taken from this connection or sent on it."""
        if not self.lost.done():
            self.lost.set_result(reason)
        if self.transport is not None:
            self.transport.abort()

    # -- what asyncio calls -----------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(f"the connection was lost ({exc})" if exc else "the connection was closed")
        _settle(self.closed)

    def data_received(self, d: bytes) -> None:
        if self.sealed:
            self.injected = True
            return
        try:
            self._take(self.incomplete_line + d if self.incomplete_line else d)
        except (AioImapException, ValueError, LookupError, AttributeError, TypeError) as fault:
            self.give_up(f"it answered what IMAP does not allow ({type(fault).__name__})")

    # -- lines and literals -----------------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        at = 0
        command: Any = self.current_command
        while at < len(data):
            if command is not None and command.wait_literal_data():
                at = len(data) - len(command.append_literal_data(data[at:]))
                continue
            end = data.find(_CRLF, at)
            if end < 0:
                break
            line, at = data[at:end], end + 2
            command = self._line(line, command)
            if self.sealed:
                self.injected = at < len(data)
                return
        self.incomplete_line = data[at:]
        self.current_command = command
        if len(self.incomplete_line) > LONGEST_LINE:
            self.give_up("it sent a line without end")

    def _line(self, line: bytes, command: Any) -> Any:
        """Handle one line; returns the command to which a literal and the line after it belong, if any."""
        if tagged_status_response_re.match(line):
            self._handle_line(line, None)
            return None
        taker = self._handle_line(line, command)
        literal = _LITERAL.search(line)
        if literal is None:
            return None
        # A literal in an answer that nobody asked for is read past, with the line that follows it.
        taker = taker if taker is not None else Ask("NOOP", "unasked")
        taker.begin_literal_data(int(literal.group(1)))
        return taker

    def _handle_line(self, line: bytes, current_cmd: Any) -> Any:
        if self.state == GREETING and not self.greeting.done():
            self.state = AUTH if line[2:9].upper() == b"PREAUTH" else NONAUTH
            self.greeting.set_result(line)
            return None
        return super()._handle_line(line, current_cmd)

    def _untagged_response(self, line: bytes) -> Any:
        told = line[2:]
        if match := _EXISTS.match(told):
            self._count(int(match.group(1)), match.group(2).upper())
        elif told[:3].upper() == b"BYE" and not self.leaving:
            reason = told[3:].decode("utf-8", "replace").strip()
            self.give_up(f"it ended the connection: {reason}" if reason else "it ended the connection")
        command = self.pending_sync_command or next(iter(self.pending_async_commands.values()), None)
        if command is not None:
            command.append_to_resp(told)
        return command

    def _response_done(self, line: bytes) -> None:
        pending = self.pending_sync_command
        super()._response_done(line)
        if pending is not None and pending.name == "STARTTLS" and pending.response.result == "OK":
            # From here on every byte belongs to TLS: what arrives before the handshake was not sent by
            # whom the certificate will name.
            self.sealed = True
            self.transport.pause_reading()

    def _continuation(self, _line: bytes) -> None:
        command = self.pending_sync_command
        if isinstance(command, Idle):
            _settle(command.started)
        elif isinstance(command, Ask):
            self.transport.write(command.more() + _CRLF)

    def _count(self, number: int, what: bytes) -> None:
        if what == b"EXPUNGE":
            self.exists = max(0, self.exists - 1)
            return
        self.news = self.news or number > self.exists
        self.exists = number

    # -- sending ----------------------------------------------------------------------------------------

    def send(self, line: str, scrub: str | None = None) -> None:
        del scrub  # the original's: what not to log. Nothing is logged here
        self.transport.write(line.encode("utf-8") + _CRLF)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

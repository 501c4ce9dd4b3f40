"""Logging in: by password (LOGIN, or AUTHENTICATE PLAIN for what LOGIN cannot quote) or by XOAUTH2 token.

The secret is read here, used once and never repeated: not in an error, not in a log line.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from daemon.edges.imap.answers import code
from daemon.edges.imap.connection import Answer, Connection
from daemon.edges.imap.folder import quoted
from daemon.edges.imap.server import said
from daemon.edges.imap.wire import AUTH, Ask
from daemon.ports import Unavailable

_PASSING: Final = {"UNAVAILABLE", "SERVERBUG", "INUSE", "LIMIT"}
"""RFC 5530: it says no to this login, yet not to this password."""


async def log_in(connection: Connection) -> None:
    """Raises `Unavailable`: `refused` when the server says no, or when there is nothing to log in with."""
    if connection.wire.state == AUTH:  # PREAUTH
        return
    server = connection.server
    secret = _secret(connection)
    if server.auth == "xoauth2":
        answer = await _xoauth2(connection, secret)
    else:
        answer = await _password(connection, secret)
    if answer.result != "OK":
        raise _refusal(connection, answer, secret)
    connection.wire.state = AUTH
    await connection.ask_capabilities()


def _secret(connection: Connection) -> str:
    server = connection.server
    try:
        secret = server.secret()
    except Unavailable as fault:
        raise Unavailable("imap", str(fault), refused=True) from fault
    except (OSError, ValueError) as fault:
        why = fault.strerror or str(fault) if isinstance(fault, OSError) else "not UTF-8"
        raise server.trouble(
            f"the secret cannot be read: {why} (see [imap] password_file)", refused=True
        ) from None
    if not secret or any(c in secret + server.username for c in "\0\r\n"):
        raise server.trouble(
            "user name and secret must be one line each, and not empty; check [imap] password_file",
            refused=True,
        )
    return secret


async def _password(connection: Connection, secret: str) -> Answer:
    offers = connection.capabilities
    username = connection.server.username
    if username.isascii() and secret.isascii() and "LOGINDISABLED" not in offers:
        return await connection.command("LOGIN", quoted(username), quoted(secret))
    if "AUTH=PLAIN" in offers:
        return await _authenticate(connection, "PLAIN", f"\0{username}\0{secret}".encode(), cancel=b"*")
    if "LOGINDISABLED" in offers:
        hint = (
            '; set [imap] tls = "starttls"'
            if "STARTTLS" in offers and connection.server.tls == "none"
            else ""
        )
        raise connection.server.trouble(
            f"it allows no login by password here (LOGINDISABLED){hint}", refused=True
        )
    user, password = username.encode(), secret.encode()
    literals = [user + b" {%d}" % len(password), password]
    return await connection.command("LOGIN", f"{{{len(user)}}}", answers=literals)


async def _xoauth2(connection: Connection, token: str) -> Answer:
    if "AUTH=XOAUTH2" not in connection.capabilities:
        raise connection.server.trouble(
            'it does not offer XOAUTH2; set [imap] auth = "password"', refused=True
        )
    words = f"user={connection.server.username}\1auth=Bearer {token}\1\1".encode()
    # A refusal comes as one more `+` with the reason in JSON: an empty line must answer it.
    return await _authenticate(connection, "XOAUTH2", words, cancel=b"")


async def _authenticate(connection: Connection, mechanism: str, words: bytes, *, cancel: bytes) -> Answer:
    """SASL with one response, sent along where the server takes it (SASL-IR), else when it asks."""
    response = b64encode(words)
    tag = connection.wire.new_tag()
    if "SASL-IR" in connection.capabilities:
        command = Ask("AUTHENTICATE", tag, mechanism, response.decode("ascii"))
    else:
        command = Ask("AUTHENTICATE", tag, mechanism, answers=[response])
    command.cancel = cancel
    return await connection.ask(command)


def _refusal(connection: Connection, answer: Answer, secret: str) -> Unavailable:
    server = connection.server
    words = said(answer.text).replace(secret, "…")
    if code(answer.text) in _PASSING:
        return server.trouble(f"it cannot log in {server.username} now: {words}")
    remedy = "the token" if server.auth == "xoauth2" else "the password in [imap] password_file"
    return server.trouble(
        f"it refuses the login of {server.username}: {words}; check [imap] username and {remedy}",
        refused=True,
    )

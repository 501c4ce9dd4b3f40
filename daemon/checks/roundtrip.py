"""`check --roundtrip`: a mail to the desk itself, once to a plus address and once to the plain one, and what
can be learned from how they come back.

They are ours (From is the desk's, the Message-ID is signed), so a running daemon files them as a loop; no
ticket comes of them. Where no daemon runs they are deleted again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Final

from daemon import app
from daemon.checks.finding import Finding, failed, ok, warning
from daemon.core.authentication import dmarc
from daemon.core.values import Delivery, Mail, Outcome, Unreadable
from daemon.edges.imap import ImapMailbox, open_mailbox
from daemon.edges.smtp import SmtpPool
from daemon.edges.system import SystemClock
from daemon.mail.tokens import TokenKey, load_or_create_secret, message_id
from daemon.ports import RawMail, Unavailable
from daemon.settings.load import policy
from daemon.settings.model import Settings

PATIENCE: Final = 120.0
"""Seconds for the mail to come back; greylisting takes longer, and is not for one's own mail."""

BEHIND: Final = 15.0
"""Seconds that the mail to the plus address may come after the other."""

PAUSE: Final = 1.0
"""Seconds between two looks. In between we idle: the end of IDLE makes every server look by itself."""

SKEW: Final = 90.0
"""Seconds between the mail server's clock and ours that are worth a word."""

_SURVIVE: Final = ("Auto-Submitted", "In-Reply-To", "References", "X-Azimut-Kind", "X-Azimut-Check")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A test mail."""

    address: str
    nonce: str
    message_id: str
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """It came back: where it lies, after how many seconds, and as what."""

    folder: ImapMailbox
    inbox: bool
    raw: RawMail
    mail: Mail
    seconds: float


async def roundtrip(settings: Settings, *, patience: float = PATIENCE) -> AsyncIterator[Finding]:
    """Send, wait, tell. Every trouble is a finding."""
    now = SystemClock().now()
    plain = _probe(settings, settings.desk.address, now)
    local, _, domain = settings.desk.address.rpartition("@")
    plus = _probe(settings, f"{local}+check-{secrets.token_hex(6)}@{domain}", now)
    try:
        async with AsyncExitStack() as stack:
            watches = _Watches(settings, stack)
            await watches.begin()
            sent = await _send(settings, (plain, plus))
            yield _sending(plain, sent[plain.nonce])
            wanted = [probe for probe in (plain, plus) if _may_come(sent[probe.nonce])]
            back = await _wait(settings, watches, wanted, patience)
            for finding in _learned(settings, plain, plus, sent[plus.nonce], back, patience):
                yield finding
            if back:
                yield await _tidy(list(back.values()))
    except Unavailable as trouble:
        yield failed("roundtrip", str(trouble))


# -- sending --------------------------------------------------------------------------------------------


def _probe(settings: Settings, address: str, now: datetime) -> Probe:
    """Signed where the desk has its key: it is not made here, by whoever runs this, but by the daemon."""
    nonce, domain = secrets.token_hex(8), settings.desk.address.rpartition("@")[2]
    path = app.secret_file(settings)
    if path.exists():
        mid = message_id(TokenKey(load_or_create_secret(path)), None, 0, "check", nonce, domain)
    else:
        mid = f"check.{nonce}@{domain}"
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((settings.desk.name, settings.desk.address))
    mail["To"] = address
    mail["Subject"] = f"azimut-support check {nonce}"
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{mid}>"
    mail["In-Reply-To"] = f"<before.{nonce}@{domain}>"
    mail["References"] = f"<first.{nonce}@{domain}> <before.{nonce}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Azimut-Kind"] = "check"
    mail["X-Azimut-Check"] = nonce
    mail.set_content("A test of `azimut-support check --roundtrip`. It may be deleted.\n")
    return Probe(address=address, nonce=nonce, message_id=mid, message=mail.as_bytes())


async def _send(settings: Settings, probes: Sequence[Probe]) -> dict[str, Delivery]:
    pool = SmtpPool(app.smtp_server(settings))
    try:
        return {p.nonce: await pool.send(settings.desk.address, p.address, p.message) for p in probes}
    finally:
        await pool.close()


def _may_come(delivery: Delivery) -> bool:
    return delivery.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN)


def _sending(probe: Probe, delivery: Delivery) -> Finding:
    told = f"{delivery.code or ''} {delivery.text}".strip()
    if delivery.outcome is Outcome.ACCEPTED:
        return ok("sending", f"the server took a mail to {probe.address}")
    remedy = {
        Outcome.REFUSED: "the server does not take mail for the desk's own address: check [desk] address",
        Outcome.DEFERRED: "it says to try later: run this again in some minutes",
        Outcome.UNREACHABLE: "see the line about smtp",
        Outcome.LOCAL: "check [desk] address and [smtp] only_to",
    }.get(delivery.outcome, "whether it was taken is not known")
    return failed("sending", f"a mail to {probe.address} was not taken ({told}); {remedy}")


# -- waiting --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Watch:
    folder: ImapMailbox
    next_uid: int
    inbox: bool


class _Watches:
    """The inbox, and Processed, into which a running daemon moves what it sees, and which it makes when it
    moves the first mail. Only mail that comes from now on is looked at."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self._server = app.imap_server(settings)
        self._names = (settings.imap.mailbox, settings.imap.processed)
        self._stack = stack
        self._open: list[_Watch] = []

    async def begin(self) -> None:
        inbox, processed = self._names
        folder = await self._opened(inbox)
        counts = await folder.counts(inbox)
        self._open.append(_Watch(folder, counts.uidnext if counts else 1, inbox=True))
        counts = await folder.counts(processed)
        if counts is not None:
            self._open.append(_Watch(await self._opened(processed), counts.uidnext, inbox=False))

    async def now(self) -> list[_Watch]:
        processed = self._names[1]
        if len(self._open) == 1 and await self._open[0].folder.counts(processed) is not None:
            self._open.append(_Watch(await self._opened(processed), 1, inbox=False))
        return self._open

    async def _opened(self, name: str) -> ImapMailbox:
        folder = await open_mailbox(self._server, name)
        self._stack.push_async_callback(folder.close)
        return folder


async def _wait(
    settings: Settings, watches: _Watches, probes: Sequence[Probe], patience: float
) -> dict[str, Back]:
    """What came back, by nonce. The second is not waited for much longer than the first."""
    clock = asyncio.get_running_loop().time
    parse = app.parser(settings)
    started, back = clock(), dict[str, Back]()
    end = started + patience
    while len(back) < len(probes):
        for watch in await watches.now():
            async for raw, mail in _new(watch, parse):
                probe = next((p for p in probes if p.nonce in mail.subject), None)
                if probe is not None:
                    back[probe.nonce] = Back(
                        folder=watch.folder,
                        inbox=watch.inbox,
                        raw=raw,
                        mail=mail,
                        seconds=clock() - started,
                    )
                    end = min(end, clock() + BEHIND)
        if clock() >= end:
            break
        await asyncio.gather(*(watch.folder.wait(PAUSE) for watch in await watches.now()))
    return back


async def _new(
    watch: _Watch, parse: Callable[[bytes, bool], Mail | Unreadable]
) -> AsyncIterator[tuple[RawMail, Mail]]:
    uids = await watch.folder.search(watch.next_uid)
    async for raw in watch.folder.fetch(uids):
        mail = parse(raw.data, raw.truncated)
        if isinstance(mail, Mail):
            yield raw, mail
    watch.next_uid = max([watch.next_uid, *(uid + 1 for uid in uids)])


# -- learning -------------------------------------------------------------------------------------------


def _learned(
    settings: Settings, plain: Probe, plus: Probe, plus_sent: Delivery, back: dict[str, Back], patience: float
) -> Iterator[Finding]:
    if not back:
        yield failed(
            "delivery",
            f"nothing came back to {settings.imap.mailbox} within {patience:g} s: look for a bounce, in the "
            f"junk folder, and whether mail for {plain.address} reaches the mailbox of [imap] username",
        )
        return
    first = back.get(plain.nonce) or back[plus.nonce]
    probe = plain if plain.nonce in back else plus
    yield ok("delivery", f"came back after {first.seconds:.1f} s")
    yield _plus(settings, plus, plus_sent, plus.nonce in back)
    yield _survival(probe, first)
    yield _authentication(settings, first.mail)
    if skew := _skew(first):
        yield skew


def _plus(settings: Settings, plus: Probe, sent: Delivery, came: bool) -> Finding:
    if came:
        more = "" if settings.desk.plus_addressing else "; [desk] plus_addressing = true may be set"
        return ok("plus address", f"{plus.address} reaches the mailbox{more}")
    why = "did not come back" if _may_come(sent) else f"was refused ({sent.code or ''} {sent.text})"
    text = f"mail to {plus.address} {why}"
    if settings.desk.plus_addressing:
        return failed(
            "plus address", f"{text}: set [desk] plus_addressing = false, or have it switched on there"
        )
    return ok("plus address", f"{text}; [desk] plus_addressing = false is right")


def _survival(probe: Probe, back: Back) -> Finding:
    """Threads and bounces are found again by these."""
    head = back.raw.data.partition(b"\r\n\r\n")[0].lower()
    lost = [name for name in _SURVIVE if f"\r\n{name.lower()}:".encode() not in b"\r\n" + head]
    if back.mail.message_id != probe.message_id:
        return warning(
            "headers",
            "the server writes a Message-ID of its own: answers are found by plus address and footer instead",
        )
    if lost:
        return warning("headers", f"{', '.join(lost)} did not survive; threads may break in mail clients")
    return ok("headers", "Message-ID and all headers of ours survive")


def _authentication(settings: Settings, mail: Mail) -> Finding:
    trusted = settings.imap.trusted_authserv
    if not mail.authentication_results:
        return warning(
            "authenticity",
            "this mail carries no Authentication-Results. Look at one from outside: without the field "
            "nobody's address is proven; with it, name its first word in [imap] trusted_authserv",
        )
    server = (mail.authentication_results[0].partition(";")[0].split() or ["?"])[0].lower()
    result = dmarc(mail, replace(policy(settings), trusted_authserv=(server,)))
    told = f"{server} writes Authentication-Results, dmarc={result or 'none'}"
    if server in [name.lower() for name in trusted]:
        return ok("authenticity", f"{told}; it is trusted")
    return warning(
        "authenticity",
        f'{told}; if that is your receiving server, set [imap] trusted_authserv = ["{server}"]',
    )


def _skew(back: Back) -> Finding | None:
    ahead = (back.raw.internaldate - SystemClock().now()).total_seconds()
    if abs(ahead) <= SKEW:
        return None
    how = "ahead of" if ahead > 0 else "behind"
    return warning(
        "server clock",
        f"the mail server is {abs(ahead):.0f} s {how} this machine; promises run by its clock: set both",
    )


# -- tidying --------------------------------------------------------------------------------------------


async def _tidy(back: Sequence[Back]) -> Finding:
    """In Processed they have their ledger rows; in the inbox nobody has seen them yet."""
    here = [b for b in back if b.inbox]
    gone = await here[0].folder.remove([b.raw.uid for b in here]) if here else True
    filed = len(back) - len(here)
    if not gone:
        return ok("tidying", f"{len(here)} test mails stay in the inbox; the daemon files them as a loop")
    words = [f"{len(here)} deleted"] if here else []
    words += [f"{filed} filed by the running daemon"] if filed else []
    return ok("tidying", f"test mails: {', '.join(words)}")

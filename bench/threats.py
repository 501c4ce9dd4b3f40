"""Threat mails on a real mailbox: Dovecot, a real SMTP server, the daemon in a process of its own.

    python -m bench.threats FOLDER [NAME ...]

FOLDER holds `NNN-slug.eml` with `NNN-slug.json` beside it (tests/fixtures/threats/README.md says how); NAME
picks cases. Prints what is not as a case says, and how long the daemon took for it; the exit status is 0 when
every case is right. Each case has a mailbox and a store of its own. The seconds are those
of a whole run of the daemon, its start included.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.e2e.desk import Daemons, Desk, accepted, make_desk
from tests.servers.dovecot import Dovecot
from tests.threats.desk import Sent
from tests.threats.judging import Seen, faults

TEAM = frozenset({"alex@azimutpos.com", "direction@azimutpos.com"})
MOST = 40_000_000
"""Bytes that a placeholder is blown up to at most: above the size limit of a mail."""


def main(arguments: list[str]) -> int:
    if not arguments or not Path(arguments[0]).is_dir():
        print(__doc__)
        return 2
    os.environ["AZIMUT_THREATS"] = arguments[0]
    from tests.mail import threat_mails

    wanted = [n for n in threat_mails.names() if not arguments[1:] or n.startswith(tuple(arguments[1:]))]
    dovecot, daemons, wrong = Dovecot.start(), Daemons(), 0
    try:
        for name in wanted:
            with tempfile.TemporaryDirectory() as folder:
                found, seconds = played(name, Path(folder), dovecot, daemons)
            wrong += bool(found)
            print(f"{'WRONG' if found else 'ok':8} {name} ({seconds:.1f} s)", flush=True)
            for fault in found:
                print(f"         {fault}")
    finally:
        daemons.close()
        dovecot.stop()
    print(f"{len(wanted)} cases, {wrong} wrong")
    return 1 if wrong else 0


def played(name: str, folder: Path, dovecot: Dovecot, daemons: Daemons) -> tuple[list[str], float]:
    from tests.mail import threat_mails

    _, spec = threat_mails.load(name, most=MOST)
    log = folder / "accepted.jsonl"
    smtp, port = daemons.start_smtp("--log", str(log))
    try:
        desk = make_desk(folder, dovecot, f"threat{name[:3]}", port)
        team = _set_up(desk, spec.get("setup") or {})
        values = _prior_ticket(desk, daemons, spec, log)
        deliver = spec.get("deliver") or {}
        for mail in deliver.get("before", ()):
            desk.deliver(
                _plain(*(mail[f"inline_{key}"] for key in ("from", "subject", "message_id", "body")))
            )
            _once(desk, daemons)
        raw, filled = threat_mails.load(name, values, most=MOST)
        earlier = _tickets(desk)
        before = len(accepted(log))
        now = datetime.now(UTC)  # noqa: TID251 - the mail server's clock is the real one
        count, seconds = _deliver(desk, daemons, raw, deliver)
        seen = Seen(
            database=folder / "data" / "desk.sqlite3",
            folder=folder / "data",
            sent=_sent(desk, log)[before:],
            earlier=len(earlier),
            deliveries=count,
            team=team,
            desk_address=desk.settings.desk.address,
            delivered_us=int(now.timestamp() * 1_000_000),
            prior=earlier[0] if values else None,
            log=desk.log(),
        )
        found = faults(seen, filled)
        found += _served_after(desk, daemons, log)
        if desk.mails_in("INBOX"):
            found.append("mails are left in the inbox")
        return found, seconds
    finally:
        daemons.kill(smtp)
        daemons.wait(smtp)


def _set_up(desk: Desk, setup: dict[str, Any]) -> frozenset[str]:
    """The configuration that the case needs; the addresses of agents and managers."""
    if "agent" in setup:
        agent = f'[[agents]]\nname = "Nadia"\nhandle = "nadia"\naddress = "{setup["agent"]}"\n'
        desk.config.write_text(f"{desk.config.read_text()}\n{agent}")
    if "voicemail_sender" in setup:
        desk.reconfigure("[store]", f'[mail]\nvoicemail_senders = ["{setup["voicemail_sender"]}"]\n[store]')
    if "authserv_id" in setup:
        desk.reconfigure("poll_interval", f'trusted_authserv = ["{setup["authserv_id"]}"]\npoll_interval')
    return TEAM | ({setup["agent"]} if "agent" in setup else set())


def _prior_ticket(desk: Desk, daemons: Daemons, spec: dict[str, Any], log: Path) -> dict[str, str]:
    """Opens the ticket that the case needs; the values of its placeholders."""
    setup = spec.get("setup") or {}
    if not spec.get("needs_ticket"):
        return {}
    body = "Demande enregistree. L'imprimante de recus n'imprime plus depuis ce matin."
    desk.deliver(_plain(setup["ticket_from"], setup["ticket_subject"], "prior@client.example", body))
    _once(desk, daemons)
    (ack,) = [m for m in _sent(desk, log) if m.kind == "ack"]
    ref = str(ack.message["X-Azimut-Ticket"])
    return {
        "TICKET_REF": ref,
        "SUBJECT_TAG": f"[{ref}]",
        "ACK_MESSAGE_ID": ack.id,
        "AGENT_NOTIFICATION_MESSAGE_ID": _notification(
            desk, log, setup.get("agent", "alex@azimutpos.com")
        ).id,
        "CMD_CLOSE": "#fermer",
    }


def _notification(desk: Desk, log: Path, agent: str) -> Sent:
    (found,) = [m for m in _sent(desk, log) if m.kind == "notification" and m.recipient == agent]
    return found


def _deliver(desk: Desk, daemons: Daemons, raw: bytes, deliver: dict[str, Any]) -> tuple[int, float]:
    """How many mails of the case came, and how long the daemon took for them."""
    times = deliver.get("times", 1)
    if deliver.get("same_uid"):  # the same mail again after a restart: it is in the ledger by then
        desk.deliver(raw)
        return 1, sum(_once(desk, daemons) for _ in range(times))
    copies = [raw] * times
    if deliver.get("vary_message_id"):
        copies = [
            re.sub(rb"(?im)^message-id:\s*<", b"Message-ID: <%d." % turn, raw, count=1)
            for turn in range(times)
        ]
    desk.deliver(*copies)
    return times, _once(desk, daemons)


def _once(desk: Desk, daemons: Daemons) -> float:
    begun = time.perf_counter()
    if daemons.run_once(desk) != 0:
        raise RuntimeError(f"the daemon failed:\n{desk.log()[-4000:]}")
    return time.perf_counter() - begun


def _served_after(desk: Desk, daemons: Daemons, log: Path) -> list[str]:
    """Whatever it was, the next mail is served."""
    desk.deliver(_plain("suivant@example.com", "Ecran", "next@x.example", "L'écran est noir."))
    _once(desk, daemons)
    served = "suivant@example.com" in {mail["rcpt"][0] for mail in accepted(log)}
    return [] if served else ["the next mail was not served"]


def _sent(desk: Desk, log: Path) -> list[Sent]:
    """What the SMTP server took over, with the bytes that the outbox keeps of it."""
    sql = "SELECT o.message_id, c.content, o.envelope_from FROM outbox o JOIN outbox_content c ON c.id = o.id"
    kept = {row[0]: (bytes(row[1]), str(row[2])) for row in desk.rows(sql)}
    found = []
    for mail in accepted(log):
        raw, envelope = kept[mail["message_id"].strip("<>")]
        read = message_from_bytes(raw, policy=policy.default)
        assert isinstance(read, EmailMessage)
        found.append(Sent(recipient=mail["rcpt"][0], message=read, raw=raw, envelope_from=envelope))
    return found


def _tickets(desk: Desk) -> list[dict[str, Any]]:
    if not (desk.folder / "data" / "desk.sqlite3").exists():
        return []
    columns = [row[1] for row in desk.rows("PRAGMA table_info(ticket)")]
    return [dict(zip(columns, row, strict=True)) for row in desk.rows("SELECT * FROM ticket ORDER BY id")]


def _plain(sender: str, subject: str, message_id: str, body: str) -> bytes:
    return (
        f"From: {sender}\r\nTo: support@azimutpos.com\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id}>\r\nDate: Tue, 03 Nov 2026 10:00:00 -0500\r\n\r\n{body}\r\n"
    ).encode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

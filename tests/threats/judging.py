"""What a threat mail led to, held against what its `.json` says. Reads the desk's database as it is on disk,
so that the same judge serves a desk within the test and a daemon on a real mailbox.

Every key of the expectations is either judged here or named in `ELSEWHERE` with where it is looked at.
"""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, Final

from tests.threats.desk import Sent

INTERNAL: Final = frozenset({"notice", "notification", "alarm", "escalation", "transcript", "confirm"})
ANSWERS: Final = frozenset({"reply", "resolved"})
"""Kinds that an agent wrote."""

ELSEWHERE: Final = {
    "kind": "bounces and loops here; the class of every mail in tests/mail/test_threat_mails.py",
    "from_addr": "tests/mail/test_threat_mails.py",
    "no_crash": "the run comes to its end: a fault of one mail is a quarantine with the fault's name",
    "max_rss_growth_mb": "bench/corpora.py measures the memory of reading",
    "event_loop_block_max_seconds": "mails are read in a process of their own (daemon/edges/reading)",
    "max_seconds": "bench/threats.py prints each case's time",
    "no_network": "no module of daemon/mail opens a connection (tests/threats/test_catalogue.py)",
    "then": "tests/core/test_recipients.py: agent text goes to a ticket's customers alone",
    "where": "every file of the desk and every mail that left is searched",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`sent`: what left because of the case. `earlier`: tickets that were there before it. `deliveries`:
    mails of the case that came. `prior`: the row of the ticket that it is about, as it was."""

    database: Path
    folder: Path
    sent: Sequence[Sent]
    earlier: int
    deliveries: int
    team: frozenset[str]
    desk_address: str
    delivered_us: int
    prior: dict[str, Any] | None = None
    log: str = ""

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.database)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, values)]


def faults(seen: Seen, spec: dict[str, Any]) -> list[str]:
    """What is not as the case says; one line each."""
    expect, checks = spec["expect"], spec.get("checks") or {}
    fresh = seen.rows("SELECT * FROM ticket ORDER BY id")[seen.earlier :]
    ledger = seen.rows("SELECT * FROM inbound_mail ORDER BY id")[-seen.deliveries :]
    outside = [m for m in seen.sent if m.kind not in INTERNAL and m.recipient not in seen.team]
    return [
        *_expectations(seen, expect, checks, fresh, ledger, outside),
        *_accounts(seen, ledger),
        *_leaving(seen, checks, outside),
        *_reached(seen, checks, outside),
        *_told(seen, ledger),
        *_meant(seen, checks, outside),
        *_texts(seen, checks, fresh, ledger),
        *_attachments(seen, checks, ledger),
        *_people(seen, checks, fresh),
        *_times(seen, checks, fresh),
        *(_prior(seen, checks) if seen.prior is not None else ()),
        *_nowhere(seen, checks),
        *(f"{key}: nobody judges this" for key in {*expect, *checks} - KNOWN),
    ]


def _expectations(
    seen: Seen,
    expect: dict[str, Any],
    checks: dict[str, Any],
    fresh: list[Any],
    ledger: list[Any],
    outside: list[Sent],
) -> Iterator[str]:
    last = ledger[-1]
    if "tickets" in expect and len(fresh) != expect["tickets"]:
        yield f"{len(fresh)} tickets, {expect['tickets']} expected"
    automatic = [(m.kind, m.recipient) for m in outside if m.kind not in ANSWERS]
    if "auto_reply" in expect and bool(automatic) is not expect["auto_reply"]:
        yield f"answered: {automatic}, expected: {expect['auto_reply']}"
    if "quarantined" in expect and (last["disposition"] == "quarantine") is not expect["quarantined"]:
        yield f"disposition {last['disposition']} ({last['reason']})"
    if expect.get("kind") in {"bounce", "loop"} and last["disposition"] != expect["kind"]:
        yield f"disposition {last['disposition']}, {expect['kind']} expected"
    if (
        "subject" in expect
        and last["disposition"] != "quarantine"
        and not _same(last["subject"], expect["subject"])
    ):
        yield f"subject {last['subject']!r}"
    if "masked" in expect and (last["masked"] > 0) is not expect["masked"]:
        yield f"masked {last['masked']}"
    if (
        "language" in expect
        and fresh
        and expect.get("auto_reply")
        and fresh[-1]["language"] != expect["language"]
    ):
        yield f"language {fresh[-1]['language']}"
    if "reply_text" in expect and last["ticket"] is not None:
        answer = bool(checks.get("outgoing_to_customer"))
        texts = _messages(seen, ledger, direction="out" if answer else "in")
        if not any(_same(m["text"], expect["reply_text"]) for m in texts):
            yield f"new words {[m['text'][:200] for m in texts]}"
    if "attachments" in expect and last["ticket"] is not None:
        names = [a["name"] for a in _files(seen, ledger)]
        if names != expect["attachments"]:
            yield f"attachments {names}"


def _accounts(seen: Seen, ledger: list[Any]) -> Iterator[str]:
    """Each delivery has its one row, and what the row names is there."""
    if len(ledger) != seen.deliveries:
        yield f"{len(ledger)} ledger rows for {seen.deliveries} deliveries"
    tickets = {row["id"] for row in seen.rows("SELECT id FROM ticket")}
    for row in ledger:
        needs = row["disposition"] in {"ticket", "message", "quarantine"}
        if row["ticket"] not in tickets and (needs or row["ticket"] is not None):
            yield f"{row['disposition']} without its ticket"
    if seen.rows("PRAGMA integrity_check") != [{"integrity_check": "ok"}]:
        yield "the database is broken"


def _leaving(seen: Seen, checks: dict[str, Any], outside: list[Sent]) -> Iterator[str]:
    for mail in seen.sent:
        yield from _form(mail)
        if checks.get("no_calendar_reply") and any(_schedules(p, mail, seen) for p in mail.message.walk()):
            yield "a calendar answer left"
    for bad in checks.get("forbid_in_outgoing", ()):
        if any(bad in m.words() for m in outside):
            yield f"{bad!r} left"
    for bad in checks.get("forbid_in_outgoing_html", ()):
        if any(bad in m.html() for m in seen.sent):
            yield f"{bad!r} left in HTML"
    for address, words in checks.get("forbid_in_outgoing_to", {}).items():
        told = "".join(m.words() for m in seen.sent if m.recipient == address)
        yield from (f"{bad!r} was told to {address}" for bad in words if bad in told)
    for name in checks.get("forbid_outgoing_header", ()):
        if any(m.message[name] is not None for m in seen.sent):
            yield f"a header {name} left"


def _schedules(part: Message, mail: Sent, seen: Seen) -> bool:
    """A calendar part that a client would act on. Agents get the customer's own file, as a file."""
    if part.get_content_type() != "text/calendar":
        return False
    file = part.get_content_disposition() == "attachment" and part.get_param("method") is None
    content = part.get_payload(decode=True)
    answers = isinstance(content, bytes) and re.search(rb"(?i)^METHOD:\s*REPLY", content, re.MULTILINE)
    return bool(answers) or not (file and mail.kind == "notification" and mail.recipient in seen.team)


def _reached(seen: Seen, checks: dict[str, Any], outside: list[Sent]) -> Iterator[str]:
    recipients = [m.recipient for m in outside]
    for key in ("forbid_outgoing_rcpt", "forbid_outgoing_rcpt_unless_configured"):
        yield from (f"{bad} got mail" for bad in checks.get(key, ()) if bad in recipients)
    allowed = checks.get("outgoing_recipients_only")
    if allowed is not None and not set(recipients) <= set(allowed):
        yield f"recipients {recipients}"
    for key, count in (
        ("max_outgoing_recipients", len(set(recipients))),
        ("max_outgoing", len(outside)),
        ("max_outgoing_to_sender", max(map(recipients.count, recipients), default=0)),
        ("outgoing_to_customer_max", len(outside)),
        ("max_operator_alerts", len([m for m in seen.sent if m.kind == "notice"]) // max(len(seen.team), 1)),
        ("max_agent_notifications", len([m for m in seen.sent if m.kind == "notification"])),
    ):
        if count > checks.get(key, 10_000):
            yield f"{key}: {count}"
    if checks.get("outgoing_to_customer") == 0 and outside:
        yield f"customers got mail: {recipients}"
    answers = [m.recipient for m in outside if m.kind in ANSWERS]
    if answers != [seen.prior["requester"] if seen.prior else ""] * checks.get("outgoing_to_customer", 0):
        yield f"an agent's words left to {answers}"
    own = checks.get("outgoing_from")
    if any(own not in (None, m.message["From"].addresses[0].addr_spec) for m in outside):
        yield f"a mail left that is not from {own}"
    internal = {m.recipient for m in seen.sent if m.kind in INTERNAL}
    if not internal <= seen.team:
        yield f"{internal - seen.team} got mail that is for agents"


def _told(seen: Seen, ledger: list[Any]) -> Iterator[str]:
    """Agents are told of each new ticket, once each; of nothing twice; and all that was queued left."""
    told = seen.rows("SELECT cause, recipient, ticket, state FROM outbox WHERE kind = 'notification'")
    arrivals = Counter((row["cause"].rpartition(":")[0], row["recipient"]) for row in told)
    yield from (f"{who} was told {n} times of {cause}" for (cause, who), n in arrivals.items() if n > 1)
    yield from (f"a notification is {row['state']}" for row in told if row["state"] != "sent")
    agents = {row["recipient"] for row in told}
    for row in ledger:
        if row["disposition"] == "ticket":
            of_it = [t["recipient"] for t in told if t["ticket"] == row["ticket"]]
            if not of_it or not agents <= set(of_it):
                yield f"{sorted(of_it)} were told of ticket {row['ticket']}"
    left = Counter(m.id for m in seen.sent)
    yield from (f"{i} left {n} times" for i, n in left.items() if n > 1)


def _meant(seen: Seen, checks: dict[str, Any], outside: list[Sent]) -> Iterator[str]:
    if "total_acks" in checks and len(outside) != checks["total_acks"]:
        yield f"{len(outside)} acknowledgements"
    if checks.get("no_agent_page") and any(m.kind == "alarm" for m in seen.sent):
        yield "an urgent alert left"
    if checks.get("outgoing_has_no_reference_to_victim") and seen.prior is not None:
        told = "".join(m.words() for m in outside)
        if f"AZ-{seen.prior['id']}" in told or seen.prior["requester"] in told:
            yield "the other ticket was named"
    if checks.get("outgoing_transactions_exact"):
        queued = seen.rows(
            "SELECT count(*) AS n FROM outbox WHERE state = 'sent' AND queued_at >= ?", seen.delivered_us
        )
        if queued[0]["n"] != len(seen.sent):
            yield f"{len(seen.sent)} mails were taken over, {queued[0]['n']} were meant"
    longest = max((len(str(m.message["Subject"]).encode()) for m in seen.sent), default=0)
    if longest > checks.get("outgoing_subject_max_bytes", 998):
        yield f"a subject of {longest} bytes left"


def _form(mail: Sent) -> Iterator[str]:
    automatic = mail.message["Auto-Submitted"] in {"auto-replied", "auto-generated"}
    if automatic is (mail.kind in ANSWERS):
        yield f"a mail of kind {mail.kind} does not say truly whether a human wrote it"
    if re.search(rb"(?<!\r)\n|\r(?!\n)", mail.raw):
        yield "a bare line end left"
    if max(map(len, mail.raw.split(b"\r\n"))) > 998:
        yield "a line longer than 998 bytes left"
    if mail.message["Bcc"] is not None or not str(mail.message["Subject"]).strip():
        yield "Bcc, or no subject"
    to = [a.addr_spec for a in mail.message["To"].addresses]
    if to != ([mail.recipient] if mail.recipient.isascii() else []):  # RFC 6531: left to the envelope
        yield f"To {to} of a mail to {mail.recipient}"


def _messages(seen: Seen, ledger: list[Any], *, direction: str = "in") -> list[dict[str, Any]]:
    tickets = sorted({row["ticket"] for row in ledger if row["ticket"] is not None})
    places = ", ".join("?" * len(tickets))
    return seen.rows(
        f"SELECT * FROM message WHERE ticket_id IN ({places}) AND direction = ? ORDER BY id",
        *tickets,
        direction,
    )[-len(ledger) :]


def _files(seen: Seen, ledger: list[Any]) -> list[dict[str, Any]]:
    ids = [m["id"] for m in _messages(seen, ledger)]
    places = ", ".join("?" * len(ids))
    return seen.rows(f"SELECT * FROM attachment WHERE message_id IN ({places}) ORDER BY id", *ids)


def _texts(seen: Seen, checks: dict[str, Any], fresh: list[Any], ledger: list[Any]) -> Iterator[str]:
    stored = _messages(seen, ledger)
    full = _plain("\n".join(m["full_text"] or m["text"] for m in stored))
    if stored:
        yield from (
            f"{w!r} is not in the text" for w in checks.get("require_in_text", ()) if _plain(w) not in full
        )
        yield from (f"{w!r} is in the text" for w in checks.get("forbid_in_text", ()) if w in full)
    for key, values in (
        ("stored_text_forbid_regex", [m["full_text"] for m in stored]),
        ("stored_subject_forbid_regex", [t["subject"] for t in fresh]),
        ("names_forbid_regex", [m["sender_name"] for m in stored]),
        ("log_forbid_regex", [seen.log]),
    ):
        if key in checks and any(re.search(checks[key], value) for value in values):
            yield key
    if checks.get("stored_text_not_empty") and not all(m["text"].strip() for m in stored):
        yield "an empty text"
    for message in stored:
        message["full_text"].encode("utf-8")  # a lone surrogate raises


def _attachments(seen: Seen, checks: dict[str, Any], ledger: list[Any]) -> Iterator[str]:
    files = _files(seen, ledger)
    names = [f["name"] for f in files]
    if "attachments_count" in checks and len(files) != checks["attachments_count"]:
        yield f"{len(files)} attachments"
    if len(files) < checks.get("attachments_count_min", 0) or len(files) > checks.get(
        "max_files_stored", 200
    ):
        yield f"{len(files)} attachments"
    if "attachments_any_of" in checks and names not in checks["attachments_any_of"]:
        yield f"attachments {names}"
    if checks.get("attachments_all_distinct_content") and len({f["sha256"] for f in files}) != len(files):
        yield "contents are not distinct"
    for name in names:
        if not name or len(name.encode()) > checks.get("filenames_max_bytes", 255):
            yield f"the name {name!r}"
        if re.search(checks.get("filenames_forbid_regex", r"[/\\\x00-\x1f]"), name):
            yield f"the name {name!r}"
        if not name.endswith(tuple(checks.get("filenames_endswith", [""]))):
            yield f"the name {name!r}"
    for path in _on_disk(seen.folder):
        if path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
            yield f"{path.name} is executable"
    grown = sum(path.stat().st_size for path in _on_disk(seen.folder) if "sqlite3" not in path.name)
    if grown > checks.get("disk_growth_max_mb", 100) * 1_000_000:
        yield f"{grown} bytes of files"
    yield from (f"{p} exists" for p in checks.get("paths_must_not_exist", ()) if Path(p).exists())


def _people(seen: Seen, checks: dict[str, Any], fresh: list[Any]) -> Iterator[str]:
    people = {row["address"] for row in seen.rows("SELECT address FROM participant")}
    prior = {seen.prior["requester"]} if seen.prior is not None else set()
    if "not_requester" in checks and fresh[-1]["requester"] == checks["not_requester"]:
        yield f"requester {fresh[-1]['requester']}"
    if "not_added_as_cc" in checks and seen.prior is not None:
        on_it = seen.rows("SELECT address FROM participant WHERE ticket_id = ?", seen.prior["id"])
        if {row["address"] for row in on_it} != prior:
            yield f"participants {on_it}"
    if seen.desk_address in people:
        yield "the desk takes part in its own ticket"
    voice = [
        json.loads(r["detail"]) for r in seen.rows("SELECT detail FROM history WHERE event = 'voicemail'")
    ]
    for key, name in (("caller_digits", "caller"), ("caller_name", "name")):
        if key in checks and [v[name] for v in voice] != [checks[key]]:
            yield f"{key} {voice}"
    flagged = {row["address"] for row in seen.rows("SELECT address FROM suppressed_address")}
    if flagged != ({checks["address_flagged"]} if "address_flagged" in checks else set()):
        yield f"suppressed: {flagged}"
    taken = checks.get("outgoing_to_customer", 0)  # answering an untaken ticket takes it (mail.md)
    if len(seen.rows("SELECT 1 FROM ticket WHERE assignee IS NOT NULL")) != taken or any(
        seen.rows("SELECT 1 FROM ticket WHERE state IN ('resolved', 'closed')")
    ):
        yield "a command was executed"


def _times(seen: Seen, checks: dict[str, Any], fresh: list[Any]) -> Iterator[str]:
    for ticket in fresh:
        if abs(ticket["opened_at"] - seen.delivered_us) > 600_000_000:
            yield f"opened {ticket['opened_at']}, delivered {seen.delivered_us}"
        starts = seen.rows("SELECT started_at FROM clock WHERE ticket_id = ?", ticket["id"])
        if not starts or any(clock["started_at"] != ticket["opened_at"] for clock in starts):
            yield "a clock does not start with its ticket"
    if checks.get("total_tickets", len(fresh)) != len(fresh):
        yield f"{len(fresh)} tickets"


def _prior(seen: Seen, checks: dict[str, Any]) -> Iterator[str]:
    was = seen.prior or {}
    (now,) = seen.rows("SELECT * FROM ticket WHERE id = ?", was["id"])
    answered = bool(checks.get("outgoing_to_customer"))
    if answered and (now["state"], now["assignee"] is None) != ("open", False):
        yield f"answered, and {now['state']} with {now['assignee']}"
    names = ("requester", "priority", "subject", "opened_at", *(() if answered else ("state", "assignee")))
    for name in names:
        if now[name] != was[name]:
            yield f"{name} of the prior ticket: {was[name]} became {now[name]}"
    clocks = seen.rows("SELECT name, started_at FROM clock WHERE ticket_id = ?", was["id"])
    if len({c["name"] for c in clocks}) != len(clocks):
        yield "a clock of the prior ticket was started anew"
    if checks.get("victim_ticket_unchanged") or checks.get("victim_ticket_unchanged_for_customer"):
        senders = seen.rows("SELECT sender FROM message WHERE ticket_id = ? AND direction = 'in'", was["id"])
        if {row["sender"] for row in senders} != {was["requester"]}:
            yield f"the prior ticket has mails of {senders}"
    if checks.get("bounce_recorded_on_ticket"):
        events = seen.rows("SELECT event FROM history WHERE ticket_id = ?", was["id"])
        if "bounce" not in [row["event"] for row in events]:
            yield "the bounce is not on the ticket"


def _nowhere(seen: Seen, checks: dict[str, Any]) -> Iterator[str]:
    for number in checks.get("forbid_digits_anywhere", ()):
        yield from (f"{number} is in {path}" for path in _on_disk(seen.folder) if _holds(path, number))
        if any(number in re.sub(r"\D", "", m.words()) for m in seen.sent):
            yield f"{number} left in a mail"


def _on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _holds(path: Path, number: str) -> bool:
    """The number with any separators, as it is or in base64, in a file of the desk: database, log, blobs."""
    content = path.read_bytes()
    plain = number.encode() in re.sub(rb"[^0-9]", b"", content)
    coded = (b64encode(b" " * pad + number.encode()).strip(b"=")[4:-1] for pad in range(3))
    return plain or any(code in content for code in coded)


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\u00a0", " ").replace("\u202f", " ")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


_JUDGED: Final = """
    tickets auto_reply quarantined subject language reply_text attachments masked accounted accounted_each
    address_flagged address_not_flagged attachments_all_distinct_content attachments_any_of attachments_count
    attachments_count_min bounce_recorded_on_ticket caller_digits caller_name created_at_is_delivery_time
    disk_growth_max_mb filenames_endswith filenames_forbid_regex filenames_max_bytes filenames_non_empty
    forbid_digits_anywhere forbid_in_outgoing forbid_in_outgoing_html forbid_in_outgoing_to forbid_in_text
    forbid_outgoing_header forbid_outgoing_rcpt forbid_outgoing_rcpt_unless_configured log_forbid_regex
    max_files_stored max_outgoing max_outgoing_recipients max_outgoing_to_sender max_operator_alerts
    max_agent_notifications names_forbid_regex next_mail_processed no_agent_page no_calendar_reply
    no_command_executed no_file_outside_storage no_reopen no_sla_reset no_surrogates_stored not_added_as_cc
    not_requester not_treated_as_agent outgoing_has_no_reference_to_victim outgoing_recipients_only
    outgoing_from outgoing_subject_max_bytes outgoing_to_customer outgoing_to_customer_max
    outgoing_transactions_exact paths_must_not_exist
    require_in_text sla_from_delivery_time stored_not_executable stored_subject_forbid_regex
    stored_text_forbid_regex stored_text_not_empty tables_intact ticket_state_unchanged total_acks
    total_tickets victim_ticket_unchanged victim_ticket_unchanged_for_customer
"""
KNOWN: Final = frozenset(ELSEWHERE) | frozenset(_JUDGED.split())

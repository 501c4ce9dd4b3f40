"""The 89 threat mails through parsing, the model, the core, the store, the outbox and the composer: what each
must lead to, and what must not stand in any mail that leaves."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daemon.app import TriageClassifier
from daemon.core.policy import Agent, Policy
from daemon.core.values import Disposition
from daemon.settings.sla import load_sla
from tests.core.build import policy
from tests.mail import threat_mails
from tests.threats.desk import Desk, Sent, open_desk

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
SLA = load_sla(Path(__file__).parents[2] / "config" / "sla.toml")
INTERNAL = {"notice", "notification"}
LATER = {
    "046-agent-reply-fr": "agents' replies reach customers with their commands, in a later issue",
}


@pytest.fixture(scope="module")
def classifier() -> Iterator[TriageClassifier]:
    triage = TriageClassifier()
    yield triage
    triage.close()


def _rules(spec: dict[str, Any]) -> Policy:
    setup = spec.get("setup") or {}
    agents = [Agent(name="Alex Roy", handle="alex", addresses=("alex@azimutpos.com",))]
    if "agent" in setup:
        agents.append(Agent(name="Nadia Tremblay", handle="nadia", addresses=(setup["agent"],)))
    return policy(
        sla=SLA,
        agents=tuple(agents),
        voicemail_senders=(setup["voicemail_sender"],) if "voicemail_sender" in setup else (),
        trusted_authserv=(setup["authserv_id"],) if "authserv_id" in setup else (),
    )


def _plain(sender: str, subject: str, message_id: str, body: str) -> bytes:
    return (
        f"From: {sender}\r\nTo: support@azimutpos.com\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id}>\r\nDate: Tue, 03 Nov 2026 10:00:00 -0500\r\n\r\n{body}\r\n"
    ).encode()


async def _prior_ticket(desk: Desk, spec: dict[str, Any]) -> dict[str, str]:
    """Opens the ticket that the case needs; the values of its placeholders."""
    setup = spec.get("setup") or {}
    if not spec.get("needs_ticket"):
        return {}
    body = "Demande enregistree. L'imprimante de recus n'imprime plus depuis ce matin."
    first = _plain(setup["ticket_from"], setup["ticket_subject"], "prior@client.example", body)
    (ack,) = [m for m in await desk.deliver(first) if m.kind == "ack"]
    ref = str(ack.message["X-Azimut-Ticket"])
    return {
        "TICKET_REF": ref,
        "SUBJECT_TAG": f"[{ref}]",
        "ACK_MESSAGE_ID": ack.id,
        "AGENT_NOTIFICATION_MESSAGE_ID": ack.id,
        "CMD_CLOSE": "#fermer",
    }


async def _play(desk: Desk, name: str, spec: dict[str, Any]) -> tuple[list[Sent], dict[str, Any]]:
    """Delivers the case as it says; what left because of it, and the case with its placeholders filled."""
    deliver = spec.get("deliver") or {}
    values = await _prior_ticket(desk, spec)
    for mail in deliver.get("before", ()):
        fields = ("from", "subject", "message_id", "body")
        await desk.deliver(_plain(*(mail[f"inline_{field}"] for field in fields)))
    raw, filled = threat_mails.load(name, values)
    sent: list[Sent] = []
    uid = desk.uid + 1
    for turn in range(deliver.get("times", 1)):
        copy = raw
        if deliver.get("vary_message_id"):
            copy = re.sub(rb"(?im)^message-id:\s*<", b"Message-ID: <%d." % turn, raw, count=1)
        sent += await desk.deliver(copy, uid=uid if deliver.get("same_uid") else None)
        desk.uid = max(desk.uid, uid)
    return sent, filled


@pytest.mark.parametrize("name", [n for n in threat_mails.names() if n not in LATER])
async def test_a_threat_mail_leads_to_what_is_expected_and_to_nothing_else(
    name: str, tmp_path: Path, classifier: TriageClassifier
) -> None:
    _, spec = threat_mails.load(name)
    rules = _rules(spec)
    async with open_desk(tmp_path, rules, classifier, NOW) as desk:
        sent, filled = await _play(desk, name, spec)
        fresh = await desk.tickets()
        prior = fresh[:1] if spec.get("needs_ticket") else []
        before = (spec.get("deliver") or {}).get("before", ())
        fresh = fresh[len(prior) + len(before) :]
        outside = [m for m in sent if m.kind not in INTERNAL]
        expect, checks = filled["expect"], filled.get("checks") or {}
        if "tickets" in expect:
            assert len(fresh) == expect["tickets"]
        if "auto_reply" in expect:
            assert bool(outside) is expect["auto_reply"], [m.words() for m in outside]
        if "quarantined" in expect:
            assert (desk.dispositions[-1] is Disposition.QUARANTINE) is expect["quarantined"]
        await _ledger_is_whole(desk)
        _outgoing_is_clean(outside, sent, checks)
        if prior:
            await _prior_is_untouched(desk, prior[0], checks)
        if "language" in expect and fresh and expect.get("auto_reply"):
            assert fresh[-1]["language"] == expect["language"]
        if "not_requester" in checks:
            assert fresh[-1]["requester"] != checks["not_requester"]
        for number in checks.get("forbid_digits_anywhere", ()):
            assert not [path for path in _files(tmp_path) if _holds(path, number)]
        # whatever it was, the next mail is served
        after = await desk.deliver(
            _plain("suivant@example.com", "Ecran", "next@x.example", "L'écran est noir.")
        )
        assert [m.recipient for m in after if m.kind == "ack"] == ["suivant@example.com"]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _holds(path: Path, number: str) -> bool:
    """The number with any separators, as it is or in base64, in a file of the desk: database, log, blobs."""
    content = path.read_bytes()
    plain = number.encode() in re.sub(rb"[^0-9]", b"", content)
    coded = (b64encode(b" " * pad + number.encode()).strip(b"=")[4:-1] for pad in range(3))
    return plain or any(code in content for code in coded)


async def _ledger_is_whole(desk: Desk) -> None:
    """Every delivery has its one row, and every ticket or message that it names exists."""
    rows = await desk.rows("SELECT uid, disposition, ticket FROM inbound_mail ORDER BY uid")
    assert len(rows) == desk.uid
    numbers = {row["id"] for row in await desk.tickets()}
    for row in rows:
        needs = row["disposition"] in {"ticket", "message", "quarantine"}
        assert (row["ticket"] in numbers) or (not needs and row["ticket"] in {None, *numbers})


def _outgoing_is_clean(outside: list[Sent], sent: list[Sent], checks: dict[str, Any]) -> None:
    recipients = [m.recipient for m in outside]
    for mail in sent:
        assert mail.message["Auto-Submitted"] in {"auto-replied", "auto-generated"}
        assert b"\n" not in mail.raw.replace(b"\r\n", b"")
        assert b"\r" not in mail.raw.replace(b"\r\n", b"")
        assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
        assert mail.message["Bcc"] is None
        assert str(mail.message["Subject"]).strip()
        to = [address.addr_spec for address in mail.message["To"].addresses]
        assert to == ([mail.recipient] if mail.recipient.isascii() else [])  # RFC 6531: left to the envelope
    for bad in checks.get("forbid_in_outgoing", ()):
        assert not [m.kind for m in outside if bad in m.words()], bad
    for bad in checks.get("forbid_in_outgoing_html", ()):
        assert not [m.kind for m in sent if bad in m.html()]
    for address, words in checks.get("forbid_in_outgoing_to", {}).items():
        for bad in words:
            assert not [m.words() for m in sent if m.recipient == address and bad in m.words()], bad
    for bad in checks.get("forbid_outgoing_rcpt", ()):
        assert bad not in recipients
    for bad in checks.get("forbid_outgoing_rcpt_unless_configured", ()):
        assert bad not in recipients
    if "outgoing_recipients_only" in checks:
        assert set(recipients) <= set(checks["outgoing_recipients_only"])
    assert len(set(recipients)) <= checks.get("max_outgoing_recipients", 99)
    assert len(outside) <= checks.get("max_outgoing", 99)
    assert len(outside) <= checks.get("max_outgoing_to_sender", 99)
    if "total_acks" in checks:
        assert len(outside) == checks["total_acks"]
    for number in checks.get("forbid_digits_anywhere", ()):
        assert not [m for m in sent if number in re.sub(r"\D", "", m.words())]
    assert len([m for m in sent if m.kind == "notice"]) <= checks.get("max_operator_alerts", 4)


async def _prior_is_untouched(desk: Desk, was: Any, checks: dict[str, Any]) -> None:
    now = next(row for row in await desk.tickets() if row["id"] == was["id"])
    assert now["state"] == was["state"]
    people = await desk.rows("SELECT address FROM participant WHERE ticket_id = ?", was["id"])
    assert [p["address"] for p in people] == [was["requester"]]
    texts = await desk.rows("SELECT sender FROM message WHERE ticket_id = ? AND direction = 'in'", was["id"])
    strangers = {t["sender"] for t in texts} - {was["requester"]}
    if checks.get("victim_ticket_unchanged") or checks.get("victim_ticket_unchanged_for_customer"):
        assert not strangers
    if checks.get("bounce_recorded_on_ticket"):
        history = await desk.rows("SELECT event FROM history WHERE ticket_id = ?", was["id"])
        assert "bounce" in [row["event"] for row in history]
    flagged = {row["address"] for row in await desk.rows("SELECT address FROM suppressed_address")}
    assert flagged == ({checks["address_flagged"]} if "address_flagged" in checks else set())

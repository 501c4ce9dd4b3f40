"""A mail of ours that comes back: tied to its row, its address suppressed until a person writes from it,
agents told once; and what a report can do that anybody may have written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.core.values import Disposition, Findings
from daemon.settings.sla import load_sla
from tests.core.build import findings, policy
from tests.threats.desk import Desk, Sent, open_desk

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
RULES = policy(sla=load_sla(Path(__file__).parents[2] / "config" / "sla.toml"))
MARIE = "marie@boulangerieroy.example"


def calm(subject: str, text: str) -> Findings:
    return findings("S3")


def letter(number: int, text: str = "Le rapport ne s'ouvre pas.", *fields: str) -> bytes:
    head = [f"From: {MARIE}", "To: support@azimutpos.com", "Subject: Rapport", *fields]
    return "\r\n".join([*head, f"Message-ID: <{number}@boulangerieroy.example>", "", text, ""]).encode()


def report(
    *, to: str = "support@azimutpos.com", returned: str = "", action: str = "failed", status: str = "5.1.1"
) -> bytes:
    """A report by RFC 3464; `returned`: Message-ID of the mail that came back, "" when it tells none."""
    original = (
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{returned}>\r\n"
        if returned
        else ""
    )
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.boulangerieroy.example\r\n"
        f"To: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Message-ID: <r1@mx.boulangerieroy.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.boulangerieroy.example\r\n\r\n"
        f"Final-Recipient: rfc822; {MARIE}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"{original}\r\n--b--\r\n"
    ).encode()


async def _acknowledged(desk: Desk) -> Sent:
    (ack,) = [m for m in await desk.deliver(letter(1)) if m.kind == "ack"]
    return ack


async def _suppressed(desk: Desk) -> list[str]:
    return [row["address"] for row in await desk.rows("SELECT address FROM suppressed_address")]


def by_id(ack: Sent) -> bytes:
    return report(returned=ack.id)


def by_envelope(ack: Sent) -> bytes:
    return report(to=ack.envelope_from)


@pytest.mark.parametrize("tied", [by_id, by_envelope], ids=["by the returned Message-ID", "by the envelope"])
async def test_a_hard_bounce_suppresses_its_address_and_agents_are_told_once(
    tied: Callable[[Sent], bytes], tmp_path: Path
) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        ack = await _acknowledged(desk)
        sent = await desk.deliver(tied(ack))
        assert desk.dispositions[-1] is Disposition.BOUNCE
        assert await _suppressed(desk) == [MARIE]
        assert sorted((m.kind, m.recipient) for m in sent) == [
            ("notice", "alex@azimutpos.com"),
            ("notice", "sam@azimutpos.com"),
        ]
        (row,) = await desk.rows("SELECT state, bounce_status FROM outbox WHERE kind = 'ack'")
        assert (row["state"], row["bounce_status"]) == ("failed", "5.1.1")
        (state,) = [t["state"] for t in await desk.tickets()]
        assert state == "new"
        again = await desk.deliver(tied(ack).replace(b"<r1@", b"<r2@"))
        assert again == []


async def test_a_person_who_writes_again_releases_the_address_and_is_answered(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        ack = await _acknowledged(desk)
        await desk.deliver(by_id(ack))
        absent = letter(2, "Absente.", "Auto-Submitted: auto-replied", f"In-Reply-To: <{ack.id}>")
        await desk.deliver(absent)
        assert await _suppressed(desk) == [MARIE]  # a responder is no person
        sent = await desk.deliver(letter(3, "Mon adresse fonctionne de nouveau."))
        assert await _suppressed(desk) == []
        assert [(m.kind, m.recipient) for m in sent] == [("ack", MARIE)]


async def test_automatic_mail_that_waited_is_not_sent_to_an_address_that_failed_meanwhile(
    tmp_path: Path,
) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        ack = await _acknowledged(desk)
        (ticket,) = await desk.tickets()
        later = int((NOW + timedelta(hours=1)).timestamp() * 1_000_000)
        await desk.rows(
            "INSERT INTO outbox (version, kind, ticket, recipient, cause, context, rank, state, attempts,"
            " queued_at, due_at, last_error, envelope_from) SELECT 1, 'ack', ticket, recipient, 'later',"
            " context, rank, 'queued', 0, ?, ?, '', '' FROM outbox WHERE kind = 'ack'",
            later,
            later,
        )
        await desk.deliver(by_id(ack))
        desk.clock.instant += timedelta(hours=2)
        before = len(desk.outgoing.sent)
        await desk.outbox.flush()
        assert desk.outgoing.sent[before:] == []
        (row,) = await desk.rows("SELECT state FROM outbox WHERE cause = 'later'")
        assert row["state"] == "cancelled"
        events = await desk.rows("SELECT event FROM history WHERE ticket_id = ?", ticket["id"])
        assert "not_sent" in [row["event"] for row in events]


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("delayed", "4.4.7"),
        ("failed", "4.2.2"),
        ("relayed", "2.0.0"),
        ("delivered", "2.0.0"),
        ("expanded", "2.0.0"),
    ],
)
async def test_what_is_no_final_failure_is_on_the_history_and_disturbs_nobody(
    action: str, status: str, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        ack = await _acknowledged(desk)
        assert await desk.deliver(report(returned=ack.id, action=action, status=status)) == []
        assert await _suppressed(desk) == []
        (row,) = await desk.rows("SELECT state FROM outbox WHERE kind = 'ack'")
        assert row["state"] == "sent"
        events = await desk.rows("SELECT event FROM history")
        assert "bounce" in [row["event"] for row in events]


@pytest.mark.parametrize("returned", ["", "made.up@azimutpos.com"], ids=["no id", "an id that is not ours"])
async def test_a_report_that_merely_names_an_address_is_told_and_takes_nothing_back(
    returned: str, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await _acknowledged(desk)
        sent = await desk.deliver(report(returned=returned))
        assert {m.kind for m in sent} == {"notice"}
        assert len(sent) == 2
        assert await _suppressed(desk) == []
        (row,) = await desk.rows("SELECT state FROM outbox WHERE kind = 'ack'")
        assert row["state"] == "sent"
        assert await desk.deliver(report(returned=returned).replace(b"<r1@", b"<r2@")) == []  # told once


async def test_a_report_about_an_address_we_never_wrote_to_is_filed(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        assert await desk.deliver(report()) == []
        assert desk.dispositions == [Disposition.BOUNCE]
        assert await desk.tickets() == []

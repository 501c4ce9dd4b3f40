"""Voice messages from the phone system's notice to the ticket of the account that has the number, with the
recording, and the acknowledgement at the account's own address."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from daemon.core.values import Disposition, Findings
from daemon.settings.sla import load_sla
from tests.core.build import MARIE, account, findings, policy
from tests.threats.desk import Desk, Sent, open_desk

NOW = datetime(2026, 11, 3, 15, 30, tzinfo=UTC)
PHONES = "boite@telephonie.example"
RULES = policy(
    sla=load_sla(Path(__file__).parents[2] / "config" / "sla.toml"),
    voicemail_senders=("@telephonie.example",),
)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20)


def calm(subject: str, text: str) -> Findings:
    return findings("S3" if "rapport" in text else "S4")


def notice(number: int = 1, *, caller: str = "418-555-0142", transcript: str = "", wav: bytes = WAV) -> bytes:
    said = f"\r\nTranscription :\r\n{transcript}\r\n" if transcript else ""
    return (
        f"From: Boite vocale <{PHONES}>\r\nTo: support@azimutpos.com\r\n"
        f"Subject: Nouveau message vocal de {caller} (0:21)\r\nMessage-ID: <v{number}@telephonie.example>\r\n"
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"Vous avez un nouveau message vocal.\r\nAppelant : {caller}\r\nDurée : 0:21\r\n{said}"
        '--b\r\nContent-Type: audio/wav\r\nContent-Disposition: attachment; filename="msg.wav"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{b64encode(wav).decode()}\r\n--b--\r\n"
    ).encode()


async def _acks(desk: Desk, raw: bytes) -> list[Sent]:
    return [m for m in await desk.deliver(raw) if m.kind == "ack"]


async def test_a_known_caller_has_a_ticket_of_the_account_with_the_recording(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await desk.store.import_accounts([account(phones=("4185550142",))], NOW)
        (ack,) = await _acks(desk, notice())
        assert ack.recipient == MARIE
        assert (
            "message vocal est bien arrivé" in ack.words().replace("\u00a0", " ") or "urgence" in ack.words()
        )
        assert ack.message["In-Reply-To"] is None
        (ticket,) = await desk.tickets()
        assert (ticket["account"], ticket["requester"], ticket["rule"]) == ("roy", MARIE, "voicemail")
        assert (ticket["priority"], bool(ticket["provisional"])) == ("P1", True)
        (kept,) = await desk.rows("SELECT name, size, sha256 FROM attachment")
        assert (kept["name"], kept["size"]) == ("msg.wav", len(WAV))
        assert await desk.store.blobs.read(kept["sha256"]) == WAV
        # the account's answer finds the ticket; the phone system is no part of the conversation
        people = await desk.rows("SELECT address FROM participant")
        assert [p["address"] for p in people] == [MARIE]


async def test_nobody_is_answered_when_two_accounts_have_the_number_or_none_has(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        twins = [
            account(phones=("4185550142",)),
            replace(account(phones=("4185550142",)), key="b", emails=("b@b.example",)),
        ]
        await desk.store.import_accounts(twins, NOW)
        for number, caller in enumerate(["418-555-0142", "514-555-0100", "Anonyme"], 1):
            assert await _acks(desk, notice(number, caller=caller)) == []
        assert [t["account"] for t in await desk.tickets()] == [None, None, None]
        assert desk.dispositions == [Disposition.TICKET] * 3


async def test_several_calls_of_one_person_are_a_ticket_each(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await desk.store.import_accounts([account(phones=("4185550142",))], NOW)
        for number in (1, 2, 3):
            await desk.deliver(notice(number))
        assert len(await desk.tickets()) == 3
        assert len(desk.notifications) == 3 * len(desk.agents)


async def test_a_transcript_is_what_the_caller_said_and_decides(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await desk.store.import_accounts([account(phones=("4185550142",))], NOW)
        await desk.deliver(notice(transcript="Bonjour, le rapport de taxes ne s'ouvre plus."))
        (ticket,) = await desk.tickets()
        assert (ticket["priority"], ticket["rule"]) == ("P3", "severity")
        (message,) = await desk.rows("SELECT text FROM message WHERE direction = 'in'")
        assert message["text"] == "Bonjour, le rapport de taxes ne s'ouvre plus."


async def test_an_empty_and_a_large_recording_are_kept(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        for number, size in enumerate((0, 2_000_000), 1):
            await desk.deliver(notice(number, wav=bytes(size)))
        assert [row["size"] for row in await desk.rows("SELECT size FROM attachment ORDER BY id")] == [
            0,
            2_000_000,
        ]


async def test_the_acknowledgements_of_calls_are_limited_at_the_accounts_address(tmp_path: Path) -> None:
    async with open_desk(tmp_path, RULES, calm, NOW) as desk:
        await desk.store.import_accounts([account(phones=("4185550142",))], NOW)
        acks = [ack for number in range(1, 14) for ack in await _acks(desk, notice(number))]
        assert len(acks) == 10
        assert len(await desk.tickets()) == 13
